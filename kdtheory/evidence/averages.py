"""Statements about the mean of the first t iterates' errors, confronted with exact moments."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from kdtheory.bounds.curves import bound_of
from kdtheory.engines.exact.curves import moments
from kdtheory.errors import InvalidInput
from kdtheory.evidence.answers import Effort
from kdtheory.evidence.floats import Question
from kdtheory.evidence.starts import default_start
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.least_squares import LeastSquares


def verify_average(asked: Question, effort: Effort, *, ruled: bool) -> Verdict:
    """(1/t) sum_{i<t} E f(x^i) - f* against rhs at every t > 0 of the question's times; ``ruled``:
    by a rule of one's own.

    Exact moments of least squares, in floats; of other problems the verdict is UNDECIDED, since no
    test here is valid for means of simulated runs over time.

    Raises:
        InvalidInput: such a rule, or "rational" or "ball" evidence, which is not made of such
            means.
    """
    made, statement, problem = asked.made, asked.statement, asked.problem
    if ruled:
        raise InvalidInput(
            f"{statement.title} is checked for x+ = x - gamma (G - lam H), got rule=. Give"
            " weight= and batch_size= instead."
        )
    if effort.method in ("rational", "ball"):
        raise InvalidInput(
            f"{statement.title} is about means over time, for which there is no {effort.method}"
            " evidence. Use method='exact'."
        )
    steps, at = int(asked.times[-1]), asked.times[asked.times > 0]

    def verdict(
        status: str, ratio: float, reason: str, left: float = math.nan, right: float = math.nan
    ) -> Verdict:
        evidence = "exact" if isinstance(problem, LeastSquares) else "none"
        return Verdict(
            statement.name,
            status,
            ratio,
            evidence,
            reason,
            made.gamma,
            asked.weight,
            steps,
            left,
            right,
        )

    if not isinstance(problem, LeastSquares) or not len(at):
        return verdict(
            "UNDECIDED",
            0.0,
            "means over time are held against exact moments at t > 0, which need least squares",
        )
    x0 = default_start(problem, effort.seed) if made.x0 is None else made.x0
    made = replace(made, x0=x0)
    claimed = bound_of(made, statement, steps)[at]
    gaps = moments(made, np.arange(steps + 1), quantities=("gap",)).gap
    seen = (np.cumsum(gaps[:-1]) / np.arange(1, steps + 1))[at - 1]
    ratios = seen / np.maximum(claimed, np.finfo(float).tiny)
    worst = int(np.argmax(ratios))
    ends = (float(seen[-1]), float(claimed[-1]))
    if ratios[worst] > 1.0 + ROUNDING:
        said = f"at t = {at[worst]}: lhs = {seen[worst]:.6g} > rhs = {claimed[worst]:.6g}"
        return verdict("VIOLATED", float(ratios[worst]), said, *ends)
    return verdict("VERIFIED", float(ratios[worst]), f"lhs <= rhs at all {len(at)} times", *ends)
