"""The two terms of a distillation loss, row by row."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from kdtheory.errors import InvalidInput


def targets_of(y: Tensor, flat: tuple[int, int], kind: str) -> Tensor:
    """Classes (n,), or values (n, K)."""
    n, outputs = flat
    if kind == "softmax" and not y.is_floating_point():
        if y.numel() != n:
            raise InvalidInput(
                f"targets must be ({n},) classes for logits {flat}, got {tuple(y.shape)}. Classes"
                " are the last axis of logits: (B, K, T) ones need transpose(1, 2)."
            )
        return y.reshape(n).long()
    if y.numel() != n * outputs or y.shape[0] > n:
        raise InvalidInput(
            f"targets of shape {tuple(y.shape)} do not fit logits of shape {flat} ({kind})."
        )
    return y.reshape(n, outputs)


def inputs_of(features: Tensor | None, n: int) -> Tensor | None:
    """The layer's inputs (n, d), one row for each row of logits."""
    if features is None:
        return None
    if n not in (features.shape[0], features.shape[:2].numel()):
        raise InvalidInput(
            f"features must be (B, d) or (B, T, d) with one row for each of {n} rows of logits, got"
            f" {tuple(features.shape)}."
        )
    return features.detach().reshape(n, -1)


def label_losses(z: Tensor, y: Tensor, kind: str, ignored: int) -> Tensor:
    """The label's loss of every row, (n,)."""
    if kind == "squared":
        return 0.5 * ((z - y.to(z)) ** 2).sum(dim=1)
    if kind == "logistic":
        return F.binary_cross_entropy_with_logits(z, y.to(z), reduction="none").sum(dim=1)
    if y.is_floating_point():
        return -(y.to(z) * torch.log_softmax(z, dim=1)).sum(dim=1)
    return F.cross_entropy(z, y, ignore_index=ignored, reduction="none")


def teacher_losses(z: Tensor, u: Tensor, kind: str, temperature: float) -> Tensor:
    """The teacher's loss of every row, (n,)."""
    if kind == "squared":
        return 0.5 * ((z - u) ** 2).sum(dim=1)
    if kind == "logistic":
        return F.binary_cross_entropy_with_logits(z, torch.sigmoid(u), reduction="none").sum(dim=1)
    if temperature == 1.0:
        return -(torch.softmax(u, dim=1) * torch.log_softmax(z, dim=1)).sum(dim=1)
    soft = torch.softmax(u / temperature, dim=1)
    return -(temperature**2) * (soft * torch.log_softmax(z / temperature, dim=1)).sum(dim=1)
