"""The exact engine against enumeration of all index paths and an independent implementation; Monte Carlo against the exact engine."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

import kdtheory as kd

INSTANCES = json.loads((Path(__file__).parent / "data" / "instances.json").read_text())["instances"]
RNG = np.random.default_rng(3)
TINY = kd.LeastSquares(RNG.standard_normal((3, 2)), RNG.standard_normal(3), ridge=0.2)
THETA = RNG.standard_normal(2)
START = RNG.standard_normal(2)
GAMMA = 0.11
RULES = {
    "biased": kd.DistilledSGD(0.7), "unbiased": kd.DistilledSGD(0.7, unbiased=True), "plain": kd.DistilledSGD(0.0),
    "pairs": kd.DistilledSGD(-0.4, batch_size=2), "pairs-without": kd.DistilledSGD(1.3, batch_size=2, replacement=False),
    "rand-1": kd.DistilledSGD(0.5, compressor=kd.RandK(1)), "bernoulli": kd.DistilledSGD(0.5, compressor=kd.Bernoulli(0.8)),
}


def outcomes(rule: kd.DistilledSGD, x: np.ndarray):
    """Every next iterate with its probability, straight from the definition of the update."""
    own, taught = TINY.gradients(x), TINY.gradients(THETA)
    kept = list(itertools.product(range(3), repeat=rule.batch_size))
    if not rule.replacement:
        kept = [batch for batch in kept if len(set(batch)) == len(batch)]
    for batch in kept:
        g, h = own[list(batch)].mean(axis=0), taught[list(batch)].mean(axis=0)
        y = x - GAMMA * (g - rule.weight * (h - taught.mean(axis=0) if rule.unbiased else h))
        if rule.compressor is None:
            yield y, 1 / len(kept)
        elif isinstance(rule.compressor, kd.RandK):
            for i in range(2):
                yield np.where(np.arange(2) == i, 2 * y, 0.0), 1 / len(kept) / 2
        else:
            for mask in itertools.product((0.0, 1.0), repeat=2):
                yield np.array(mask) * y / 0.8, np.prod([0.8 if bit else 0.2 for bit in mask]) / len(kept)


@pytest.mark.parametrize("name", RULES)
def test_expected_is_the_mean_over_all_paths(name):
    rule, layer = RULES[name], [(START, 1.0)]
    curve = kd.expected(TINY, THETA, rule, step_size=GAMMA, x0=START, steps=3)
    for t in range(1, 4 if rule.compressor is None else 3):
        layer = [(y, p * chance) for x, p in layer for y, chance in outcomes(rule, x)]
        assert curve.sq_distance[t] == pytest.approx(sum(p * ((x - TINY.minimiser) ** 2).sum() for x, p in layer), rel=1e-12)
        assert curve.gap[t] == pytest.approx(sum(p * (TINY.value(x) - TINY.minimum) for x, p in layer), rel=1e-11)
    first = kd.one_step(TINY, THETA, rule, step_size=GAMMA, x=START)
    assert (first.sq_distance, first.gap) == pytest.approx((curve.sq_distance[1], curve.gap[1]), rel=1e-13)


MILD = kd.DistilledSGD(0.5, compressor=kd.Bernoulli(0.99))


@pytest.mark.parametrize("rule", [*(rule for rule in RULES.values() if rule.compressor is None), MILD])
def test_squaring_agrees_with_recursion_and_both_reach_the_stationary_law(rule):
    found = kd.expected(TINY, THETA, rule, step_size=GAMMA, x0=START, steps=100_000, at=[0, 7, 100_000])
    slow = kd.expected(TINY, THETA, rule, step_size=GAMMA, x0=START, steps=7)
    assert found.sq_distance[1] == pytest.approx(slow.sq_distance[7], rel=1e-12)
    limit = kd.stationary(TINY, THETA, rule, step_size=GAMMA)
    assert (found.sq_distance[2], found.gap[2]) == pytest.approx((limit.sq_distance, limit.gap), rel=1e-9)


@pytest.mark.parametrize("row", [row for row in INSTANCES if "strongly_convex" in row])
def test_reference_curves(row):
    problem, part = kd.LeastSquares(row["features"], row["targets"], ridge=row["ridge"]), row["strongly_convex"]
    for suffix, unbiased in (("", False), ("_unbiased", True)):
        rule = kd.DistilledSGD(part["weight"], unbiased=unbiased)
        curve = kd.expected(problem, row["theta"], rule, step_size=part["step_size"], x0=row["x0"], steps=100)
        for time, value in part[f"expected_sq_distance{suffix}"].items():
            assert curve.sq_distance[int(time)] == pytest.approx(value, rel=1e-9)
        assert curve.gap[1] == pytest.approx(part[f"one_step{suffix}_from_x0"]["gap"], rel=1e-9)


def test_reference_logistic_step():
    row = next(row for row in INSTANCES if row["kind"] == "logistic")
    problem, step = kd.LogisticRegression(row["features"], row["labels"], ridge=row["ridge"]), row["one_step"]
    found = kd.one_step(problem, row["theta"], kd.DistilledSGD(step["weight"]), step_size=step["step_size"], x=step["x"])
    assert (found.sq_distance, found.gap) == pytest.approx((step["sq_distance"], step["gap"]), rel=1e-9)


@pytest.mark.parametrize("weight", [-0.5, 0.0, 0.3, 1.0, 1.7])
def test_exact_law_is_an_identity(weight):
    verdict = kd.verify(TINY, THETA, theorem="exact-quadratic", weight=weight, x0=START, step_size=GAMMA)
    assert verdict.status == "VERIFIED"
    law = kd.noise_floor(TINY, THETA, theorem="exact-quadratic", step_size=GAMMA, weight=weight)
    assert law == pytest.approx(kd.stationary(TINY, THETA, kd.DistilledSGD(weight), step_size=GAMMA).sq_distance, rel=1e-11)


def test_exact_weight_minimises_the_stationary_error():
    best = kd.optimal_weight(TINY, THETA, step_size=GAMMA, criterion="exact")
    low, mid, high = (kd.stationary(TINY, THETA, kd.DistilledSGD(best + d), step_size=GAMMA).sq_distance for d in (-1e-3, 0, 1e-3))
    assert mid < low
    assert mid < high


def test_perfect_teacher_removes_the_noise():
    found = kd.stationary(TINY, TINY.minimiser, kd.DistilledSGD(1.0), step_size=GAMMA)
    assert found.sq_distance < 1e-25        # (rounding of x*)^2


def test_stability_limit_separates_stable_from_unstable():
    rule = kd.DistilledSGD(0.3)
    limit = kd.stability_limit(TINY, rule)
    assert kd.stationary(TINY, THETA, rule, step_size=0.999 * limit).sq_distance > 0
    with pytest.raises(kd.Diverged, match="largest stable step size"):
        kd.stationary(TINY, THETA, rule, step_size=1.001 * limit)


@pytest.mark.parametrize("name", RULES)
def test_simulation_covers_the_exact_mean(name):
    steps = 5 if name == "rand-1" else 20       # rand-1 doubles coordinates: the second moment soon lives in runs too rare to be seen
    run = kd.simulate(TINY, THETA, RULES[name], step_size=GAMMA, x0=START, steps=steps, replicates=4000, seed=5, record_every=5)
    curve = kd.expected(TINY, THETA, RULES[name], step_size=GAMMA, x0=START, steps=steps, at=run.steps)
    # Eight comparisons at five standard errors: a false alarm less than once in 10^5 for errors that are not far from normal.
    assert (np.abs(run.sq_distance - curve.sq_distance)[1:] <= 5 * run.sq_distance_error[1:]).all()
    assert (np.abs(run.gap - curve.gap)[1:] <= 5 * run.gap_error[1:]).all()
    again = kd.simulate(TINY, THETA, RULES[name], step_size=GAMMA, x0=START, steps=steps, replicates=4000, seed=5, record_every=5)
    assert (run.sq_distance == again.sq_distance).all()


def test_divergence_is_said():
    with pytest.raises(kd.Diverged, match="no longer finite at t"):
        kd.simulate(TINY, THETA, RULES["plain"], step_size=50.0, x0=START, steps=2000, replicates=4, seed=0)


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_every_statement_verifies(name):
    assert kd.verify(TINY, THETA, theorem=name).status == "VERIFIED"


def test_monte_carlo_sees_a_wrong_bound():
    """With the statement of plain SGD's noise halved nothing is seen (bounds are loose); without noise it is."""
    from dataclasses import replace

    theorem = kd.THEOREMS["theorem-1"]
    noiseless = replace(theorem, psi=theorem.psi.subs({s: 0 for s in theorem.psi.free_symbols if str(s) == "sigma_star_sq"}))
    wrong = kd.verify(TINY, THETA, theorem=noiseless, weight=0.0, x0=TINY.minimiser)
    assert wrong.status == "VIOLATED"
    assert kd.verify(TINY, THETA, theorem=noiseless, weight=0.0, x0=TINY.minimiser, method="monte-carlo", replicates=2000).status == "VIOLATED"


def test_verify_update_tells_right_from_wrong():
    gamma, weight = kd.step_size_limit(TINY, "theorem-1"), 0.3
    taught = TINY.gradients(THETA)

    def right(x, n):
        return x - gamma * (TINY.gradients(x)[n] - weight * taught[n])

    def wrong(x, n):
        return x - gamma * (TINY.gradients(x)[n] + weight * taught[n])

    found = {"theorem": "theorem-1", "step_size": gamma, "weight": weight}
    assert kd.verify_update(right, TINY, THETA, **found).status == "VERIFIED"
    assert kd.verify_update(wrong, TINY, THETA, **found).status == "VIOLATED"


def test_batch_larger_than_the_data():
    with pytest.raises(kd.InvalidInput, match="at most N = 3"):
        kd.simulate(TINY, THETA, kd.DistilledSGD(batch_size=4, replacement=False), step_size=GAMMA, x0=START, steps=1, replicates=2, seed=0)
