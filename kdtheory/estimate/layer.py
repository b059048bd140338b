"""The moments of a linear layer's gradients r_n a_n^T from its logits, without forming one.

The first pass over the logits sums all that the moments need.  The second one is for their errors:
centred products, one for each sample; from LARGE samples on, those of SHARE samples stand for all.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array, Rows
from kdtheory.estimate.moments import Moments, Scalars, from_scalars
from kdtheory.estimate.npy import load_array
from kdtheory.estimate.residuals import Residuals, open_logits, take

LARGEST_LAYER = 1 << 26  # entries of a mean gradient: two of them are 1 GB
# A standard error from 512 samples is known to 3 %, and the passes cost what they cost.
LARGE, SHARE = 2048, 512
# Centred products are differences of four raw ones here: their rounding is a few eps of the raw
# second moment.
ROUNDING = 16.0 * float(np.finfo(np.float64).eps)


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


@dataclass(frozen=True)
class Layer:
    """What the first pass leaves: means (K, d) and raw products (n,)."""

    pair: Residuals
    inputs: Inputs
    g: Array
    h: Array
    offset: Array | float  # added to every teacher gradient
    sqnorm: Array  # (n,)
    products: Array  # (3, n): |G_n|^2, <G_n, H_n>, |H_n|^2

    def moments(self) -> Moments:
        """Unbiased moments and the covariance of their errors."""
        n = self.pair.n
        if n <= LARGE:
            return from_scalars(self._centred(None))
        seen = from_scalars(self._centred(np.linspace(0, n - 1, SHARE).round().astype(np.intp)))
        return self._summed(seen, n)

    def _summed(self, seen: Moments, n: int) -> Moments:
        """The moments from sums over all samples, with the errors that ``seen`` has, scaled."""
        gg, gh, hh = self._means()
        raw = self.products.sum(axis=1)
        sigma_sq, covariance, variance = (
            float(total - n * mean) / (n - 1) for total, mean in zip(raw, (gg, gh, hh), strict=True)
        )
        sigma_sq, variance = max(sigma_sq, 0.0), max(variance, 0.0)
        if variance <= ROUNDING * (hh + variance):
            variance, covariance = 0.0, 0.0
        if sigma_sq <= ROUNDING * (gg + sigma_sq):
            sigma_sq, covariance = 0.0, 0.0
        shifted = self.h + self.offset
        return replace(
            seen,
            sigma_sq=sigma_sq,
            covariance=covariance,
            variance=variance,
            bias_sq=float(np.vdot(shifted, shifted)) - variance / n,
            student_sq=gg - sigma_sq / n,
            cross=float(np.vdot(self.g, shifted)) - covariance / n,
            errors=seen.errors * (SHARE / n),
            n=float(n),
        )

    def _means(self) -> tuple[float, float, float]:
        return (
            float(np.vdot(self.g, self.g)),
            float(np.vdot(self.g, self.h)),
            float(np.vdot(self.h, self.h)),
        )

    def _centred(self, chosen: NDArray[np.intp] | None) -> Scalars:
        """Centred products of the chosen samples (all: None) about the means of all of them."""
        g, h, d = self.g, self.h, self.inputs.width
        shifted = h + self.offset
        places = np.arange(self.pair.n) if chosen is None else chosen
        count = places.size
        student, product, teacher, along, by_mean = np.empty((5, count))
        neighbours = np.zeros(count - 1)
        last: tuple[Array, Array] | None = None
        both = np.hstack([g, h])
        for place, rows, r, s in self.pair.blocks(chosen):
            block = self.inputs.take(rows)
            # <G_n, g> = <r_n g, a_n>: summed over K first, so that nothing of (n, K) is made.  Both
            # means in one product: BLAS is ten times slower where d = 1.
            mean = both.astype(r.dtype)
            rg, rh, sg, sh = (
                _dot(half, block) for x in (r @ mean, s @ mean) for half in (x[:, :d], x[:, d:])
            )
            raw = self.products[:, places[place]]
            student[place] = raw[0] - 2 * rg
            product[place] = raw[1] - rh - sg
            teacher[place] = raw[2] - 2 * sh
            by_mean[place] = sh
            # <H_i, H_{i+1}>, centred below; a pair that straddles blocks uses ``last``.
            if last is not None:
                neighbours[place.start - 1] = float(last[0] @ s[0]) * float(last[1] @ block[0])
            products = _dot(s[:-1], s[1:]) * _dot(block[:-1], block[1:])
            neighbours[place.start : place.stop - 1] = products
            last = s[-1].copy(), block[-1].copy()
            along[place] = sh if isinstance(self.offset, float) else _dot(s, block @ shifted.T)
        gg, gh, hh = self._means()
        neighbours += hh - by_mean[:-1] - by_mean[1:]
        return Scalars(
            np.maximum(student + gg, 0.0),
            product + gh,
            np.maximum(teacher + hh, 0.0),
            along - float(np.vdot(h, shifted)),
            gg,
            float(np.vdot(g, shifted)),
            float(np.vdot(shifted, shifted)),
            float(np.mean(neighbours**2)),
            ROUNDING,
        )


def read_layer(
    pair: Residuals, features: Any, features_sqnorm: Any = None, teacher_offset: Any = None
) -> Layer:
    """The first pass.  Without features: the layer's offset, whose gradient is r_n.

    Raises InvalidInput.
    """
    inputs = inputs_of(features, pair)
    n, k, d = pair.n, pair.outputs, inputs.width
    if k * d > LARGEST_LAYER:
        raise InvalidInput(
            f"The mean gradient of this layer has K d = {k} x {d} = {k * d:.3g} entries, more than"
            f" {LARGEST_LAYER:.3g}. Pass fewer features: features @ signs / 8 with signs (d, 64) of"
            " random -1 and 1 keeps every inner product up to sqrt(2/64) of its size; or leave"
            " features out, for the layer's offset alone."
        )
    g, h, sqnorm, products = np.zeros((k, d)), np.zeros((k, d)), np.empty(n), np.empty((3, n))
    for place, rows, r, s in pair.blocks():
        block = inputs.take(rows)
        narrow = block.astype(r.dtype)
        g += r.T @ narrow
        h += s.T @ narrow
        sqnorm[place] = _dot(block, block)
        for row, (one, other) in enumerate(((r, r), (r, s), (s, s))):
            products[row, place] = _dot(one, other) * sqnorm[place]
    inputs.rows.check_unchanged()
    if not np.all(np.isfinite(sqnorm)):
        bad = inputs.rows.locate_bad_entry()
        raise InvalidInput(f"features must be finite and squarable: {bad}.")
    if features_sqnorm is not None and not np.allclose(
        sqnorm, checked_sqnorm(features_sqnorm, n), rtol=1e-3
    ):
        raise InvalidInput(
            "features_sqnorm differs from the squared row norms of features by more than 0.1 %."
            " Pass one of them."
        )
    return Layer(pair, inputs, g / n, h / n, _offset(teacher_offset, (k, d)), sqnorm, products)


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


def _offset(values: Any, shape: tuple[int, int]) -> Array | float:
    if values is None:
        return 0.0
    offset = np.asarray(values, dtype=np.float64)
    if offset.size != shape[0] * shape[1] or not np.all(np.isfinite(offset)):
        raise InvalidInput(
            f"teacher_offset must have shape {shape} (K, d), finite, got shape {offset.shape}."
        )
    return offset.reshape(shape)


def _dot(u: Array, v: Array) -> Array:
    # NumPy 2's own is faster by a third.
    return np.asarray(np.vecdot(u, v) if hasattr(np, "vecdot") else np.einsum("ij,ij->i", u, v))
