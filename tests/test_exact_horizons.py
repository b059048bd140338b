"""Any horizon, any dimension, any weight: the exact engine's methods against each other, against
paths and near the stability limit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.engines.exact.krylov import Krylov, Packing
from kdtheory.engines.exact.law import law_of
from kdtheory.engines.exact.powers import at_times
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.engines.exact.reduced import Symmetrised, missed
from kdtheory.rules.experiment import experiment

RNG = np.random.default_rng(21)
D = 9
PROBLEM = kd.LeastSquares(
    RNG.standard_normal((30, D)) @ np.diag(np.geomspace(1, 0.3, D)),
    RNG.standard_normal(30),
    ridge=0.05,
)
THETA, START = (
    PROBLEM.minimiser + 0.5 * RNG.standard_normal(D),
    PROBLEM.minimiser + 2 * RNG.standard_normal(D),
)
GAMMA = 0.25 / float(PROBLEM.constants.Lcal)
RULES = [
    kd.DistilledSGD(0.0),
    kd.DistilledSGD(1.0),
    kd.DistilledSGD(-0.6, unbiased=True),
    kd.DistilledSGD(1.7, batch_size=3),
    kd.DistilledSGD(0.7, batch_size=4, replacement=False),
    kd.DistilledSGD(0.7, batch_size=30, replacement=False),
    kd.DistilledSGD(0.4, compressor=kd.RandK(D - 1)),
    kd.DistilledSGD(0.4, unbiased=True, compressor=kd.Bernoulli(0.9999)),
]
SETTING = {"step_size": GAMMA, "x0": START}
METHODS = ["recursion", "lanczos"]


def both(curve) -> np.ndarray:
    return np.stack([curve.sq_distance, curve.gap])


@pytest.mark.parametrize("rule", RULES)
def test_methods_agree(rule):
    """Recursion, powers of the whole map and of its Krylov projection (to 1e-11 of the start by its
    own bound).
    """
    slow, *others = (
        both(kd.expected(PROBLEM, THETA, rule, **SETTING, steps=150, method=method))
        for method in METHODS
    )
    for other in others:
        assert np.abs(other - slow).max() <= 1e-11 * slow.max()
        assert other == pytest.approx(slow, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("rule", [RULES[6], kd.DistilledSGD(0.4, compressor=kd.RandK(1)), RULES[3]])
def test_scattered_times_are_the_whole_curve(rule, method):
    times = [7, 0, 3, 3, 11]
    whole = both(kd.expected(PROBLEM, THETA, rule, **SETTING, steps=11, method="recursion"))
    some = both(kd.expected(PROBLEM, THETA, rule, **SETTING, steps=11, at=times, method=method))
    assert some == pytest.approx(whole[:, times], rel=1e-9)


@pytest.mark.parametrize("rule", [*RULES[:6], RULES[7]])
def test_far_horizons_reach_the_stationary_law(rule):
    limit = kd.stationary(PROBLEM, THETA, rule, step_size=GAMMA)
    far = kd.expected(PROBLEM, THETA, rule, **SETTING, steps=10**12, at=[10**5, 10**12])
    assert far.sq_distance == pytest.approx(limit.sq_distance, rel=1e-9)
    assert far.gap == pytest.approx(limit.gap, rel=1e-9)
    assert limit.error <= 1e-10
    assert limit.spectral_radius < 1


@pytest.mark.parametrize("rule", [RULES[2], RULES[3], RULES[5], RULES[7]])
@pytest.mark.parametrize("method", ["recursion", "lanczos"])
def test_curves_are_quadratic_in_the_weight(rule, method):
    found = kd.expected_in_weight(PROBLEM, THETA, rule, **SETTING, steps=60, method=method)
    for weight in (-1.5, 0.0, 1.0, 2.5):
        one = kd.DistilledSGD(
            weight,
            unbiased=rule.unbiased,
            batch_size=rule.batch_size,
            replacement=rule.replacement,
            compressor=rule.compressor,
        )
        direct = kd.expected(PROBLEM, THETA, one, **SETTING, steps=60)
        # A value of the polynomial is a difference of terms as large as its coefficients.
        assert (
            np.abs(both(found.at(weight)) - both(direct)).max()
            <= 1e-10 * np.abs(found.sq_distance).max()
        )
    best = found.best()
    assert np.isnan(best[0])
    grid = found.sweep([best[60] - 1e-3, best[60], best[60] + 1e-3])[60]
    assert grid[1] < min(grid[0], grid[2])


def test_weight_for_a_horizon_tends_to_the_stationary_one():
    late = kd.optimal_weight(PROBLEM, THETA, step_size=GAMMA, criterion="exact", x0=START, at=10**6)
    assert late == pytest.approx(
        kd.optimal_weight(PROBLEM, THETA, step_size=GAMMA, criterion="exact"), rel=1e-9
    )
    soon = kd.optimal_weight(PROBLEM, THETA, step_size=GAMMA, criterion="exact", x0=START, at=3)
    near = [
        kd.expected(PROBLEM, THETA, kd.DistilledSGD(soon + step), **SETTING, steps=3).sq_distance[3]
        for step in (-1e-3, 0, 1e-3)
    ]
    assert near[1] < min(near[0], near[2])
    with pytest.raises(kd.InvalidInput, match="all three"):
        kd.optimal_weight(PROBLEM, THETA, step_size=GAMMA, x0=START, at=3)


def test_paths_with_every_weight_at_once():
    """All 3^3 index paths, the update written out, against the polynomial in the weight."""
    tiny, theta = (
        kd.LeastSquares(RNG.standard_normal((3, 2)), RNG.standard_normal(3), ridge=0.1),
        RNG.standard_normal(2),
    )
    found = kd.expected_in_weight(
        tiny, theta, kd.DistilledSGD(), step_size=0.1, x0=[1.0, -1.0], steps=3
    )
    for weight in (-0.8, 1.3):
        ends = []
        for path in itertools.product(range(3), repeat=3):
            x = np.array([1.0, -1.0])
            for n in path:
                x = x - 0.1 * (tiny.gradients(x)[n] - weight * tiny.gradients(theta)[n])
            ends.append(((x - tiny.minimiser) ** 2).sum())
        assert found.at(weight).sq_distance[3] == pytest.approx(np.mean(ends), rel=1e-12)


@pytest.mark.parametrize("share", [0.9, 0.999, 1 - 1e-7])
def test_stationary_law_near_the_stability_limit(share):
    """The law of a dense solve in small dimension; at 1 - 1e-7 of the limit 1 - radius has lost
    seven digits, and so may the answer."""
    problem, theta = (
        kd.LeastSquares(PROBLEM.features[:, :3], PROBLEM.targets, ridge=0.05),
        THETA[:3],
    )
    rule = kd.DistilledSGD(0.3)
    gamma = share * kd.stability_limit(problem, rule)
    found = kd.stationary(problem, theta, rule, step_size=gamma)
    law, packing = law_of(experiment(problem, theta, rule, step_size=gamma)), Packing(3)
    moments = Recursion(law, moving=True)
    T = packing.pack(moments.apply(packing.unpack(np.eye(6))))
    M = packing.unpack(np.linalg.solve(np.eye(6) - T, packing.pack(moments.constant[0])))
    assert found.sq_distance == pytest.approx(
        moments.read(np.zeros((1, 3)), M[None])[0, 0],
        rel=1e-15 / (1 - found.spectral_radius) + 1e-11,
    )
    assert found.spectral_radius == pytest.approx(np.linalg.eigvalsh(T)[-1], abs=1e-13)


def test_stationary_law_beyond_the_dense_limit():
    """d = 130, condition 10^5: a fixed point of one step of the recursion, found without a matrix
    of d^2 rows.
    """
    d = 130
    rng = np.random.default_rng(4)
    problem = kd.LeastSquares(
        rng.standard_normal((300, d)) * np.geomspace(1, 10**-2.5, d), rng.standard_normal(300)
    )
    theta, rule = problem.minimiser + rng.standard_normal(d), kd.DistilledSGD(0.6)
    found = kd.stationary(problem, theta, rule, step_size=0.2 / float(problem.constants.Lcal))
    assert found.error < 1e-10
    base = kd.stationary(
        problem, theta, kd.DistilledSGD(), step_size=0.2 / float(problem.constants.Lcal)
    )
    D_sq = float(((theta - problem.minimiser) ** 2).sum())
    # The exact law: no use of it inside.
    assert found.sq_distance == pytest.approx(0.4**2 * base.sq_distance + 0.6**2 * D_sq, rel=1e-9)
    with pytest.raises(kd.Diverged, match="largest stable step size"):
        kd.stationary(problem, theta, rule, step_size=1.01 * kd.stability_limit(problem, rule))


def test_error_bound_of_the_projection_holds_and_is_not_vacuous():
    law = law_of(experiment(PROBLEM, THETA, RULES[0], step_size=GAMMA))
    moments = Recursion(law, moving=True)
    operator = Symmetrised(moments)
    space = Krylov(operator, operator.readings(), Packing(D))
    space.grow(12)
    bound = missed(space.tridiagonal, space.leak, space.start(), 200)
    P, worst = np.eye(D), 0.0
    a = space.start()[:, 0]
    for _ in range(200):
        P, a = operator(P), space.tridiagonal @ a
        worst = max(
            worst, float(np.linalg.norm(P - space.packing.unpack(a @ space.basis))) / np.sqrt(D)
        )
    assert 1e-9 < worst <= bound <= 1e4 * worst


def test_powers_of_a_small_map():
    S = np.array([[0.9, 0.1], [0.0, 1.0]])
    for times in (np.arange(70), np.array([5, 0, 40]), np.array([2**40])):
        found = at_times(S, np.ones((2, 1)), np.eye(2), times)
        assert found[:, 0, 0] == pytest.approx(np.ones(len(times)), rel=1e-12)  # S keeps (1, 1)
        assert found.shape == (len(times), 2, 1)


def test_unknown_method_and_unstable_lanczos_are_named():
    with pytest.raises(kd.InvalidInput, match="Did you mean 'lanczos'"):
        kd.expected(PROBLEM, THETA, RULES[0], **SETTING, steps=3, method="lanzcos")
    gamma = 1.5 * kd.stability_limit(PROBLEM, RULES[0])
    with pytest.raises(kd.Diverged, match="largest stable step size"):
        kd.expected(PROBLEM, THETA, RULES[0], step_size=gamma, x0=START, steps=10**6)


@pytest.mark.parametrize("method", METHODS)
def test_one_quantity_alone(method):
    both_of_them = kd.expected(PROBLEM, THETA, RULES[1], **SETTING, steps=20, method=method)
    for name, other in (("sq_distance", "gap"), ("gap", "sq_distance")):
        alone = kd.expected(
            PROBLEM, THETA, RULES[1], **SETTING, steps=20, method=method, quantities=(name,)
        )
        assert getattr(alone, name) == pytest.approx(getattr(both_of_them, name), rel=1e-8)
        assert len(getattr(alone, other)) == 0
    with pytest.raises(kd.InvalidInput, match="Unknown quantity"):
        kd.expected(PROBLEM, THETA, RULES[1], **SETTING, steps=20, quantities=("distance",))
