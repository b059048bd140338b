"""Distillation in Hugging Face's Trainer (extra ``hf``): one object that is the callback and the
loss.

    distil = DistillationCallback(teacher)
    Trainer(model, args, ..., callbacks=[distil], compute_loss_func=distil.compute_loss).train()
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from kdtheory.errors import InvalidInput, MissingTool
from kdtheory.estimate.residuals import IGNORED
from kdtheory.torch.loss import DistillationLoss

try:
    from transformers import Trainer, TrainerCallback
    from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES
except ImportError as error:
    raise MissingTool(
        "kdtheory.torch.huggingface needs transformers: pip install 'kdtheory[hf]'."
    ) from error

FILE = "kdtheory.pt"


class DistillationCallback(TrainerCallback):  # type: ignore[misc]  # transformers has no types
    """Runs the teacher on the student's inputs, mixes the losses, knows the steps that are left.

    Args:
        teacher: a model that takes the student's inputs and returns logits of the same shape; it is
            put in eval mode and never trained.
        weight: as in ``DistillationLoss``, and so is all of ``options`` but total_steps, which the
            Trainer knows.
        shift: whether the logits of token t are for the label of token t + 1; default: for causal
            language models.

    lambda, rho, beta and the interval are added to every log line.  Evaluation reports the label's
    loss alone and counts for nothing.  The state lies in every checkpoint and is read when training
    resumes from one.
    """

    def __init__(
        self,
        teacher: nn.Module,
        weight: float | Sequence[float] | str = "auto",
        *,
        shift: bool | None = None,
        **options: Any,
    ) -> None:
        """See the class."""
        if "total_steps" in options:
            raise InvalidInput("total_steps is the Trainer's to say: leave it out.")
        self._left, self._calls, self._skips = 1.0, 1, False
        self.loss = DistillationLoss(weight, total_steps=lambda: self._left, **options)
        self._label_loss = DistillationLoss(0.0, loss=self.loss.loss)
        self._label_loss.ignore_index = self.loss.ignore_index
        self.teacher = teacher.eval().requires_grad_(False)
        self._shift = shift
        self._inputs: dict[str, Tensor] = {}
        self._hook: Any = None

    def on_train_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Listen to the student's inputs; read the state of the checkpoint that is resumed."""
        model = more["model"]
        if self._shift is None:
            self._shift = type(model).__name__ in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES.values()
        self._skips = _skips_first_label(model)
        if self._hook is None:
            self._hook = model.register_forward_pre_hook(self._listen, with_kwargs=True)
        self.teacher.to(next(model.parameters()).device)
        self._count(args, state)
        source = Path(args.output_dir) / f"checkpoint-{state.global_step}" / FILE
        if state.global_step and source.is_file():
            self.loss.load_state_dict(torch.load(source, weights_only=True))

    def on_step_begin(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """The steps that are left."""
        self._count(args, state)

    def on_log(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Add lambda and what it rests on."""
        logs = more.get("logs")
        if logs is not None and "loss" in logs:
            logs.update(self.loss.report())
            state.log_history[-1].update(self.loss.report())

    def on_save(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Beside the Trainer's own files."""
        folder = Path(args.output_dir) / f"checkpoint-{state.global_step}"
        if state.is_world_process_zero and folder.is_dir():
            torch.save(self.loss.state_dict(), folder / FILE)

    def on_train_end(self, args: Any, state: Any, control: Any, **more: Any) -> None:
        """Stop listening."""
        if self._hook is not None:
            self._hook.remove()
            self._hook = None

    def compute_loss(
        self, outputs: Any, labels: Tensor | None, num_items_in_batch: Any = None
    ) -> Tensor:
        """For ``Trainer(compute_loss_func=...)``: the mean over the labelled rows of this call; of
        an optimiser step with several calls or processes, this call's share of the step's mean (the
        Trainer adds them up and divides by nothing).
        """
        if labels is None:
            raise InvalidInput(
                "There are no labels in the batch: name the column 'labels', and keep"
                " remove_unused_columns from dropping it."
            )
        z = _logits(outputs)
        if not torch.is_grad_enabled():
            z, y = self._aligned(z, labels)
            return self._label_loss(z, torch.zeros_like(z), y) * self._share(
                labels, num_items_in_batch, 1
            )
        if not self._inputs:
            raise InvalidInput(
                "The student's inputs were not seen: pass the same object as a callback,"
                " Trainer(..., callbacks=[distil], compute_loss_func=distil.compute_loss)."
            )
        with torch.no_grad():
            u = _logits(self.teacher(**self._inputs))
        if u.shape != z.shape:
            raise InvalidInput(
                f"The teacher's logits are {tuple(u.shape)}, the student's {tuple(z.shape)}: both"
                " need the same classes in the same order (one tokenizer)."
            )
        (z, y), (u, _) = self._aligned(z, labels), self._aligned(u, labels)
        return self.loss(z, u, y) * self._share(labels, num_items_in_batch, self._calls)

    def _aligned(self, logits: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
        if self._shift:
            return logits[:, :-1], labels[:, 1:]
        return logits, labels

    def _share(self, labels: Tensor, items: Any, calls: int) -> Any:
        """Of this call in the step: its labels over all that the Trainer counted, where there are
        several calls or processes.
        """
        distributed = torch.distributed.is_available() and torch.distributed.is_initialized()
        world = torch.distributed.get_world_size() if distributed else 1
        if items is None or calls * world == 1:
            return 1.0
        counted = labels[..., 1:] if self._skips else labels
        return counted.ne(IGNORED).sum() / items

    def _listen(self, module: nn.Module, args: Any, kwargs: dict[str, Any]) -> None:
        if module.training:
            keep = {key: value for key, value in kwargs.items() if isinstance(value, Tensor)}
            self._inputs = {key: value for key, value in keep.items() if key != "labels"}

    def _count(self, args: Any, state: Any) -> None:
        calls = args.gradient_accumulation_steps
        self._left = float(max(state.max_steps - state.global_step, 0) * calls)
        self.loss.announce(lambda: self._left, accumulation=calls)
        self._calls = calls


def _skips_first_label(model: nn.Module) -> bool:
    """Whether this Trainer leaves the first label of a row out of what it counts: newer ones do,
    for models whose own loss shifts.
    """
    known = inspect.unwrap(Trainer.__init__).__code__.co_names
    return "_loss_shifts_labels" in known and getattr(model, "loss_type", "") == "ForCausalLM"


def _logits(outputs: Any) -> Tensor:
    found: Tensor = outputs["logits"] if isinstance(outputs, dict) else outputs.logits
    return found
