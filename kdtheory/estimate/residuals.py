"""Residuals r(z) - y of logits, a few rows at a time and in place: an (n, K) array of half
precision is never copied whole.

Half precision is worked on in float32 (its own rounding, 5e-4, is a thousand times larger), all
else in float64.  Rows whose label is -100 are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.estimate.data import Array, Rows, open_rows
from kdtheory.estimate.npy import NpyFile, load_array
from kdtheory.estimate.topk import TopK

LOSSES = ("auto", "softmax", "logistic", "squared")
IGNORED = -100  # the label that trainers give to padding
# 2 MB of float32: larger blocks leave the cache, smaller ones pay for the loop.
BLOCK_ENTRIES = 1 << 19
PROBABLE = 64  # rows looked at for probabilities given as logits


@dataclass(frozen=True)
class Residuals:
    """Two sets of logits and their targets; ``blocks`` is the way to the residuals."""

    student: Rows
    teacher: Rows
    targets: NDArray[Any]  # (n,) classes, or (n, K)
    kind: str
    kept: NDArray[np.intp] | None  # rows that count; None: all

    @property
    def n(self) -> int:
        """Rows that count."""
        return self.student.shape[0] if self.kept is None else int(self.kept.size)

    @property
    def outputs(self) -> int:
        """K."""
        return self.student.shape[1]

    def blocks(
        self, chosen: NDArray[np.intp] | None = None
    ) -> Iterator[tuple[slice, NDArray[Any], Array, Array]]:
        """(place among the chosen, row in the arrays, student's residuals, teacher's), the last two
        until the next block only; chosen are places among the rows that count, all by default.
        """
        step = max(1, BLOCK_ENTRIES // self.outputs)
        every = np.arange(self.student.shape[0]) if self.kept is None else self.kept
        every = every if chosen is None else every[chosen]
        size = (min(step, every.size), self.outputs)
        room = [np.empty(size, dtype=np.float32) for _ in range(2)]  # fresh pages cost as much
        for start in range(0, every.size, step):
            place = slice(start, min(start + step, every.size))
            rows = every[place]
            r, s = (
                self._residual(side, rows, out[: len(rows)])
                for side, out in zip((self.student, self.teacher), room, strict=True)
            )
            yield place, rows, r, s
        for side in (self.student, self.teacher):
            side.check_unchanged()

    def _residual(self, side: Rows, rows: NDArray[np.intp], out: NDArray[Any]) -> Array:
        z = _probabilities(side, rows, out) if self.kind == "softmax" else take(side.matrix, rows)
        if self.kind == "logistic":  # sigmoid(z) = (1 + tanh(z/2))/2 never overflows
            z *= 0.5
            np.tanh(z, out=z)
            z += 1.0
            z *= 0.5
        # An infinite or missing logit leaves no entry of its row's softmax finite.
        if not np.isfinite((z[:, 0] if self.kind == "softmax" else z).sum()):
            raise InvalidInput(f"{side.name} must be finite: {side.locate_bad_entry()}.")
        if self.kind == "softmax" and self.targets.ndim == 1:
            z[np.arange(len(rows)), self.targets[rows]] -= 1.0
        else:
            z -= self.targets[rows].reshape(z.shape)
        return z


def _probabilities(side: Rows, rows: NDArray[np.intp], out: NDArray[Any]) -> Array:
    """softmax of these rows.  Half precision goes through torch where it is loaded, in ``out``:
    twice as fast as NumPy.
    """
    torch = sys.modules.get("torch")
    raw = _raw(side.matrix, rows)
    if torch is not None and raw.dtype in (np.float16, torch.float16, torch.bfloat16):
        half = torch.from_numpy(raw) if isinstance(raw, np.ndarray) else raw
        wide = torch.from_numpy(out).copy_(half)
        wide -= wide.amax(dim=1, keepdim=True)
        wide.exp_()
        wide /= wide.sum(dim=1, keepdim=True)
        return out
    z = take(side.matrix, rows)
    with np.errstate(invalid="ignore", over="ignore"):  # NaN, told by the caller
        z -= z.max(axis=1, keepdims=True)
        np.exp(z, out=z)
        z /= z.sum(axis=1, keepdims=True)
    return z


def open_residuals(
    student_logits: Any,
    teacher_logits: Any,
    labels: Any,
    loss: str = "auto",
    *,
    ignore_index: int = IGNORED,
) -> Residuals:
    """Logits (n, K), (n,) or (B, T, K) with their labels, checked. Raises InvalidInput."""
    if loss not in LOSSES:
        raise unknown_name("loss", loss, LOSSES)
    student = open_logits(student_logits, "student_logits")
    teacher = open_logits(teacher_logits, "teacher_logits")
    if student.shape != teacher.shape:
        raise InvalidInput(
            f"student_logits and teacher_logits must have one shape, got {student.shape} and"
            f" {teacher.shape}."
        )
    n, outputs = student.shape
    kind = loss if loss != "auto" else ("softmax" if outputs > 1 else "logistic")
    if kind == "softmax" and outputs == 1:
        raise InvalidInput("softmax of one logit is constant: use loss='logistic' for one output.")
    targets, kept = _targets(labels, (n, outputs), kind, ignore_index)
    if kept is not None and kept.size < 3:
        raise InvalidInput(
            f"Only {kept.size} rows have a label other than {ignore_index}; 3 or more are needed."
        )
    if kind == "softmax":
        for side in (student, teacher):
            _refuse_probabilities(side)
    return Residuals(student, teacher, targets, kind, kept)


def open_logits(source: Any, name: str) -> Rows:
    """Rows of logits: an array or torch tensor of any float type, bfloat16 too, or a .npy path."""
    if isinstance(source, TopK):
        return _enough(Rows(name, source))
    if is_tensor(source):
        source = source.detach().cpu()
        if source.is_floating_point() and source.dim() >= 1:
            wide = source.reshape(-1, source.shape[-1] if source.dim() > 1 else 1)
            return _enough(
                Rows(name, HalfRows(wide)) if wide.element_size() < 4 else Rows(name, wide.numpy())
            )
        source = source.numpy()
    shape = getattr(source, "shape", ())
    if len(shape) > 2:
        source = np.asarray(source)
        source = source.reshape(-1, source.shape[-1])
    return open_rows(source, name, minimum_rows=3, column=True)


@dataclass(frozen=True)
class HalfRows:
    """A torch tensor (n, K) of half precision, read as float32 rows (NumPy has no bfloat16)."""

    tensor: Any

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, K)."""
        return tuple(self.tensor.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows as they are read."""
        return np.dtype(np.float32)

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Rows in float32."""
        found: NDArray[Any] = self.tensor[rows].float().numpy()
        return found


def take(matrix: Any, rows: NDArray[np.intp]) -> Array:
    """A fresh block of rows in the precision that is worked in."""
    block = _raw(matrix, rows)
    if not isinstance(block, np.ndarray):
        wide: Array = block.float().numpy()
        return wide
    return np.array(block, dtype=np.float32 if block.dtype == np.float16 else np.float64)


def _raw(matrix: Any, rows: NDArray[np.intp]) -> Any:
    """Rows as they are stored: neighbours as a slice, which copies nothing."""
    place = _as_slice(rows)
    if isinstance(matrix, HalfRows):
        return matrix.tensor[place]
    if isinstance(matrix, NpyFile) and not isinstance(place, slice):
        return np.stack([matrix[int(row)] for row in rows])
    return matrix[place]


def is_tensor(value: Any) -> bool:
    """Whether this is a torch tensor; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _as_slice(rows: NDArray[np.intp]) -> Any:
    """Neighbouring rows as a slice, which copies nothing."""
    if rows.size and int(rows[-1]) - int(rows[0]) == rows.size - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _enough(rows: Rows) -> Rows:
    if rows.shape[0] < 3:
        raise InvalidInput(f"{rows.name} has n = {rows.shape[0]} rows; 3 or more are needed.")
    return rows


def _targets(
    labels: Any, shape: tuple[int, int], kind: str, ignored: int
) -> tuple[NDArray[Any], NDArray[np.intp] | None]:
    n, outputs = shape
    if is_tensor(labels):
        labels = labels.detach().cpu()
        labels = (labels.float() if labels.is_floating_point() else labels).numpy()
    y = load_array(labels, "labels")
    if y.dtype.kind not in "iuf" or not np.all(np.isfinite(y)):
        raise InvalidInput(f"labels must be finite numbers, got dtype = {y.dtype}.")
    if kind == "softmax" and y.size == n and y.shape != (n, 1):
        y = y.reshape(n)
        kept = np.flatnonzero(y != ignored) if y.dtype.kind in "iu" else None
        counted = y if kept is None or kept.size == n else y[kept]
        if y.dtype.kind == "f" or (
            counted.size and not 0 <= counted.min() <= counted.max() < outputs
        ):
            raise InvalidInput(
                f"labels (n,) for softmax are classes 0..{outputs - 1} as integers, got dtype ="
                f" {y.dtype}, range [{y.min()}, {y.max()}]. Padding is labelled {ignored}."
            )
        return y.astype(np.int64), None if kept is None or kept.size == n else kept
    fits = y.ndim == 1 if outputs == 1 else y.ndim > 1
    if y.size != n * outputs or not (fits or y.shape[-1] == outputs):
        raise InvalidInput(f"labels of shape {y.shape} do not fit logits of shape {shape}.")
    table = y.reshape(shape)
    if table.dtype.kind != "f":
        table = table.astype(np.float64)
    if kind != "squared" and (table.min() < 0 or table.max() > 1):
        raise InvalidInput(
            f"labels must be probabilities in [0, 1] for {kind}, got [{table.min()},"
            f" {table.max()}]."
        )
    # 1e-3: probabilities stored in half precision sum to 1 up to about that
    if kind == "softmax" and np.max(np.abs(table.sum(axis=1, dtype=np.float64) - 1.0)) > 1e-3:
        raise InvalidInput(
            "Rows of labels must sum to 1 for softmax: pass probabilities, not logits."
        )
    return table, None


def _refuse_probabilities(side: Rows) -> None:
    """Rows >= 0 that sum to 1: softmax of a softmax, nearly uniform whatever the model says."""
    few = take(side.matrix, np.arange(min(PROBABLE, side.shape[0])))
    if looks_like_probabilities(few):
        raise InvalidInput(
            f"{side.name} holds probabilities (rows >= 0 that sum to 1), not logits: pass the"
            f" logits, or np.log({side.name}), which are as good."
        )


def looks_like_probabilities(rows: NDArray[Any]) -> bool:
    """Whether every row is >= 0 and sums to 1, up to half precision."""
    if not rows.size or rows.shape[1] < 2 or rows.min() < 0.0:
        return False
    return bool(np.all(np.abs(rows.sum(axis=1, dtype=np.float64) - 1.0) <= 5e-3))
