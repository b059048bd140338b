"""Verdicts along a schedule: psi with gamma_t and lam_t against iterates that take those steps.

A schedule is a chain of questions with one step size and weight each, asked of the state where the
last one ended; their right-hand sides and errors are those of a run without a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np

from kdtheory.bounds.values import curve
from kdtheory.engines.exact import expected
from kdtheory.errors import InvalidInput
from kdtheory.evidence.bounded import UNIT
from kdtheory.evidence.floats import Question, compared
from kdtheory.evidence.judgement import Judgement, Sides
from kdtheory.evidence.monte_carlo import Claim, Process, glance, judge
from kdtheory.evidence.right_side import curve_error, with_errors
from kdtheory.evidence.starts import Start
from kdtheory.evidence.tolerances import ENGINE, about
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.schedule import Schedule


@dataclass(frozen=True)
class PlannedQuestion:
    """What is asked, but for the start; ``first`` is the question of the first step, of which the
    others differ in step size and weight.
    """

    first: Question
    plan: Schedule

    def __post_init__(self) -> None:
        """Refuse what has no verdict along a schedule."""
        statement, rule = self.first.statement, self.first.rule
        if statement.psi is None:
            raise InvalidInput(
                f"{statement.title} bounds no single step, so it takes no schedule. Use an envelope"
                " such as theorem-1-envelope."
            )
        if rule.compressor is not None and not self.plan.step_sizes.all():
            raise InvalidInput(
                "A step of size 0 is no step, but a compressor acts all the same. Leave such steps"
                " out of the schedule."
            )
        self.first.refuse_what_is_not_claimed()

    @property
    def times(self) -> np.ndarray:
        """Times looked at, (T,)."""
        return self.first.times

    @cached_property
    def pieces(self) -> tuple[tuple[Question | None, int], ...]:
        """Equal steps in a row as one question, and how many they are; None where no step is
        made.
        """
        assert self.plan.weights is not None
        steps = zip(self.plan.step_sizes.tolist(), self.plan.weights.tolist(), strict=True)
        return tuple(
            (self._question(gamma, weight) if gamma else None, len(list(equal)))
            for (gamma, weight), equal in groupby(steps)
        )

    def _question(self, gamma: float, weight: Any) -> Question:
        return replace(self.first, gamma=gamma, rule=self.first.rule.with_weight(weight))

    @cached_property
    def _asked(self) -> list[Question]:
        """Those that make a step."""
        return [question for question, _ in self.pieces if question is not None]

    def _along(self, x0: Array, *, noisy: bool = True) -> list[Array]:
        """The right-hand side at the end of each step, piece by piece, behind its start."""
        values = [np.array([self.first.state(x0)])]
        for question, count in self.pieces:
            state = float(values[-1][-1])
            if question is None:
                values.append(np.full(count, state))
                continue
            letters = question.letters if noisy else question.noiseless
            assert letters is not None
            values.append(curve(question.statement, letters, state, count)[1:])
        return values

    def _errors(self, x0: Array, values: list[Array]) -> list[Array]:
        """What those are good to."""
        _, start_error = replace(self.first, times=np.zeros(1, dtype=np.int64)).claimed(x0)
        errors = [np.asarray(start_error)]
        for (question, count), before, here in zip(self.pieces, values, values[1:], strict=False):
            off = float(errors[-1][-1])
            if question is None:
                errors.append(np.full(count, off))
                continue
            assert question.letters is not None
            own = with_errors(question.statement, question.letters, question.known, question.taught)
            found = np.r_[before[-1], here]
            errors.append(curve_error(question.statement, own, found, off)[1:])
        return errors

    def claimed(self, x0: Array) -> tuple[Array, Array]:
        """The right-hand side and its error at ``times``, (T,) each."""
        values = self._along(x0)
        errors = np.concatenate(self._errors(x0, values))
        return np.concatenate(values)[self.times], errors[self.times]

    def sides(self, x0: Array) -> Sides:
        """Exact moments against the right-hand side, least squares."""
        claimed, claimed_error = self.claimed(x0)
        first, quantity = self.first, self.first.statement.quantity
        moments = expected(
            first.problem,
            first.theta,
            first.rule,
            schedule=self.plan,
            x0=x0,
            at=self.times,
            quantities=(quantity,),
        )
        seen = moments.gap if quantity == "gap" else moments.sq_distance
        return Sides(seen, claimed, self._left(seen, x0), claimed_error, self.times)

    def _left(self, seen: Array, x0: Array) -> Array:
        """The error of exact moments ``seen`` at ``times``: that of a run without a schedule
        (``tolerances.left_error``), but that what is pushed adds up over the steps made, and the
        engine goes step by step.
        """
        known, constants = self.first.known, self.first.problem.constants
        gap, e = self.first.statement.quantity == "gap", x0 - self.first.problem.minimiser
        sent = [float(np.linalg.norm(q.table.table.mean(axis=0))) for q in self._asked]
        reach = float(e @ e) + (max(sent, default=0.0) / float(constants.mu_pl)) ** 2
        if self.first.rule.compressor is not None:
            reach += float(self.first.problem.minimiser @ self.first.problem.minimiser)
        taught = max((q.taught for q in self._asked), default=0.0)
        gone = np.r_[0.0, np.cumsum(self.plan.step_sizes)][self.times]
        L = float(constants.L)
        moved = gone * (known.noise + taught) * (np.sqrt(L / 2) if gap else 1.0)
        moved = moved + (np.sqrt(known.height) if gap else known.place)
        scale = max(reach, float(np.max(seen)) / (L if gap else 1.0)) * (L if gap else 1.0)
        engine = (ENGINE + 8 * self.first.problem.dim * UNIT * self.times) * scale
        fading = 2 * gone * known.unit * known.curvature * np.abs(seen)
        return np.asarray(engine + fading + about(seen, moved) + known.unit * np.abs(seen))

    def sampled(self, x0: Array) -> tuple[Process, Claim]:
        """The same as a question about runs."""
        first = self.first
        values, errors = self.claimed(x0)
        largest = float(self.plan.step_sizes.max())
        taught = max((q.taught for q in self._asked), default=0.0)
        quantity = first.statement.quantity
        return (
            Process(first.problem, first.theta, first.rule, largest, x0, quantity, plan=self.plan),
            Claim(self.times, values, errors, first.known, taught=taught),
        )

    def noise_shares(self, x0: Array) -> Array:
        """The part of the right-hand side that is noise at t = 0, 1, ..., in [0, 1]."""
        whole, rest = (np.concatenate(self._along(x0, noisy=noisy)) for noisy in (True, False))
        share = 1.0 - np.divide(rest, whole, out=np.ones_like(whole), where=whole > UNIT * rest)
        return np.clip(share, 0.0, 1.0)

    # What a verdict says of the schedule: the largest step size, and the weight if there is one.
    @property
    def statement(self) -> Any:
        """The statement."""
        return self.first.statement

    @property
    def gamma(self) -> float:
        """The largest step size."""
        return float(self.plan.step_sizes.max())

    @property
    def weight(self) -> float:
        """The weight of every step; NaN where it changes or there are several."""
        assert self.plan.weights is not None
        first = self.plan.weights[0]
        same = self.plan.weights.ndim == 1 and bool((self.plan.weights == first).all())
        return float(first) if same else float("nan")


def seen_from(
    question: PlannedQuestion,
    starts: tuple[Start, ...],
    *,
    method: str,
    replicates: int,
    seed: int,
    alpha: float,
) -> Iterator[tuple[Start, Judgement, str]]:
    """Each start with its judgement and evidence."""
    for place, start in enumerate(starts):
        if method == "exact":
            yield start, compared(question.first, question.sides(start.x0)), "exact"
            continue
        process, claim = question.sampled(start.x0)
        level = alpha / len(starts)
        if start.name in ("far", "given"):
            found = judge(process, claim, replicates=replicates, seed=seed + place, alpha=level)
        else:
            found = glance(process, claim, seed=seed + place, alpha=level)
        yield start, found, "monte-carlo"


def rule_of(plan: Schedule, unbiased: bool, **sampling: Any) -> DistilledSGD:
    """Distilled SGD with the first step's weight.

    Raises:
        InvalidInput: a schedule without weights.
    """
    if plan.weights is None:
        raise InvalidInput(
            "A bound along a schedule needs its weights. Give schedule=(step_sizes, weights), with"
            " zeros for plain SGD."
        )
    first = plan.weights[0]
    weight = first if first.ndim else float(first)
    return DistilledSGD(weight, unbiased=unbiased, **sampling)
