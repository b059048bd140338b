"""Distillation in Lightning (extra ``lightning``): a callback for modules that hold a
``DistillationLoss``.

    Trainer(..., callbacks=[DistillationCallback()]).fit(module)
"""

from __future__ import annotations

from typing import Any

from kdtheory.errors import InvalidInput, MissingTool
from kdtheory.torch.loss import DistillationLoss

try:
    from lightning.pytorch.callbacks import Callback
except ImportError as error:
    raise MissingTool(
        "kdtheory.torch.lightning needs Lightning: pip install 'kdtheory[lightning]'."
    ) from error


class DistillationCallback(Callback):  # type: ignore[misc]  # Lightning is not looked into
    """Tells every ``DistillationLoss`` of the module how many steps are left, and logs lambda, rho,
    beta and the interval.

    The loss is a submodule, so its state goes with Lightning's checkpoints; validation runs without
    gradients and counts for nothing.  Before ``fit`` any total_steps will do: it is replaced.
    """

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Announce the steps."""
        calls = int(trainer.accumulate_grad_batches)

        def left() -> float:
            return float(trainer.estimated_stepping_batches - trainer.global_step) * calls

        for loss in self._losses(pl_module):
            loss.announce(left, accumulation=calls)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Log at the trainer's own pace."""
        if trainer.global_step % trainer.log_every_n_steps == 0:
            for loss in self._losses(pl_module):
                pl_module.log_dict(loss.report())

    @staticmethod
    def _losses(module: Any) -> list[DistillationLoss]:
        found = [part for part in module.modules() if isinstance(part, DistillationLoss)]
        if not found:
            raise InvalidInput(
                "The LightningModule holds no DistillationLoss: set self.distil ="
                " DistillationLoss(total_steps=1) in its __init__ and call it in training_step."
            )
        return found
