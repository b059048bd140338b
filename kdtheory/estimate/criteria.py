"""What a weight is optimal for: each criterion is a function of the weight, convex by pieces, given
the four moments.

All are functions of the bias k = |lambda||h| and the noise a, a^2 = E|S - lambda H'|^2 / B, so the
optimum lies between 0 and E<S,H>/V, and so does the search for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

from kdtheory.algebra.envelope import noise_sq
from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array


class Criterion(Protocol):
    """A convex function of the weight; ``moments`` is (sigma_sq, covariance, variance, bias_sq)."""

    @property
    def name(self) -> str:
        """A key that ``make_criterion`` knows."""

    @property
    def unbiased(self) -> bool:
        """Whether the update adds lambda h back, so that no bias is left to count."""

    @property
    def cautious(self) -> bool:
        """Whether what is not known about |h|^2 is charged too, V over the number of samples."""

    def value(self, weight: float, moments: Array) -> float:
        """The bound's noise term, up to a factor that does not depend on the weight."""

    def slope(self, weight: float, moments: Array) -> float:
        """Its derivative in the weight; at 0 the one towards the sign of the covariance."""

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """Intervals from 0 to ``end``, on each of which the slope changes sign at most once."""


@dataclass(frozen=True)
class Quadratic:
    """N(lambda; kappa) = E|S - lambda H'|^2 + lambda^2 m |h|^2 with m = B(1 + kappa), 0 for
    unbiased distillation.
    """

    name: str
    bias_factor: float
    unbiased: bool = False
    cautious: bool = False

    def value(self, weight: float, moments: Array) -> float:
        """B N(lambda; kappa), with N as in the theory's section 4."""
        sigma_sq, covariance, variance, bias_sq = moments
        charged = variance + self.bias_factor * bias_sq
        return float(noise_sq(weight, sigma_sq=sigma_sq, covariance=covariance, variance=charged))

    def slope(self, weight: float, moments: Array) -> float:
        """Half the derivative: lambda (V + m|h|^2) - E<S,H>."""
        _, covariance, variance, bias_sq = moments
        return float(weight * (variance + self.bias_factor * bias_sq) - covariance)

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """Convex: one piece."""
        return [(0.0, end)]


def norms(weight: float, moments: Array, batch_size: int) -> tuple[float, float, float, float]:
    """k = |lambda||h|, a = sqrt(E|S - lambda H'|^2/B), and their derivatives in the weight.

    At 0 the derivative of k is that towards the sign of the covariance.
    """
    sigma_sq, covariance, variance, bias_sq = moments
    noise = noise_sq(weight, sigma_sq=sigma_sq, covariance=covariance, variance=variance)
    a = math.sqrt(max(noise, 0.0) / batch_size)
    # a is a norm: where it vanishes (teacher and student noise collinear) its smallest subgradient
    # is 0.
    a_slope = (weight * variance - covariance) / (batch_size * a) if a > 0 else 0.0
    size = math.sqrt(bias_sq)
    return abs(weight) * size, a, math.copysign(size, weight if weight else covariance), a_slope


def minimise(criterion: Criterion, moments: Array) -> float:
    """The weight with the smallest value, by the sign of the slope between 0 and E<S,H>/V.

    Raises InvalidInput where every weight is equally good (a teacher with neither noise nor bias).
    """
    _, covariance, variance, bias_sq = (float(x) for x in moments)
    if isinstance(criterion, Quadratic):
        denominator = variance + criterion.bias_factor * bias_sq
        if denominator > 0:
            return covariance / denominator
        raise _no_teacher(criterion.name)
    if variance <= 0:
        if bias_sq > 0:
            return 0.0
        raise _no_teacher(criterion.name)
    end = covariance / variance
    found = [_bisect(criterion, moments, *piece) for piece in criterion.pieces(moments, end)]
    return min(found, key=lambda weight: criterion.value(weight, moments))


def _bisect(criterion: Criterion, moments: Array, start: float, end: float) -> float:
    sign = math.copysign(1.0, end)
    # k = |lambda||h| has a kink at 0, which makes 0 itself optimal for a teacher with more bias
    # than use.
    if end == start or sign * criterion.slope(start, moments) >= 0:
        return start
    low, high = start, end
    # The interval halves: at most 53 halvings past the first until neighbours meet.
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if sign * criterion.slope(middle, moments) < 0:
            low = middle
        else:
            high = middle
    return high


def _no_teacher(name: str) -> InvalidInput:
    return InvalidInput(
        f"criterion {name!r}: the teacher's gradient is the same on every sample (V = 0), so no"
        " weight is better than another: distilling subtracts nothing. The teacher interpolates"
        " the data (add ridge or weight decay to keep its residuals), or the file holds copies of"
        " one row. Check teacher_gradients[0] against teacher_gradients[1]."
    )
