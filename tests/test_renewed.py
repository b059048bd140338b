"""A renewed teacher: exact moments and simulation against all index paths, the stationary law
against the far horizon and against the law of one curvature.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from paths import START, THETA, TINY

import kdtheory as kd

RULE = kd.RenewedTeacher(0.7, renewal=0.15)
GAMMA = 0.08


def both(curve) -> np.ndarray:
    return np.stack([curve.sq_distance, curve.gap], axis=1)


def over_paths(problem, theta, rule, gammas, weights, x0) -> np.ndarray:
    """Student and teacher written out, over every path."""
    n = problem.n_terms
    draws = [list(b) for b in itertools.product(range(n), repeat=rule.batch_size)]
    layer, found = [(x0, theta)], []
    for t in range(len(gammas) + 1):
        square = np.mean([((x - problem.minimiser) ** 2).sum() for x, _ in layer])
        found.append((square, np.mean([problem.value(x) - problem.minimum for x, _ in layer])))
        if t == len(gammas):
            return np.array(found)
        fresh = []
        for x, teacher in layer:
            moved = problem.gradients(x) - weights[t] * problem.gradients(teacher)
            for b in draws:
                y = x - gammas[t] * moved[b].mean(axis=0)
                fresh.append((y, (1 - rule.renewal) * teacher + rule.renewal * y))
        layer = fresh
    raise AssertionError


@pytest.mark.parametrize("batch_size", [1, 2])
@pytest.mark.parametrize("ridge", [0.0, 0.3])
def test_exact_moments_are_the_mean_over_paths(batch_size, ridge):
    problem = kd.LeastSquares(TINY.features, TINY.targets, ridge=ridge)
    rule = kd.RenewedTeacher(0.7, renewal=0.15, batch_size=batch_size)
    steps = 4 if batch_size == 1 else 2
    truth = over_paths(problem, THETA, rule, [GAMMA] * steps, [0.7] * steps, START)
    found = kd.expected(problem, THETA, rule, step_size=GAMMA, x0=START, steps=steps)
    assert both(found) == pytest.approx(truth, rel=1e-12)
    first = kd.one_step(problem, THETA, rule, step_size=GAMMA, x=START)
    assert (first.sq_distance, first.gap) == pytest.approx(truth[1], rel=1e-12)


def test_schedules():
    gammas, weights = [0.1, 0.02, 0.15, 0.05], [0.9, -0.4, 0.3, 1.2]
    truth = over_paths(TINY, THETA, RULE, gammas, weights, START)
    found = kd.expected(TINY, THETA, RULE, x0=START, schedule=(gammas, weights))
    assert both(found) == pytest.approx(truth, rel=1e-12)
    own = over_paths(TINY, THETA, RULE, gammas, [0.7] * 4, START)
    found = kd.expected(TINY, THETA, RULE, x0=START, schedule=(gammas, None))
    assert both(found) == pytest.approx(own, rel=1e-12)


def test_simulation_is_near_the_exact_moments():
    plan = (0.1 / (1 + 0.1 * np.arange(30)), np.linspace(1, 0, 30))
    for setting in ({"step_size": GAMMA, "steps": 30}, {"schedule": plan}):
        truth = both(kd.expected(TINY, THETA, RULE, x0=START, **setting))
        found = kd.simulate(TINY, THETA, RULE, x0=START, **setting, replicates=20_000, seed=2)
        for place, (mean, error) in enumerate(
            ((found.sq_distance, found.sq_distance_error), (found.gap, found.gap_error))
        ):
            assert (np.abs(mean - truth[:, place]) <= 6 * error + 1e-12).all()
        fixed = both(kd.expected(TINY, THETA, kd.DistilledSGD(0.7), x0=START, **setting))
        off = np.abs(found.sq_distance - fixed[:, 0])
        assert (off[10:] > 6 * found.sq_distance_error[10:]).all()  # a teacher that stays is seen


def test_simulation_of_another_problem_goes_on():
    problem = kd.LogisticRegression(TINY.features, [0.0, 1.0, 0.3, 0.9], ridge=0.2)
    run = {"step_size": GAMMA, "x0": START, "replicates": 5, "seed": 2}
    whole = kd.simulate(problem, THETA, RULE, **run, steps=20)
    first = kd.simulate(problem, THETA, RULE, **run, steps=12)
    rest = kd.simulate(problem, THETA, RULE, **run, steps=20, resume=first.state)
    assert (rest.sq_distance == whole.sq_distance[13:]).all()
    other = kd.simulate(problem, THETA, kd.DistilledSGD(0.7), **run, steps=12)
    with pytest.raises(kd.InvalidInput, match="points and teachers"):
        kd.simulate(problem, THETA, RULE, **run, steps=20, resume=other.state)


@pytest.mark.parametrize("d", [1, 3, 12])
def test_stationary_law_is_the_far_horizon(d):
    rng = np.random.default_rng(d)
    problem = kd.LeastSquares(rng.standard_normal((25, d)), rng.standard_normal(25), ridge=0.5)
    theta, x0 = rng.standard_normal((2, d))
    steps = 50_000  # by powers in few dimensions
    if d > 3:  # what is tied to the mean fades like the root of the rest: none of it from x*
        steps, theta, x0 = 2500, problem.minimiser, problem.minimiser
    settings = ((0.3, 0.5),) if d > 3 else ((0.7, 0.15), (-0.4, 1.0), (0.9, 0.3))
    for rule in (kd.RenewedTeacher(weight, renewal=renewal) for weight, renewal in settings):
        gamma = 0.2 / float(problem.constants.Lcal)
        limit = kd.stationary(problem, theta, rule, step_size=gamma)
        far = kd.expected(problem, theta, rule, step_size=gamma, x0=x0, steps=steps, at=[steps])
        assert (limit.sq_distance, limit.gap) == pytest.approx(
            (far.sq_distance[0], far.gap[0]), rel=1e-8, abs=1e-12
        )
        assert limit.spectral_radius < 1 and limit.error < 1e-9


def test_powers_of_the_joint_map_are_its_steps():
    times = [0, 3, 700, 401]
    found = kd.expected(TINY, THETA, RULE, step_size=GAMMA, x0=START, steps=700, at=times)
    walked = kd.expected(
        TINY, THETA, RULE, x0=START, schedule=(np.append(np.full(700, GAMMA), 0.01), None), at=times
    )
    assert both(found) == pytest.approx(both(walked), rel=1e-10)


@pytest.mark.parametrize(
    ("gamma", "h", "lam", "alpha"),
    [(0.05, 1.0, 0.7, 0.1), (0.4, 2.0, 0.5, 0.3), (0.1, 0.3, 0.9, 0.02), (0.5, 1.0, -0.3, 1.0)],
)
def test_one_curvature_and_additive_noise(gamma, h, lam, alpha):
    """The 3 x 3 system of (E e^2, E e eta, E eta^2), solved by hand: with k = gamma h,

    E e^2 = gamma (1-lam) sigma^2/h (2a + 2k(1-lam) - a^2 - ak(3-2lam) + a^2 k) / ((a + k - ak)(4 -
    2a - 2k + ak(1+lam))); for small a and k (gamma sigma^2/2h)(1-lam)(a + k(1-lam))/(a + k).
    """
    root = np.sqrt(h)
    problem = kd.LeastSquares([[root], [root]], [1.5, -1.5])
    sigma_sq = float(problem.constants.sigma_star_sq)
    k, a = gamma * h, alpha
    top = 2 * a + 2 * k * (1 - lam) - a**2 - a * k * (3 - 2 * lam) + a**2 * k
    bottom = (a + k - a * k) * (4 - 2 * a - 2 * k + a * k * (1 + lam))
    law = gamma * (1 - lam) * sigma_sq / h * top / bottom
    rule = kd.RenewedTeacher(lam, renewal=alpha)
    found = kd.stationary(problem, [0.4], rule, step_size=gamma)
    assert found.sq_distance == pytest.approx(law, rel=1e-10)


def test_limits_of_the_renewal():
    """alpha = 1 distils from oneself: SGD with step gamma (1 - lam)."""
    self_taught = kd.stationary(TINY, THETA, kd.RenewedTeacher(0.6, renewal=1.0), step_size=GAMMA)
    slow = kd.stationary(TINY, THETA, kd.DistilledSGD(), step_size=0.4 * GAMMA)
    # From the second step on the teacher is the student.
    assert self_taught.sq_distance == pytest.approx(slow.sq_distance, rel=1e-10)
    lazy = kd.stationary(TINY, THETA, kd.RenewedTeacher(0.6, renewal=1e-6), step_size=GAMMA)
    plain = kd.stationary(TINY, THETA, kd.DistilledSGD(), step_size=GAMMA)
    assert lazy.sq_distance == pytest.approx(0.4**2 * plain.sq_distance, rel=1e-3)


def test_refused():
    for renewal in (0.0, -0.1, 1.2, np.nan):
        with pytest.raises(kd.InvalidInput, match="renewal"):
            kd.RenewedTeacher(0.5, renewal=renewal)
    with pytest.raises(kd.InvalidInput, match="A renewed teacher is one"):
        kd.expected(TINY, [THETA, THETA], RULE, step_size=GAMMA, x0=START, steps=2)
    with pytest.raises(kd.Diverged, match=r"renewal = 0\.15: spectral radius"):
        kd.stationary(TINY, THETA, RULE, step_size=50.0)
    with pytest.raises(kd.Diverged, match="nothing pulls either of them to the minimiser"):
        kd.stationary(TINY, THETA, kd.RenewedTeacher(1.0, renewal=0.1), step_size=GAMMA)
    with pytest.raises(kd.InvalidInput, match="RenewedTeacher is no rule here"):
        kd.stability_limit(TINY, RULE)
    with pytest.raises(kd.InvalidInput, match="RenewedTeacher is no rule here"):
        kd.expected_in_weight(TINY, THETA, RULE, step_size=GAMMA, x0=START, steps=2)
    with pytest.raises(kd.InvalidInput, match="needs one step size"):
        kd.expected(TINY, THETA, RULE, step_size=GAMMA, x0=START, steps=2, method="lanczos")
    waves = kd.SinusoidalSum([[1.0]], np.ones(2), [[1.0], [-1.0]])
    with pytest.raises(kd.InvalidInput, match="Exact moments need least squares"):
        kd.expected(waves, [1.0], RULE, step_size=GAMMA, x0=[1.0], steps=2)
