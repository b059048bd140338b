"""A weight that follows training: looks at a few rows now and then, and the weight for the steps
that are left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.estimate.advice import CLOSE, LAYER, SAME
from kdtheory.estimate.criteria import Criterion, Quadratic, minimise
from kdtheory.estimate.data import Array
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.problems.base import positive_int
from kdtheory.torch.averages import RunningMoments
from kdtheory.torch.plan import LEAST, Plan
from kdtheory.torch.rows import Taken, join, take_rows

LOG = logging.getLogger("kdtheory")
ENOUGH = 16  # rows before moments are taken: smaller batches wait for the next ones


@dataclass
class WeightFollower:
    """The weight for the steps that are left, of the moments so far.

    Under torch.distributed the sums of all processes are added at every ``refresh_every``-th call,
    which all make together.
    """

    plan: Plan
    calls: int = 0
    accumulation: int = 1  # calls of one optimiser step, where a trainer says so
    average: RunningMoments = field(init=False)
    apart: float = 1.0
    waiting: list[Taken] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nothing seen."""
        self.average = RunningMoments(self.plan.decay)

    def meet(self, teachers: int) -> None:
        """Raise InvalidInput where there are not as many teachers as before."""
        before = self.average.teachers
        if teachers != before and (self.average.weights > 0.0 or self.waiting):
            raise InvalidInput(
                f"There are {teachers} teachers now and were {before} before: averages follow the"
                " same ones. Make a loss for each set."
            )
        self.average.teachers = teachers

    def step(
        self,
        z: Tensor,
        teachers: Sequence[Tensor],
        targets: Tensor,
        features: Tensor | None,
        kind: str,
    ) -> Array:
        """Count one training call, look at some rows if it is time, and return the weights."""
        plan = self.plan
        due = self.calls % plan.refresh_every == 0
        if due or self.waiting:
            taken = take_rows(
                z,
                teachers,
                targets,
                features,
                kind=kind,
                sample=plan.sample,
                ignore_index=plan.ignore_index,
                temperature=plan.temperature,
            )
            self.waiting.append(taken)
            need = min(ENOUGH, plan.sample, max(taken.counted, LEAST))
            if taken.counted < LEAST:  # single samples wait for each other
                need = min(ENOUGH, plan.sample)
            if sum(part.n for part in self.waiting) >= need:
                self._add(join(self.waiting))
                self.waiting.clear()
            self.average.batch_rows = taken.counted or self.average.batch_rows
        if due:
            self.average.share(z.device)
        self.calls += 1
        if self.steps_left() < 0.0:
            self.tell(
                "more training calls were made than total_steps announced: how long a bias will"
                " add up is not known, so lambda is 0 from here on"
            )
        return self.raw()

    def _add(self, rows: Taken) -> None:
        if rows.n >= LEAST:
            self.apart = rows.apart
            self.average.add(rows)

    def raw(self) -> Array:
        """The weights now, not clipped; 0 while nothing was seen, where student and teacher are the
        same, and once more training calls were made than were announced.
        """
        nothing = np.zeros(self.average.teachers)
        if self.average.seen()[0] == 0.0:
            return nothing
        left = self.steps_left()
        if left < 0.0 or (self.apart <= SAME and not self.rule(1.0).unbiased):
            return nothing
        rule = self.rule(left)
        if self.average.teachers > 1:
            factor = rule.bias_factor if isinstance(rule, Quadratic) else 0.0
            several = self.average.moments_of_several()
            weights = several.weights(factor, cautious=rule.cautious)
            left_over = several.reduction(weights, factor, cautious=rule.cautious)
            return weights if self._worth(rule, 1.0 - left_over) else nothing
        moments = self.average.moments()
        if not rule.unbiased:
            self._notice()
        point = moments.vector(cautious=rule.cautious)
        if point[2] == 0.0 and point[3] == 0.0:
            # a teacher that interpolates the batch: nothing is subtracted whatever the weight
            return nothing
        weight = minimise(rule, point)
        plain = rule.value(0.0, point)
        gain = 1.0 - rule.value(weight, point) / plain if plain > 0.0 else 0.0
        return np.array([weight]) if self._worth(rule, gain) else nothing

    def _worth(self, rule: Criterion, gain: float) -> bool:
        """A criterion that counts the steps acts only where enough of the noise would go."""
        return not rule.cautious or gain >= self.plan.least_gain

    def _notice(self) -> None:
        # By what both predict: with many classes all residuals are alike, being the labels' mostly.
        if self.apart < CLOSE:
            self.tell(
                "student and teacher are nearly the same model (an EMA of the student?): the weight"
                " confirms itself, since distilling brings them closer; the theory of a fixed"
                " teacher does not hold (kdtheory.RenewedTeacher)"
            )

    def tell(self, what: str) -> None:
        """Log once, and keep it."""
        if what not in self.told:
            self.told.append(what)
            LOG.warning("DistillationLoss: %s.", what)

    def steps_left(self) -> float:
        """Optimiser steps still to go; -1 where more calls were made than announced."""
        total = self.plan.total_steps
        if total is None:
            return 1.0
        calls = float(total()) if callable(total) else float(total - self.calls)
        if calls < 0.0:
            return -1.0
        effective = self.plan.effective_batch_size
        per_step = (
            float(self.accumulation)
            if effective is None
            else effective / self.average.rows_of_a_call()
        )
        return max(calls / max(per_step, 1.0), 1.0)

    def announce(
        self, total_steps: int | Callable[[], float], accumulation: int | None = None
    ) -> None:
        """What a trainer knows: calls to come, and calls of one optimiser step."""
        self.plan = replace(self.plan, total_steps=total_steps)
        if accumulation is not None:
            self.accumulation = positive_int(accumulation, "accumulation")

    def rule(self, left: float) -> Criterion:
        """The criterion at the batch that was seen."""
        batch = self.plan.effective_batch_size or self.average.rows_of_a_call() * self.accumulation
        return self.plan.rule(batch, left)

    def estimate(self, confidence: float) -> WeightEstimate:
        """Weight, interval and advice now."""
        if self.average.teachers > 1:
            raise InvalidInput(
                "Intervals are for one teacher here: pass the gradients of several, (m, n, d), to"
                " lambda_star."
            )
        return estimate(
            self.rule(max(self.steps_left(), 1.0)),
            self.average.moments(),
            confidence=confidence,
            mu=self.plan.constants["mu"],
            Lcal=self.plan.constants["Lcal"],
            subject=LAYER,
        )

    def state(self) -> dict[str, Any]:
        """For a state_dict: numbers and float64 tensors."""
        return self.average.state() | {"calls": self.calls, "apart": self.apart}

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``."""
        self.average.load(state)
        self.calls, self.apart = int(state["calls"]), float(state.get("apart", 1.0))
        self.waiting.clear()
