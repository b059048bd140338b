"""Exact moments: reference numbers, the exact quadratic law, paths of batches and compressors, and
what is refused.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import kdtheory as kd

# One reference instance with the numbers of an independent implementation.
SMALL = kd.LeastSquares(
    [[1.449, -1.44], [-0.017, -0.869], [1.504, -0.958], [1.005, -0.411]],
    [1.716, -0.176, -0.55, -1.03],
    ridge=0.25,
)
THETA, START, GAMMA = np.array([-0.079, -0.809]), np.array([-1.395, -1.035]), 0.03618431381034665
REFERENCE = {
    1: 1.8743677532008132,
    2: 1.7828680928081473,
    10: 1.3068158194119208,
    100: 0.1644142144704906,
}
REFERENCE_GAP = {
    1: 0.6326528299500465,
    2: 0.5663186998576185,
    10: 0.30210801233219986,
    100: 0.05622133533011678,
}
REFERENCE_UNBIASED = {
    1: 1.881092242332614,
    2: 1.7935536977148439,
    10: 1.3009502924139558,
    100: 0.09308397614586247,
}
BATCHES = [(1, True), (2, True), (3, True), (2, False), (3, False), (4, False)]


INSTANCES = json.loads((Path(__file__).parent / "data" / "instances.json").read_text())["instances"]


def pair(found) -> tuple[float, float]:
    return found.sq_distance, found.gap


def test_reference_numbers():
    curve = kd.expected(SMALL, THETA, kd.DistilledSGD(0.4), step_size=GAMMA, x0=START, steps=100)
    for t, value in REFERENCE.items():
        assert (curve.sq_distance[t], curve.gap[t]) == pytest.approx(
            (value, REFERENCE_GAP[t]), rel=1e-9
        )
    free = kd.expected(
        SMALL,
        THETA,
        kd.DistilledSGD(0.4, unbiased=True),
        step_size=GAMMA,
        x0=START,
        steps=100,
        at=list(REFERENCE_UNBIASED),
    )
    assert free.sq_distance == pytest.approx(list(REFERENCE_UNBIASED.values()), rel=1e-9)
    first = kd.one_step(SMALL, THETA, kd.DistilledSGD(0.4, unbiased=True), step_size=GAMMA, x=START)
    assert pair(first) == pytest.approx((1.8810922423326142, 0.6449862137502277), rel=1e-9)


@pytest.mark.parametrize("unbiased", [False, True])
@pytest.mark.parametrize(("size", "replacement"), BATCHES)
def test_batches_are_the_mean_over_all_paths(size, replacement, unbiased):
    """Two steps, every pair of batches: the update written out, nothing of the engine used."""
    rule = kd.DistilledSGD(0.6, unbiased=unbiased, batch_size=size, replacement=replacement)
    taught = SMALL.gradients(THETA)
    taught = taught - taught.mean(axis=0) if unbiased else taught
    draws = [
        b for b in itertools.product(range(4), repeat=size) if replacement or len(set(b)) == size
    ]
    points = [START]
    curve = kd.expected(SMALL, THETA, rule, step_size=GAMMA, x0=START, steps=2)
    for t in (1, 2):
        points = [
            x - GAMMA * (SMALL.gradients(x) - 0.6 * taught)[list(b)].mean(axis=0)
            for x in points
            for b in draws
        ]
        errors = np.array(points) - SMALL.minimiser
        found = (
            np.mean((errors**2).sum(axis=1)),
            np.mean([SMALL.value(x) for x in points]) - SMALL.minimum,
        )
        assert (curve.sq_distance[t], curve.gap[t]) == pytest.approx(found, rel=1e-12)


@pytest.mark.parametrize(
    "compressor", [kd.RandK(1), kd.RandK(2), kd.Bernoulli(0.7), kd.StochasticRounding(0.3)]
)
@pytest.mark.parametrize(("size", "replacement"), BATCHES[:4])
def test_compressed_step_is_the_mean_over_draws_and_outcomes(compressor, size, replacement):
    rule = kd.DistilledSGD(0.6, batch_size=size, replacement=replacement, compressor=compressor)
    draws = [
        b for b in itertools.product(range(4), repeat=size) if replacement or len(set(b)) == size
    ]
    directions = SMALL.gradients(START) - 0.6 * SMALL.gradients(THETA)
    distance = gap = 0.0
    for batch in draws:
        values, chances = compressor.outcomes(START - GAMMA * directions[list(batch)].mean(axis=0))
        for value, chance in zip(values, chances, strict=True):
            distance += chance / len(draws) * ((value - SMALL.minimiser) ** 2).sum()
            gap += chance / len(draws) * (SMALL.value(value) - SMALL.minimum)
    assert pair(kd.one_step(SMALL, THETA, rule, step_size=GAMMA, x=START)) == pytest.approx(
        (distance, gap), rel=1e-12
    )


@pytest.mark.parametrize("weight", [-0.7, 0.0, 0.4, 1.0, 1.9])
@pytest.mark.parametrize(("size", "replacement"), BATCHES)
def test_exact_quadratic_law_at_every_time(weight, size, replacement):
    """Distillation is plain SGD about x* + lam D with 1 - lam of its noise (theory, Section 6).

    That SGD runs on targets (1 - lam) b: its minimiser is (1 - lam) x* and its noise (1 - lam) S,
    with no teacher in sight.
    """
    rule = kd.DistilledSGD(weight, batch_size=size, replacement=replacement)
    plain = kd.DistilledSGD(batch_size=size, replacement=replacement)
    D, steps = THETA - SMALL.minimiser, 60
    curve = kd.expected(SMALL, THETA, rule, step_size=GAMMA, x0=START, steps=steps)
    y0 = START - SMALL.minimiser - weight * D
    calm = kd.LeastSquares(SMALL.features, (1 - weight) * SMALL.targets, ridge=SMALL.ridge)
    shifted = kd.expected(calm, THETA, plain, step_size=GAMMA, x0=calm.minimiser + y0, steps=steps)
    moved = np.eye(2) - GAMMA * SMALL.hessian
    cross = np.array(
        [2 * weight * D @ np.linalg.matrix_power(moved, t) @ y0 for t in range(steps + 1)]
    )
    law = shifted.sq_distance + cross + weight**2 * (D @ D)
    # 60 steps of a few hundred operations on numbers of the size of the largest term: 1e-12 of it
    # is rounding.
    assert np.abs(curve.sq_distance - law).max() <= 1e-12 * max(
        1.0, np.abs(cross).max(), shifted.sq_distance.max()
    )
    base = kd.stationary(SMALL, THETA, plain, step_size=GAMMA)
    limit = kd.stationary(SMALL, THETA, rule, step_size=GAMMA)
    taught = SMALL.value(THETA) - SMALL.minimum
    assert pair(limit) == pytest.approx(
        (
            (1 - weight) ** 2 * base.sq_distance + weight**2 * (D @ D),
            (1 - weight) ** 2 * base.gap + weight**2 * taught,
        ),
        rel=1e-11,
        abs=1e-14,
    )


@pytest.mark.parametrize(("size", "replacement"), BATCHES)
def test_stability_limit_is_where_the_spectral_radius_passes_one(size, replacement):
    rule = kd.DistilledSGD(0.4, batch_size=size, replacement=replacement)
    limit = kd.stability_limit(SMALL, rule)
    assert kd.stationary(SMALL, THETA, rule, step_size=limit * (1 - 1e-6)).sq_distance > 0
    with pytest.raises(kd.Diverged, match=f"largest stable step size is {limit:.6g}"):
        kd.stationary(SMALL, THETA, rule, step_size=limit * (1 + 1e-6))
    if size == 4:  # the whole data set: gradient descent
        assert limit == pytest.approx(2 / SMALL.constants.L, rel=1e-12)


def test_rank_deficient_hessian():
    rng = np.random.default_rng(8)
    features = rng.standard_normal((5, 2)) @ rng.standard_normal((2, 3))
    flat, theta = kd.LeastSquares(features, rng.standard_normal(5)), rng.standard_normal(3)
    rule, gamma = kd.DistilledSGD(0.5), 0.3 * kd.stability_limit(flat, kd.DistilledSGD())
    late = kd.expected(flat, theta, rule, step_size=gamma, x0=flat.minimiser, steps=5000, at=[5000])
    assert (late.sq_distance[0], late.gap[0]) == pytest.approx(
        pair(kd.stationary(flat, theta, rule, step_size=gamma)), rel=1e-9
    )


def test_single_terms_are_never_too_many():
    """One step costs N terms, whatever N; only tuples of them are refused."""
    n = 21_000
    wide = kd.SinusoidalSum([[1.0]], np.ones(n), np.where(np.arange(n) % 2, 1.0, -1.0)[:, None])
    few = kd.SinusoidalSum([[1.0]], np.ones(2), [[1.0], [-1.0]])
    found, same = (
        pair(kd.one_step(p, [1.0], kd.DistilledSGD(0.2), step_size=0.1, x=[1.0]))
        for p in (wide, few)
    )
    assert found == pytest.approx(same, rel=1e-10)  # 21,000 summands
    with pytest.raises(kd.InvalidInput, match="more than 20000 outcomes"):
        kd.one_step(wide, [1.0], kd.DistilledSGD(batch_size=5000), step_size=0.1, x=[1.0])
    with pytest.raises(kd.InvalidInput, match="compressions"):
        kd.one_step(
            wide, [1.0], kd.DistilledSGD(compressor=kd.Bernoulli(0.5)), step_size=0.1, x=[1.0]
        )


def test_overflow_is_said_and_never_returned():
    with pytest.raises(kd.InvalidInput, match="products would overflow"):
        kd.one_step(SMALL, THETA, kd.DistilledSGD(), step_size=0.1, x=[1e200, 1.0])
    steep = kd.LeastSquares([[1e3, 0.0], [0.0, 1e3]], [1.0, 2.0])
    with pytest.raises(kd.Diverged, match="overflows"):
        kd.one_step(steep, THETA, kd.DistilledSGD(), step_size=1e80, x=[1e75, 1.0])
    with pytest.raises(kd.Diverged, match="overflows by t = 200 .*largest stable"):
        kd.expected(
            steep, THETA, kd.DistilledSGD(), step_size=1e-4, x0=START, steps=200, at=[2, 200]
        )


def test_compression_is_named_as_the_cause():
    rule = kd.DistilledSGD(0.5, compressor=kd.RandK(1))
    with pytest.raises(kd.Diverged, match="Without compression it is stable"):
        kd.stationary(SMALL, THETA, rule, step_size=GAMMA)
    with pytest.raises(kd.Diverged, match="Without compression it is stable"):
        kd.expected(SMALL, THETA, rule, step_size=GAMMA, x0=START, steps=50_000, at=[50_000])


def test_nearly_dependent_features_are_not_called_unstable():
    rng = np.random.default_rng(2)
    features = np.column_stack([rng.standard_normal((6, 2)), 1e-10 * rng.standard_normal(6)])
    near = kd.LeastSquares(features, rng.standard_normal(6))
    with pytest.raises(kd.InvalidInput, match="ill-conditioned"):
        kd.stationary(near, [1.0, 2.0, 3.0], kd.DistilledSGD(0.5), step_size=0.05)


@pytest.mark.parametrize("unbiased", [False, True])
def test_perfect_teacher_leaves_no_noise(unbiased):
    rule = kd.DistilledSGD(1.0, unbiased=unbiased)
    # (rounding of x*)^2.
    assert abs(kd.stationary(SMALL, SMALL.minimiser, rule, step_size=GAMMA).sq_distance) < 1e-25


def test_only_least_squares_has_these_laws():
    other = kd.LogisticRegression([[1.0], [-1.0], [0.5]], [1.0, 1.0, 0.0], ridge=0.1)
    with pytest.raises(kd.InvalidInput, match=r"one_step\(\) or simulate"):
        kd.expected(other, [0.0], kd.DistilledSGD(), step_size=0.1, x0=[1.0], steps=3)
    with pytest.raises(kd.InvalidInput, match="simulate"):
        kd.stationary(other, [0.0], kd.DistilledSGD(), step_size=0.1)
    with pytest.raises(kd.InvalidInput, match="least squares"):
        kd.stability_limit(other, kd.DistilledSGD())


@pytest.mark.parametrize(("compressor", "kept"), [(kd.RandK(1), None), (kd.Bernoulli(0.8), 0.8)])
def test_two_compressed_steps_are_the_mean_over_all_paths(compressor, kept):
    """Compression written out, nothing of the engine or the compressor used."""
    masks = (
        [(1.0, 0.0), (0.0, 1.0)] if kept is None else list(itertools.product((0.0, 1.0), repeat=2))
    )
    chances = (
        [0.5, 0.5]
        if kept is None
        else [np.prod([kept if bit else 1 - kept for bit in mask]) for mask in masks]
    )
    scale = 2.0 if kept is None else 1 / kept
    layer = [(START, 1.0)]
    curve = kd.expected(
        SMALL,
        THETA,
        kd.DistilledSGD(0.5, compressor=compressor),
        step_size=GAMMA,
        x0=START,
        steps=2,
    )
    taught = SMALL.gradients(THETA)
    for t in (1, 2):
        ahead = [
            (y, p / 4) for x, p in layer for y in x - GAMMA * (SMALL.gradients(x) - 0.5 * taught)
        ]
        layer = [
            (scale * np.array(mask) * y, p * chance)
            for y, p in ahead
            for mask, chance in zip(masks, chances, strict=True)
        ]
        found = (
            sum(p * ((x - SMALL.minimiser) ** 2).sum() for x, p in layer),
            sum(p * (SMALL.value(x) - SMALL.minimum) for x, p in layer),
        )
        assert (curve.sq_distance[t], curve.gap[t]) == pytest.approx(found, rel=1e-11)


@pytest.mark.parametrize(
    "rule",
    [
        kd.DistilledSGD(0.7),
        kd.DistilledSGD(0.7, unbiased=True),
        kd.DistilledSGD(1.3, batch_size=2, replacement=False),
        kd.DistilledSGD(0.5, compressor=kd.Bernoulli(0.99)),
    ],
)
def test_powers_agree_with_recursion_and_both_reach_the_stationary_law(rule):
    found = kd.expected(
        SMALL, THETA, rule, step_size=GAMMA, x0=START, steps=100_000, at=[0, 7, 100_000]
    )
    slow = kd.expected(SMALL, THETA, rule, step_size=GAMMA, x0=START, steps=7)
    assert found.sq_distance[1] == pytest.approx(slow.sq_distance[7], rel=1e-12)
    assert (found.sq_distance[2], found.gap[2]) == pytest.approx(
        pair(kd.stationary(SMALL, THETA, rule, step_size=GAMMA)), rel=1e-9
    )


@pytest.mark.parametrize("row", [row for row in INSTANCES if "strongly_convex" in row])
def test_reference_curves(row):
    problem, part = (
        kd.LeastSquares(row["features"], row["targets"], ridge=row["ridge"]),
        row["strongly_convex"],
    )
    for suffix, unbiased in (("", False), ("_unbiased", True)):
        rule = kd.DistilledSGD(part["weight"], unbiased=unbiased)
        curve = kd.expected(
            problem, row["theta"], rule, step_size=part["step_size"], x0=row["x0"], steps=100
        )
        for time, value in part[f"expected_sq_distance{suffix}"].items():
            assert curve.sq_distance[int(time)] == pytest.approx(value, rel=1e-9)
        assert curve.gap[1] == pytest.approx(part[f"one_step{suffix}_from_x0"]["gap"], rel=1e-9)


def test_reference_logistic_step():
    row = next(row for row in INSTANCES if row["kind"] == "logistic")
    problem, step = (
        kd.LogisticRegression(row["features"], row["labels"], ridge=row["ridge"]),
        row["one_step"],
    )
    found = kd.one_step(
        problem,
        row["theta"],
        kd.DistilledSGD(step["weight"]),
        step_size=step["step_size"],
        x=step["x"],
    )
    assert (found.sq_distance, found.gap) == pytest.approx(
        (step["sq_distance"], step["gap"]), rel=1e-9
    )


def test_exact_weight_minimises_the_stationary_error():
    best = kd.optimal_weight(SMALL, THETA, step_size=GAMMA, criterion="exact")
    low, mid, high = (
        kd.stationary(SMALL, THETA, kd.DistilledSGD(best + d), step_size=GAMMA).sq_distance
        for d in (-1e-3, 0, 1e-3)
    )
    assert mid < low
    assert mid < high
