"""Moments from Gram matrices of gradients: all of them, for one teacher or several, n^2 numbers and
no gradient.

For a linear layer <G_i, H_j> = <r_i, s_j><a_i, a_j>, so that a batch of a hundred rows costs n^2 (K
+ d), whatever the size of the layer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.algebra.envelope import noise_sq
from kdtheory.estimate.data import Array
from kdtheory.estimate.moments import Moments, Scalars, from_scalars


def gram_moments(student: Array, cross: Array, teacher: Array) -> Moments:
    """The moments of n gradients from <G_i,G_j>, <G_i,H_j>, <H_i,H_j>, each (n, n)."""
    centred = [_centred(gram) for gram in (student, cross, teacher)]
    means = [float(gram.mean()) for gram in (student, cross, teacher)]
    along = teacher.mean(axis=0) - means[2]  # <h, H_i'>
    return from_scalars(
        Scalars(
            np.maximum(np.diag(centred[0]), 0.0),
            np.diag(centred[1]).copy(),
            np.maximum(np.diag(centred[2]), 0.0),
            along,
            max(means[0], 0.0),
            means[1],
            max(means[2], 0.0),
            float(np.mean(np.diag(centred[2], 1) ** 2)),
        )
    )


@dataclass(frozen=True)
class Several:
    """What m teachers leave of n gradients, unbiased: sigma^2, C (m,), V (m, m), hh (m, m)."""

    sigma_sq: float
    covariance: Array
    variance: Array
    bias: Array  # <h_i, h_j>, unbiased, so that it need not be positive semidefinite
    n: float

    def weights(self, bias_factor: float, *, cautious: bool) -> Array:
        """(V + factor (hh + V/n))^-1 C, the least-norm solution where it is singular."""
        return np.asarray(np.linalg.pinv(self.matrix(bias_factor, cautious)) @ self.covariance)

    def matrix(self, bias_factor: float, cautious: bool) -> Array:
        """What the weights are charged: V, and the bias made positive semidefinite."""
        values, vectors = np.linalg.eigh((self.bias + self.bias.T) / 2.0)
        bias = (vectors * np.maximum(values, 0.0)) @ vectors.T
        charge = self.variance / self.n if cautious else 0.0
        return np.asarray(self.variance + bias_factor * (bias + charge))

    def reduction(self, weights: Array, bias_factor: float, *, cautious: bool) -> float:
        """N(weights)/N(0)."""
        charged = self.matrix(bias_factor, cautious)
        noise = noise_sq(
            1.0,
            sigma_sq=self.sigma_sq,
            covariance=weights @ self.covariance,
            variance=weights @ charged @ weights,
        )
        return max(float(noise) / self.sigma_sq, 0.0) if self.sigma_sq > 0.0 else 1.0


def several_moments(student: Array, cross: Array, teacher: Array) -> Several:
    """From <G_i,G_j> (n, n), <G_i,H_j> (m, n, n) and <H_i,H_j> (m, m, n, n)."""
    n = len(student)
    trace = "...ii->..."
    sigma_sq = float(np.einsum(trace, _centred(student))) / (n - 1)
    covariance = np.einsum(trace, _centred(cross)) / (n - 1)
    variance = np.einsum(trace, _centred(teacher)) / (n - 1)
    return Several(
        sigma_sq, covariance, variance, teacher.mean(axis=(-2, -1)) - variance / n, float(n)
    )


def _centred(gram: Array) -> Array:
    """<X_i', Y_j'> from <X_i, Y_j>, in the last two axes."""
    rows, columns = gram.mean(axis=-1, keepdims=True), gram.mean(axis=-2, keepdims=True)
    found: Array = gram - rows - columns + gram.mean(axis=(-2, -1), keepdims=True)
    return found
