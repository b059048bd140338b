"""The inputs a_n of a linear layer, and sums of its gradients r_n a_n^T over blocks of rows."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array, Rows
from kdtheory.estimate.logit_rows import open_logits, take
from kdtheory.estimate.npy import load_array
from kdtheory.estimate.residuals import Residuals, RowBlock

ENOUGH_ROWS = 64  # in one product: more cost no less each


@dataclass(frozen=True)
class Inputs:
    """The layer's inputs, (n, d), read with the logits' rows."""

    rows: Rows

    @property
    def width(self) -> int:
        """d."""
        return self.rows.shape[1]

    def take(self, rows: NDArray[np.intp]) -> Array:
        """These rows in float64."""
        return take(self.rows.matrix, rows).astype(np.float64, copy=False)

    def scaled(self, block: RowBlock) -> tuple[Array, Array]:
        """Those of a block's rows times the factors of its residuals, student's and teacher's."""
        inputs = self.take(block.rows)
        return inputs * block.factors[0][:, None], inputs * block.factors[1][:, None]


def rows_at_once(d: int) -> int:
    """Of the products with inputs (n, d): few enough for the cache, many for a wide layer, whose
    mean gradient is read and written once for each block.
    """
    return min(max(d, 4), ENOUGH_ROWS)


class GradientSum:
    """The sum of r_n a_n^T (K, d) in float64, ENOUGH_ROWS terms at a time in the precision of r: a
    product that adds to what is there makes nothing new of this size.
    """

    def __init__(self, shape: tuple[int, int]) -> None:
        self._total = np.zeros(shape)
        self._last: Array | None = None
        self._terms = 0

    def add(self, r: Array, inputs: Array) -> None:
        """The terms of these rows, (m, K) and (m, d)."""
        from scipy.linalg.blas import get_blas_funcs

        if self._last is None:
            self._last = np.zeros(self._total.shape, dtype=r.dtype, order="F")
        gemm = get_blas_funcs("gemm", dtype=r.dtype)
        self._last = gemm(1.0, r.T, inputs, beta=1.0, c=self._last, overwrite_c=True)
        self._terms += len(r)
        if self._terms >= ENOUGH_ROWS:
            self.total()

    def total(self) -> Array:
        """Of all rows so far."""
        if self._last is not None:
            self._total += self._last
            self._last[:] = 0.0
        self._terms = 0
        return self._total


def checked_sqnorm(values: Any, n: int) -> Array:
    """Squared norms (n,), array or .npy path. Raises InvalidInput."""
    given = load_array(values, "features_sqnorm")
    if given.dtype.kind not in "iuf":
        raise InvalidInput(f"features_sqnorm must hold real numbers, got dtype = {given.dtype}.")
    sq = np.asarray(given, dtype=np.float64)
    if sq.shape != (n,) or not np.all(np.isfinite(sq)) or np.any(sq < 0):
        raise InvalidInput(
            f"features_sqnorm must be (n,) = ({n},) finite squared norms >= 0, got shape"
            f" {sq.shape}, smallest {sq.min(initial=math.inf):.6g}."
        )
    return sq


def inputs_of(features: Any, pair: Residuals) -> Inputs:
    """The layer's inputs, one row for each row of logits; None: ones, its offset's.

    Raises InvalidInput.
    """
    n = pair.student.shape[0]
    if features is None:
        return Inputs(Rows("features", np.ones((n, 1))))
    inputs = open_logits(features, "features")
    if inputs.shape[0] != n:
        raise InvalidInput(
            f"features must have one row per sample, n = {n}, got shape {inputs.shape}."
        )
    return Inputs(inputs)
