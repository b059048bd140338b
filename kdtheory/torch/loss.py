"""The distillation loss, with a weight that follows the theory while the student moves."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.estimate import WeightEstimate
from kdtheory.estimate.residuals import LOSSES
from kdtheory.problems.base import positive_int, real_float
from kdtheory.torch.follow import WeightFollower


class DistillationLoss(nn.Module):
    """(1 - lambda) l(z, y) + lambda l(z, teacher), mean over the batch, at temperature 1 (paper,
    Section 3).

    In logits its gradient is (r(z) - y) - lambda (r(u) - y), the control variate of the paper, for
    every module.

    Args:
        weight: lambda, or "auto": lambda* of ``criterion`` from the logits (and the features) of
            every
            ``refresh_every``-th training batch, averaged with ``decay`` per refresh.  Other calls
            cost nothing extra.
        loss: "softmax" (cross-entropy), "logistic", "squared" (|z - y|^2/2); "auto" by the number
            of outputs. criterion, step_size, mu, L, Lcal: as in ``lambda_star``.  This loss alone
            is the *biased* update, so the default
            is "second-moment" (kappa = 0), its most favourable case; use "unbiased" together with
            ``UnbiasedDistillation``.
        batch_size: B; default: that of the batch.  Noise falls by B and bias does not, so lambda*
            falls with B.
        clip: the interval that the weight *used* is forced into.  Beyond [0, 1] the target y +
            lambda (r(u) - y) leaves
            the simplex and the cross-entropy is unbounded below, which is why this class, unlike
            the estimators, clips unless told None.  ``estimate()`` always reports the raw value.
        sample: samples of a batch that a refresh looks at.

    With ``features`` (the input of the output layer; append a column of ones if the layer has an
    offset) lambda is best for that layer's gradient r_n a_n^T; without, for its offset alone, whose
    gradient is r_n.  In both the teacher's gradient is what the loss subtracts, J_n(x)^T (r(u_n) -
    y_n), not the teacher network's own.

    Only training mode refreshes.  The state (a few hundred numbers) goes with ``state_dict``,
    whatever the device. Raises InvalidInput for shapes, labels, constants and names that do not
    fit; StepSizeTooLarge.
    """

    def __init__(
        self,
        weight: float | str = "auto",
        *,
        loss: str = "auto",
        criterion: str = "second-moment",
        step_size: float | None = None,
        mu: float | None = None,
        L: float | None = None,
        Lcal: float | None = None,
        batch_size: int | None = None,
        refresh_every: int = 50,
        decay: float = 0.9,
        sample: int = 128,
        clip: tuple[float, float] | None = (0.0, 1.0),
    ) -> None:
        """See the class."""
        super().__init__()
        if loss not in LOSSES:
            raise unknown_name("loss", loss, LOSSES)
        if isinstance(weight, str) and weight != "auto":
            raise InvalidInput(f"weight must be a number or 'auto', got weight = {weight!r}.")
        if clip is not None and not clip[0] <= clip[1]:
            raise InvalidInput(
                f"clip must be (low, high) with low <= high, or None, got clip = {clip}."
            )
        self.loss, self.clip = loss, clip
        self.refresh_every = positive_int(refresh_every, "refresh_every")
        self._calls = 0
        self._raw = 0.0 if weight == "auto" else real_float(weight, "weight")
        self._follower = None
        if weight == "auto":
            constants: dict[str, Any] = {"step_size": step_size, "mu": mu, "L": L, "Lcal": Lcal}
            self._follower = WeightFollower(
                criterion, constants, batch_size, decay, positive_int(sample, "sample", minimum=3)
            )

    @property
    def weight(self) -> float:
        """The lambda in use: clipped if auto."""
        if self._follower is None or self.clip is None:
            return self._raw
        return min(max(self._raw, self.clip[0]), self.clip[1])

    def forward(
        self,
        student_logits: Tensor,
        teacher_logits: Tensor,
        targets: Tensor,
        features: Tensor | None = None,
    ) -> Tensor:
        """The loss of a batch, a scalar: logits (B, K) or (B,), targets (B,) classes, or values
        like the logits.

        Sequences: flatten to (tokens, K) first and drop the ignored ones.
        """
        z, u = student_logits, teacher_logits.detach()
        if z.shape != u.shape or z.dim() not in (1, 2):
            raise InvalidInput(
                "student_logits and teacher_logits must both be (B, K) or (B,), got"
                f" {tuple(z.shape)} and {tuple(u.shape)}. Flatten sequences with flatten(0, 1)."
            )
        u = u.to(z.device, z.dtype)
        kind = self._kind(z)
        if self._follower is not None and self.training:
            if self._calls % self.refresh_every == 0:
                self._raw = self._follower.refresh(
                    z.detach(), u, targets, None if features is None else features.detach(), kind
                )
            self._calls += 1
        y = _targets(targets, z, kind)
        return _mixed(z, u, y, self.weight, kind)

    def _kind(self, z: Tensor) -> str:
        if self.loss != "auto":
            return self.loss
        return "softmax" if z.dim() == 2 and z.shape[1] > 1 else "logistic"

    def estimate(self, confidence: float = 0.95) -> WeightEstimate:
        """The weight in raw form with interval and advice, from all refreshes so far.

        Raises InvalidInput for a fixed weight and before the first training batch.
        """
        if self._follower is None:
            raise InvalidInput(
                f"The weight is fixed at {self._raw:g}; only weight='auto' estimates one."
            )
        return self._follower.estimate(confidence)

    def get_extra_state(self) -> dict[str, Any]:
        """Counters and running moments, plain Python and float64 tensors: survives .half() and
        weights_only loading.
        """
        state: dict[str, Any] = {"calls": self._calls, "raw": self._raw}
        if self._follower is not None:
            state["follower"] = self._follower.state()
        return state

    def set_extra_state(self, state: dict[str, Any]) -> None:
        """The inverse; raises InvalidInput when a fixed weight meets the state of an automatic one,
        or vice versa.
        """
        if ("follower" in state) != (self._follower is not None):
            raise InvalidInput(
                "This state is of a loss with another kind of weight (fixed against 'auto')."
            )
        self._calls, self._raw = int(state["calls"]), float(state["raw"])
        if self._follower is not None:
            self._follower.load(state["follower"])

    def extra_repr(self) -> str:
        """What ``print`` shows."""
        auto = f" (auto, {self._follower.criterion})" if self._follower is not None else ""
        return f"weight={self.weight:.4g}{auto}"


def _targets(targets: Tensor, z: Tensor, kind: str) -> Tensor:
    """Targets as a float tensor of z's shape."""
    y = targets.to(z.device)
    if kind == "softmax" and not y.is_floating_point():
        if y.shape != z.shape[:1]:
            raise InvalidInput(
                f"targets must be ({z.shape[0]},) classes for logits {tuple(z.shape)}, got"
                f" {tuple(y.shape)}."
            )
        return F.one_hot(y.long(), z.shape[1]).to(z.dtype)
    y = y.to(z.dtype)
    if y.numel() != z.numel() or y.shape[0] != z.shape[0]:
        raise InvalidInput(
            f"targets of shape {tuple(y.shape)} do not fit logits of shape {tuple(z.shape)}"
            f" ({kind})."
        )
    return y.reshape(z.shape)


def _mixed(z: Tensor, u: Tensor, y: Tensor, weight: float, kind: str) -> Tensor:
    if not math.isfinite(weight):
        raise InvalidInput(f"weight must be finite, got weight = {weight}.")
    if kind == "squared":
        halves = (1 - weight) * (z - y) ** 2 + weight * (z - u) ** 2
        return 0.5 * halves.sum() / z.shape[0]
    taught = torch.softmax(u, dim=1) if kind == "softmax" else torch.sigmoid(u)
    mixture = torch.lerp(y, taught, weight)  # cross-entropy is linear in its target
    if kind == "softmax":
        return F.cross_entropy(z, mixture)
    return F.binary_cross_entropy_with_logits(z, mixture, reduction="sum") / z.shape[0]
