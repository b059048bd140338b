"""The horizon theorem: exact moments without strong convexity, its weight, its one step."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.checks import horizon
from kdtheory.checks.horizon import averages, flat

NAMES = ("horizon", "horizon-envelope")


@pytest.mark.parametrize("name", NAMES)
def test_exact_moments_stay_below(name):
    """A bound, and not a useless one: a tenth of it is refuted."""
    theorem = kd.THEOREMS[name]
    assert horizon.stays_below(theorem) == ""
    tenth = dataclasses.replace(theorem, rhs=theorem.rhs / 10)
    assert horizon.stays_below(tenth) != ""
    start = flat(0).minimiser
    claim = kd.bound(flat(0), start, theorem=name, step_size=0.01, weight=0.0, x0=start, steps=3)
    assert claim[0] == np.inf and len(claim) == 4


def test_logistic_regression_without_ridge_by_enumeration():
    """Every one of 3^t index paths, on a problem that is convex and no more."""
    features = np.array([[1.0, 0.5], [-1.0, 0.3], [0.4, -1.0]])
    problem = kd.LogisticRegression(features, [0.8, 0.3, 0.4])  # soft labels: a minimiser exists
    assert problem.constants.mu == 0.0
    theta, x0, lam = np.array([0.9, -0.4]), np.array([2.0, -1.0]), 0.7
    H = problem.gradients(theta)
    for name in NAMES:
        gamma = 0.9 * kd.step_size_limit(problem, name)
        claim = kd.bound(problem, theta, theorem=name, step_size=gamma, weight=lam, x0=x0, steps=5)
        gaps = np.zeros(6)
        for steps in range(6):
            for indices in itertools.product(range(3), repeat=steps):
                x = x0
                for n in indices:
                    x = x - gamma * (problem.gradients(x)[n] - lam * H[n])
                gaps[steps] += (problem.value(x) - problem.minimum) / 3**steps
        assert (averages(gaps) <= claim[1:]).all()


def test_the_envelope_improves_the_horizon_theorem():
    problem = flat(3)
    theta, x0 = np.ones(3), 2 * np.ones(3)
    for lam in (0.0, 0.5, -1.0):
        found = [
            kd.bound(problem, theta, theorem=name, step_size=0.01, weight=lam, x0=x0, steps=500)[1:]
            for name in NAMES
        ]
        assert (found[1] <= found[0] * 2 / np.e).all()
    # Without bias nothing piles up, and no factor is lost: |e|^2/(2 gamma m t) + gamma a^2/m.
    free = kd.bound(
        problem, theta, theorem="horizon-envelope", step_size=0.01, weight=0.0, x0=x0, steps=4
    )
    e = x0 - problem.minimiser
    m = 1 - 0.02 * float(problem.constants.Lcal)
    noise = float(problem.constants.sigma_star_sq)
    assert free[4] == pytest.approx(e @ e / (0.08 * m) + 0.01 * noise / m, rel=1e-12)


@pytest.mark.parametrize("horizon", [1, 10, 1000])
def test_the_weight_minimises_the_bound(horizon):
    problem = flat(4, rank=2)
    theta = problem.minimiser + np.array([0.3, -0.2, 0.5])
    best = kd.optimal_weight(problem, theta, criterion="horizon", horizon=horizon)

    def last(weight):
        return kd.bound(
            problem,
            theta,
            theorem="horizon",
            step_size=0.01,
            weight=weight,
            x0=np.ones(3),
            steps=horizon,
        )[-1]

    for off in (-1e-2, 1e-2, 1.0, -1.0):
        assert last(best) < last(best + off)
    seen = kd.teacher_statistics(problem, theta)
    for batch in (1, 7):
        assert kd.optimal_weight(
            problem, theta, criterion="horizon", horizon=horizon, batch_size=batch
        ) == pytest.approx(
            seen.covariance / (seen.variance + batch * (1 + horizon / 2) * seen.bias_sq), rel=1e-12
        )


def test_several_teachers_for_a_horizon():
    problem = flat(5, rank=2)
    D = np.array([0.3, -0.2, 0.5])
    both = problem.minimiser + np.array([D, -D])
    found = kd.optimal_weight(problem, both, criterion="horizon", horizon=100)
    assert found == pytest.approx([0.5, 0.5], rel=1e-9)  # biases that cancel do not pile up


@pytest.mark.parametrize(
    ("kwargs", "said"),
    [
        ({"criterion": "horizon"}, "needs horizon="),
        ({"criterion": "horizon", "horizon": 0}, "horizon must be > 0"),
        ({"criterion": "theorem-1", "horizon": 10, "step_size": 0.01}, "Leave one of them out"),
        ({"criterion": "theorem-1"}, "needs step_size="),
        ({"criterion": "horizon-envelope", "step_size": 0.01}, "no floor to minimise"),
    ],
)
def test_bad_questions(kwargs, said):
    with pytest.raises(kd.InvalidInput, match=said):
        kd.optimal_weight(flat(0), np.ones(3), **kwargs)


def test_step_sizes_outside_the_range():
    problem = flat(0)
    limit = kd.step_size_limit(problem, "horizon")
    assert limit == pytest.approx(1 / (2 * problem.constants.Lcal))
    with pytest.raises(kd.StepSizeTooLarge, match="horizon theorem needs gamma <"):
        kd.bound(
            problem,
            np.ones(3),
            theorem="horizon",
            step_size=limit,
            weight=0.0,
            x0=np.ones(3),
            steps=3,
        )


@pytest.mark.parametrize("name", NAMES)
def test_a_changed_statement_is_not_proved(name):
    """Half the rhs, another step size, a longer range, an assumption less, another lhs."""
    theorem = kd.THEOREMS[name]
    assert kd.prove(theorem).status == "PROVED"
    letter = next(iter(theorem.definitions))
    for change in (
        {"rhs": theorem.rhs / 2},
        {"rhs": theorem.rhs.xreplace({sym.gamma: 2 * sym.gamma})},
        {"step_size_max": 2 * theorem.step_size_max},
        {"needs": theorem.needs[:1]},
        {"needs": theorem.needs[1:]},
        {"definitions": {**theorem.definitions, letter: theorem.definitions[letter] / 2}},
        {"lhs": sym.gap_t},
    ):
        assert kd.prove(dataclasses.replace(theorem, **change)).status == "UNDECIDED", change


def test_numbers_notice_a_constant_too_small():
    """One dimension, one step, no noise, gamma at the end of its range: (1/1) F(x^0) against s_0/(2
    gamma m) = mu s_0/2 as gamma runs to 0; the bound cannot be halved.
    """
    problem = kd.LeastSquares([[1.0]], [0.0])
    ratios = []
    for gamma in (1e-3, 0.1, 0.25):
        claim = kd.bound(
            problem,
            [0.0],
            theorem="horizon-envelope",
            step_size=gamma,
            weight=0.0,
            x0=[1.0],
            steps=2000,
        )
        truth = kd.expected(
            problem, [0.0], kd.DistilledSGD(), step_size=gamma, x0=[1.0], steps=2000
        ).gap
        ratios.append(float((averages(truth) / claim[1:]).max()))
    # sum F = (1/2)/(1 - (1-gamma)^2) -> 1/(4 gamma): half of the bound, and more at larger steps.
    assert 0.45 < ratios[0] < 0.55


def test_a_range_up_to_a_pole_of_the_bound_has_no_value_there():
    """One line, and no warning of a division by 0."""
    problem = kd.LeastSquares([[1.0], [1.0]], [0.0, 2.0])
    wider = dataclasses.replace(kd.THEOREMS["horizon"], step_size_max=1 / sym.Lcal)
    with pytest.raises(kd.InvalidInput, match="no value in floats here"):
        kd.bound(problem, [0.5], theorem=wider, step_size=0.5, weight=0.1, x0=[0.0], steps=3)
