"""No method beats the SNR law: sums in many dimensions whose gradients tell nothing, whatever the
step sizes are made from.
"""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.instances.fresh import FreshDirections, line_search
from kdtheory.instances.horizon import guaranteed_path

MU, LCAL, NOISE, START = 0.5, 3.0, 0.7, 4.0


def plan(Lcal: float, steps: int) -> kd.Schedule:
    """Plain SGD's best schedule with these constants."""
    problem, x0 = FreshDirections(3, MU, Lcal, NOISE), [START, 0.0, 0.0]
    name = "unbiased-envelope"
    return kd.schedule(problem, x0, criterion=name, x0=x0, steps=steps, weight=0.0)


def law(Lcal: float, steps: int) -> np.ndarray:
    """s_t along it."""
    return plan(Lcal, steps).bound


def reduced(problem: FreshDirections) -> float:
    """The expected smoothness whose c is the problem's c_d."""
    return problem.mu + problem.c**2 / problem.mu


def test_the_instance_is_a_finite_sum_with_exact_constants():
    problem = FreshDirections(4, MU, LCAL, NOISE)
    kd.testing.check_problem(problem)
    assert (problem.gradients(problem.minimiser) ** 2).sum(1).mean() == pytest.approx(NOISE**2)
    for seed in range(5):
        x = np.random.default_rng(seed).standard_normal(4)
        moved = problem.gradients(x) - problem.gradients(problem.minimiser)
        assert (moved**2).sum(1).mean() == pytest.approx(2 * LCAL * problem.value(x), rel=1e-12)
        assert np.allclose(problem.gradients(x).mean(axis=0), problem.gradient(x))


RULES = {
    "line search": line_search,
    "normed": lambda t, _, gradients: 2 / ((1 + t) * np.linalg.norm(gradients, axis=1)),
    "constant": lambda _, points, __: np.full(len(points), 0.2),
    "informed": lambda _, points, __: (
        MU * (points**2).sum(1) / (MU**2 * (points**2).sum(1) + NOISE**2)
    ),
}


@pytest.mark.parametrize("name", RULES)
def test_no_rule_beats_the_law_in_ten_thousand_dimensions(name):
    """Path by path where all directions are fresh, not only in the mean: no step sizes lead below
    the law with c_d, and those that see each term first lead to it.
    """
    steps, problem = 60, FreshDirections(10_000, MU, LCAL, NOISE)
    squares, fresh = problem.walk(RULES[name], start=START, steps=steps, replicates=12, seed=3)
    assert fresh.sum() >= 6
    below = law(reduced(problem), steps)
    assert (squares[:, fresh] >= below[:, None] * (1 - 1e-9)).all()
    if name == "line search":
        assert np.allclose(squares[:, fresh], below[:, None], rtol=1e-9)
        assert (squares[-1, fresh] / law(LCAL, steps)[-1]).min() > 0.999  # c_d/c = 1 - 1.5/d


def test_the_schedule_of_the_law_follows_it_in_ten_thousand_dimensions():
    """Ratio to the envelope: 1.000; in three dimensions the same steps stay below it."""
    steps = 60
    gammas, envelope = plan(LCAL, steps).step_sizes, law(LCAL, steps)

    def planned(t, points, _):
        return np.full(len(points), gammas[t])

    high = FreshDirections(10_000, MU, LCAL, NOISE)
    squares, _ = high.walk(planned, start=START, steps=steps, replicates=12, seed=4)
    assert np.allclose(squares.mean(axis=1), envelope, rtol=2e-3)
    low, _ = FreshDirections(3, MU, LCAL, NOISE).walk(
        planned, start=START, steps=steps, replicates=4000, seed=5
    )
    assert low.mean(axis=1)[-1] < 0.97 * envelope[-1]


@pytest.mark.parametrize("name", RULES)
def test_the_mean_over_all_paths_lies_between(name):
    """d = 6, two steps, all 144 paths: prod (1 - (1 + i)/d) s_2(c_d) <= E|x^2|^2, and <= s_2(c)
    along the schedule of the law, which the theorem allows to be lower.
    """
    problem = FreshDirections(6, MU, LCAL, NOISE)
    gammas = plan(LCAL, 2).step_sizes
    for rule, ends_low in ((RULES[name], False), (lambda t, *_: np.full(1, gammas[t]), True)):
        ends = []
        for path in itertools.product(range(12), repeat=2):
            x = np.r_[START, np.zeros(5)][None]
            for t, n in enumerate(path):
                g = problem.sampled_gradients(x, np.array([[n]]))
                x = x - rule(t, x, g)[:, None] * g
            ends.append(float((x**2).sum()))
        chance = (1 - 1 / 6) * (1 - 2 / 6)
        assert np.mean(ends) >= chance * law(reduced(problem), 2)[-1] * (1 - 1e-12)
        assert not ends_low or np.mean(ends) <= law(LCAL, 2)[-1] * (1 + 1e-12)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((3, 1.0, 0.5, 1.0), "Lcal must be >= mu"),
        ((3, -1.0, 0.5, 1.0), "mu"),
        ((0, 1, 2, 1), "dim"),
    ],
)
def test_bad_numbers(numbers, said):
    with pytest.raises(kd.InvalidInput, match=said):
        FreshDirections(*numbers)


def envelope_path(
    *, mu: float, c: float, a: float, step_size: float, start: float, steps: int
) -> np.ndarray:
    """psi^t(start) for t = 0..steps: what |x|^2 follows as the dimension grows."""
    path = [start]
    for _ in range(steps):
        s = path[-1]
        path.append((1 - step_size * mu) ** 2 * s + step_size**2 * (c * math.sqrt(s) + a) ** 2)
    return np.array(path)


def test_many_directions_meets_its_constants() -> None:
    """E|G-S|^2 = 2 Lcal F to rounding, the mean gradient is mu x, gradients are derivatives of
    (c|x|+a)<u,x>.
    """
    problem = FreshDirections.growing(4, 0.5, 2.0, 1.0)
    x = np.array([0.3, -1.0, 2.0, 0.1])
    spread = problem.gradients(x) - problem.gradients(problem.minimiser)
    assert np.mean(np.sum(spread**2, axis=1)) == pytest.approx(
        2 * problem.constants.Lcal * problem.value(x), rel=1e-14
    )
    assert problem.gradients(x).mean(axis=0) == pytest.approx(problem.gradient(x))
    step = 1e-6

    def first_term(y: np.ndarray) -> float:
        return problem.value(y) + (2.0 * float(np.linalg.norm(y)) + 1.0) * float(y[0])

    slopes = [(first_term(x + step * v) - first_term(x - step * v)) / (2 * step) for v in np.eye(4)]
    assert problem.gradients(x)[0] == pytest.approx(slopes, rel=1e-7)


@pytest.mark.parametrize(("dim", "low", "high"), [(100, 0.9, 1.05), (1000, 0.98, 1.01)])
def test_many_directions_follow_the_envelope(dim: int, low: float, high: float) -> None:
    """At t = 60 the simulated error is the envelope's as d grows; and never below the theorem's
    guarantee (argued: 5 standard errors)."""
    problem = FreshDirections.growing(dim, 1.0, 2.0, 1.0)
    settings: dict[str, Any] = {"step_size": 0.1, "start": 1.0, "steps": 60}
    path = envelope_path(mu=1.0, c=2.0, a=1.0, **settings)
    squares, _ = problem.walk(
        lambda _, points, __: np.full(len(points), 0.1),
        start=1.0,
        steps=60,
        replicates=1000,
        seed=3,
    )
    simulated = squares.mean(axis=1)
    assert low <= simulated[60] / path[60] <= high
    assert np.all(guaranteed_path(problem, **settings) <= simulated * (1 + 5 / np.sqrt(1000)))


def test_guarantee_tends_to_the_envelope() -> None:
    """The loss is 2/sqrt(d) times a bounded sum: at d = 10^10 the guarantee is within 10^-3 of psi,
    at every t.
    """
    problem = FreshDirections.growing(10**10, 1.0, 2.0, 1.0)
    settings: dict[str, Any] = {"step_size": 0.1, "start": 1.0, "steps": 2000}
    ratio = guaranteed_path(problem, **settings) / envelope_path(mu=1.0, c=2.0, a=1.0, **settings)
    assert ratio.min() > 0.999


@pytest.mark.parametrize(("d", "steps"), [(1, 6), (2, 5), (3, 4), (6, 3)])
def test_all_paths_of_small_instances_lie_above_the_guarantee(d: int, steps: int) -> None:
    """E|x^t|^2 by enumeration of all (2d)^t index paths: above the guaranteed recursion, and at
    most the envelope of the instance's Lcal.
    """
    problem = FreshDirections.growing(d, MU, 0.75, NOISE)
    cloud = np.zeros((1, d))
    cloud[0, 0] = 1.5
    path = [1.5**2]
    for _ in range(steps):
        cloud = np.concatenate([point - 1.0 / 3.0 * problem.gradients(point) for point in cloud])
        path.append(float(np.mean(np.sum(cloud**2, axis=1))))
    settings: dict[str, Any] = {"step_size": 1.0 / 3.0, "start": path[0], "steps": steps}
    assert np.all(guaranteed_path(problem, **settings) <= np.array(path) * (1 + 1e-12))
    larger = 0.75 * np.sqrt(1 + 3 / d)  # the c of the instance's own Lcal
    assert np.all(
        np.array(path) <= envelope_path(mu=MU, c=larger, a=NOISE, **settings) * (1 + 1e-12)
    )


@pytest.mark.parametrize("d", [400, 10**4, 10**6, 10**8])
def test_closed_form_of_the_theorem(d: int) -> None:
    """1 - 4t^2/d for all t^2 <= d/400, and 16t/d for the spread, follow from the recursion: the
    guarantee is never below them.
    """
    problem = FreshDirections.growing(d, 1.0, 2.0, 1.0)
    steps = int((d / 400) ** 0.5)
    settings: dict[str, Any] = {"step_size": 0.1, "start": 1.0, "steps": steps}
    ratio = guaranteed_path(problem, **settings) / envelope_path(mu=1.0, c=2.0, a=1.0, **settings)
    assert np.all(ratio >= 1 - 4 * np.arange(steps + 1) ** 2 / d - 1e-12)
