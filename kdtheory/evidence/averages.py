"""Statements about the mean of the first t iterates' errors, confronted with exact moments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import bound, default_step_size
from kdtheory.engines.exact import expected
from kdtheory.errors import InvalidInput
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.horizon import HORIZON
from kdtheory.statements.theorem import Theorem


def as_weight(value: ArrayLike) -> float | tuple[float, ...]:
    """A float, or a tuple of them for several teachers, as rules take weights."""
    return float(np.asarray(value)) if np.ndim(value) == 0 else tuple(np.asarray(value).tolist())


def verify_average(
    problem: FiniteSum,
    theta: Array,
    statement: Theorem,
    *,
    x0: Array,
    times: np.ndarray,
    step_size: float | None,
    weight: ArrayLike | None,
    method: str,
    batch_size: int = 1,
    replacement: bool = True,
) -> Verdict:
    """(1/t) sum_{i<t} E f(x^i) - f* against rhs at every t > 0 of ``times``.

    Exact moments of least squares, in floats; of other problems the verdict is UNDECIDED, since no
    test here is valid for means of simulated runs over time.

    Raises:
        InvalidInput: "rational" or "ball" evidence, which is not made of such means.
    """
    if method in ("rational", "ball"):
        raise InvalidInput(
            f"{statement.title} is about means over time, for which there is no {method} evidence."
            " Use method='exact'."
        )
    steps, at = int(times[-1]), times[times > 0]
    gamma = step_size
    if gamma is None:
        gamma = default_step_size(problem, statement, batch_size=batch_size)
    if weight is None:
        weight = optimal_weight(
            problem, theta, criterion=HORIZON, horizon=max(steps, 1), batch_size=batch_size
        )
    lam = float(np.asarray(weight)) if np.ndim(weight) == 0 else math.nan

    def verdict(
        status: str, ratio: float, reason: str, left: float = math.nan, right: float = math.nan
    ) -> Verdict:
        evidence = "exact" if isinstance(problem, LeastSquares) else "none"
        return Verdict(
            statement.name, status, ratio, evidence, reason, float(gamma), lam, steps, left, right
        )

    if not isinstance(problem, LeastSquares) or not len(at):
        return verdict(
            "UNDECIDED",
            0.0,
            "means over time are held against exact moments at t > 0, which need least squares",
        )
    kwargs: Any = {"step_size": float(gamma), "x0": x0, "steps": steps}
    rule = DistilledSGD(as_weight(weight), batch_size=batch_size, replacement=replacement)
    claimed = bound(
        problem,
        theta,
        theorem=statement,
        weight=weight,
        batch_size=batch_size,
        replacement=replacement,
        **kwargs,
    )[at]
    gaps = expected(problem, theta, rule, quantities=("gap",), **kwargs).gap
    seen = (np.cumsum(gaps[:-1]) / np.arange(1, steps + 1))[at - 1]
    ratios = seen / np.maximum(claimed, np.finfo(float).tiny)
    worst = int(np.argmax(ratios))
    ends = (float(seen[-1]), float(claimed[-1]))
    if ratios[worst] > 1.0 + ROUNDING:
        said = f"at t = {at[worst]}: lhs = {seen[worst]:.6g} > rhs = {claimed[worst]:.6g}"
        return verdict("VIOLATED", float(ratios[worst]), said, *ends)
    return verdict("VERIFIED", float(ratios[worst]), f"lhs <= rhs at all {len(at)} times", *ends)
