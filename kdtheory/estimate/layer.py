"""The moments of a linear layer's gradients r_n a_n^T from its logits, without forming one.

The first pass over the logits sums all that the moments need.  The second one is for their errors:
centred products, one for each sample; from LARGE samples on, those of SHARE samples stand for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array
from kdtheory.estimate.layer_inputs import (
    GradientSum,
    Inputs,
    checked_sqnorm,
    inputs_of,
    rows_at_once,
)
from kdtheory.estimate.logit_rows import working_type
from kdtheory.estimate.moments import Moments, Scalars, from_scalars
from kdtheory.estimate.residuals import Residuals, row_products

LARGEST_LAYER = 1 << 26  # entries of a mean gradient: two of them are 1 GB, their last terms 0.5
# A standard error from 512 samples is known to 3 %, and the passes cost what they cost.
LARGE, SHARE = 2048, 512
# Centred products are differences of four raw ones here: their rounding is a few eps of the raw
# second moment.
ROUNDING = 16.0 * float(np.finfo(np.float64).eps)


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
        mean = both.astype(working_type(self.pair.student.matrix))
        for block in self.pair.scaled(chosen, least=rows_at_once(d)):
            (r, s), place = block.values, block.place
            a, b = self.inputs.scaled(block)
            # <G_n, g> = <r_n g, a_n>: summed over K first, so that nothing of (n, K) is made.  Both
            # means in one product: BLAS is ten times slower where d = 1.
            rg, rh, sg, sh = (
                row_products(half, inputs)
                for x, inputs in ((r @ mean, a), (s @ mean, b))
                for half in (x[:, :d], x[:, d:])
            )
            raw = self.products[:, places[place]]
            student[place] = raw[0] - 2 * rg
            product[place] = raw[1] - rh - sg
            teacher[place] = raw[2] - 2 * sh
            by_mean[place] = sh
            # <H_i, H_{i+1}>, centred below; a pair that straddles blocks uses ``last``.
            if last is not None:
                neighbours[place.start - 1] = float(last[0] @ s[0]) * float(last[1] @ b[0])
            products = row_products(s[:-1], s[1:]) * row_products(b[:-1], b[1:])
            neighbours[place.start : place.stop - 1] = products
            last = s[-1].copy(), b[-1].copy()
            along[place] = sh if isinstance(self.offset, float) else row_products(s, b @ shifted.T)
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
    g, h = GradientSum((k, d)), GradientSum((k, d))
    sqnorm, products = np.empty(n), np.empty((3, n))
    for block in pair.scaled(least=rows_at_once(d)):
        place, given = block.place, inputs.take(block.rows)
        for total, values, scaled in zip((g, h), block.values, inputs.scaled(block), strict=True):
            total.add(values, scaled)
        sqnorm[place] = row_products(given, given)
        products[:, place] = block.products * sqnorm[place]
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
    return Layer(
        pair,
        inputs,
        g.total() / n,
        h.total() / n,
        _offset(teacher_offset, (k, d)),
        sqnorm,
        products,
    )


def _offset(values: Any, shape: tuple[int, int]) -> Array | float:
    if values is None:
        return 0.0
    offset = np.asarray(values, dtype=np.float64)
    if offset.size != shape[0] * shape[1] or not np.all(np.isfinite(offset)):
        raise InvalidInput(
            f"teacher_offset must have shape {shape} (K, d), finite, got shape {offset.shape}."
        )
    return offset.reshape(shape)
