"""Verdicts along a schedule: the same as without one where it is constant, violations seen, runs
that take the schedule's steps.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.evidence.process import Process, enumerated, runs
from kdtheory.rules.experiment import experiment

rng = np.random.default_rng(5)
SQUARES = kd.LeastSquares(rng.standard_normal((12, 3)), rng.standard_normal(12), ridge=0.2)
LOGISTIC = kd.LogisticRegression(
    rng.standard_normal((12, 3)), rng.integers(0, 2, 12).astype(float), ridge=0.5
)
FAR = 4 * np.ones(3)
ENVELOPES = ("theorem-1-envelope", "theorem-2-envelope", "unbiased-envelope")


def teacher(problem, size=0.2):
    return problem.minimiser + size * np.random.default_rng(1).standard_normal(3)


@pytest.mark.parametrize("name", ["theorem-1", "theorem-2-envelope", "unbiased-sharp"])
def test_a_constant_schedule_has_the_verdict_of_its_step_size(name):
    theta = teacher(SQUARES)
    gamma = 0.7 * kd.step_size_limit(SQUARES, name, batch_size=2)
    more = {"theorem": name, "batch_size": 2, "replacement": False}
    one = kd.verify(SQUARES, theta, step_size=gamma, weight=0.4, steps=30, **more)
    other = kd.verify(SQUARES, theta, schedule=([gamma] * 30, [0.4] * 30), **more)
    assert (one.status, other.status) == ("VERIFIED", "VERIFIED")
    assert other.ratio == pytest.approx(one.ratio, rel=1e-9)
    assert (other.step_size, other.weight, other.steps) == (gamma, 0.4, 30)
    assert other.noise_share == pytest.approx(one.noise_share)
    assert (other.lhs_end, other.rhs_end) == pytest.approx((one.lhs_end, one.rhs_end))


@pytest.mark.parametrize("problem", [SQUARES, LOGISTIC], ids=["exact", "monte-carlo"])
@pytest.mark.parametrize("name", ENVELOPES)
def test_the_best_schedule_holds_and_half_of_psi_does_not(name, problem):
    """With two teachers too; steps of size 0 are no steps."""
    for count in (1, 2):
        theta = np.array([teacher(problem, size) for size in (0.2, -0.4)][:count])
        plan = kd.schedule(problem, theta, criterion=name, x0=FAR, steps=15)
        gammas = plan.step_sizes.copy()
        gammas[3:5] = 0.0
        found = kd.verify(
            problem, theta, theorem=name, schedule=(gammas, plan.weights), x0=FAR, seed=2
        )
        assert found.status == "VERIFIED", found
        assert found.evidence == ("exact" if problem is SQUARES else "monte-carlo")
        theorem = kd.THEOREMS[name]
        wrong = replace(theorem, psi=theorem.psi / 2)
        assert kd.verify(problem, theta, theorem=wrong, schedule=plan, x0=FAR).status == "VIOLATED"


def test_from_several_starts():
    theta = teacher(SQUARES)
    plan = kd.schedule(SQUARES, theta, criterion=ENVELOPES[0], x0=FAR, steps=20)
    found = kd.verify(SQUARES, theta, theorem=ENVELOPES[0], schedule=plan, at=[5, 20])
    assert found.status == "VERIFIED" and "from x*, near, far" in found.reason


def test_compressed_iterates_along_a_schedule():
    theta, gamma = teacher(SQUARES), 0.5 * kd.step_size_limit(SQUARES, "compressed")
    gammas = gamma * np.array([1.0, 0.9, 0.8, 1.0])
    omega = 0.2 * float(gammas.min()) * float(SQUARES.constants.mu)
    found = kd.verify(
        SQUARES,
        theta,
        theorem="compressed",
        schedule=(gammas, [0.3, 0.2, 0.1, 0.0]),
        compressor=kd.Bernoulli(1 / (1 + omega)),
    )
    assert found.status == "VERIFIED"


def test_index_paths_take_the_steps_of_the_schedule():
    """N = 3, t = 3, two teachers: the mean over all 27 paths, written out."""
    problem = kd.LogisticRegression([[1.0], [-0.5], [2.0]], [0.0, 1.0, 1.0], ridge=0.3)
    theta = problem.minimiser + np.array([[0.5], [-1.0]])
    gammas, weights = np.array([0.3, 0.1, 0.2]), np.array([[0.5, 0.1], [0.2, -0.3], [0.0, 1.0]])
    plan = kd.Schedule(gammas, weights)
    rule = kd.DistilledSGD([0.0, 0.0])
    start = np.array([1.5])
    made = experiment(problem, theta, rule, schedule=plan, x0=start)
    process = Process(made, "sq_distance")
    found = list(enumerated(process, 4))
    H = np.array([problem.gradients(point) for point in theta])
    ends = []
    for path in itertools.product(range(3), repeat=3):
        x = start
        for t, n in enumerate(path):
            x = x - gammas[t] * (problem.gradients(x)[n] - weights[t] @ H[:, n])
        ends.append(((x - problem.minimiser) ** 2).sum())
    assert found[3] == pytest.approx(np.mean(ends), rel=1e-12)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"step_size": 0.01}, "takes the place of step_size="),
        ({"weight": 0.1}, "takes the place of step_size="),
        ({"steps": 7}, "The schedule has 3 steps and steps = 7"),
        ({"method": "rational"}, "followed in floats"),
        ({"schedule": ([0.01] * 3, [0.1] * 2)}, "3 step sizes has 3 entries in weights, got 2"),
        ({"schedule": ([0.01] * 3, [[0.1, 0.2]] * 3)}, "weights"),
        ({"schedule": ([0.01] * 3, None)}, "keeps those of a rule, got none"),
        ({"schedule": ([9.0] * 3, [0.1] * 3)}, "needs gamma"),
        ({"schedule": 3.0}, "Schedule or a pair"),
        ({"theorem": "exact-quadratic"}, "takes no schedule"),
        ({"theorem": "horizon"}, "takes no schedule"),
    ],
)
def test_bad_schedules_of_verdicts(change, said):
    given = {"theorem": "theorem-1", "schedule": ([0.01] * 3, [0.1] * 3), **change}
    with pytest.raises(kd.InvalidInput, match=said) as caught:
        kd.verify(SQUARES, teacher(SQUARES), **given)
    assert "\n" not in str(caught.value)


def test_a_renewed_teacher_has_no_verdict():
    with pytest.raises(kd.InvalidInput, match="a teacher that stays, got RenewedTeacher"):
        kd.verify(
            SQUARES,
            teacher(SQUARES),
            theorem="theorem-1",
            rule=kd.RenewedTeacher(0.1, renewal=0.5),
        )
    with pytest.raises(kd.InvalidInput, match="for m teachers, got shape"):
        kd.verify(SQUARES, np.ones((1, 2, 3)), theorem="theorem-1")


def test_runs_of_two_rules_along_one_schedule_are_not_one():
    """At the weight 0 that the schedule replaces, both tables are 0 with the same signs."""
    problem = kd.LogisticRegression([[3.0], [1.0]], [0.0, 1.0], ridge=0.1)
    plan, theta, start = kd.Schedule([0.1, 0.2], [0.5, 0.4]), np.array([0.5]), np.array([1.0])
    found = []
    for rule in (kd.DistilledSGD(0.0), kd.DistilledSGD(0.0, unbiased=True)):
        made = experiment(problem, theta, rule, schedule=plan, x0=start)
        found.append(runs(Process(made, "sq_distance"), np.array([2]), 50, 1).mean())
    H = problem.gradients(theta)
    assert (np.signbit(H) == np.signbit(H - H.mean(axis=0))).all() and H.mean() != 0.0
    assert abs(found[0] - found[1]) > 0.01
