"""lambda* of a linear layer from its logits and the squared norms |a_n|^2 of its inputs alone: what
the means g and h are is not known, and the interval allows for all that they could be.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.advice import LAYER, span
from kdtheory.estimate.criteria import Quadratic
from kdtheory.estimate.data import Array
from kdtheory.estimate.layer_inputs import checked_sqnorm
from kdtheory.estimate.moments import Moments, Scalars, from_scalars
from kdtheory.estimate.residuals import Residuals
from kdtheory.estimate.result import WeightEstimate, estimate

ProductsOfResiduals: TypeAlias = tuple[Array, Array, Array]


def norm_moments(norms: ProductsOfResiduals, known_bias: float | None) -> Moments:
    """Moments from products of residuals, both means taken to be 0 unless |h|^2 is known."""
    student, product, teacher = norms
    moments = from_scalars(
        Scalars(student, product, teacher, np.zeros_like(student), 0.0, 0.0, 0.0)
    )
    bias = known_bias or 0.0
    if bias > moments.variance:  # which is E|H|^2 here, since nothing was subtracted
        raise InvalidInput(
            f"teacher_bias_sq = {bias:.4g} exceeds E|H|^2 = {moments.variance:.4g}: Jensen forbids"
            " it. Check the units."
        )
    errors = moments.errors.copy()
    errors[3], errors[:, 3] = 0.0, 0.0
    return replace(moments, variance=moments.variance - bias, bias_sq=bias, errors=errors)


def residual_products(pair: Residuals, features_sqnorm: Any) -> ProductsOfResiduals:
    """|G_n|^2, <G_n, H_n>, |H_n|^2 from squared norms (n,), one pass over the logits."""
    sqnorm = checked_sqnorm(features_sqnorm, pair.student.shape[0])
    found = np.empty((3, pair.n))
    for block in pair.scaled():
        found[:, block.place] = block.products * sqnorm[block.rows]
    return found[0], found[1], found[2]


def without_features(
    rule: Quadratic, norms: ProductsOfResiduals, known_bias: float | None, confidence: float
) -> WeightEstimate:
    """The weight from squared norms, its interval widened by all that |g| and |h| could be."""
    if known_bias is not None and not (math.isfinite(known_bias) and known_bias >= 0):
        raise InvalidInput(
            f"teacher_bias_sq is a squared norm >= 0, got teacher_bias_sq = {known_bias}."
        )
    moments = norm_moments(norms, known_bias)
    bias, total = moments.bias_sq, moments.variance + moments.bias_sq
    found = estimate(rule, moments, confidence=confidence, subject=LAYER)
    # Jensen: |mean| <= mean of norms
    largest = [float(np.mean(np.sqrt(x))) ** 2 for x in (norms[0], norms[2])]
    bias_max = min(largest[1], total) if known_bias is None else bias
    denominator = total - bias + rule.bias_factor * bias
    cross = math.sqrt(largest[0] * bias_max) / denominator
    # Smallest possible denominator, in units of the one used.
    shrink = 1.0 - (bias_max - bias) / denominator
    low, high = found.low - cross, found.high + cross
    low = low if low >= 0 else (low / shrink if shrink > 0 else -math.inf)
    high = high if high <= 0 else (high / shrink if shrink > 0 else math.inf)
    hint = (
        ""
        if known_bias == 0
        else " (|h|² is bounded, not measured: pass features for a sharp interval)"
    )
    if low <= 0 <= high and not found.low <= 0 <= found.high:
        text = (
            f"λ = {found.weight:.3g} if student and teacher are stationary; else no gain is"
            f" certain{hint}."
        )
    else:
        text = (
            found.advice.replace(span(found.low, found.high), span(low, high)).rstrip(".")
            + hint
            + "."
        )
    return replace(found, low=low, high=high, advice=text)
