"""What floats leave open, in rationals or balls."""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput, KdtheoryError, StepSizeTooLarge
from kdtheory.evidence import certified
from kdtheory.evidence.floats import Question
from kdtheory.evidence.instance import RationalInstance
from kdtheory.evidence.judgement import Judgement, compare
from kdtheory.evidence.numbers import fraction
from kdtheory.evidence.starts import Start
from kdtheory.problems import LeastSquares

# What may be spent on what floats leave open: entries of the second-moment map times steps in
# balls (about two seconds), and the same in rationals, which grow with the steps.
BALL_WORK, RATIONAL_WORK = 3e7, 2e6


@dataclass(frozen=True)
class Given:
    """What was given, before it became floats; None where nothing was."""

    theta: Any
    weight: Any
    step_size: Any
    x0: Any


@dataclass(frozen=True)
class ExactQuestion:
    """A question for exact arithmetic."""

    question: Question
    given: Given

    def judged(self, start: Start, times: np.ndarray, *, balls: bool) -> Judgement:
        """By rationals or balls; ``InvalidInput`` where these cannot."""
        asked, given = self.question, self.given
        weight = asked.rule.weight if given.weight is None and asked.made.plain else given.weight
        x0 = start.x0 if given.x0 is None else given.x0
        assert isinstance(asked.problem, LeastSquares)
        plain = asked.made.plain
        if asked.statement.kind == "identity" and not plain:
            raise InvalidInput(
                f"{asked.statement.title} of several teachers is checked in floats. Use"
                " method='exact', or one teacher."
            )
        at = RationalInstance(
            asked.problem,
            given.theta if plain else asked.problem.minimiser,
            asked.rule if plain else asked.table,
            weight=fraction(weight if plain else 1, "weight"),
            step_size=fraction(given.step_size, "step_size"),
            table=None if plain else asked.table.table,
            unbiased=asked.statement.unbiased,
        )
        return certified.judge(at, asked.statement, x0=x0, times=times, balls=balls)

    def settled(self, judgement: Judgement, start: Start) -> tuple[Judgement, str]:
        """What floats left open, decided where exact arithmetic exists and is affordable."""
        asked, dim = self.question, self.question.problem.dim
        left, last = judgement.open, int(judgement.open[-1])
        size = dim * (dim + 1) / 2 + dim + 1
        identity = asked.statement.kind == "identity"
        rational = size**2 * last * (1 + last / 8) <= RATIONAL_WORK
        if identity and not asked.made.plain:  # the law of several teachers has no exact twin
            return judgement, "exact"
        if find_spec("flint") is None or not (
            rational or (not identity and size**2 * (last + size) <= BALL_WORK)
        ):
            return judgement, "exact"
        moved = ""
        try:
            try:
                found = self.judged(start, left, balls=not rational)
            except StepSizeTooLarge:  # by rounding, or by certified constants: a hair inside, then
                gamma = asked.gamma * (1.0 - 2.0**-30)
                inside = replace(self, given=replace(self.given, step_size=gamma))
                found = inside.judged(start, left, balls=not rational)
                moved = (
                    f" with gamma = {gamma:.17g}, the one asked for being beyond the exact range"
                )
        except (KdtheoryError, ArithmeticError) as error:
            # The float question was a fair one; say why the exact one is not.
            told = " ".join(str(error).split())
            return replace(judgement, reason=f"{judgement.reason}; exactly: {told}"), "exact"
        evidence = "rational" if rational else "ball"
        if found.status == "VIOLATED":
            reason = f"{found.reason}{moved}"
            return replace(found, reason=reason, tolerance=judgement.tolerance), evidence
        if found.status == "UNDECIDED":
            return replace(judgement, reason=f"{judgement.reason}; {found.reason}{moved}"), evidence
        known = f"the {len(left)} that floats leave open in {evidence}s{moved}"
        reason = f"lhs {'=' if identity else '<='} rhs at all {len(asked.times)} times, {known}"
        ratio = max(found.ratio, min(judgement.ratio, 1.0 + judgement.tolerance))
        return replace(
            judgement, status="VERIFIED", reason=reason, open=left[:0], ratio=ratio
        ), evidence


def in_floats(exact: ExactQuestion, start: Start, *, alone: bool) -> tuple[Judgement, str]:
    """The judgement of floats, and of exact arithmetic on the times that they leave open."""
    sides = exact.question.sides(start.x0)
    identity = exact.question.statement.kind == "identity"
    judgement = compare(sides, identity=identity, to_rounding=False)
    if judgement.status != "UNDECIDED" or (sides.nothing_to_see and not alone):
        return judgement, "exact"
    found, evidence = exact.settled(judgement, start)
    if found.status == "UNDECIDED" and judgement.close:
        told = f"equal to {judgement.tolerance:g} at {len(judgement.open)} of them, to rounding"
        reason = f"lhs <= rhs at all {len(exact.question.times)} times, {told}"
        ratio = min(judgement.ratio, 1.0 + judgement.tolerance)
        return replace(judgement, status="VERIFIED", reason=reason, ratio=ratio), "exact"
    return found, evidence
