"""Least squares with ridge: every constant exact, and the one problem class with an exact law
(theory, Section 6).
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.asked import of_a_point
from kdtheory.problems.base import (
    LARGEST,
    Array,
    as_given,
    frozen_array,
    point,
    positive_float,
    refuse_wide,
)
from kdtheory.problems.constants import Constant, Constants
from kdtheory.problems.written import Written


class LeastSquares(Written):
    """f_n(x) = (a_n.x - b_n)^2 / 2 + (ridge/2) |x|^2.

    Args:
        features: (N, d), the rows a_n; floats, or fractions.Fraction for rational evidence.
        targets: (N,), the b_n.
        ridge: weight of the penalty, >= 0.

    Raises:
        InvalidInput: shapes that do not fit, NaN or infinite entries, no data, a negative ridge.

    >>> from kdtheory import LeastSquares
    >>> problem = LeastSquares([[1.0], [1.0]], [0.0, 2.0])
    >>> round(float(problem.minimiser[0]), 9), round(float(problem.constants.sigma_star_sq), 9)
    (1.0, 1.0)
    """

    def __init__(self, features: ArrayLike, targets: ArrayLike, *, ridge: float = 0.0) -> None:
        """See the class."""
        self.features = frozen_array(features, "features", ndim=2)
        self.targets = frozen_array(targets, "targets", ndim=1)
        if self.targets.shape[0] != self.features.shape[0]:
            raise InvalidInput(
                f"features and targets must have one row per sample, got {self.features.shape[0]}"
                f" and {self.targets.shape[0]} samples."
            )
        self.ridge = positive_float(ridge, "ridge", allow_zero=True)
        # What rational evidence starts from: fractions as they came, floats as the dyadic rationals
        # that they are.
        self.given = (as_given(features, self.features), as_given(targets, self.targets), ridge)
        refuse_wide(self.dim, "LeastSquares")
        if not self.features.any() and self.ridge == 0.0:
            raise InvalidInput(
                "features are all zero and ridge = 0: f is constant, every constant would be 0."
            )
        largest = float(np.abs(self.features).max(initial=0.0))
        if max(largest**2, self.ridge) < 1.0 / LARGEST**2:
            raise InvalidInput(
                f"features must reach {1.0 / LARGEST:.3g}, got {largest:.3g} at most: products"
                " would underflow. Use other units."
            )

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Features, targets and ridge as they came."""
        features, targets, ridge = self.given
        return (features, targets), {"ridge": ridge} if ridge else {}

    @property
    def n_terms(self) -> int:
        """Number of terms N."""
        return int(self.features.shape[0])

    @property
    def dim(self) -> int:
        """Dimension d."""
        return int(self.features.shape[1])

    @cached_property
    def hessian(self) -> Array:
        """H = E H_n, (d, d)."""
        matrix = self.features.T @ self.features / self.n_terms + self.ridge * np.eye(self.dim)
        matrix.flags.writeable = False
        return matrix

    @cached_property
    def minimiser(self) -> Array:
        """The minimiser of smallest norm, (d,), by orthogonal factorisation of the stacked
        system.
        """
        scale = np.sqrt(self.n_terms)
        rows = [self.features / scale]
        right = [self.targets / scale]
        if self.ridge > 0.0:
            rows.append(np.sqrt(self.ridge) * np.eye(self.dim))
            right.append(np.zeros(self.dim))
        solution = np.linalg.lstsq(np.vstack(rows), np.concatenate(right), rcond=None)[0]
        solution.flags.writeable = False
        return solution

    @cached_property
    def minimum(self) -> float:
        """f* = f(x*)."""
        return self.value(self.minimiser)

    @of_a_point
    def value(self, x: Array) -> float:
        """f(x)."""
        residual = self.features @ x - self.targets
        return float(residual @ residual / (2 * self.n_terms) + self.ridge / 2 * (x @ x))

    def values(self, points: Array) -> Array:
        """f at every row of ``points`` (R, d), as (R,)."""
        residual = points @ self.features.T - self.targets
        return np.einsum("rn,rn->r", residual, residual) / (2 * self.n_terms) + self.ridge / 2 * (
            points**2
        ).sum(axis=1)

    def gap(self, points: Array) -> Array:
        """f - f* at every row of ``points`` (R, d), without the cancellation of a difference of
        values.
        """
        e = points - self.minimiser
        return np.einsum("rd,rd->r", e @ self.hessian, e) / 2

    @of_a_point
    def gradient(self, x: Array) -> Array:
        """The full gradient at x, (d,)."""
        residual = self.features @ x - self.targets
        return self.features.T @ residual / self.n_terms + self.ridge * x

    @of_a_point
    def gradients(self, x: Array) -> Array:
        """Every term's gradient at x, (N, d)."""
        residual = self.features @ x - self.targets
        return residual[:, None] * self.features + self.ridge * x

    def sampled_gradients(self, points: Array, indices: np.ndarray) -> Array:
        """Mean gradient over each row's indices (R, B) at each row of ``points`` (R, d), as (R,
        d).
        """
        rows = self.features[indices]
        residual = np.einsum("rbd,rd->rb", rows, points) - self.targets[indices]
        return np.einsum("rb,rbd->rd", residual, rows) / indices.shape[1] + self.ridge * points

    def distillation_gradients(self, x: Array, theta: Array, weight: float) -> Array:
        """Gradients of the KD objective's terms, (N, d), from its definition (paper, Section 3):
        mixed losses.

        The ridge is a squared loss on the d outputs x_i with targets 0, and is distilled like every
        other loss.
        """
        x, theta = point(self, x, "x"), point(self, theta, "theta")
        outputs = self.features @ x
        own = (1 - weight) * (outputs - self.targets)
        taught = weight * (outputs - self.features @ theta)
        ridge = (1 - weight) * self.ridge * x + weight * self.ridge * (x - theta)
        return (own + taught)[:, None] * self.features + ridge

    @property
    def term_curvature(self) -> tuple[float, float]:
        """Bounds on the Hessian of every single f_n: ridge and max |a_n|^2 + ridge."""
        return (
            self.ridge,
            float(np.einsum("nd,nd->n", self.features, self.features).max()) + self.ridge,
        )

    @cached_property
    def constants(self) -> Constants:
        """mu and L from the spectrum of H, Lcal from the pencil (E H_n^2, E H_n); all exact up to
        rounding.
        """
        eigenvalues, vectors = np.linalg.eigh(self.hessian)
        largest = eigenvalues[-1]
        # Backward stable eigh moves eigenvalues by at most a small multiple of eps * dim * |H|:
        # smaller ones count as 0.
        positive = eigenvalues > np.finfo(float).eps * max(self.n_terms, self.dim) * largest
        smallest = eigenvalues[positive][0]
        basis = vectors[:, positive] / np.sqrt(eigenvalues[positive])
        sq_norms = np.einsum("nd,nd->n", self.features, self.features)
        second = (self.features.T * sq_norms) @ self.features / self.n_terms
        gram = self.features.T @ self.features / self.n_terms
        second += 2 * self.ridge * gram + self.ridge**2 * np.eye(self.dim)
        pencil = np.linalg.eigvalsh(basis.T @ second @ basis)[-1]
        noise = self.gradients(self.minimiser)
        full_rank = bool(positive.all())
        return Constants(
            mu=Constant(
                smallest if full_rank else 0.0, exact=True, why="smallest eigenvalue of the Hessian"
            ),
            mu_pl=Constant(smallest, exact=True, why="smallest non-zero eigenvalue of the Hessian"),
            L=Constant(largest, exact=True, why="largest eigenvalue of the Hessian"),
            Lcal=Constant(
                max(pencil, largest),
                exact=True,
                why="largest eigenvalue of the pencil (E H_n^2, E H_n)",
            ),
            sigma_star_sq=Constant(
                float((noise**2).sum() / self.n_terms), exact=True, why="mean over the terms at x*"
            ),
        )
