"""Rows of logits as people have them: arrays or torch tensors of any float type, (n, K) or
(B, T, K), or .npy files; read a few at a time in the precision that is worked in.

Half precision is worked on in float32 (its own rounding, 5e-4, is a thousand times larger), all
else in float64.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array, Rows, is_tensor, open_rows
from kdtheory.estimate.npy import NpyFile
from kdtheory.estimate.topk import TopK

PROBABLE = 64  # rows looked at for probabilities given as logits


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


def working_type(matrix: Any) -> type[np.floating[Any]]:
    """float32 for half precision, else float64."""
    half = isinstance(matrix, HalfRows) or matrix.dtype == np.float16
    return np.float32 if half else np.float64


def take(matrix: Any, rows: NDArray[np.intp]) -> Array:
    """A fresh block of rows in the precision that is worked in."""
    out: Array = np.empty((len(rows), *matrix.shape[1:]), dtype=working_type(matrix))
    fill(out, matrix, rows)
    return out


def fill(out: NDArray[Any], matrix: Any, rows: NDArray[np.intp]) -> None:
    """These rows, written into ``out``."""
    block = _raw(matrix, rows)
    torch = sys.modules.get("torch")
    if isinstance(block, np.ndarray) and not (
        # torch converts seven times as fast as NumPy, and takes no reversed or read-only arrays
        torch is not None and block.dtype == np.float16 and block.flags.carray
    ):
        np.copyto(out, block, casting="same_kind")
        return
    assert torch is not None
    half = torch.from_numpy(block) if isinstance(block, np.ndarray) else block
    torch.from_numpy(out).copy_(half)


def _raw(matrix: Any, rows: NDArray[np.intp]) -> Any:
    """Rows as they are stored: neighbours as a slice, which copies nothing."""
    place = _as_slice(rows)
    if isinstance(matrix, HalfRows):
        return matrix.tensor[place]
    if isinstance(matrix, NpyFile) and not isinstance(place, slice):
        return np.stack([matrix[int(row)] for row in rows])
    return matrix[place]


def _as_slice(rows: NDArray[np.intp]) -> Any:
    """Neighbouring rows as a slice, which copies nothing."""
    if rows.size and int(rows[-1]) - int(rows[0]) == rows.size - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows


def _enough(rows: Rows) -> Rows:
    if rows.shape[0] < 3:
        raise InvalidInput(f"{rows.name} has n = {rows.shape[0]} rows; 3 or more are needed.")
    return rows


def refuse_probabilities(side: Rows) -> None:
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
