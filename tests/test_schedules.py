"""Schedules: bounds along them, the best ones, their length, and when to stop distilling."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize

import kdtheory as kd
from kdtheory.bounds.curves import curve
from kdtheory.bounds.letters import letters_for
from kdtheory.rules.experiment import experiment

STEPPED = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]


def make_problem(seed: int = 0, *, n: int = 12, d: int = 3, ridge: float = 0.2):
    rng = np.random.default_rng(seed)
    return kd.LeastSquares(rng.standard_normal((n, d)), rng.standard_normal(n), ridge=ridge)


def make_teacher(problem, seed: int = 1, size: float = 0.4):
    return problem.minimiser + size * np.random.default_rng(seed).standard_normal(problem.dim)


@pytest.mark.parametrize("name", STEPPED)
def test_a_constant_schedule_is_the_statement(name):
    problem = make_problem()
    theta, x0 = make_teacher(problem), np.ones(3)
    gamma = 0.8 * kd.step_size_limit(problem, name)
    kwargs = {"theorem": name, "x0": x0, "batch_size": 2, "replacement": False}
    alone = kd.bound(problem, theta, step_size=gamma, weight=0.3, steps=40, **kwargs)
    along = kd.bound(problem, theta, schedule=([gamma] * 40, [0.3] * 40), **kwargs)
    assert np.allclose(alone, along, rtol=1e-11)


@pytest.mark.parametrize("name", STEPPED)
def test_a_schedule_is_its_pieces(name):
    """Two pieces of constant steps: the second begins where the first ended."""
    problem = make_problem(1)
    theta = np.array([make_teacher(problem, 1), make_teacher(problem, 2)])
    gamma = 0.9 * kd.step_size_limit(problem, name)
    gammas = [gamma] * 5 + [0.0] * 2 + [gamma / 3] * 5
    weights = np.array([[0.3, 0.2]] * 7 + [[-0.1, 0.4]] * 5)
    found = kd.bound(problem, theta, theorem=name, x0=np.ones(3), schedule=(gammas, weights))
    first = kd.bound(
        problem, theta, theorem=name, x0=np.ones(3), step_size=gamma, weight=[0.3, 0.2], steps=5
    )
    assert np.allclose(found[:6], first, rtol=1e-11)
    assert found[5] == found[6] == found[7]
    rule = kd.DistilledSGD((-0.1, 0.4))
    letters = letters_for(experiment(problem, theta, rule, step_size=gamma / 3), kd.THEOREMS[name])
    assert np.allclose(found[7:], curve(kd.THEOREMS[name], letters, found[7], 5), rtol=1e-11)


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"schedule": ([0.01], [0.0]), "weight": 0.1}, "takes the place of step_size"),
        ({"step_size": 0.01, "weight": 0.1}, "needs step_size=, weight= and steps="),
        ({"schedule": ([0.01] * 3, [0.0] * 2)}, "3 step sizes"),
        ({"schedule": ([0.01] * 3, [0.0] * 3), "steps": 4}, "3 steps and steps = 4"),
        ({"schedule": ([0.01, 5.0], [0.0, 0.0])}, "needs gamma <="),
        ({"schedule": ([0.01], [[0.0, 0.1]])}, r"must be \(1,\), for 1 teachers, got \(1, 2\)"),
        ({"schedule": ([0.01], None)}, "needs its weights"),
        ({"schedule": 3}, "Schedule or a pair"),
    ],
)
def test_bad_schedules(kwargs, said):
    problem = make_problem()
    with pytest.raises(kd.InvalidInput, match=said):
        kd.bound(problem, make_teacher(problem), theorem="theorem-1", x0=np.ones(3), **kwargs)


ENVELOPES = (
    "theorem-1-envelope",
    "theorem-2-envelope",
    "unbiased-envelope",
    "unbiased-pl-envelope",
)


@pytest.mark.parametrize("weight", [None, 0.0, 0.4])
@pytest.mark.parametrize("name", ENVELOPES)
def test_the_bound_of_the_schedule_is_the_statement_along_it(name, weight):
    """The law's closed form against psi itself, over three phases and 30,000 steps in blocks."""
    problem = make_problem(2)
    theta, x0 = make_teacher(problem, size=0.05), 40 * np.ones(3)
    found = kd.schedule(problem, theta, criterion=name, x0=x0, steps=30_000, weight=weight)
    again = kd.bound(problem, theta, theorem=name, x0=x0, schedule=found)
    assert np.allclose(found.bound, again, rtol=1e-11)
    assert (np.diff(found.bound) <= 0).all()


@pytest.mark.parametrize("count", [1, 2])
@pytest.mark.parametrize("name", ENVELOPES)
def test_no_step_size_and_weight_do_better(name, count):
    """Minimisation without gradients over (gamma, lam) at several errors finds nothing lower."""
    problem = make_problem(3)
    theta = np.array([make_teacher(problem, seed, 1.5) for seed in range(count)])
    for scale in (0.3, 3.0):
        x0 = problem.minimiser + scale * np.ones(3)
        found = kd.schedule(problem, theta, criterion=name, x0=x0, steps=1)
        limit = kd.step_size_limit(problem, name)

        def after(v, name=name, x0=x0, limit=limit):
            if not 0 < v[0] < 1:
                return 1e6 * (1 + abs(v[0]))
            plan = ([v[0] * limit], [v[1:]])
            return kd.bound(problem, theta, theorem=name, x0=x0, schedule=plan)[1]

        near = np.r_[found.step_sizes / limit, found.weights[0]]
        for start in (np.r_[0.5, np.zeros(count)], 0.95 * near):
            other = minimize(after, start, method="Nelder-Mead", options={"maxfev": 150})
            assert found.bound[1] <= other.fun * (1 + 1e-9)


def test_weights_follow_the_signal_to_noise_ratio():
    """1 + kappa = a/(k SNR) where noise dominates: lam_t is the quadratic weight of that kappa."""
    problem = make_problem(4)
    theta = make_teacher(problem, size=0.3)
    seen = kd.teacher_statistics(problem, theta)
    found = kd.schedule(
        problem, theta, criterion="theorem-1-envelope", x0=10 * np.ones(3), steps=2000
    )
    lam, snr = found.weights, found.signal_to_noise
    a = np.sqrt(seen.sigma_star_sq - 2 * lam * seen.covariance + lam**2 * seen.variance)
    k = np.abs(lam) * np.sqrt(seen.bias_sq)
    some = (lam > 0) & (k * snr < a)
    assert some.sum() > 10
    kappa = a[some] / (k * snr)[some] - 1
    assert np.allclose(
        lam[some], seen.covariance / (seen.variance + (1 + kappa) * seen.bias_sq), rtol=1e-9
    )
    early = k * snr > a * (1 + 1e-9)
    assert np.allclose(lam[early], seen.covariance / (seen.variance + seen.bias_sq), rtol=1e-12)


@pytest.mark.parametrize("name", ["theorem-1-envelope", "theorem-2-envelope"])
def test_distilling_stops_where_the_weight_vanishes(name):
    for seed in range(6):
        problem = make_problem(seed + 20)
        theta = make_teacher(problem, size=0.2)
        stop = kd.stop_distilling(problem, theta, criterion=name)
        if not np.isfinite(stop):
            continue
        direction = np.ones(3) / np.sqrt(3)

        def weight(s, problem=problem, theta=theta, direction=direction):
            low, high = 0.0, 1e3
            for _ in range(200):  # the start with that error, for gaps as for distances
                middle = (low + high) / 2
                x0 = problem.minimiser + middle * direction
                first = kd.bound(
                    problem, theta, theorem=name, x0=x0, step_size=1e-3, weight=0.0, steps=0
                )[0]
                low, high = (middle, high) if first < s else (low, middle)
            plan = kd.schedule(problem, theta, criterion=name, x0=x0, steps=1)
            return abs(plan.weights[0])

        assert weight(stop * (1 - 1e-6)) == 0.0 < weight(stop * (1 + 1e-6))


def test_distilling_never_starts_or_never_stops():
    problem = make_problem(5)
    assert kd.stop_distilling(problem, make_teacher(problem), criterion="unbiased-envelope") == 0.0
    # A teacher far away has all bias: |E<S,H>| <= |h| sigma_* q.
    far = problem.minimiser + 1e4
    assert kd.stop_distilling(problem, far) == np.inf
    D = make_teacher(problem) - problem.minimiser
    mirror = problem.minimiser + np.array([D, -D])  # biases that cancel
    assert kd.stop_distilling(problem, mirror) == 0.0


@pytest.mark.parametrize("name", ENVELOPES)
def test_steps_lie_between_low_and_high(name):
    for seed, target in ((6, 1e-1), (7, 1e-3), (8, 1e-4)):
        problem = make_problem(seed)
        theta = make_teacher(problem, size=0.05)
        for weight in (None, 0.0):
            kwargs = {"criterion": name, "x0": 5 * np.ones(3), "weight": weight}
            found = kd.steps_needed(problem, theta, target=target, **kwargs)
            assert found.low <= found.steps <= found.high
            assert sum(found.phases) == pytest.approx(found.low, rel=1e-12)
            plan = kd.schedule(problem, theta, steps=found.steps + 2, **kwargs)
            assert plan.bound[found.steps] <= target < plan.bound[found.steps - 1]


@pytest.mark.parametrize("name", ENVELOPES[:2])
def test_a_biased_teacher_that_is_dropped_costs_what_plain_sgd_costs(name):
    """Below the error at which its weight is 0 the closed form is that of plain SGD; across it the
    steps still lie between.
    """
    crossed = 0
    for seed in range(12):
        problem = make_problem(seed)
        theta = make_teacher(problem, size=0.1)
        stop = kd.stop_distilling(problem, theta, criterion=name)
        reach = 2 * np.sqrt(2 * stop / float(problem.constants.mu)) if seed % 2 else 5.0
        x0 = problem.minimiser + min(reach, 50.0) * np.ones(3)
        kwargs = {"criterion": name, "x0": x0}
        start = kd.schedule(problem, theta, steps=1, **kwargs).bound[0]
        for share in (0.3, 0.01):
            found = kd.steps_needed(problem, theta, target=share * start, **kwargs)
            plain = kd.steps_needed(problem, theta, target=share * start, weight=0.0, **kwargs)
            assert found.low <= found.steps <= found.high
            assert found.low <= plain.low * (1 + 1e-12)
            crossed += share * start < stop < start
            if stop >= start:
                assert (found.low, found.high) == (plain.low, plain.high)
    assert crossed >= 3


def test_a_perfect_teacher_removes_the_noise():
    problem = make_problem(9)
    plan = kd.schedule(
        problem, problem.minimiser, criterion="unbiased-envelope", x0=np.ones(3), steps=200
    )
    assert np.allclose(plan.weights, 1.0)
    ratio = 1 - problem.constants.mu / problem.constants.Lcal
    assert np.allclose(plan.bound[1:] / plan.bound[:-1], ratio, rtol=1e-9)
    again = kd.bound(
        problem, problem.minimiser, theorem="unbiased-envelope", x0=np.ones(3), schedule=plan
    )
    assert np.allclose(plan.bound, again, rtol=1e-9)


def test_degenerate_problems():
    # One term and one dimension: no noise, mu = L = Lcal, one step reaches the optimum.
    problem = kd.LeastSquares([[1.0]], [2.0])
    plan = kd.schedule(problem, [0.0], criterion="theorem-1-envelope", x0=[5.0], steps=5)
    assert plan.bound[0] == 9.0 and (plan.bound[1:] == 0.0).all()
    # At the optimum there is nothing to do.
    plan = kd.schedule(problem, [0.0], criterion="theorem-1-envelope", x0=[2.0], steps=3)
    assert not plan.bound.any() and not plan.step_sizes.any()
    # A fixed weight cannot get below its bias.
    problem = make_problem(10)
    theta = make_teacher(problem, size=1.0)
    stuck = kd.teacher_statistics(problem, theta).bias_sq / float(problem.constants.mu) ** 2
    plan = kd.schedule(
        problem, theta, criterion="theorem-1-envelope", x0=30 * np.ones(3), steps=4000, weight=1.0
    )
    assert stuck <= plan.bound[-1] < 1.1 * stuck
    inside = problem.minimiser + 0.1 * np.sqrt(stuck / 3)
    plan = kd.schedule(
        problem, theta, criterion="theorem-1-envelope", x0=inside, steps=4, weight=1.0
    )
    assert not plan.step_sizes.any() and (plan.bound == plan.bound[0]).all()


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (
            lambda p, t: kd.schedule(p, t, criterion="theorem-1", x0=np.ones(3), steps=3),
            "'theorem-1' has no best schedule.*theorem-1-envelope, theorem-2-envelope",
        ),
        (
            lambda p, t: kd.schedule(p, t, criterion="theorem-1-envelope", x0=np.ones(3), steps=0),
            "steps must be >= 1",
        ),
        (
            lambda p, t: kd.schedule(
                p, t, criterion="theorem-1-envelope", x0=np.ones(3), steps=3, weight=[1, 2]
            ),
            r"weight must be \(1,\)",
        ),
        (
            lambda p, t: kd.steps_needed(
                p, t, criterion="unbiased-envelope", x0=np.ones(3), target=0.0
            ),
            "target must be > 0",
        ),
        (
            lambda p, t: kd.steps_needed(
                p, t, criterion="theorem-1-envelope", x0=9 * np.ones(3), target=1e-9, weight=1.0
            ),
            "stays above .* whatever the step sizes.*Use a larger one, weight=None",
        ),
        (
            lambda p, t: (
                kd.steps_needed(
                    p, t, criterion="unbiased-envelope", x0=np.ones(3), target=1e-20
                ).steps
            ),
            "More than .* steps are needed",
        ),
    ],
)
def test_bad_questions(call, said):
    problem = make_problem()
    with pytest.raises(kd.InvalidInput, match=said):
        call(problem, make_teacher(problem, size=1.0))
