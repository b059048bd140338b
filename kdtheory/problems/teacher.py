"""What a teacher is worth, seen from the optimum: the moments of S = grad f_xi(x*) and H = grad
f_xi(theta).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.problems.base import Array, FiniteSum, point
from kdtheory.problems.memory import remembered


@dataclass(frozen=True)
class TeacherStatistics:
    """Second moments at a teacher theta (theory, Section 1); units of f, of f/x squared, or none.

    ``gap`` f(theta) - f*; ``bias_sq`` |h|^2; ``variance`` V = E|H-h|^2; ``covariance`` E<S,H>;
    ``sigma_star_sq`` E|S|^2; ``distance_sq`` |theta - x*|^2.
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


def teacher_statistics(problem: FiniteSum, theta: ArrayLike) -> TeacherStatistics:
    """The moments of the teacher ``theta`` (dim,) on ``problem``, exact means over the N terms.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).

    Raises:
        InvalidInput: theta of another dimension, or not finite.
    """
    at = point(problem, theta, "theta")
    return remembered(
        problem, ("teacher_statistics", at.tobytes()), lambda: _statistics(problem, at)
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
