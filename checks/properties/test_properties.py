"""Evidence, not proof: every statement against gradients and exact moments.  Equalities are in
test_equalities.

Inequalities alone prove little (a bound that is too weak passes), so read both files together.
"""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import noise_floor
from kdtheory.checks.comparing import (
    ROUNDING,
    STATEMENTS,
    VALUE_ROUNDING,
    after_one_step,
    at_most,
    claimed,
    few,
    magnitude,
    rule_of,
)
from kdtheory.engines.exact import expected
from kdtheory.evidence.meaning import gram_letters, slack_at, slack_size
from kdtheory.problems import LeastSquares
from kdtheory.statements.theorems import THEOREMS, ladder
from kdtheory.testing import data as made
from kdtheory.testing import strategies as own
from kdtheory.testing.setting import Setting

# From the best of a setting to the paper's.
CHAINS = {
    one.name: tuple(other.name for other in reversed(ladder(one)))
    for one in THEOREMS.values()
    if one.form == "paper"
}


@given(st.data())
@few
def test_assumptions_hold(data: st.DataObject) -> None:
    """Every slack is >= 0 (0 for an equality) on every class; strong convexity only where mu >
    0.
    """
    problem = data.draw(made.problems())
    theta, x = data.draw(made.teachers(problem)), data.draw(made.points(problem))
    gamma = data.draw(own.step_sizes(problem, "theorem-2-envelope"))
    weight = data.draw(own.weights(problem, theta, "theorem-2-envelope", step_size=gamma))
    convex = float(problem.constants.mu) > 0.0
    squeeze = (
        data.draw(made.compressors(problem, step_size=gamma, enumerate_only=True))
        if convex
        else None
    )
    for assumption in asm.ASSUMPTIONS.values():
        if assumption in (asm.strong_convexity, asm.quadratic_growth) and not convex:
            continue
        letters = gram_letters(
            problem,
            x,
            theta,
            step_size=gamma,
            weight=weight,
            compressor=squeeze,
            modulus="mu" if convex else "mu_pl",
            unbiased=assumption.name.endswith("-unbiased"),
        )
        slack, factor = slack_at(assumption, letters), 1 + letters[sym.Lcal] + letters[sym.mu]
        room = ROUNDING * slack_size(assumption, letters) + VALUE_ROUNDING * factor * magnitude(
            problem, x, theta
        )
        assert slack >= -room, f"{assumption}: slack {slack:.6g}, rounding {room:.3g}"
        assert not assumption.equality or slack <= room, (
            f"{assumption}: slack {slack:.6g} must be 0"
        )


@pytest.mark.parametrize("theorem", STATEMENTS)
def test_one_step(theorem: str) -> None:
    """E s(x+) <= psi(s(x)) on all classes."""

    @given(own.settings(theorem))
    @few
    def check(case: Setting) -> None:
        left, right = after_one_step(theorem, case), claimed(theorem, case, 1)[1]
        assert at_most(left, right, size=magnitude(case.problem, case.x, case.teacher)), (
            f"{left:.9g} > {right:.9g}"
        )

    check()


@pytest.mark.parametrize("theorem", STATEMENTS)
def test_iterates(theorem: str) -> None:
    """Exact moments of least squares stay below the bound at every t."""

    @given(own.settings(theorem, exact=True))
    @few
    def check(case: Setting) -> None:
        assert isinstance(case.problem, LeastSquares)
        seen = expected(
            case.problem,
            case.teacher,
            rule_of(theorem, case),
            step_size=case.step_size,
            x0=case.x,
            steps=30,
        )
        lefts = seen.gap if THEOREMS[theorem].quantity == "gap" else seen.sq_distance
        size = magnitude(case.problem, case.x, case.teacher)
        for t, (left, right) in enumerate(zip(lefts, claimed(theorem, case, 30), strict=True)):
            assert at_most(left, right, size=size), f"t = {t}: {left:.9g} > {right:.9g}"

    check()


@pytest.mark.parametrize("theorem", STATEMENTS)
def test_lambda_star_minimises(theorem: str) -> None:
    """The floor at lambda* is at most the floor at 20 other weights on both sides of it, near and
    far.

    Under compression too: "compressed" has one weight for every omega, "compressed-envelope" has
    not (the best weight at a state s depends on s, and compression moves the fixed point).
    """

    @given(own.settings(theorem))
    @settings(few, max_examples=20)
    def check(case: Setting) -> None:
        def floor(weight: float) -> float:
            return noise_floor(
                case.problem,
                case.teacher,
                theorem=theorem,
                step_size=case.step_size,
                weight=weight,
                batch_size=case.batch_size,
                compressor=case.compressor,
            )

        best = optimal_weight(
            case.problem,
            case.teacher,
            step_size=case.step_size,
            criterion=theorem,
            batch_size=case.batch_size,
            compressor=case.compressor,
        )
        least = floor(best)
        for distance in (0.001, 0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1.0, 2.0):
            for weight in (best - distance, best + distance):
                assert at_most(least, floor(weight)), (
                    f"floor {least:.9g} at {best:.6g}, {floor(weight):.9g} at {weight:.6g}"
                )

    check()


@pytest.mark.parametrize("paper", CHAINS)
def test_chain_of_floors(paper: str) -> None:
    """envelope <= sharp <= refined <= paper, in the paper's range."""

    @given(own.settings(paper))
    @few
    def check(case: Setting) -> None:
        floors = [
            noise_floor(
                case.problem,
                case.teacher,
                theorem=name,
                step_size=case.step_size,
                weight=case.weight,
                batch_size=case.batch_size,
            )
            for name in CHAINS[paper]
        ]
        for small, large in itertools.pairwise(floors):
            assert at_most(small, large), dict(zip(CHAINS[paper], floors, strict=True))

    check()
