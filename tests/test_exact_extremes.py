"""The exact engine where it could go wrong: against 50-digit arithmetic, at extreme problems,
horizons and step sizes."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest

import kdtheory as kd
from kdtheory.engines.exact import methods, passes, powers, reduced
from kdtheory.engines.exact.law import law_of
from kdtheory.engines.exact.methods import Ways
from kdtheory.engines.exact.powers import Triangular, at_times
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.rules.experiment import experiment

METHODS = ["recursion", "lanczos"]
RNG = np.random.default_rng(5)


def exact(value: Any) -> np.ndarray:
    """Floats as 50-digit numbers."""
    return np.vectorize(mpmath.mpf, otypes=[object])(np.asarray(value, dtype=float))


def kron(B: np.ndarray) -> np.ndarray:
    return np.kron(B, B)


def truth(
    problem: kd.LeastSquares,
    theta: np.ndarray,
    rule: kd.DistilledSGD,
    gamma: float,
    x0: np.ndarray,
    times: list[int],
) -> np.ndarray:
    """E|x - x*|^2 from powers of E (B kron B), where (x - x*, 1)+ = B (x - x*, 1); single
    indices.
    """
    N, d = problem.features.shape
    F, b, best = exact(problem.features), exact(problem.targets), exact(problem.minimiser)
    # The minimiser itself to 50 digits; elsewhere its floats fit the data exactly enough.
    if d <= N or problem.ridge:
        H = F.T @ F / N + problem.ridge * exact(np.eye(d))
        best = np.array(
            list(mpmath.lu_solve(mpmath.matrix(H.tolist()), mpmath.matrix((F.T @ b / N).tolist())))
        )
    ours, taught = ((F @ z - b)[:, None] * F + problem.ridge * z for z in (best, exact(theta)))
    mean = taught.mean(axis=0) if rule.unbiased else 0 * best
    maps = []
    for n in range(N):
        B = exact(np.eye(d + 1))
        B[:d, :d] -= gamma * (np.outer(F[n], F[n]) + problem.ridge * exact(np.eye(d)))
        B[:d, d] = -gamma * (ours[n] - rule.weight * (taught[n] - mean))
        maps.append(kron(B))
    step, state = sum(maps) / N, np.append(exact(x0) - best, mpmath.mpf(1))
    found = []
    for t in times:
        power, vector = step, np.kron(state, state)
        while t:
            vector = power @ vector if t % 2 else vector
            t //= 2
            power = power @ power if t else power
        found.append(sum(vector.reshape(d + 1, d + 1)[i, i] for i in range(d)))
    return np.array(found)


def gaussian(n: int, d: int, **more: Any) -> kd.LeastSquares:
    return kd.LeastSquares(RNG.standard_normal((n, d)), RNG.standard_normal(n), **more)


PLAIN = gaussian(4, 2, ridge=0.1)
THETA, START = RNG.standard_normal((2, 2))
SAME_ROWS = kd.LeastSquares(
    np.repeat(RNG.standard_normal((1, 3)), 5, axis=0), RNG.standard_normal(5)
)
CASES = {
    "plain": (PLAIN, THETA, kd.DistilledSGD(0.5), START, 0.25),
    "perfect teacher": (PLAIN, PLAIN.minimiser, kd.DistilledSGD(0.7), START, 0.25),
    "from x*": (PLAIN, THETA, kd.DistilledSGD(0.5), PLAIN.minimiser, 0.25),
    # Smaller ones leave x* itself: it is known to eps, and the first step goes gamma sigma.
    "from x*, small steps": (PLAIN, THETA, kd.DistilledSGD(0.5), PLAIN.minimiser, 1e-4),
    "far teacher": (PLAIN, 1e6 * THETA, kd.DistilledSGD(0.5), START, 0.25),
    "far teacher, unbiased": (PLAIN, 1e6 * THETA, kd.DistilledSGD(0.5, unbiased=True), START, 0.25),
    "far start": (PLAIN, THETA, kd.DistilledSGD(0.5), 1e8 * START, 0.25),
    "d = N = 1": (gaussian(1, 1, ridge=0.3), THETA[:1], kd.DistilledSGD(0.5), START[:1], 0.3),
    "d = 1": (gaussian(5, 1), THETA[:1], kd.DistilledSGD(0.5), START[:1], 0.1),
    "N < d": (
        gaussian(2, 3),
        RNG.standard_normal(3),
        kd.DistilledSGD(0.5),
        RNG.standard_normal(3),
        0.25,
    ),
    "N < d, ridge": (
        gaussian(2, 3, ridge=1e-6),
        RNG.standard_normal(3),
        kd.DistilledSGD(0.5),
        RNG.standard_normal(3),
        0.25,
    ),
    "condition 10^6": (
        kd.LeastSquares(RNG.standard_normal((4, 2)) * [1, 1e-3], RNG.standard_normal(4)),
        THETA,
        kd.DistilledSGD(0.5),
        START,
        0.25,
    ),
    "one large row": (
        kd.LeastSquares(PLAIN.features * np.array([[1e4], [1], [1], [1]]), PLAIN.targets),
        THETA,
        kd.DistilledSGD(0.5),
        START,
        0.25,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_every_method_against_fifty_digits(name):
    problem, theta, rule, start, share = CASES[name]
    gamma, times = share / float(problem.constants.Lcal), [1, 2, 7, 100, 400, 10**6]
    # A solve in d unknowns knows x* to d eps L/mu of its size; a start there leaves it by gamma
    # sigma in the first step, and the square doubles a relative error.
    known = problem.dim * np.finfo(float).eps * float(problem.constants.L / problem.constants.mu_pl)
    size, sigma = np.linalg.norm(problem.minimiser), float(problem.constants.sigma_star_sq) ** 0.5
    leaving = (
        2 * known * size / (gamma * sigma) if np.array_equal(start, problem.minimiser) else 0.0
    )
    with mpmath.workdps(50):
        right = truth(problem, np.asarray(theta), rule, gamma, np.asarray(start), times)
        for method in METHODS:
            some = times[:-1] if method == "recursion" else times
            found = kd.expected(
                problem,
                theta,
                rule,
                step_size=gamma,
                x0=start,
                steps=times[-1],
                at=some,
                method=method,
            )
            error = [
                abs(float(one / other - 1))
                for one, other in zip(exact(found.sq_distance), right, strict=False)
            ]
            # The t-th power of an eigenvalue near 1 is known to t eps = 2e-10 at t = 10^6, and to
            # little more before.
            assert max(error) <= 4e-10, method
            assert max(error[:5]) <= 1e-11 + leaving, (method, leaving)


@pytest.mark.parametrize("share", [1 - 1e-3, 1 - 1e-6, 1 - 1e-12, 1 + 1e-12, 1 + 1e-6])
def test_around_the_stability_limit(share):
    rule, times = kd.DistilledSGD(0.5), [1, 100, 400, 10**6]
    gamma = share * kd.stability_limit(PLAIN, rule)
    with mpmath.workdps(50):
        right = truth(PLAIN, THETA, rule, gamma, START, times)
        for method in METHODS[1:]:
            found = kd.expected(
                PLAIN,
                THETA,
                rule,
                step_size=gamma,
                x0=START,
                steps=times[-1],
                at=times,
                method=method,
            )
            error = [
                abs(float(one / other - 1))
                for one, other in zip(exact(found.sq_distance), right, strict=True)
            ]
            # T eps times the few units in the last place that the map itself has.
            assert max(error) <= 4e-9, method
            assert max(error[:3]) <= 1e-11, method


def wide(n: int, d: int, condition: float) -> tuple[kd.LeastSquares, np.ndarray, np.ndarray, float]:
    rng = np.random.default_rng(7)
    problem = kd.LeastSquares(
        rng.standard_normal((n, d)) * np.geomspace(1, condition**-0.5, d), rng.standard_normal(n)
    )
    theta, start = problem.minimiser + rng.standard_normal((2, d))
    return problem, theta, start, 1.0 / (8.0 * float(problem.constants.Lcal))


@pytest.mark.parametrize(
    "rule", [kd.DistilledSGD(0.5), kd.DistilledSGD(0.5, compressor=kd.RandK(79))]
)
def test_instability_is_found_without_walking_there(rule):
    """d = 80 has no whole map: 10^6 steps of the recursion would take an hour, the projection
    knows.
    """
    problem, theta, start, _ = wide(160, 80, 10.0)
    gamma = 1.2 * kd.stability_limit(problem, rule)
    with pytest.raises(kd.Diverged, match=r"overflows by t = \d+ .*stable step size is"):
        kd.expected(problem, theta, rule, step_size=gamma, x0=start, steps=10**6)
    fast, slow = (
        kd.expected(
            problem, theta, rule, step_size=gamma, x0=start, steps=40, method=method
        ).sq_distance
        for method in ("lanczos", "recursion")
    )
    assert fast == pytest.approx(slow, rel=1e-10)


def test_singular_hessian_in_many_dimensions():
    """N = 40 < d = 80: what lies outside the range of H stays, for ever; the rest has a stationary
    law.
    """
    problem, theta, start, gamma = wide(40, 80, 10.0)
    rule = kd.DistilledSGD(0.5)
    found = kd.expected(
        problem, theta, rule, step_size=gamma, x0=start, steps=10**9, at=[0, 40, 10**9]
    )
    slow = kd.expected(
        problem, theta, rule, step_size=gamma, x0=start, steps=40, at=[0, 40], method="recursion"
    )
    assert found.sq_distance[:2] == pytest.approx(slow.sq_distance, rel=1e-12)
    range_of = np.linalg.svd(problem.features, full_matrices=False)[2]
    error = start - problem.minimiser
    outside = float(error @ error - (range_of @ error) @ (range_of @ error))
    limit = kd.stationary(problem, theta, rule, step_size=gamma)
    assert found.sq_distance[2] == pytest.approx(limit.sq_distance + outside, rel=1e-9)
    assert found.gap[2] == pytest.approx(limit.gap, rel=1e-9)


def test_far_horizon_of_an_ill_conditioned_problem():
    """Condition 10^3, d = 64: the projection's own bound must be reachable, or the basis grows
    until memory ends.
    """
    problem, theta, start, gamma = wide(200, 64, 1e3)
    made = experiment(problem, theta, kd.DistilledSGD(0.5), step_size=gamma, x0=start)
    moments = Ways(law_of(made))
    far = moments.run("lanczos", np.array([3000, 10**12]), [0, 1])
    limit = kd.stationary(problem, theta, kd.DistilledSGD(0.5), step_size=gamma)
    assert far is not None
    # Eps over 1 - radius = 5e-6.
    assert far[1, :, 0] == pytest.approx([limit.sq_distance, limit.gap], rel=1e-8)
    near = moments.run("recursion", np.array([3000]), [0, 1])
    assert far[0] == pytest.approx(near[0], rel=1e-10)


def test_large_and_small_forms_of_a_step_agree(monkeypatch):
    problem, theta, start, gamma = wide(50, 17, 10.0)
    rule = kd.DistilledSGD(0.5, batch_size=3)
    moments = Recursion(law_of(experiment(problem, theta, rule, step_size=gamma)))
    M = RNG.standard_normal((2, 17, 17))
    M += M.transpose(0, 2, 1)
    small = moments.heights(M), moments.apply(M)
    monkeypatch.setattr(passes, "SMALL", 0)
    assert moments.heights(M) == pytest.approx(small[0], rel=1e-12, abs=1e-12)
    assert moments.apply(M) == pytest.approx(small[1], rel=1e-12, abs=1e-12)


def test_tied_adjoint_is_the_adjoint_of_tied():
    problem, theta, _, gamma = wide(50, 7, 10.0)
    P, m = RNG.standard_normal((7, 7)), RNG.standard_normal((1, 7))
    P += P.T
    for rule in (
        kd.DistilledSGD(0.5),
        kd.DistilledSGD(-0.8, unbiased=True),
        kd.DistilledSGD(0.5, compressor=kd.Bernoulli(0.9)),
        kd.DistilledSGD([0.5], blocks=[slice(3)]),  # rows that are no multiples of features
        kd.ImportanceSampling(kd.DistilledSGD(0.5), "lipschitz"),
    ):
        for moving in (False, True):
            law = law_of(experiment(problem, theta, rule, step_size=gamma))
            moments = Recursion(law, moving=moving)
            assert moments.tied_adjoint(P, moments.heights(P))[0] @ m[0] == pytest.approx(
                float((P * moments.tied(m)).sum()), rel=1e-10
            )


def test_triangular_powers_are_those_of_the_matrix():
    fast, slow = np.array([0.9, -0.5, 0.3]), np.array([0.95, 0.2])
    join, ends, tails = (
        RNG.standard_normal((2, 3)),
        RNG.standard_normal((1, 3)),
        RNG.standard_normal((1, 2)),
    )
    parts = Triangular(fast, slow, join, ends, tails)
    whole = np.block(
        [
            [np.diag(fast), np.zeros((3, 3))],
            [join, np.diag(slow), np.zeros((2, 1))],
            [ends, tails, np.ones((1, 1))],
        ]
    )
    starts, readers = RNG.standard_normal((6, 2)), RNG.standard_normal((3, 6))
    for times in (
        np.arange(200),
        np.arange(90, 200),
        np.array([150, 0, 3, 3]),
        RNG.integers(0, 200, 150),
        np.array([2**40]),
    ):
        power = np.array([readers @ np.linalg.matrix_power(whole, int(t)) @ starts for t in times])
        for S in (parts, whole):
            assert at_times(S, starts, readers, times) == pytest.approx(power, rel=1e-12, abs=1e-12)


def test_settled_part_of_a_curve_is_what_single_times_give():
    """From some row of the grid on nothing moves, and later rows are copies: true at the seam and
    at the end.
    """
    rule, gamma = kd.DistilledSGD(0.5), 0.25 / float(PLAIN.constants.Lcal)
    whole = kd.expected(PLAIN, THETA, rule, step_size=gamma, x0=START, steps=60_000)
    times = np.unique(np.geomspace(1, 60_000, 300).astype(int))
    some = kd.expected(PLAIN, THETA, rule, step_size=gamma, x0=START, steps=60_000, at=times[::9])
    assert whole.sq_distance[times[::9]] == pytest.approx(some.sq_distance, rel=1e-11)
    assert len(set(whole.sq_distance[-256 * 100 :])) <= 256


@pytest.mark.parametrize(
    ("module", "name", "loose"), [(reduced, "TOLERANCE", 1e-4), (powers, "SETTLED", 1e-4)]
)
def test_a_looser_engine_is_caught(monkeypatch, module, name, loose):
    """What the comparisons of this file would say of an engine that stops too early."""
    problem, theta, start, gamma = wide(60, 12, 10.0)
    setting: dict[str, Any] = {"step_size": gamma, "x0": start, "steps": 30_000}
    monkeypatch.setattr(methods, "COMPLETE", 0)  # a space that is grown has something to stop
    right = kd.expected(
        problem, theta, kd.DistilledSGD(0.5), **setting, method="recursion"
    ).sq_distance
    tight = kd.expected(
        problem, theta, kd.DistilledSGD(0.5), **setting, method="lanczos"
    ).sq_distance
    monkeypatch.setattr(module, name, loose)
    wrong = kd.expected(
        problem, theta, kd.DistilledSGD(0.5), **setting, method="lanczos"
    ).sq_distance
    assert np.abs(tight / right - 1).max() <= 1e-10
    assert np.abs(wrong / right - 1).max() > 1e-8


def test_the_method_applies_the_map_less_often():
    """One step, a short and a long horizon: what is near is walked to."""
    problem, theta, start, gamma = wide(200, 40, 10.0)
    made = experiment(problem, theta, kd.DistilledSGD(0.5), step_size=gamma, x0=start)
    for steps, best in ((1, "recursion"), (200, "lanczos"), (10**6, "lanczos")):
        assert Ways(law_of(made)).order(np.array([steps]), [0, 1])[0] == best
