"""A few rows of a batch as the estimators want them: finite, counted, residuals in float64."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array
from kdtheory.estimate.logit_rows import looks_like_probabilities


@dataclass(frozen=True)
class Taken:
    """Residuals of the student (n, K) and of each teacher, and the layer's inputs (n, d)."""

    student: Tensor
    teachers: tuple[Tensor, ...]
    inputs: Tensor
    counted: int  # rows of the batch that count, of which these were taken
    # |p - q|^2 in units of |p'|^2 + |q'|^2, p and q what both predict, primes for minus the mean
    # over classes: 1 for unrelated models, 0 for one and the same
    apart: float

    @property
    def n(self) -> int:
        """How many."""
        return len(self.student)

    def grams(self) -> tuple[Array, Array, Array]:
        """<G_i,G_j> (n, n), <G_i,H_j> (m, n, n), <H_i,H_j> (m, m, n, n), as NumPy arrays."""
        of_inputs = self.inputs @ self.inputs.T
        taught = torch.stack(self.teachers)
        student = (self.student @ self.student.T) * of_inputs
        cross = (self.student @ taught.transpose(1, 2)) * of_inputs
        teacher = torch.einsum("ank,bmk->abnm", taught, taught) * of_inputs
        return _numpy(student), _numpy(cross), _numpy(teacher)


def join(parts: Sequence[Taken]) -> Taken:
    """Rows of several calls, which may be of single samples."""
    return Taken(
        torch.cat([part.student for part in parts]),
        tuple(torch.cat(rows) for rows in zip(*(part.teachers for part in parts), strict=True)),
        torch.cat([part.inputs for part in parts]),
        sum(part.counted for part in parts),
        sum(part.n * part.apart for part in parts) / max(sum(part.n for part in parts), 1),
    )


def take_rows(
    z: Tensor,
    teachers: Sequence[Tensor],
    targets: Tensor,
    features: Tensor | None,
    *,
    kind: str,
    sample: int,
    ignore_index: int,
    temperature: float,
) -> Taken:
    """At most ``sample`` rows, evenly spaced over those that count: not padding, all finite (a
    GradScaler's first steps overflow).
    """
    counts = torch.isfinite(z).all(dim=1)
    for u in teachers:
        counts &= torch.isfinite(u).all(dim=1)
    if features is not None:
        counts &= torch.isfinite(features).all(dim=1)
    hard = kind == "softmax" and not targets.is_floating_point()
    if hard:
        counts &= targets != ignore_index
    rows = torch.nonzero(counts)[:, 0]
    counted = len(rows)
    if len(rows) > sample:
        rows = rows[torch.linspace(0, len(rows) - 1, sample, device=rows.device).round().long()]
    wide = torch.float32 if z.device.type == "mps" else torch.float64
    z, y = z[rows].to(wide), targets[rows]
    taught = [u[rows].to(z) for u in teachers]
    inputs = z.new_ones(len(rows), 1) if features is None else features[rows].to(z)
    if kind == "softmax":
        for name, logits in (("student_logits", z), ("teacher_logits", taught[0])):
            refuse_probabilities(name, logits)
    if hard:
        y = torch.nn.functional.one_hot(y.long(), z.shape[1])
    y = y.to(z).reshape(z.shape)
    student = response(z, kind) - y
    apart = _apart(response(z, kind), response(taught[0], kind))
    if temperature == 1.0:
        return Taken(student, tuple(response(u, kind) - y for u in taught), inputs, counted, apart)
    # What (1-lam) CE + lam tau^2 CE_tau subtracts: its gradient is r - lam s with this s.
    soft = response(z / temperature, kind)
    return Taken(
        student,
        tuple(student - temperature * (soft - response(u / temperature, kind)) for u in taught),
        inputs,
        counted,
        apart,
    )


def _apart(p: Tensor, q: Tensor) -> float:
    if len(p) == 0:  # no finite row: nothing is close
        return 1.0
    if p.shape[1] > 1:
        spread = p.var(dim=1, unbiased=False).sum() + q.var(dim=1, unbiased=False).sum()
        spread = spread * p.shape[1]
    else:
        spread = ((p - p.mean()) ** 2).sum() + ((q - q.mean()) ** 2).sum()
    return float(((p - q) ** 2).sum() / spread) if float(spread) > 0.0 else 1.0


def response(z: Tensor, kind: str) -> Tensor:
    """r(z) of the loss."""
    if kind == "squared":
        return z
    return torch.softmax(z, dim=1) if kind == "softmax" else torch.sigmoid(z)


def refuse_probabilities(name: str, logits: Tensor) -> None:
    """Raise InvalidInput for rows >= 0 that sum to 1."""
    try:
        few = _numpy(logits[:64].detach())
    except RuntimeError:  # inside torch.func's transforms a tensor has no value to look at
        return
    if looks_like_probabilities(few):
        raise InvalidInput(
            f"{name} holds probabilities (rows >= 0 that sum to 1), not logits: pass the logits, or"
            f" {name}.log(), which is as good."
        )


def _numpy(x: Tensor) -> Array:
    found: Array = x.to("cpu", torch.float64).numpy()
    return np.ascontiguousarray(found)
