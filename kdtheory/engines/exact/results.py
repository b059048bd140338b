"""What the exact engine returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array


@dataclass(frozen=True)
class Expectation:
    """``sq_distance`` E|x - x*|^2 and ``gap`` E f(x) - f*."""

    sq_distance: float
    gap: float


@dataclass(frozen=True)
class Stationary(Expectation):
    """The limit as t grows, with the rate and the error of its computation.

    ``spectral_radius`` of the second-moment map: below 1, mean-square stable, and the limit is
    reached like radius^t; 1 - radius is known to about 1e-13.  ``error``: the residual of the solve
    over (1 - largest Ritz value), relative to each number and the larger of the two: a bound on the
    distance to the exact solution of the float data, up to rounding and to the accuracy of that
    Ritz value.
    """

    spectral_radius: float
    error: float


@dataclass(frozen=True)
class Curve:
    """The same at times ``steps`` (T,), arrays (T,)."""

    steps: np.ndarray
    sq_distance: Array
    gap: Array


@dataclass(frozen=True)
class WeightCurves:
    """E|x^t - x*|^2 = c_0 + c_1 lam + c_2 lam^2 at times ``steps`` (T,): rows (c_0, c_1, c_2), (T,
    3), and the same for the gap."""

    steps: np.ndarray
    sq_distance: Array
    gap: Array

    def at(self, weight: float) -> Curve:
        """The curve of one weight lam."""
        powers = np.array([1.0, weight, weight * weight])
        return Curve(self.steps, self.sq_distance @ powers, self.gap @ powers)

    def sweep(self, weights: ArrayLike, *, quantity: str = "sq_distance") -> Array:
        """All times (T,) and all ``weights`` (W,) at once, (T, W)."""
        lam = np.asarray(weights, dtype=np.float64)
        return np.asarray(self._rows(quantity) @ np.stack([np.ones_like(lam), lam, lam * lam]))

    def best(self, *, quantity: str = "sq_distance") -> Array:
        """lam(t), the weight that minimises the true error at each time, (T,); nan where no weight
        changes it (t = 0)."""
        _, slope, square = self._rows(quantity).T
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(square > 0.0, -slope / (2.0 * square), np.nan)

    def _rows(self, quantity: str) -> Array:
        if quantity not in ("sq_distance", "gap"):
            raise InvalidInput(f"quantity must be 'sq_distance' or 'gap', got {quantity!r}.")
        return self.sq_distance if quantity == "sq_distance" else self.gap
