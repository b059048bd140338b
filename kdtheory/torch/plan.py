"""What was asked of an automatic weight, checked before training."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion
from kdtheory.estimate.statements import make_criterion, needed_constants
from kdtheory.problems.base import positive_int

LEAST = 3  # rows: with fewer there is no variance with an error


@dataclass(frozen=True)
class Plan:
    """What was asked for; ``total_steps``: training calls to come, a number or a callable that says
    how many now.
    """

    criterion: str
    constants: dict[str, float | None]
    total_steps: int | Callable[[], float] | None
    effective_batch_size: int | None = None
    refresh_every: int = 50
    decay: float = 0.9
    sample: int = 128
    temperature: float = 1.0
    ignore_index: int = -100
    clip: tuple[float, float] | None = (0.0, 1.0)
    least_gain: float = 0.1

    def __post_init__(self) -> None:
        """Refuses what does not fit now, not in the middle of training."""
        if not 0.0 <= self.decay < 1.0:
            raise InvalidInput(
                f"decay must lie in [0, 1), got decay = {self.decay}. 0.9 remembers about ten"
                " refreshes."
            )
        if not 0.0 <= self.least_gain < 1.0:
            raise InvalidInput(
                f"least_gain is a share of the noise in [0, 1), got {self.least_gain}. 0.1 is safe."
            )
        positive_int(self.refresh_every, "refresh_every")
        positive_int(self.sample, "sample", minimum=LEAST)
        if self.effective_batch_size is not None:
            positive_int(self.effective_batch_size, "effective_batch_size")
        if self.clip is not None and not self.clip[0] <= self.clip[1]:
            raise InvalidInput(
                f"clip must be (low, high) with low <= high, or None, got clip = {self.clip}."
            )
        if self.counts_steps and self.total_steps is None:
            raise InvalidInput(
                "weight='auto' needs total_steps, the number of training calls to come (an int, or"
                " a callable that returns how many are left): a bias adds up over them. Too large"
                " is safe, too small is not."
            )
        if isinstance(self.total_steps, (int, np.integer)):
            positive_int(self.total_steps, "total_steps")
        self.rule(self.effective_batch_size or 1, 1.0)

    @property
    def counts_steps(self) -> bool:
        """Whether the criterion depends on the steps that are left."""
        return "horizon" in needed_constants(self.criterion)

    def rule(self, batch_size: int, horizon: float) -> Criterion:
        """The criterion for this batch and so many optimiser steps to go."""
        return make_criterion(
            self.criterion, batch_size=batch_size, horizon=max(horizon, 1.0), **self.constants
        )
