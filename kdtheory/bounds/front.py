"""The best trade between the bias k and the noise a of a step, over all weights of m teachers.

k^2 = |sum lam_j h_j|^2 and a^2 = E|S - sum lam_j H'_j|^2 are convex quadratics in lam, so that a
weight which is best for anything that increases in both lies on one curve, whatever m is:

    lam(z) = (z V + P)^-1 z C,    0 <= z <= oo,    P_ij = <h_i,h_j>;

z = 1/(1 + kappa) is the quadratic criterion's weight at kappa.  z = 0 leaves only the mixtures
whose biases cancel, z = oo asks nothing of the bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array
from kdtheory.problems.mixtures import SINGULAR, Mixture


@dataclass(frozen=True, eq=False)
class Front:
    """The curve in coordinates that make V the identity and P diagonal: coordinate i holds
    z c_i/(z + p_i), and lam = ``basis`` (m, r) times that.
    """

    basis: Array
    c: Array
    p: Array
    least_noise_sq: float

    @classmethod
    def of(cls, mixture: Mixture) -> Front:
        """The curve of a mixture; directions of lam without noise serve to cancel bias (equal
        teachers: no direction is of use, and the shortest weights are taken).
        """
        values, vectors = np.linalg.eigh(mixture.variance)
        moves = values > SINGULAR * max(float(values[-1]), 0.0)
        noisy, still = vectors[:, moves] / np.sqrt(values[moves]), vectors[:, ~moves]
        means = mixture.means.T
        # Rounding in means @ anything, whose exact value may be 0.
        small = SINGULAR * float(np.linalg.norm(means))
        left, found, right = np.linalg.svd(means @ still, full_matrices=False)
        real = found > small
        cancels = right[real].T @ ((left[:, real].T @ (means @ noisy)) / found[real][:, None])
        noisy = noisy - still @ cancels
        rounding = 64 * np.finfo(float).eps * float(np.linalg.norm(means) * np.linalg.norm(noisy))
        size, turn = _bias_axes(means @ noisy, rounding)
        basis = noisy @ turn
        c = basis.T @ mixture.covariance
        return cls(basis, c, size**2, mixture.noise_sq(basis @ c))

    @property
    def scale(self) -> float:
        """A z of the size at which the bias begins to matter."""
        return float(self.p.sum()) / max(len(self.p), 1)

    def _coordinates(self, z: Array) -> Array:
        return np.where(
            self.p == 0.0,
            self.c,
            z[:, None] * self.c / np.where(self.p == 0.0, 1.0, z[:, None] + self.p),
        )

    def weights(self, z: Array) -> Array:
        """lam at each z (n,) of 0 <= z < oo, (n, m)."""
        return np.asarray(self._coordinates(z) @ self.basis.T)

    def bias(self, z: Array) -> Array:
        """k at each z, (n,)."""
        return z * self.bias_over_z(z)

    def bias_over_z(self, z: Array) -> Array:
        """k/z, which has a limit at z = 0, (n,)."""
        total = np.zeros(len(z))
        for c, p in zip(self.c, self.p, strict=True):
            if p > 0.0:
                total += p * (c / (z + p)) ** 2
        return np.sqrt(total)

    def bias_over_z_slope(self, z: Array) -> Array:
        """d(k/z)/dz at each z, (n,)."""
        total = np.zeros(len(z))
        for c, p in zip(self.c, self.p, strict=True):
            if p > 0.0:
                total -= p * c**2 / (z + p) ** 3
        return np.divide(total, self.bias_over_z(z), out=total, where=total != 0.0)

    def noise(self, z: Array) -> Array:
        """a at each z, (n,)."""
        total = np.full(len(z), self.least_noise_sq)
        for c, p in zip(self.c, self.p, strict=True):
            if p > 0.0:
                total += (c * p / (z + p)) ** 2
        return np.sqrt(total)


def _bias_axes(means: Array, small: float) -> tuple[Array, Array]:
    """Singular values of ``means`` (dim, r), those up to ``small`` set to 0, (r,), and all r axes
    (r, r).
    """
    rank = means.shape[1]
    if rank == 0:
        return np.zeros(0), np.zeros((0, 0))
    _, found, turned = np.linalg.svd(means, full_matrices=True)
    size = np.zeros(rank)
    size[: len(found)] = np.where(found > small, found, 0.0)
    return size, turned.T
