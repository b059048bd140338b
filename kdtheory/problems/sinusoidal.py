"""A non-convex finite sum that satisfies PL: the test bed of Theorem 2 beyond convexity."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.asked import of_a_point
from kdtheory.problems.base import Array, frozen_array
from kdtheory.problems.constants import Constant, Constants
from kdtheory.problems.written import Written

# phi'(t)^2 >= 2 mu phi(t) holds for phi(t) = t^2 + 3 sin^2 t with mu = 0.175: the least quotient is
# 0.17553 near t = 2.20 (proved by ball arithmetic in tests/test_bounds.py).  phi'' = 2 + 6 cos 2t
# lies in [-4, 8], with 8 at the minimiser.
PHI_MU = 0.175
PHI_L = 8.0

# Means over N float64 numbers carry about N * eps of rounding: far above it, far below any misuse.
MEANS = 1e-9
INDEPENDENT = 1e-10  # of the largest eigenvalue, which is what rounding of U U^T is measured in


def phi(t: Array) -> Array:
    """t^2 + 3 sin^2 t."""
    return t**2 + 3.0 * np.sin(t) ** 2


def phi_slope(t: Array) -> Array:
    """Its derivative, 2t + 3 sin 2t."""
    return 2.0 * t + 3.0 * np.sin(2.0 * t)


class SinusoidalSum(Written):
    """f_n(x) = weights_n sum_j phi(u_j.x) + shifts_n.x with phi(t) = t^2 + 3 sin^2 t; f = sum_j
    phi(u_j.x).

    Args:
        directions: (m, d), the rows u_j, linearly independent (that is what makes f PL).
        weights: (N,), mean 1.
        shifts: (N, d), mean 0.

    Raises:
        InvalidInput: shapes, non-finite entries, means other than 1 and 0 (to 1e-9 relative),
            dependent directions.

    >>> import kdtheory as kd
    >>> made = kd.SinusoidalSum([[1.0]], [0.5, 1.5], [[1.0], [-1.0]])
    >>> float(made.constants.Lcal), made.minimum
    (10.0, 0.0)
    """

    def __init__(self, directions: ArrayLike, weights: ArrayLike, shifts: ArrayLike) -> None:
        """See the class."""
        self.directions = frozen_array(directions, "directions", ndim=2)
        self.weights = frozen_array(weights, "weights", ndim=1)
        self.shifts = frozen_array(shifts, "shifts", ndim=2)
        if self.shifts.shape != (len(self.weights), self.directions.shape[1]):
            raise InvalidInput(
                f"shifts must have shape (N, d) = {(len(self.weights), self.directions.shape[1])}"
                f" to fit weights and directions, got {self.shifts.shape}."
            )
        if abs(self.weights.mean() - 1.0) > MEANS * max(1.0, float(np.abs(self.weights).max())):
            raise InvalidInput(
                f"weights must have mean 1, got {self.weights.mean()}. Divide them by their mean."
            )
        if np.abs(self.shifts.mean(axis=0)).max() > MEANS * max(
            1.0, float(np.abs(self.shifts).max())
        ):
            raise InvalidInput(
                f"shifts must have mean 0, got {self.shifts.mean(axis=0)}. Subtract their mean."
            )
        spectrum = np.linalg.eigvalsh(self.directions @ self.directions.T)
        if spectrum[0] <= INDEPENDENT * spectrum[-1]:
            raise InvalidInput(
                "directions must be linearly independent (at most d rows): smallest eigenvalue of"
                f" U U^T is {spectrum[0]:.3g}, largest {spectrum[-1]:.3g}. Without that f need not"
                " satisfy PL."
            )
        self._spectrum = (float(spectrum[0]), float(spectrum[-1]))

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Directions, weights and shifts."""
        return (self.directions, self.weights, self.shifts), {}

    @property
    def n_terms(self) -> int:
        """Number of terms N."""
        return len(self.weights)

    @property
    def dim(self) -> int:
        """Dimension d."""
        return int(self.directions.shape[1])

    @cached_property
    def minimiser(self) -> Array:
        """x* = 0 (any x with u_j.x = 0 for all j is one; this is the shortest)."""
        zero = np.zeros(self.dim)
        zero.flags.writeable = False
        return zero

    @property
    def minimum(self) -> float:
        """f* = 0."""
        return 0.0

    def values(self, points: Array) -> Array:
        """f at every row of ``points`` (R, d), as (R,)."""
        return phi(points @ self.directions.T).sum(axis=1)

    @of_a_point
    def value(self, x: Array) -> float:
        """f(x)."""
        return float(self.values(x[None, :])[0])

    def _full(self, points: Array) -> Array:
        return phi_slope(points @ self.directions.T) @ self.directions

    @of_a_point
    def gradient(self, x: Array) -> Array:
        """The full gradient at x, (d,)."""
        return self._full(x[None, :])[0]

    @of_a_point
    def gradients(self, x: Array) -> Array:
        """Every term's gradient at x, (N, d)."""
        return self.weights[:, None] * self.gradient(x) + self.shifts

    def sampled_gradients(self, points: Array, indices: np.ndarray) -> Array:
        """Mean gradient over each row's indices (R, B) at each row of ``points`` (R, d), as (R,
        d).
        """
        return self.weights[indices].mean(axis=1)[:, None] * self._full(points) + self.shifts[
            indices
        ].mean(axis=1)

    @property
    def term_curvature(self) -> tuple[float, float]:
        """Bounds on the Hessian of every single f_n, at any point: weights times phi'' in [-4, 8]
        times |U|^2.
        """
        size = float(np.abs(self.weights).max()) * self._spectrum[1]
        return (-4.0 if self.weights.min() >= 0.0 else -PHI_L) * size, PHI_L * size

    @cached_property
    def constants(self) -> Constants:
        """L and Lcal exact (attained at 0); mu_pl a valid bound; not strongly convex."""
        low, high = self._spectrum
        smooth = PHI_L * high
        return Constants(
            mu=Constant(0.0, exact=True, why="f is not convex"),
            mu_pl=Constant(
                PHI_MU * low,
                exact=False,
                why="phi'^2 >= 2 mu phi with mu = 0.175, times the smallest eigenvalue of U U^T",
            ),
            L=Constant(
                smooth,
                exact=True,
                why="phi'' <= 8 with equality at 0, times the largest eigenvalue of U U^T",
            ),
            Lcal=Constant(
                smooth * float((self.weights**2).mean()),
                exact=True,
                why="G - S = w grad f, so Lcal = L E w^2",
            ),
            sigma_star_sq=Constant(
                float((self.shifts**2).sum() / self.n_terms), exact=True, why="mean over the shifts"
            ),
        )
