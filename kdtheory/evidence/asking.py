"""What ``verify`` is asked, checked once: the rule, the times, the kind of evidence."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import assumptions
from kdtheory.algebra import symbols as sym
from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.evidence.floats import Question
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import FiniteSum, positive_int, refuse_long
from kdtheory.rules.compressors import StochasticRounding
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import Planned
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.rules.schedule import Schedule, as_schedule
from kdtheory.statements.theorems import Theorem

STEPS = 200  # the default horizon
# What a verdict about each quantity compares with rhs.
SEEN = {"sq_distance": sym.distance_t, "gap": sym.gap_t}
METHODS = ("auto", "exact", "rational", "ball", "monte-carlo")


def rule_of(
    statement: Theorem, rule: Any, *, count: int | None, weight: Any, **sampling: Any
) -> Any:
    """``rule``, or distilled SGD for ``count`` teachers (None for one), with a weight of 0 where
    none is given.

    Raises:
        InvalidInput: a rule that the statement does not speak of, or a rule and its parts.
    """
    if statement.quantity == "law":
        raise InvalidInput(
            f"{statement.title} is a law about bounds and weights, not about iterates; prove() is"
            " for it. Confront iterates with a bound, such as theorem='theorem-1-envelope'."
        )
    if isinstance(rule, RenewedTeacher):
        raise InvalidInput(
            f"{statement.title} speaks of a teacher that stays, got RenewedTeacher. Use expected()"
            " or simulate(), which claim nothing."
        )
    if rule is None:
        none = 0.0 if count is None else (0.0,) * count
        own = none if weight is None else weight
        rule = DistilledSGD(own, unbiased=statement.unbiased, **sampling)
    elif weight is not None or DistilledSGD(**sampling) != DistilledSGD():
        raise InvalidInput(
            "rule= takes the place of weight=, batch_size=, replacement= and compressor=, got both."
            " Leave those out."
        )
    compressor = getattr(rule, "compressor", None)
    if compressor is not None and assumptions.compressor not in statement.needs:
        raise InvalidInput(
            f"{statement.title} claims nothing about compressed iterates, got compressor ="
            f" {compressor}. Use 'compressed' or 'compressed-envelope', or leave it out."
        )
    return rule


def schedule_of(
    schedule: Planned, steps: int, step_size: object, weight: object, *, bare: bool
) -> Schedule:
    """The plan, as long as ``steps`` unless that is the default; ``bare``: no rule has weights."""
    if step_size is not None or weight is not None:
        raise InvalidInput(
            "schedule= takes the place of step_size= and weight=, got both. Leave those out."
        )
    plan = as_schedule(schedule, steps=None if steps == STEPS else steps)
    if bare and plan.weights is None:
        raise InvalidInput(
            "A schedule without weights keeps those of a rule, got none. Give rule=, or"
            " schedule=(step_sizes, weights), with zeros for plain SGD."
        )
    return plan


def times_of(at: ArrayLike | None, steps: int) -> np.ndarray:
    """The times to look at, increasing and up to ``steps``; None is all of them."""
    count = positive_int(steps, "steps", minimum=0)
    refuse_long(count, "verify()")
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if (
        times.ndim != 1
        or not len(times)
        or times.dtype.kind not in "iu"
        or (np.diff(times) <= 0).any()
        or times[0] < 0
        or times[-1] > count
    ):
        raise InvalidInput(
            f"at must be increasing whole times between 0 and steps = {count}, got {at!r}."
        )
    return times


def evidence_for(method: str, problem: FiniteSum, rule: Any) -> str:
    """The evidence to use; ``InvalidInput`` where the one asked for does not apply."""
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    compressor = getattr(rule, "compressor", None)
    closed = isinstance(problem, LeastSquares) and not isinstance(compressor, StochasticRounding)
    if method in ("exact", "rational", "ball") and not closed:
        raise InvalidInput(
            f"method={method!r} needs least squares and a second moment in closed form, got"
            f" {type(problem).__name__}{'' if compressor is None else f' with {compressor}'}. Use"
            " method='monte-carlo'."
        )
    if method != "auto":
        return method
    if not closed:
        return "monte-carlo"
    assert isinstance(problem, LeastSquares)
    return (
        "rational"
        if problem.given[0].dtype == object and find_spec("flint") is not None
        else "exact"
    )


def refuse_what_is_not_claimed(asked: Question) -> None:
    """``InvalidInput`` for a rule that the statement does not speak of."""
    law = asked.statement.kind == "identity"
    if asked.statement.lhs != SEEN[asked.statement.quantity]:
        raise InvalidInput(
            f"{asked.statement.title} is about {asked.statement.lhs}, and a verdict about"
            f" {SEEN[asked.statement.quantity]}, its quantity. Let lhs and quantity agree."
        )
    if law and (type(asked.rule) is not DistilledSGD or asked.rule.blocks is not None):
        raise InvalidInput(
            f"{asked.statement.title} speaks of DistilledSGD, got {type(asked.rule).__name__}."
            " Use a bound such as theorem-1-sharp, which takes any control variates."
        )
    if law and asked.rule.unbiased:
        raise InvalidInput(
            f"{asked.statement.title} speaks of the biased rule, got unbiased=True. Use"
            " unbiased=False, or 'unbiased-sharp'."
        )
    if not asked.made.plain:
        _ = asked.table, asked.letters
