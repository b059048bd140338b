"""A statement along a schedule: every step is a question of its own, about one step, and what it
claims is where the next one starts (theory, Section 8).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kdtheory.bounds.constants import Letters
from kdtheory.bounds.curves import curve, refuse_along
from kdtheory.engines.exact.curves import moments
from kdtheory.errors import InvalidInput
from kdtheory.evidence.answers import Effort, by_runs
from kdtheory.evidence.asking import refuse_what_is_not_claimed
from kdtheory.evidence.combined import combined
from kdtheory.evidence.floats import Question, shares
from kdtheory.evidence.judgement import Sides, compare
from kdtheory.evidence.monte_carlo import Claimed
from kdtheory.evidence.process import Process
from kdtheory.evidence.right_side import curve_error
from kdtheory.evidence.starts import starts_of
from kdtheory.evidence.tolerances import left_error
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.schedule import Schedule
from kdtheory.statements.theorems import Theorem

ONE_STEP = np.array([0, 1])


@dataclass(frozen=True)
class Move:
    """One step: its letters, with errors and without noise; ``shift`` is how far from x* its
    iterates settle, ``taught`` the error of its control variates.
    """

    letters: Letters
    bounded: Any
    noiseless: Letters
    shift: float
    taught: float


@dataclass(frozen=True)
class Along:
    """A :class:`~kdtheory.evidence.floats.Question` of an experiment that follows ``plan``."""

    made: Experiment
    plan: Schedule
    statement: Theorem
    times: np.ndarray

    @property
    def problem(self) -> FiniteSum:
        """The experiment's problem."""
        return self.made.problem

    def refuse_what_is_not_claimed(self) -> None:
        """``InvalidInput`` for what a schedule cannot be asked of."""
        refuse_along(self.made, self.statement, self.plan)
        refuse_what_is_not_claimed(self._first)
        _ = self.moves

    def _question(self, t: int) -> Question:
        """That of step t alone."""
        rule, weights = self.made.rule, self.plan.weights
        if weights is not None:
            known: Any = rule
            rule = known.with_weight(weights[t] if np.ndim(known.weight) else weights[t].item())
        one = replace(self.made, rule=rule, step_size=float(self.plan.step_sizes[t]), schedule=None)
        return Question(one, self.statement, ONE_STEP)

    @cached_property
    def moves(self) -> tuple[Move | None, ...]:
        """One for each step, None where none is made; equal steps share theirs."""
        found: dict[tuple[float, ...], Move] = {}
        moves: list[Move | None] = []
        for t, (gamma, weight) in enumerate(self.plan):
            key = (gamma, *np.ravel(0.0 if weight is None else weight).tolist())
            if gamma > 0.0 and key not in found:
                one = self._question(t)
                assert one.letters is not None
                found[key] = Move(one.letters, one.bounded, one.noiseless, one.shift, one.taught)
            moves.append(found[key] if gamma > 0.0 else None)
        return tuple(moves)

    @cached_property
    def _first(self) -> Question:
        return self._question(int(np.argmax(self.plan.step_sizes)))

    @property
    def letters(self) -> Letters | None:
        """Those of the last step that is made, whose floor is where the iterates end."""
        made = [move for move in self.moves if move is not None]
        return made[-1].letters if made else None

    @property
    def gamma(self) -> float:
        """The step size, NaN where there are several."""
        sizes = self.plan.step_sizes
        return float(sizes[0]) if (sizes == sizes[0]).all() else float("nan")

    @property
    def weight(self) -> float:
        """The weight, NaN where there are several."""
        weights = self.plan.weights
        if weights is None:
            return self._first.weight
        one = weights.ndim == 1 and (weights == weights[0]).all()
        return float(weights[0]) if one else float("nan")

    def claimed(self, x0: Array) -> tuple[Array, Array]:
        """The right-hand side and its error at t = 0..T."""
        values, errors = np.empty(len(self.plan) + 1), np.empty(len(self.plan) + 1)
        values[0] = self._first.state(x0)
        errors[0] = self._first.start_error(x0, float(values[0]))
        for t, move in enumerate(self.moves):
            values[t + 1], errors[t + 1] = values[t], errors[t]
            if move is not None:
                both = curve(self.statement, move.letters, float(values[t]), 1)
                values[t + 1] = both[1]
                errors[t + 1] = curve_error(self.statement, move.bounded, both, float(errors[t]))[1]
        return values, errors

    def sides(self, x0: Array) -> Sides:
        """Exact moments against the right-hand side.  What a step is off by is taken to last."""
        values, errors = self.claimed(x0)
        quantity = self.statement.quantity
        found = moments(replace(self.made, x0=x0), self.times, quantities=(quantity,))
        seen = found.gap if quantity == "gap" else found.sq_distance
        made = [move for move in self.moves if move is not None]
        e, best = x0 - self.problem.minimiser, self.problem.minimiser
        reach = float(e @ e) + max((move.shift for move in made), default=0.0) ** 2
        if self.made.compressor is not None:
            reach += float(best @ best)
        constants = self.problem.constants
        left = left_error(
            self._first.known,
            seen,
            self.times,
            quantity=quantity,
            letters={
                "gamma": float(self.plan.step_sizes.max()),
                "mu": 0.0,
                "L": float(constants.L),
                "Lcal": float(constants.Lcal),
            },
            taught=max((move.taught for move in made), default=0.0),
            reach=reach,
        )
        return Sides(seen, values[self.times], left, errors[self.times], self.times)

    def sampled(self, x0: Array) -> tuple[Process, Claimed]:
        """The same as a question about runs."""
        values, errors = self.claimed(x0)
        taught = max((move.taught for move in self.moves if move is not None), default=0.0)
        return (
            Process(replace(self.made, x0=x0), self.statement.quantity),
            Claimed(
                self.times,
                values[self.times],
                errors[self.times],
                self._first.known,
                taught=taught,
            ),
        )

    def noise_shares(self, x0: Array) -> Array:
        """The part of the right-hand side that is noise at t = 0..T, in [0, 1]."""
        whole = rest = self._first.state(x0)
        both = [(whole, rest)]
        for move in self.moves:
            if move is not None:
                whole = float(curve(self.statement, move.letters, whole, 1)[1])
                rest = float(curve(self.statement, move.noiseless, rest, 1)[1])
            both.append((whole, rest))
        return shares(*np.array(both).T)


def verify_along(asked: Along, effort: Effort) -> Verdict:
    """The statement along the schedule, from its start or from several: by exact moments in floats,
    where two sides that floats cannot tell apart are in order, or by runs.

    Raises:
        InvalidInput: a statement without psi, weights that do not fit, "rational" or "ball"
            evidence.  StepSizeTooLarge: a step size outside the statement's range.
    """
    asked.refuse_what_is_not_claimed()
    method = effort.method
    if method in ("rational", "ball"):
        raise InvalidInput(
            f"A schedule is followed in floats, got method={method!r}. Use method='exact'."
        )
    starts = starts_of(asked, effort.seed)
    seen = [
        (
            start,
            compare(asked.sides(start.x0), identity=False)
            if method == "exact"
            else by_runs(asked, starts, place, effort),
            method,
        )
        for place, start in enumerate(starts)
    ]
    return combined(asked, seen, len(asked.plan))
