"""Residuals r(z) - y of logits, a few rows at a time and in place: an (n, K) array of half
precision is never copied whole.  Rows whose label is -100 are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.estimate.data import Array, Rows, is_tensor
from kdtheory.estimate.logit_rows import (
    fill,
    open_logits,
    refuse_probabilities,
    working_type,
)
from kdtheory.estimate.npy import load_array

LOSSES = ("auto", "softmax", "logistic", "squared")
IGNORED = -100  # the label that trainers give to padding
# Half a MB of float32 for each model: what is done to them happens in a core's own cache.
CACHED_ENTRIES = 1 << 17
# exp of logits up to here is summed, and squared and summed, in float32 without a shift.
UNSHIFTED = 30.0


@dataclass(frozen=True)
class RowBlock:
    """A few rows, whose residuals are ``values`` times ``factors``, one for each row: what is taken
    from them is scaled in the end, for a division is a pass over all entries.
    """

    place: slice  # among those that were asked for
    rows: NDArray[np.intp]  # in the arrays
    values: tuple[Array, Array]  # (m, K), student's and teacher's, until the next block only
    factors: Array  # (2, m)
    products: Array  # (3, m)  |r|^2, <r, s>, |s|^2


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

    def blocks(self) -> Iterator[tuple[slice, NDArray[np.intp], Array, Array]]:
        """(place among the rows that count, row in the arrays, student's residuals, teacher's), the
        last two until the next block only.
        """
        for block in self.scaled():
            for values, factors in zip(block.values, block.factors, strict=True):
                values *= factors[:, None]
            yield block.place, block.rows, *block.values

    def scaled(
        self, chosen: NDArray[np.intp] | None = None, *, least: int = 1
    ) -> Iterator[RowBlock]:
        """Blocks of ``least`` rows or more, but for the last one; chosen are places among the rows
        that count, all by default.
        """
        few = max(1, CACHED_ENTRIES // self.outputs)
        step = max(few, least)
        every = np.arange(self.student.shape[0]) if self.kept is None else self.kept
        every = every if chosen is None else every[chosen]
        sides = self.student, self.teacher
        size = (min(step, every.size), self.outputs)
        # Written over and over: fresh pages cost as much as the work.
        rooms = [np.empty(size, dtype=working_type(side.matrix)) for side in sides]
        for start in range(0, every.size, step):
            place = slice(start, min(start + step, every.size))
            rows = every[place]
            r, s = (room[: len(rows)] for room in rooms)
            factors, products = np.empty((2, len(rows))), np.empty((3, len(rows)))
            for first in range(0, len(rows), few):
                part = slice(first, first + few)
                pair = r[part], s[part]
                for side, values, found in zip(sides, pair, factors, strict=True):
                    found[part] = self._write(values, side, rows[part])
                for (i, j), found in zip(((0, 0), (0, 1), (1, 1)), products, strict=True):
                    found[part] = row_products(pair[i], pair[j])
                    found[part] *= factors[i, part] * factors[j, part]
            yield RowBlock(place, rows, (r, s), factors, products)
        for side in sides:
            side.check_unchanged()

    @np.errstate(invalid="ignore", over="ignore")  # NaN, told below
    def _write(self, z: Array, side: Rows, rows: NDArray[np.intp]) -> Array:
        """These rows' residuals in ``z``, up to the factors returned."""
        fill(z, side.matrix, rows)
        y, factors = self.targets[rows], np.ones(len(rows))
        if self.kind == "softmax" and y.ndim == 1:
            factors = _from_classes(z, y)
        elif self.kind == "softmax":
            z -= z.max(axis=1, keepdims=True)
            z /= _exp_and_sum(z)[:, None]
        elif self.kind == "logistic":  # sigmoid(z) = (1 + tanh(z/2))/2 never overflows
            z *= 0.5
            np.tanh(z, out=z)
            z += 1.0
            z *= 0.5
        # An infinite or missing logit leaves no entry of its row's softmax finite.
        if not np.isfinite((factors if y.ndim < z.ndim else z).sum()):
            raise InvalidInput(f"{side.name} must be finite: {side.locate_bad_entry()}.")
        if self.kind != "softmax" or y.ndim == 2:
            z -= y.reshape(z.shape)
        return factors


def _from_classes(z: Array, classes: NDArray[np.intp]) -> Array:
    """softmax less 1 at the row's class, up to the factors returned.  There p - 1 is minus the sum
    of the others: as a difference it would be rounding alone where the model is sure.
    """
    top = z.max(axis=1, keepdims=True)
    if not (top.min() >= 0.0 and top.max() <= UNSHIFTED):
        z -= top
    own = np.arange(len(z)), classes
    mine = np.exp(z[own])
    z[own] = -np.inf
    others = _exp_and_sum(z)
    z[own] = -others
    return np.asarray(1.0 / (others + mine), dtype=np.float64)


def _exp_and_sum(z: Array) -> Array:
    """exp in place, and the sums of the rows; torch is two to four times as fast in float32."""
    torch = sys.modules.get("torch")
    if torch is None or z.dtype != np.float32:
        return np.asarray(np.exp(z, out=z).sum(axis=1))
    wide = torch.from_numpy(z)
    return np.asarray(wide.exp_().sum(dim=1).numpy())


def row_products(u: Array, v: Array) -> Array:
    """<u_n, v_n> of each row; NumPy 2's own is faster by a third."""
    return np.asarray(np.vecdot(u, v) if hasattr(np, "vecdot") else np.einsum("ij,ij->i", u, v))


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
            refuse_probabilities(side)
    return Residuals(student, teacher, targets, kind, kept)


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
