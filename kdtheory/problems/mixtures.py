"""What a weighted sum of teachers does to one step: the bias k and the noise a of x+ = x - gamma (G
- sum_j lam_j H_j).

A teacher here is any field of gradients H_j, n -> R^dim: grad f_n(theta_j), or its coordinates in
one block, so that several teachers and weights by block are the same thing (theory, Section 9).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, frozen_array, real_float
from kdtheory.problems.teacher import teachers

Blocks = Sequence[ArrayLike | slice]
# Eigenvalues below this share of the largest are rounding: Gram matrices of m teachers come from
# sums of N d products, each good to 1e-16.
SINGULAR = 1e-12


@dataclass(frozen=True, eq=False)
class Mixture:
    """Moments of S against the fields H_1, ..., H_m: ``covariance`` E<S,H_j> (m,), ``variance``
    E<H'_i,H'_j> (m, m), the ``means`` h_j (m, dim), and ``rows`` S, H'_1, ..., (1 + m, N dim).

    A batch divides ``covariance``, ``variance`` and ``sigma_sq`` by its size, and leaves the means.
    """

    covariance: Array
    variance: Array
    means: Array
    sigma_sq: float
    rows: Array
    n_terms: int
    factor: float = 1.0

    def noise_sq(self, weights: Array) -> float:
        """E|S - sum lam_j H'_j|^2 of a batch, as a mean of squares, without cancellation."""
        left = self.rows[0] - weights @ self.rows[1:]
        return self.factor * float(left @ left) / self.n_terms

    def noise_sq_along(self, weights: Array) -> Array:
        """The same for every row of ``weights`` (T, m), (T,): the least noise, and what a weight
        adds to it, both without cancellation.
        """
        least = least_norm(self.variance, self.covariance)
        away = weights - least
        return self.noise_sq(least) + np.einsum("ti,ij,tj->t", away, self.variance, away)

    def bias_sq(self, weights: Array) -> float:
        """|sum lam_j h_j|^2."""
        total = weights @ self.means
        return float(total @ total)

    def batched(self, factor: float) -> Mixture:
        """The moments of a batch that divides centred second moments by 1/``factor``."""
        return Mixture(
            factor * self.covariance,
            factor * self.variance,
            self.means,
            factor * self.sigma_sq,
            self.rows,
            self.n_terms,
            factor,
        )

    def best(self, kappa: float) -> Array:
        """argmin of E|S - sum lam_j H'_j|^2 + (1 + kappa)|sum lam_j h_j|^2, that is (V + (1+kappa)
        P)^-1 C, (m,); of many minimisers (equal teachers, say) the shortest.
        """
        return least_norm(
            self.variance + (1.0 + kappa) * self.means @ self.means.T, self.covariance
        )


def least_norm(matrix: Array, right: Array) -> Array:
    """The shortest solution of ``matrix`` x = ``right`` for a positive semidefinite matrix whose
    range holds ``right``.

    >>> least_norm(np.ones((2, 2)), np.ones(2))
    array([0.5, 0.5])
    """
    values, basis = np.linalg.eigh(matrix)
    real = values > SINGULAR * max(float(values[-1]), 0.0)
    part = basis[:, real]
    return np.asarray(part @ ((part.T @ right) / values[real]))


def mixture(problem: FiniteSum, theta: ArrayLike, blocks: Blocks | None = None) -> Mixture:
    """The moments of the teachers ``theta`` ((dim,) or (m, dim)), or of one teacher's ``blocks``.

    Raises:
        InvalidInput: shapes that do not fit, blocks that overlap or leave the space.
    """
    points = teachers(problem, theta)
    places = None if blocks is None else block_masks(blocks, problem.dim)
    if places is not None and len(points) != 1:
        raise InvalidInput(
            f"Weights by block are for one teacher, got m = {len(points)} teachers. Use one of"
            " them, or one weight for each teacher."
        )
    noise = problem.gradients(problem.minimiser)
    fields = [problem.gradients(theta) for theta in points]
    if places is not None:
        fields = [fields[0] * mask for mask in places]
    means = np.array([field.mean(axis=0) for field in fields])
    rows = np.array(
        [(field - field.mean(axis=0)).ravel() for field in (noise, *fields)], dtype=np.float64
    )
    gram = rows @ rows.T / problem.n_terms
    return Mixture(
        covariance=gram[0, 1:],
        variance=gram[1:, 1:],
        means=means,
        sigma_sq=float(problem.constants.sigma_star_sq),
        rows=rows,
        n_terms=problem.n_terms,
    )


def block_masks(blocks: Blocks, dim: int) -> Array:
    """One row of zeros and ones a block, (number of blocks, dim).

    Raises:
        InvalidInput: no block, an index outside of 0..dim-1, a coordinate in two blocks.
    """
    masks = np.zeros((len(blocks), dim))
    for row, block in zip(masks, blocks, strict=True):
        try:
            row[block if isinstance(block, slice) else np.asarray(block)] = 1.0
        except IndexError as error:
            raise InvalidInput(
                f"blocks must be index arrays or slices of {dim} coordinates: {error}."
            ) from error
    crowded = np.flatnonzero(masks.sum(axis=0) > 1.0)
    if len(blocks) == 0 or len(crowded):
        what = f"coordinate {crowded[0]} is in two of them" if len(crowded) else "got none"
        raise InvalidInput(f"blocks must be disjoint and at least one, {what}. Split it.")
    return masks


def weights_for(value: ArrayLike, count: int) -> Array:
    """The weights of ``count`` teachers (or blocks), (count,); a number is a weight for one.

    Raises:
        InvalidInput: another shape, or entries that are not finite.
    """
    if np.ndim(value) == 0:
        found = np.array([real_float(value, "weight")])
    else:
        found = frozen_array(value, "weight", ndim=1)
    if found.shape != (count,):
        raise InvalidInput(
            f"weight must be ({count},), one for each of {count} teachers or blocks, got shape"
            f" {np.shape(value)}. Give one number for each."
        )
    return found
