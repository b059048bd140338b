"""Tolerances by time: wrong floors behind far starts are seen, and rounding is no violation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import value_of
from kdtheory.checks import extremes
from kdtheory.evidence.bounded import BOUNDED, Bounded
from kdtheory.evidence.judgement import Judgement, Sides, compare
from kdtheory.evidence.numbers import evaluate, exact
from kdtheory.evidence.verdict import Verdict

RNG = np.random.default_rng(5)
# Laws about bounds and weights are not confronted with iterates.
FOLLOWED = [name for name, theorem in kd.THEOREMS.items() if theorem.quantity != "law"]
FEATURES, TARGETS = RNG.standard_normal((8, 3)), RNG.standard_normal(8)
PLAIN = kd.LeastSquares(FEATURES, TARGETS, ridge=0.1)
SHARP = kd.THEOREMS["theorem-1-sharp"]


def shrunk(theorem: kd.Theorem, part: float) -> kd.Theorem:
    """The same statement with its constant times ``part``."""
    constant = theorem.psi.subs(sym.s, 0)
    return replace(theorem, psi=theorem.psi - (1 - part) * constant)


def test_a_far_start_hides_no_wrong_floor():
    """The constant divided by 1000: seen from 10^4 away at 14 steps, where 1e-9 of the first
    right-hand side is larger than the floor.
    """
    problem = kd.LeastSquares([[1.0], [1.0]], [0.0, 2.0])
    common = {"x0": problem.minimiser + 1e4, "steps": 14, "step_size": 0.9, "weight": 0.2}
    for method in ("exact", "rational", "monte-carlo"):
        wrong = kd.verify(problem, [1.1], theorem=shrunk(SHARP, 1e-3), method=method, **common)
        assert wrong.status == "VIOLATED", str(wrong)
        assert wrong.ratio > 1.5
        assert kd.verify(problem, [1.1], theorem=SHARP, method=method, **common).status in (
            "VERIFIED",
            "UNDECIDED" if method == "monte-carlo" else "VERIFIED",
        )


def test_little_label_noise_is_seen_by_default():
    """Labels that are linear to 1e-5: noise is 1e-10 of the default start's right-hand side."""
    truth = RNG.standard_normal(3)
    quiet = kd.LeastSquares(FEATURES, FEATURES @ truth + 1e-5 * TARGETS)
    theta = quiet.minimiser + 1e-6
    assert kd.verify(quiet, theta, theorem=SHARP).status == "VERIFIED"
    assert kd.verify(quiet, theta, theorem=shrunk(SHARP, 1e-3)).status == "VIOLATED"


@pytest.mark.parametrize("name", FOLLOWED)
@pytest.mark.parametrize("scale", [1e-2, 2e-3])
def test_badly_scaled_features_are_no_violation(name, scale):
    """L/mu up to 1e11: what floats cannot tell is decided exactly, or left open."""
    for seed in range(2):
        rng = np.random.default_rng(seed)
        features = rng.standard_normal((6, 3)) * [1.0, scale, scale**2]
        problem = kd.LeastSquares(features, rng.standard_normal(6), ridge=1e-10)
        theta = problem.minimiser * 0.9
        compressor = kd.Bernoulli(1 - 1e-13) if name.startswith("compressed") else None
        seen = kd.verify(problem, theta, theorem=name, steps=20, compressor=compressor)
        assert seen.status != "VIOLATED", (seed, str(seen))


@pytest.mark.parametrize("name", FOLLOWED)
def test_claims_of_nothing_are_no_violation(name):
    """theta = x*, lam = 1, x0 = x*: both sides are 0, and what floats make of them is rounding."""
    problem = kd.LeastSquares(FEATURES, TARGETS, ridge=0.1)
    common = {"theorem": name, "weight": 1.0, "steps": 20}
    for x0 in (problem.minimiser, None):
        seen = kd.verify(problem, problem.minimiser, x0=x0, **common)
        assert seen.status in ("VERIFIED", "UNDECIDED"), str(seen)
        assert seen.ratio <= 1 + seen.tolerance
    curve = kd.LogisticRegression(FEATURES, (TARGETS > 0).astype(float), ridge=0.1)
    if name != "exact-quadratic":
        seen = kd.verify(curve, curve.minimiser, x0=curve.minimiser, **common)
        assert seen.status != "VIOLATED", str(seen)


def test_interpolating_problems_are_no_violation():
    """Labels without noise: the statement claims 0 at x*."""
    problem = kd.LeastSquares(FEATURES, FEATURES @ np.ones(3))
    for name in ("theorem-1", "theorem-2-sharp", "unbiased-envelope", "exact-quadratic"):
        for x0 in (problem.minimiser, np.ones(3), None):
            seen = kd.verify(problem, problem.minimiser + 0.1, theorem=name, x0=x0, steps=30)
            assert seen.status != "VIOLATED", (name, str(seen))


def test_another_step_size_is_said():
    """Where floats accept the limit and exact constants do not, the step size that is judged is
    named; below the limit it is the one that was asked for.
    """
    features = np.random.default_rng(0).standard_normal((4, 2))
    problem = kd.LeastSquares(features, features @ [1.0, 2.0])
    best, limit = problem.minimiser, kd.step_size_limit(problem, "theorem-1")
    common = {"theorem": "theorem-1", "x0": best, "weight": 1.0, "steps": 3, "method": "exact"}
    at_limit, below = (
        kd.verify(problem, best, step_size=size, **common) for size in (limit, 0.9 * limit)
    )
    assert at_limit.evidence == below.evidence == "rational"
    assert f"gamma = {limit * (1 - 2**-30):.17g}, the one asked for" in at_limit.reason
    assert "gamma" not in below.reason


def test_a_teacher_next_to_the_student():
    """distillation-gradient at distance 1e-8: the gradients' difference is 1e-8 of themselves."""
    for distance in (1e-6, 1e-8, 1e-12):
        for problem in (
            PLAIN,
            kd.SoftmaxRegression(FEATURES, [0, 1, 2, 0, 1, 2, 0, 1], ridge=0.1),
        ):
            x = problem.minimiser + 1.0
            seen = kd.verify(
                problem, x + distance, theorem="distillation-gradient", weight=1.0, x0=x
            )
            assert seen.status != "VIOLATED", str(seen)


def test_negative_right_sides_are_violated_only_where_they_are_known_to_be():
    times = np.arange(3)

    def sides(claimed: float, error: float) -> Sides:
        values = np.array([1.0, claimed, claimed])
        errors = np.full(3, error)
        return Sides(np.array([1.0, 0.0, 0.0]), values, errors, errors, times)

    assert compare(sides(-1e-20, 1e-18), identity=False).status == "UNDECIDED"
    assert compare(sides(-1e-3, 1e-18), identity=False).status == "VIOLATED"
    assert compare(sides(1e-3, 1e-18), identity=False).status == "VERIFIED"


def test_a_contradiction_cannot_be_constructed():
    with pytest.raises(ValueError, match="cannot be VERIFIED"):
        Judgement("VERIFIED", 1.1, "")
    with pytest.raises(ValueError, match="cannot be VERIFIED"):
        Verdict("theorem-1", "VERIFIED", float("inf"), "exact", "", 0.1, 0.0, 1)


@pytest.mark.parametrize("name", [k for k, v in kd.THEOREMS.items() if v.psi is not None])
def test_bounded_numbers_hold_the_exact_value(name):
    """psi at rational letters, in floats with their errors and in balls of 128 bits."""
    theorem, rng = kd.THEOREMS[name], np.random.default_rng(2)
    for _ in range(20):
        letters = {
            str(letter): float(rng.uniform(0.05, 0.3))
            for letter in set().union(
                theorem.psi.free_symbols, *(d.free_symbols for d in theorem.definitions.values())
            )
        }
        letters |= {"mu": 0.5, "Lcal": 2.0, "L": 1.0, "omega": 0.01, "gamma": 0.05, "C": 0.01}
        floats = {key: Bounded(number, 0.0) for key, number in letters.items()}
        balls = {key: exact(number, key) for key, number in letters.items()}
        for letter, definition in theorem.definitions.items():
            floats[letter.name] = value_of(definition, floats, BOUNDED)
            balls[letter.name] = evaluate(definition, balls)
        seen, true = value_of(theorem.psi, floats, BOUNDED), evaluate(theorem.psi, balls)
        assert abs(float(seen.value) - float(true)) <= float(seen.error) + 1e-300
        assert float(seen.error) <= 1e-7 * abs(float(seen.value))  # of use, too


@pytest.mark.parametrize(
    ("first", "cases"), [(0, 120), (10_480, 5), pytest.param(0, 2000, marks=pytest.mark.slow)]
)
def test_extreme_cases_agree_with_exact_arithmetic(first, cases):
    """A part of ``python -m kdtheory.checks.extremes``."""
    counts = extremes.run(first, cases)
    assert not [found for found in counts if found.startswith("FALSE")]
    assert counts["agreed"] > 0.9 * cases


def test_a_false_verdict_of_floats_is_an_exit_code(monkeypatch, capsys):
    assert extremes.main(["--cases", "3"]) == 0
    monkeypatch.setattr(extremes, "asked", lambda number: ("FALSE VIOLATED", None, None))
    assert extremes.main(["--cases", "1"]) == 1
    assert "FALSE VIOLATED" in capsys.readouterr().out


@pytest.mark.parametrize("number", [3954, 5358])
def test_noise_that_cancels_to_a_negative_number_is_no_violation(number):
    """Both were VIOLATED: the noise in rhs cancels, and came out as -1e-18."""
    found, seen, true = extremes.asked(number)
    assert (found, seen.status, true.status) == ("agreed", "VERIFIED", "VERIFIED")
