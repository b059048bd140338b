"""What a teacher is worth, seen from the optimum: the moments of S = grad f_xi(x*) and H = grad
f_xi(theta).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, axes_of, dimension, frozen_array, point
from kdtheory.problems.memory import remembered


@dataclass(frozen=True)
class TeacherStatistics:
    """Second moments at a teacher theta (theory, Section 1); units of f, of f/x squared, or none.

    ``gap`` f(theta) - f*; ``bias_sq`` |h|^2; ``variance`` V = E|H-h|^2; ``covariance`` E<S,H>;
    ``sigma_star_sq`` E|S|^2; ``distance_sq`` |theta - x*|^2.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> found = kd.teacher_statistics(problem, [1.0])
    >>> found.rho <= 1.0
    True
    """

    gap: float
    bias_sq: float
    variance: float
    covariance: float
    sigma_star_sq: float
    distance_sq: float

    @property
    def rho(self) -> float:
        """Correlation of S and H, in [-1, 1]; 0 when one of them does not vary."""
        product = self.sigma_star_sq * self.variance
        if product == 0.0:
            return 0.0
        return min(1.0, max(-1.0, self.covariance / math.sqrt(product)))

    @property
    def beta(self) -> float:
        """|h|^2 / V, the teacher's signal-to-noise ratio; inf for a teacher with bias and no
        variance.
        """
        if self.variance == 0.0:
            return math.inf if self.bias_sq > 0.0 else 0.0
        return self.bias_sq / self.variance


@dataclass(frozen=True, eq=False)
class SeveralTeachers:
    """The same for teachers theta_1, ..., theta_m (theory, Section 9), an entry each where a single
    teacher has a number.

    ``gap``, ``bias_sq``, ``variance``, ``covariance``, ``distance_sq``, ``rho`` and ``beta`` are
    (m,).  The Gram matrices (m, m) are what weights meet: ``bias_gram`` <h_i,h_j>,
    ``variance_gram`` E<H'_i,H'_j>, ``distance_gram`` <theta_i - x*, theta_j - x*>.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> kd.teacher_statistics(problem, [[0.0], [0.5]]).rho.shape
    (2,)
    """

    gap: Array
    covariance: Array
    bias_gram: Array
    variance_gram: Array
    distance_gram: Array
    sigma_star_sq: float

    @property
    def bias_sq(self) -> Array:
        """|h_j|^2, (m,)."""
        return np.diag(self.bias_gram)

    @property
    def variance(self) -> Array:
        """E|H'_j|^2, (m,)."""
        return np.diag(self.variance_gram)

    @property
    def distance_sq(self) -> Array:
        """|theta_j - x*|^2, (m,)."""
        return np.diag(self.distance_gram)

    @property
    def rho(self) -> Array:
        """Each teacher's own correlation with S, (m,)."""
        return np.array([self._alone(j).rho for j in range(len(self.gap))])

    @property
    def beta(self) -> Array:
        """Each teacher's own signal-to-noise ratio, (m,)."""
        return np.array([self._alone(j).beta for j in range(len(self.gap))])

    def _alone(self, j: int) -> TeacherStatistics:
        return TeacherStatistics(
            gap=float(self.gap[j]),
            bias_sq=float(self.bias_gram[j, j]),
            variance=float(self.variance_gram[j, j]),
            covariance=float(self.covariance[j]),
            sigma_star_sq=self.sigma_star_sq,
            distance_sq=float(self.distance_gram[j, j]),
        )


def gap_at(problem: FiniteSum, x: np.ndarray) -> float:
    """f(x) - f*, without cancellation where the problem offers it, never below 0."""
    if hasattr(problem, "gap"):
        return float(problem.gap(x[None, :])[0])
    return max(problem.value(x) - problem.minimum, 0.0)


def _moving_parts(problem: FiniteSum, theta: Array) -> tuple[Array, Array, Array]:
    """S_n (N, dim), h (dim,) and H'_n (N, dim)."""
    noise, taught = problem.gradients(problem.minimiser), problem.gradients(theta)
    bias = taught.mean(axis=0)
    # E S = 0; what is left at a computed minimiser is rounding.
    return (
        noise - noise.mean(axis=0),
        bias,
        taught - bias,
    )


def teachers(problem: FiniteSum, theta: ArrayLike) -> Array:
    """``theta`` as teachers (m, dim), read-only: (dim,) is one, (m, dim) are m.

    Raises:
        InvalidInput: another shape, entries that are not finite.
    """
    axes = axes_of(theta, "theta")
    if axes > 2:
        raise InvalidInput(
            f"theta must be ({problem.dim},), or (m, {problem.dim}) for m teachers, got shape"
            f" {np.shape(theta)}. One row is one teacher."
        )
    if axes != 2:
        return point(problem, theta, "theta")[None, :]
    dim, found = dimension(problem), frozen_array(theta, "theta", ndim=2)
    if found.shape[1] != dim:
        raise InvalidInput(
            f"theta must be ({dim},), or (m, {dim}) for m teachers, like the"
            f" problem, got shape {found.shape}. One row is one teacher."
        )
    return found


def teacher_statistics(problem: FiniteSum, theta: ArrayLike) -> Any:
    """The moments of the teacher ``theta`` (dim,) on ``problem``, exact means over the N terms, as
    :class:`TeacherStatistics`; for (m, dim) as :class:`SeveralTeachers`.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).

    Raises:
        InvalidInput: theta of another dimension, or not finite.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> found = kd.teacher_statistics(problem, problem.minimiser)
    >>> round(found.rho, 9), found.gap
    (1.0, 0.0)
    """
    points = teachers(problem, theta)
    return remembered(
        problem,
        ("teacher_statistics", np.ndim(theta), points.tobytes()),
        lambda: (
            _statistics(problem, points[0]) if np.ndim(theta) != 2 else _several(problem, points)
        ),
    )


def _statistics(problem: FiniteSum, theta: Array) -> TeacherStatistics:
    noise, bias, centred = _moving_parts(problem, theta)
    e = theta - problem.minimiser
    return TeacherStatistics(
        gap=gap_at(problem, theta),
        bias_sq=float(bias @ bias),
        variance=float((centred**2).sum() / problem.n_terms),
        covariance=float((noise * centred).sum() / problem.n_terms),
        sigma_star_sq=float(problem.constants.sigma_star_sq),
        distance_sq=float(e @ e),
    )


def _several(problem: FiniteSum, points: Array) -> SeveralTeachers:
    parts = [_moving_parts(problem, theta) for theta in points]
    noise = parts[0][0].ravel()
    bias = np.array([h for _, h, _ in parts])
    centred = np.array([taught.ravel() for _, _, taught in parts])
    far = points - problem.minimiser
    return SeveralTeachers(
        gap=np.array([gap_at(problem, theta) for theta in points]),
        covariance=centred @ noise / problem.n_terms,
        bias_gram=bias @ bias.T,
        variance_gram=centred @ centred.T / problem.n_terms,
        distance_gram=far @ far.T,
        sigma_star_sq=float(problem.constants.sigma_star_sq),
    )


def noise_sq(problem: FiniteSum, theta: ArrayLike, weight: float) -> float:
    """E|S - weight H'|^2 as a mean of squares: no cancellation, unlike its expansion in second
    moments; inf where it overflows.
    """
    at = point(problem, theta, "theta")

    def answer() -> float:
        noise, _, centred = _moving_parts(problem, at)
        with np.errstate(over="ignore"):
            left = noise - weight * centred
            return float((left**2).sum() / problem.n_terms)

    return remembered(problem, ("noise_sq", at.tobytes(), weight), answer)
