"""The distillation loss, with a weight that follows the theory while the student moves."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.estimate import WeightEstimate
from kdtheory.estimate.residuals import IGNORED, LOSSES
from kdtheory.estimate.statements import HORIZON
from kdtheory.problems.base import positive_float, real_float
from kdtheory.torch.follow import LOG
from kdtheory.torch.plan import Plan
from kdtheory.torch.rows import refuse_probabilities
from kdtheory.torch.terms import inputs_of, label_losses, targets_of, teacher_losses
from kdtheory.torch.weights import FixedWeights, FollowedWeights


class DistillationLoss(nn.Module):
    """(1 - lambda) l(z, y) + lambda tau^2 l(z/tau, teacher/tau), mean over the rows that count
    (paper, Section 3, with tau = 1).

    In logits its gradient is r - lambda s, r = r(z) - y the student's residual and s = r(u) - y the
    teacher's: the control variate of the paper, for every module.  At a temperature tau s becomes r
    - tau (p_tau(z) - p_tau(u)), another direction than the teacher's gradient; it is told once.

    Args:
        weight: lambda; or "auto": lambda* of ``criterion`` for the steps that are left.  It is
            small while a bias has time to pile up and rises at the end, where only noise is left:
            the least harmful automatic weight that is known, and seldom a gain by itself
            (docs/using-it-in-a-trainer.md has the study).
        total_steps: training calls to come, an int or a callable that returns how many are left.
            Needed by "auto"; too large is safe, too small is not.  Once it is exceeded lambda is 0.
        temperature: tau, for softmax.
        ignore_index: rows with this class as target do not count; a batch of nothing else has loss
            0.
        effective_batch_size: samples of one optimiser step, over all accumulated calls and
            processes; default: those of one call (times the processes).  Noise falls with it, bias
            does not.
        loss: "softmax" (cross-entropy), "logistic", "squared" (|z - y|^2/2); "auto" by the number
            of outputs.
        criterion, step_size, mu, L, Lcal: as in ``lambda_star``; "horizon" needs none of the
            constants.  "unbiased" only together with an update that adds the teacher's mean
            gradient back.
        refresh_every: training calls between looks at the batch; the others cost nothing extra.
        decay: weight of the past at each look.
        sample: rows that a look takes, evenly spaced; ``estimate()`` has the standard error.
            Batches of fewer than 16 wait for the next ones.
        clip: the interval that the weight *used* is forced into (with several teachers, their sum
            too).  Beyond [0, 1] the cross-entropy is unbounded below, which is why this class,
            unlike the estimators, clips unless told None.  ``estimate()`` always reports the raw
            value.
        least_gain: with "horizon" lambda is 0 unless this share of the noise of the training loss
            would go over the steps that are left.  0 lets it act always; seen in the study, that
            costs a few per cent of the train loss, and 0.1 costs nothing.

    With ``features`` (the input of the output layer; append a column of ones if the layer has an
    offset) lambda is best for that layer's gradient r_n a_n^T; without, for its offset alone, whose
    gradient is r_n.  In both the teacher's gradient is what the loss subtracts, J_n(x)^T s_n, not
    the teacher network's own.

    Only training with gradients counts: eval() and no_grad do not.  Half precision is computed in
    float32.  Rows with infinite logits are not looked at.  torch.compile(fullgraph=True) and DDP
    work.  The state (a few hundred numbers) goes with ``state_dict``, whatever the device.  Raises
    InvalidInput for shapes, labels, constants and names that do not fit; StepSizeTooLarge.
    """

    def __init__(
        self,
        weight: float | Sequence[float] | str = "auto",
        *,
        total_steps: int | Callable[[], float] | None = None,
        temperature: float = 1.0,
        ignore_index: int = IGNORED,
        effective_batch_size: int | None = None,
        loss: str = "auto",
        criterion: str = HORIZON,
        step_size: float | None = None,
        mu: float | None = None,
        L: float | None = None,
        Lcal: float | None = None,
        refresh_every: int = 50,
        decay: float = 0.9,
        sample: int = 128,
        clip: tuple[float, float] | None = (0.0, 1.0),
        least_gain: float = 0.1,
    ) -> None:
        """See the class."""
        super().__init__()
        if loss not in LOSSES:
            raise unknown_name("loss", loss, LOSSES)
        if isinstance(weight, str) and weight != "auto":
            raise InvalidInput(f"weight must be a number or 'auto', got weight = {weight!r}.")
        self.loss, self.ignore_index = loss, ignore_index
        self._notes: list[str] = []
        self.temperature = positive_float(temperature, "temperature")
        if self.temperature != 1.0:
            gap = (
                f"at temperature {temperature:g} the gradient is no longer the student's minus"
                " lambda times the teacher's, even for linear models (cosine 0.93 to 0.96 at 2,"
                " 0.72 to 0.80 at 4 on the bundled digits); the weight is estimated for the"
                " direction that is really subtracted"
            )
            self._notes.append(gap)
            LOG.warning("DistillationLoss: %s.", gap)
        self._checked = False
        self._weights: FixedWeights | FollowedWeights
        if weight == "auto":
            plan = Plan(
                criterion,
                {"step_size": step_size, "mu": mu, "L": L, "Lcal": Lcal},
                total_steps,
                effective_batch_size,
                refresh_every,
                decay,
                sample,
                self.temperature,
                ignore_index,
                clip,
                least_gain,
            )
            self._weights = FollowedWeights(plan)
        else:
            numbers = weight if isinstance(weight, Sequence) else [weight]
            self._weights = FixedWeights([real_float(number, "weight") for number in numbers])

    @property
    def weight(self) -> float | tuple[float, ...]:
        """The lambda in use, clipped if auto; a tuple with several teachers."""
        used = self._weights.used()
        return used[0] if len(used) == 1 else used

    def announce(
        self, total_steps: int | Callable[[], float], *, accumulation: int | None = None
    ) -> None:
        """What a trainer knows once training begins.

        Args:
            total_steps: as in the class.
            accumulation: calls of one optimiser step (default: as before, at first 1), for losses
                without ``effective_batch_size``.

        Does nothing to a fixed weight.  Raises InvalidInput for numbers below 1.
        """
        self._weights.announce(total_steps, accumulation)

    def report(self, confidence: float = 0.95) -> dict[str, float]:
        """For a log: kd/lambda (the weight used), and of an automatic one kd/rho, kd/beta, kd/low,
        kd/high, as far as they are finite.
        """
        used = self.weight
        if isinstance(used, tuple):
            return {f"kd/lambda_{place}": value for place, value in enumerate(used)}
        now = self._weights.intervals(confidence)
        found = {"kd/lambda": used} | {f"kd/{key}": value for key, value in now.items()}
        return {key: value for key, value in found.items() if math.isfinite(value)}

    @property
    def notes(self) -> tuple[str, ...]:
        """What was noticed so far, each logged once: a temperature's gap, a teacher that follows
        the student, more calls than were announced.
        """
        return (*self._notes, *self._weights.told)

    def forward(
        self,
        student_logits: Tensor,
        teacher_logits: Tensor | Sequence[Tensor],
        targets: Tensor,
        features: Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch, a scalar.

        Args:
            student_logits: (B, K), (B, T, K) or (B,).
            teacher_logits: the same, or a list of them, one for each teacher.
            targets: classes (B,) or (B, T), or values like the logits (soft labels).
            features: (B, d) or (B, T, d), inputs of the output layer, for "auto" only.
        """
        z = student_logits
        teachers = [teacher_logits] if isinstance(teacher_logits, Tensor) else list(teacher_logits)
        if z.dim() not in (1, 2, 3) or not teachers or any(u.shape != z.shape for u in teachers):
            raise InvalidInput(
                "student_logits and teacher_logits must both be (B, K), (B, T, K) or (B,), got"
                f" {tuple(z.shape)} and {[tuple(u.shape) for u in teachers]}."
            )
        kind = self._kind(z)
        flat = (z.numel() // z.shape[-1], z.shape[-1]) if z.dim() > 1 else (z.shape[0], 1)
        wide = torch.float32 if z.dtype in (torch.float16, torch.bfloat16) else z.dtype
        y = targets_of(targets.to(z.device), flat, kind)
        z = z.reshape(flat)
        taught = [u.detach().to(z.device).reshape(flat) for u in teachers]
        seen = inputs_of(features, flat[0])
        self._look_once(z, taught, kind)
        counted = self.training and torch.is_grad_enabled()
        weights = self._weights.step(taught, z.detach(), y, seen, kind, counted)
        rows = label_losses(z.to(wide), y, kind, self.ignore_index)
        total = rows * (1.0 - sum(weights))
        for weight, u in zip(weights, taught, strict=True):
            total = total + weight * teacher_losses(z.to(wide), u.to(wide), kind, self.temperature)
        if kind != "softmax" or y.is_floating_point():
            return total.mean()
        counts = y != self.ignore_index
        return torch.where(counts, total, 0.0).sum() / counts.sum().clamp(min=1)

    def _look_once(self, z: Tensor, taught: list[Tensor], kind: str) -> None:
        """Probabilities in place of logits, looked for in the first batch."""
        if self._checked or kind != "softmax" or torch.compiler.is_compiling():
            return
        self._checked = True
        for name, logits in (("student_logits", z), ("teacher_logits", taught[0])):
            refuse_probabilities(name, logits)

    def _kind(self, z: Tensor) -> str:
        if self.loss != "auto":
            return self.loss
        return "softmax" if z.dim() > 1 and z.shape[-1] > 1 else "logistic"

    def estimate(self, confidence: float = 0.95) -> WeightEstimate:
        """The weight in raw form with interval and advice, from all looks so far.

        Raises InvalidInput for a fixed weight and before the first training batch.
        """
        return self._weights.estimate(confidence)

    def get_extra_state(self) -> dict[str, Any]:
        """Counters and running moments, plain Python and float64 tensors: survives .half() and
        weights_only loading.
        """
        return {self._weights.state_key: self._weights.state()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """The inverse; raises InvalidInput when a fixed weight meets the state of an automatic one,
        or vice versa.
        """
        if self._weights.state_key not in state:
            raise InvalidInput(
                "This state is of a loss with another kind of weight (fixed against 'auto')."
            )
        self._weights.load(state[self._weights.state_key])

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        auto = f" (auto, {self._weights.criterion})" if self._weights.criterion else ""
        return f"weight={', '.join(f'{x:.4g}' for x in self._weights.used())}{auto}"
