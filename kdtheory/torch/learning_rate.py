"""A ``kdtheory.Schedule`` as a learning-rate scheduler."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

from kdtheory.errors import InvalidInput


class ScheduleLR(LRScheduler):
    """Step t has learning rate ``step_sizes[t]`` times ``scale``, in every parameter group; after
    the last one it stays.

    Args:
        optimiser: whose learning rates are set.
        schedule: a ``Schedule`` (its step sizes), or any numbers, one for each step.
        scale: what the learning rate is in units of the theory's step size (1 / ``loss_scale`` of
            ``kdtheory convert``).

    ``state_dict`` as for every scheduler.  The weights of a schedule go with the loss: set a fixed
    ``DistillationLoss`` for each, or use weight="auto".  Raises InvalidInput for no steps and for
    sizes that are negative or not finite.
    """

    def __init__(
        self, optimiser: Optimizer, schedule: Any, *, scale: float = 1.0, last_epoch: int = -1
    ) -> None:
        """See the class."""
        given: Iterable[float] = getattr(schedule, "step_sizes", schedule)
        self.sizes = [scale * float(size) for size in given]
        if not self.sizes or not all(0.0 <= size < float("inf") for size in self.sizes):
            raise InvalidInput(
                "A schedule needs step sizes >= 0, one or more, all finite. Got"
                f" {len(self.sizes)} steps."
            )
        super().__init__(optimiser, last_epoch)

    def get_lr(self) -> list[float]:
        """The learning rate of every group now."""
        size = self.sizes[min(self.last_epoch, len(self.sizes) - 1)]
        return [size for _ in self.optimizer.param_groups]
