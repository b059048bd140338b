"""Varying steps in few dimensions: the whole state (M, m, 1) as one vector, and a step as one
polynomial in gamma and lam whose coefficients are matrices.
"""

from __future__ import annotations

import numpy as np

from kdtheory.engines.exact.krylov import Packing
from kdtheory.engines.exact.varying import Varying
from kdtheory.problems.base import Array

LARGEST = 2**18  # entries of all matrices: beyond it a step by passes over the terms is faster


def fits(machine: Varying) -> bool:
    """Whether all matrices together are small, and the compressor, if any, multiplies."""
    d, m = machine.law.dim, len(machine.parts)
    size = d * (d + 1) // 2 + d + 1
    return size**2 * (3 + 2 * m + m * (m + 1) // 2) <= LARGEST


class Packed:
    """z+ = sum_k c_k(gamma, lam) B_k z for z = (M packed, m, 1); c runs over 1, gamma, gamma^2,
    then gamma lam_j, gamma^2 lam_j and gamma^2 lam_i lam_j for i <= j.
    """

    def __init__(self, machine: Varying) -> None:
        self.machine, plain = machine, machine.plain
        d, m = plain.dim, len(machine.parts)
        self.packing = packing = Packing(d)
        self.pairs = [(i, j) for i in range(m) for j in range(i, m)]
        n = packing.size
        H, eye = plain.hessian, np.eye(d)
        B = np.zeros((3 + 2 * m + len(self.pairs), n + d + 1, n + d + 1))
        units = packing.unpack(np.eye(n))
        drifts = [machine.origin.mean(axis=0), *(-machine.means)]
        f = machine.law.factor
        first = -(H @ units + units @ H)
        second = H @ units @ H + (f * plain.fluctuation(units) if f else 0.0)
        B[0] = np.eye(n + d + 1)
        B[1, :n, :n], B[2, :n, :n] = packing.pack(first).T, packing.pack(second).T
        B[1, n : n + d, n : n + d] = -H
        noises, drawn = machine.noises()
        for k, (drift, noise) in enumerate(zip(drifts, noises, strict=True)):
            one, two = (1, 2) if k == 0 else (3 + 2 * (k - 1), 4 + 2 * (k - 1))
            B[one, n : n + d, -1] = -drift
            # From the mean: -gamma (R m w^T + w m^T R) and gamma^2 f E A~ m w~^T and its transpose.
            direct = np.einsum("li,j->lij", eye, drift)
            turned = np.einsum("li,j->lij", H, drift)
            if f:
                turned = turned + f * self._cross(noise)
            B[one, :n, n : n + d] = packing.pack(-direct - direct.transpose(0, 2, 1)).T
            B[two, :n, n : n + d] = packing.pack(turned + turned.transpose(0, 2, 1)).T
        for k in range(m + 1):
            for j in range(k, m + 1):
                pair = np.outer(drifts[k], drifts[j]) + f * drawn[k].T @ noises[j] / len(noises[0])
                place = 2 if j == 0 else 4 + 2 * (j - 1)
                if k > 0:
                    place = 3 + 2 * m + self.pairs.index((k - 1, j - 1))
                whole = pair if k == j else pair + pair.T
                B[place, :n, -1] = packing.pack(whole)
        if plain.scale is not None:
            B[:, :n] *= plain.scale.ravel()[packing.flat][:, None]
        self.maps = B.reshape(-1, n + d + 1)
        self.readers = self._readers()

    def _cross(self, noise: Array) -> Array:
        """E A~ e_l w~^T for every axis l, (d, d, d)."""
        plain = self.machine.plain
        F, n = plain.features, len(plain.features)
        found = np.einsum("nl,ni,nj->lij", F, F, noise, optimize=True) / n
        if self.machine.law.ratios is not None:
            found += plain.ridge * np.einsum("li,j->lij", np.eye(plain.dim), noise.mean(axis=0))
        return np.asarray(found)

    def _readers(self) -> Array:
        """Rows that read E|x - x*|^2 and E f - f* of z, (2, n)."""
        plain, best = self.machine.plain, self.machine.law.problem.minimiser
        rows = []
        for reading in (np.eye(plain.dim), plain.hessian / 2):
            shift = np.zeros(plain.dim) if plain.scale is None else reading @ best
            number = 0.0 if plain.scale is None else float(best @ shift)
            rows.append(np.concatenate([self.packing.pack(reading), -2 * shift, [number]]))
        return np.array(rows)

    def coefficients(self, gammas: Array, weights: Array) -> Array:
        """c_k for steps (T,) and weights (T, m), (T, number of matrices)."""
        columns = [np.ones_like(gammas), gammas, gammas**2]
        for weight in weights.T:
            columns += [gammas * weight, gammas**2 * weight]
        columns += [gammas**2 * weights[:, i] * weights[:, j] for i, j in self.pairs]
        return np.stack(columns, axis=1)

    def run(self, x0: Array, gammas: Array, weights: Array, times: np.ndarray) -> Array:
        """Both readings at ``times``, (T, 2)."""
        m, M = self.machine.started(x0)
        z = np.concatenate([self.packing.pack(M), m, [1.0]])
        last, shape = int(times.max(initial=0)), (-1, len(z))
        read = np.full((last + 1, 2), np.nan)
        wanted = np.zeros(last + 1, dtype=bool)
        wanted[times] = True
        if wanted[0]:
            read[0] = self.readers @ z
        for t, row in enumerate(self.coefficients(gammas[:last], weights[:last])):
            z = row @ (self.maps @ z).reshape(shape)
            if wanted[t + 1]:
                read[t + 1] = self.readers @ z
        return read[times]
