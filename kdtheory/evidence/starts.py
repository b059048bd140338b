"""Where a verdict looks from when nobody says: at x*, where only noise and bias move the iterate;
near the statement's floor; and far away, where the rate shows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kdtheory.bounds.constants import Letters
from kdtheory.bounds.curves import floor_of
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, positive_int
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.experiment import Experiment
from kdtheory.statements.theorems import Theorem


@dataclass(frozen=True)
class Start:
    """A named start x^0 (dim,)."""

    name: str
    x0: Array


def direction(problem: FiniteSum, seed: int) -> Array:
    """A random unit vector, (dim,)."""
    rng = np.random.default_rng(positive_int(seed, "seed", minimum=0))
    drawn = rng.standard_normal(problem.dim)
    return np.asarray(drawn / np.linalg.norm(drawn))


def default_start(problem: FiniteSum, seed: int = 0) -> Array:
    """x* plus a random direction as long as 1 + |x*|, (dim,); ``InvalidInput`` for a negative
    ``seed``.
    """
    length = 1.0 + float(np.linalg.norm(problem.minimiser))
    return np.asarray(problem.minimiser + length * direction(problem, seed))


def default_teacher(problem: FiniteSum) -> Array:
    """A fair teacher where the user has none: x* shrunk by 0.8 and moved a little, (dim,)."""
    return 0.8 * problem.minimiser + 0.02 * default_start(problem, 1)


class Confronted(Protocol):
    """A question, of one step size or along a schedule."""

    @property
    def made(self) -> Experiment:
        """The experiment; its start where one is given."""

    @property
    def statement(self) -> Theorem:
        """The statement."""

    @property
    def letters(self) -> Letters | None:
        """Its letters; None for a law."""

    @property
    def gamma(self) -> float:
        """The step size; NaN where there are several."""

    @property
    def weight(self) -> float:
        """The weight; NaN where there are several or none."""

    def noise_shares(self, x0: Array) -> Array:
        """The part of the right-hand side that is noise, time by time."""


def starts_of(asked: Confronted, seed: int) -> tuple[Start, ...]:
    """The experiment's own start, or several."""
    made = asked.made
    if made.x0 is not None:
        return (Start("given", made.x0),)
    return several_starts(made.problem, asked.statement, asked.letters, seed)


def several_starts(
    problem: FiniteSum, statement: Theorem, letters: Letters | None, seed: int
) -> tuple[Start, ...]:
    """x*, near and far; without ``letters`` (a law has no floor of a recursion) the near one lies a
    tenth of the way to the far one.
    """
    best, far = problem.minimiser, default_start(problem, seed)
    away = direction(problem, seed)
    length = 0.1 * float(np.linalg.norm(far - best))
    if letters is not None:
        length = _length(problem, statement, letters, best, away, length)
    return (Start("x*", best), Start("near", best + length * away), Start("far", far))


def _length(
    problem: FiniteSum,
    statement: Theorem,
    letters: Letters,
    best: Array,
    away: Array,
    otherwise: float,
) -> float:
    """How far along ``away`` the quantity is the statement's floor, for a gap by one secant."""
    try:
        floor = floor_of(statement, letters)
    except InvalidInput:  # no floor: the bound grows without limit, or has no value at 0
        return otherwise
    if not (math.isfinite(floor) and floor > 0.0):
        return otherwise
    if statement.quantity == "sq_distance":
        return math.sqrt(floor)
    length = math.sqrt(2.0 * floor / letters["L"])
    gap = gap_at(problem, best + length * away)
    return length * min(10.0, math.sqrt(floor / gap)) if gap > 0.0 else length
