"""Rows of numbers from an array or a .npy file: checked once, never unpickled, read in float64
chunks.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.npy import NpyFile, open_npy

Array = NDArray[np.float64]
# 2 MB of float64 per array: two chunks and their products stay in a laptop's cache.
CHUNK_ENTRIES = 1 << 18


class Blocks(Protocol):
    """What is read by rows and is neither an array nor a file."""

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, d)."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows as they are read."""

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        """Some rows."""


@dataclass(frozen=True)
class Rows:
    """A matrix of shape (n, d) whose rows are samples; ``chunks`` is the only way to its
    entries.
    """

    name: str
    matrix: NDArray[Any] | NpyFile | Blocks

    @property
    def shape(self) -> tuple[int, int]:
        """(n, d)."""
        return self.matrix.shape[0], self.matrix.shape[1]

    def chunks(self, entries: int | None = None) -> Iterator[tuple[slice, Array]]:
        """Pairs (rows, float64 copy of these rows), at most ``entries`` entries or one row at a
        time.
        """
        n, d = self.shape
        step = max(1, (entries or CHUNK_ENTRIES) // max(d, 1))
        for start in range(0, n, step):
            rows = slice(start, min(start + step, n))
            yield rows, np.asarray(self.matrix[rows], dtype=np.float64)

    def check_unchanged(self) -> None:
        """Raise InvalidInput if the rows come from a file that changed since it was opened."""
        if isinstance(self.matrix, NpyFile):
            self.matrix.check_unchanged()

    def locate_bad_entry(self) -> str:
        """Where the first NaN or infinity stands, for the error message."""
        for rows, block in self.chunks():
            bad = np.argwhere(~np.isfinite(block))
            if bad.size:
                row, column = (int(k) for k in bad[0])
                return f"{self.name}[{rows.start + row}, {column}] = {block[row, column]}"
        return f"a sum over {self.name} overflows float64"


def open_rows(source: Any, name: str, *, minimum_rows: int = 1, column: bool = False) -> Rows:
    """Rows of an array (n, d), or of the .npy file at a path (read by blocks, pickles refused).

    ``column`` accepts shape (n,) as (n, 1).  Integer, half and single precision are accepted and
    accumulated in float64. Raises InvalidInput for object, complex, boolean or structured arrays,
    for any shape but (n, d) with d >= 1, for fewer rows than ``minimum_rows`` and for a file that
    is missing, truncated or not .npy.
    """
    if isinstance(source, np.ma.MaskedArray) and np.ma.is_masked(source):
        raise InvalidInput(f"{name} has masked entries: drop the samples that have them.")
    if is_tensor(source):
        source = source.detach().cpu()
        half = source.is_floating_point() and source.element_size() < 4  # NumPy has no bfloat16
        source = (source.float() if half else source).numpy()
    from_file = isinstance(source, (str, os.PathLike))
    matrix: NDArray[Any] | NpyFile = (
        open_npy(Path(source), name) if from_file else np.asanyarray(source)
    )
    if matrix.dtype.kind not in "iuf":
        raise InvalidInput(
            f"{name} must hold real numbers, got dtype = {matrix.dtype}. Object arrays are refused"
            " (reading them would run code); save integers or floats, e.g. np.save(path,"
            " gradients.astype(np.float32))."
        )
    if column and matrix.ndim == 1:
        matrix = np.asarray(matrix)[:, None]
    if matrix.ndim != 2 or matrix.shape[1] == 0:
        raise InvalidInput(
            f"{name} must have shape (n, d): one row per sample, d >= 1; got shape {matrix.shape}. "
            "Flatten parameters with reshape(n, -1); for one parameter use reshape(-1, 1)."
        )
    if matrix.shape[0] < minimum_rows:
        raise InvalidInput(
            f"{name} has n = {matrix.shape[0]} samples; a variance with an interval needs n >="
            f" {minimum_rows}. Pass per-sample gradients, not their mean; 200 samples or more give"
            " useful intervals."
        )
    return Rows(name, matrix)


def is_tensor(value: Any) -> bool:
    """Whether this is a torch tensor; torch is not loaded for it."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def same_shape(student: Rows, teacher: Rows) -> None:
    """Raise InvalidInput unless both matrices have the same (n, d)."""
    if student.shape != teacher.shape:
        raise InvalidInput(
            f"{student.name} and {teacher.name} must have the same shape (n, d): row i of both is"
            f" sample i; got {student.shape} and {teacher.shape}. A teacher of another size has no"
            " gradient in the student's coordinates: use lambda_star_from_logits."
        )


LOOKED_AT, UPWARDS, ONE_CLASS = 256, 0.75, 0.9


def refuse_logits(student: Rows, teacher: Rows) -> None:
    """Raise InvalidInput where gradients look like outputs of classifiers, or do not match.

    Probabilities (rows >= 0 that sum to 1) and log-probabilities (rows <= 0 whose exponentials do)
    are certain.  Logits are likely where, measured from each coordinate's median, the entry of
    largest modulus is a positive one in three rows of four of either model, and both models agree
    where: a class stands out upwards.  Gradients whose noise is symmetric, whatever their mean and
    tails, have a fair coin there: refused are fewer than 4 in a million (Hoeffding, exp(-12.5)).
    Nor are those of one output of a linear model, r_n a_n and s_n a_n, whatever their sign.  Others
    whose noise is skewed upwards may be, and are helped by the way out; no test could do better,
    for any array whatever holds the gradients of some sum.  Noticed were, of ten classes' logits,
    67 to 100 % from 100 rows and 87 to 100 % from 256 (networks of several lengths of training,
    digits); few of fewer than 50 rows, of three classes, or of models that disagree in half.
    """
    same_shape(student, teacher)
    if student.shape[1] < 3:
        return
    rows = slice(0, min(LOOKED_AT, student.shape[0]))
    pair = [np.asarray(side.matrix[rows], dtype=np.float64) for side in (student, teacher)]
    if len(pair[0]) < 20 or not all(np.all(np.isfinite(one)) for one in pair):
        return
    found = [_kind_of_output(one) for one in pair]
    winners = [one.argmax(axis=1) for one in pair]
    most = np.unique(winners[0], return_counts=True)[1].max() / len(winners[0])
    agree = float(np.mean(winners[0] == winners[1]))
    kind = found[0] if found[0] == found[1] else ""
    if kind == "logits" and (most > ONE_CLASS or agree <= 0.5 or _one_direction_a_row(*pair)):
        kind = ""
    if kind:
        raise InvalidInput(
            f"{student.name} and {teacher.name} look like {kind} (n, K), not like gradients: the"
            " weight would be wrong without a word. For logits use lambda_star_from_logits with"
            " labels and features (--logits on the command line). Gradients that look so by chance"
            " can be told apart by a change of sign of the same coordinate in both files, which"
            " changes no weight."
        )


def _kind_of_output(rows: Array) -> str:
    if rows.min() >= 0.0 and np.all(np.abs(rows.sum(axis=1) - 1.0) < 5e-3):
        return "probabilities"
    if rows.max() <= 0.0 and np.all(np.abs(np.exp(rows).sum(axis=1) - 1.0) < 5e-3):
        return "log-probabilities"
    centred = rows - np.median(rows, axis=0)
    upwards = float(np.mean(centred.max(axis=1) > -centred.min(axis=1)))
    return "logits" if upwards > max(UPWARDS, 0.5 + 2.5 / math.sqrt(len(rows))) else ""


def _one_direction_a_row(student: Array, teacher: Array) -> bool:
    """Whether the rows are parallel up to half precision, by factors that differ: two models'
    logits are not.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        products, mine, theirs = (
            np.einsum("ij,ij->i", *pair)
            for pair in ((student, teacher), (student, student), (teacher, teacher))
        )
        # Half precision turns a row by 5e-4 at most, and 1 - cos^2 is the square of that.
        parallel = products**2 >= (1.0 - 1e-6) * mine * theirs
        factors = products[mine > 0.0] / mine[mine > 0.0]
    return bool(np.all(parallel) and np.ptp(factors) > 1e-2 * np.abs(factors).max())
