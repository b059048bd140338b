"""A weight that follows training: moments of a few rows now and then, averaged with exponential
weights, and the weight for the steps that are left.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.estimate.advice import CLOSE, LAYER, SAME
from kdtheory.estimate.criteria import Criterion, Quadratic, minimise
from kdtheory.estimate.data import Array
from kdtheory.estimate.gram import Several, gram_moments, several_moments
from kdtheory.estimate.moments import Moments
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.problems.base import positive_int
from kdtheory.torch.plan import LEAST, Plan
from kdtheory.torch.rows import Taken, join, take_rows

LOG = logging.getLogger("kdtheory")
ENOUGH = 16  # rows before moments are taken: smaller batches wait for the next ones


@dataclass
class WeightFollower:
    """Running averages of moments of a few rows; each is unbiased for its own iterate, so is the
    average.

    |h|^2 from one batch of 128 is mostly noise: averaging *moments* and not weights is what makes
    it usable (a ratio of noisy moments is biased, a ratio of averages is not, up to 1/number of
    refreshes).  Under torch.distributed the sums of all processes are added at every
    ``refresh_every``-th call, which all make together.
    """

    plan: Plan
    calls: int = 0
    accumulation: int = 1  # calls of one optimiser step, where a trainer says so
    batch_rows: int = 1
    world: int = 1
    weights: float = 0.0
    weights_sq: float = 0.0
    samples: float = 0.0
    sums: Array = field(default_factory=lambda: np.zeros(6))
    errors: Array = field(default_factory=lambda: np.zeros((4, 4)))
    influence: Array = field(default_factory=lambda: np.zeros((4, 0)))
    shared: Array | None = None  # of all processes
    several: Array = field(default_factory=lambda: np.zeros(0))  # (1 + m + 2 m^2,) sums
    teachers: int = 1
    apart: float = 1.0
    waiting: list[Taken] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

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
        self.teachers = len(teachers)
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
            self.batch_rows = taken.counted or self.batch_rows
        if due:
            self._share(z.device)
        self.calls += 1
        if self.steps_left() < 0.0:
            self.tell(
                "more training calls were made than total_steps announced: how long a bias will"
                " add up is not known, so lambda is 0 from here on"
            )
        return self.raw()

    def _add(self, rows: Taken) -> None:
        if rows.n < LEAST:
            return
        decay, grams, self.apart = self.plan.decay, rows.grams(), rows.apart
        self.weights = decay * self.weights + 1.0
        self.weights_sq = decay**2 * self.weights_sq + 1.0
        self.samples = decay * self.samples + rows.n
        if self.teachers > 1:
            found = several_moments(*grams)
            new = np.concatenate(
                [[found.sigma_sq], found.covariance, found.variance.ravel(), found.bias.ravel()]
            )
            self.several = new if not self.several.size else decay * self.several + new
            return
        one = gram_moments(grams[0], grams[1][0], grams[2][0, 0])
        self.sums = decay * self.sums + np.append(
            one.with_bias(one.bias_sq), (one.student_sq, one.cross)
        )
        self.errors = decay**2 * self.errors + one.errors
        self.influence = one.influence

    def _share(self, device: torch.device) -> None:
        if not (torch.distributed.is_available() and torch.distributed.is_initialized()):
            return
        self.world = torch.distributed.get_world_size()
        if self.world == 1:
            return
        where = "cpu" if torch.distributed.get_backend() == "gloo" else device
        mine = torch.from_numpy(self._packed()).to(where)
        torch.distributed.all_reduce(mine)
        self.shared = mine.cpu().numpy()

    def _packed(self) -> Array:
        head = [self.weights, self.weights_sq, self.samples, float(self.batch_rows)]
        if self.teachers == 1:
            return np.concatenate([head, self.sums, self.errors.ravel()])
        size = 1 + self.teachers + 2 * self.teachers**2
        return np.concatenate([head, self.several if self.several.size else np.zeros(size)])

    def raw(self) -> Array:
        """The weights now, not clipped; 0 while nothing was seen, where student and teacher are the
        same, and once more training calls were made than were announced.
        """
        nothing = np.zeros(self.teachers)
        seen = self._packed() if self.shared is None else self.shared
        if seen[0] == 0.0:
            return nothing
        left = self.steps_left()
        if left < 0.0 or (self.apart <= SAME and not self.rule(1.0).unbiased):
            return nothing
        rule = self.rule(left)
        if self.teachers > 1:
            factor = rule.bias_factor if isinstance(rule, Quadratic) else 0.0
            several = self.moments_of_several()
            weights = several.weights(factor, cautious=rule.cautious)
            left_over = several.reduction(weights, factor, cautious=rule.cautious)
            return weights if self._worth(rule, 1.0 - left_over) else nothing
        moments = self.moments()
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
            float(self.accumulation) if effective is None else effective / self._rows_of_a_call()
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
        batch = self.plan.effective_batch_size or self._rows_of_a_call() * self.accumulation
        return self.plan.rule(batch, left)

    def _rows_of_a_call(self) -> int:
        """Of all processes, which need not have the same number."""
        return self.batch_rows if self.shared is None else max(int(self.shared[3]), 1)

    def moments(self) -> Moments:
        """The averaged moments; n is the effective number of samples.  Raises InvalidInput before
        the first refresh.
        """
        seen = self._packed() if self.shared is None else self.shared
        weights, weights_sq, samples = (float(x) for x in seen[:3])
        if weights == 0.0:
            raise InvalidInput(
                "No training batch was seen yet: call the loss in training mode first."
            )
        share = weights_sq / weights**2
        sigma_sq, covariance, variance, bias_sq, student_sq, cross = seen[4:10] / weights
        return Moments(
            float(sigma_sq),
            float(covariance),
            float(variance),
            float(bias_sq),
            float(student_sq),
            float(cross),
            seen[10:].reshape(4, 4) / weights**2,
            samples / weights / share,
            self.influence,
        )

    def moments_of_several(self) -> Several:
        """The same for several teachers."""
        seen, m = self._packed() if self.shared is None else self.shared, self.teachers
        mean = seen[4:] / seen[0]
        square = (m, m)
        return Several(
            float(mean[0]),
            mean[1 : 1 + m],
            mean[1 + m : 1 + m + m * m].reshape(square),
            mean[1 + m + m * m :].reshape(square),
            float(seen[2] / seen[0] / (seen[1] / seen[0] ** 2)),
        )

    def estimate(self, confidence: float) -> WeightEstimate:
        """Weight, interval and advice now."""
        if self.teachers > 1:
            raise InvalidInput(
                "Intervals are for one teacher here: pass the gradients of several, (m, n, d), to"
                " lambda_star."
            )
        return estimate(
            self.rule(max(self.steps_left(), 1.0)),
            self.moments(),
            confidence=confidence,
            mu=self.plan.constants["mu"],
            Lcal=self.plan.constants["Lcal"],
            subject=LAYER,
        )

    def state(self) -> dict[str, Any]:
        """For a state_dict: numbers and float64 tensors."""
        numbers = [self.weights, self.weights_sq, self.samples, float(self.batch_rows)]
        return {
            "numbers": [*numbers, float(self.world), float(self.teachers)],
            "calls": self.calls,
            **{
                name: torch.from_numpy(np.array(value))
                for name in ("sums", "errors", "influence", "several", "shared")
                if (value := getattr(self, name)) is not None
            },
        }

    def load(self, state: dict[str, Any]) -> None:
        """The inverse of ``state``."""
        self.weights, self.weights_sq, self.samples = state["numbers"][:3]
        self.batch_rows, self.world, self.teachers = (int(x) for x in state["numbers"][3:])
        self.calls, self.shared = int(state["calls"]), None
        self.waiting.clear()
        for name in ("sums", "errors", "influence", "several", "shared"):
            if name in state:
                setattr(self, name, state[name].to("cpu", torch.float64).numpy().copy())
