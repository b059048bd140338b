"""Passes over the rows of features, and products of polynomials in lam."""

from __future__ import annotations

import itertools

import numpy as np

from kdtheory.problems.base import Array

SMALL = 2**18  # N d^2 up to which whole products are faster than their halves


def product(left: Array, right: Array, join: str) -> Array:
    """Coefficients of the product of two polynomials whose coefficients lie on the first axis;
    ``join`` is the einsum of a pair."""
    pairs = [
        [x.T @ y if join == "ni,nj->ij" else np.einsum(join, x, y) for y in right] for x in left
    ]
    total = np.zeros((len(left) + len(right) - 1, *pairs[0][0].shape))
    for i, row in enumerate(pairs):
        for j, value in enumerate(row):
            total[i + j] += value
    return total


def heights_of(F: Array, M: Array) -> Array:
    """a_n M a_n for symmetric M (..., d, d), (..., N); of large ones the upper triangle only is
    read, in blocks.
    """
    d = F.shape[1]
    if F.size * d <= SMALL:
        return np.asarray(np.einsum("...nd,nd->...n", F @ M, F))
    edges = [0, d // 3, 2 * d // 3, d]
    found = np.zeros((*M.shape[:-2], len(F)))
    for index in np.ndindex(M.shape[:-2]):
        for low, high in itertools.pairwise(edges):
            rows = M[index][low:high, low:].copy()
            rows[:, high - low :] *= 2.0
            found[index] += np.einsum("nd,nd->n", F[:, low:high] @ rows, F[:, low:])
    return found


def gathered_over(F: Array, heights: Array) -> Array:
    """The mean of heights_n a_n a_n^T, (..., d, d), for heights (..., N); large ones as a
    difference of squares, X^T X - Y^T Y, which cost half of a product."""
    d = F.shape[1]
    if F.size * d <= SMALL:
        return np.asarray((F.T * (heights / len(F))[..., None, :]) @ F)
    found = np.zeros((*heights.shape[:-1], d, d))
    for index in np.ndindex(heights.shape[:-1]):
        lengths = np.sqrt(np.abs(heights[index]) / len(F))
        for sign in (1.0, -1.0):
            chosen = sign * heights[index] > 0.0
            rows = F[chosen]
            rows *= lengths[chosen, None]
            found[index] += sign * (rows.T @ rows)
    return found
