"""verify(schedule=): each step has its own psi."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

import kdtheory as kd

RNG = np.random.default_rng(12)
PROBLEM = kd.LeastSquares(RNG.standard_normal((6, 2)), RNG.standard_normal(6), ridge=0.3)
THETA, START = PROBLEM.minimiser + 0.3, PROBLEM.minimiser + 1.0
CURVES = ["theorem-1-envelope", "theorem-2-envelope", "unbiased-envelope", "unbiased-pl-envelope"]
FALLING = (0.05 / np.arange(1, 31), np.linspace(0.8, 0.0, 30))


@pytest.mark.parametrize("key", CURVES)
def test_the_best_schedule_keeps_its_promise(key):
    plan = kd.schedule(PROBLEM, THETA, criterion=key, x0=START, steps=8)
    seen = kd.verify(PROBLEM, THETA, theorem=key, schedule=plan, x0=START)
    assert (seen.status, seen.evidence, seen.steps) == ("VERIFIED", "exact", 8)
    assert seen.rhs_end == pytest.approx(plan.bound[-1], rel=1e-12)


@pytest.mark.parametrize("key", ["theorem-1", "theorem-2-sharp", "unbiased", "theorem-1-envelope"])
def test_the_right_side_is_the_bound_and_the_left_one_the_moments(key):
    at = {"schedule": FALLING, "x0": START}
    seen = kd.verify(PROBLEM, THETA, theorem=key, batch_size=2, **at)
    assert seen.status == "VERIFIED" and np.isnan(seen.weight) and np.isnan(seen.step_size)
    claimed = kd.bound(PROBLEM, THETA, theorem=key, batch_size=2, **at)
    assert seen.rhs_end == pytest.approx(claimed[-1], rel=1e-12)
    rule = kd.DistilledSGD(unbiased=kd.THEOREMS[key].unbiased, batch_size=2)
    moments = kd.expected(PROBLEM, THETA, rule, **at)
    left = moments.gap if kd.THEOREMS[key].is_pl else moments.sq_distance
    assert seen.lhs_end == pytest.approx(left[-1], rel=1e-12)
    assert seen.ratio == pytest.approx((left[1:] / claimed[1:]).max(), rel=1e-12)


def test_a_constant_schedule_is_none():
    with_schedule, without = (
        kd.verify(PROBLEM, THETA, theorem="theorem-1-sharp", x0=START, **words)
        for words in (
            {"schedule": (np.full(9, 0.05), np.full(9, 0.4))},
            {"step_size": 0.05, "weight": 0.4, "steps": 9},
        )
    )
    for name in ("status", "step_size", "weight", "noise_share", "noise_at_ratio"):
        assert getattr(with_schedule, name) == getattr(without, name)
    assert with_schedule.ratio == pytest.approx(without.ratio, rel=1e-12)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_too_small_a_noise_term_is_violated(share):
    """From x* the first step is noise alone, nearly all of it U where the step is small."""
    right = kd.THEOREMS["theorem-1-envelope"]
    U = next(letter for letter in right.definitions if letter.name == "U")
    wrong = replace(right, definitions={**right.definitions, U: share * right.definitions[U]})
    quick = ([0.01, 0.02], [0.0, 0.0])
    assert kd.verify(PROBLEM, THETA, theorem=right, schedule=quick).status == "VERIFIED"
    assert kd.verify(PROBLEM, THETA, theorem=wrong, schedule=quick).status == "VIOLATED"


def test_several_teachers_rules_and_steps_that_are_not_made():
    two, weights = np.array([THETA, -THETA]), np.tile([0.3, -0.1], (4, 1))
    plan = ([0.05, 0.0, 0.02, 0.0], weights)
    seen = kd.verify(PROBLEM, two, theorem="theorem-1-sharp", schedule=plan, x0=START, at=[0, 2, 3])
    assert seen.status == "VERIFIED"
    own = SimpleNamespace(
        batch_size=1,
        replacement=True,
        compressor=None,
        control_variates=lambda problem, theta: 0.5 * problem.gradients(theta),
    )
    by_rule = kd.verify(
        PROBLEM, THETA, theorem="theorem-1-sharp", schedule=([0.05, 0.02], None), rule=own, x0=START
    )
    by_weight = kd.verify(
        PROBLEM, THETA, theorem="theorem-1-sharp", schedule=([0.05, 0.02], [0.5, 0.5]), x0=START
    )
    assert by_rule.ratio == pytest.approx(by_weight.ratio, rel=1e-12)


def test_what_a_schedule_cannot_be_asked():
    asked = {"theorem": "theorem-1", "schedule": ([0.01], [0.5])}
    with pytest.raises(kd.InvalidInput, match="got both"):
        kd.verify(PROBLEM, THETA, step_size=0.01, **asked)
    with pytest.raises(kd.InvalidInput, match="got both"):
        kd.verify(PROBLEM, THETA, weight=0.5, **asked)
    with pytest.raises(kd.InvalidInput, match="steps = 3"):
        kd.verify(PROBLEM, THETA, steps=3, **asked)
    with pytest.raises(kd.InvalidInput, match="in floats"):
        kd.verify(PROBLEM, THETA, method="ball", **asked)
    with pytest.raises(kd.InvalidInput, match="takes no schedule"):
        kd.verify(PROBLEM, THETA, **{**asked, "theorem": "horizon"})
    with pytest.raises(kd.StepSizeTooLarge):
        kd.verify(PROBLEM, THETA, **{**asked, "schedule": ([0.01, 9.0], [0.5, 0.5])})
    with pytest.raises(kd.InvalidInput, match="weights"):
        kd.verify(PROBLEM, [THETA, THETA], **asked)
    soft = kd.LogisticRegression(PROBLEM.features, np.full(6, 0.3), ridge=0.3)
    found = kd.verify(soft, THETA, **asked)
    assert (found.status, found.evidence) == ("VERIFIED", "monte-carlo")
