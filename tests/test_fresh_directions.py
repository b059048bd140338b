"""No method beats the SNR law: sums in many dimensions whose gradients tell nothing, whatever the
step sizes are made from.
"""

from __future__ import annotations

import itertools

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.instances.fresh import FreshDirections, line_search

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
