"""The recursion seen from its readings: a small linear map whose powers give any horizon.

The adjoint of the recursion carries a symmetric matrix P (from I for E|x-x*|^2, from H/2 for the gap), a vector p and
a number c with E|x^t - x*|^2 = <P_t, M_0> + p_t m_0 + c_t; P_t = A^t P_0 is self-adjoint and needs a basis of a few
Krylov vectors (or all of them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.moments.krylov import Krylov, Packing
from kdtheory.moments.powers import at_times
from kdtheory.moments.recursion import Moments, product
from kdtheory.problems.base import Array

TOLERANCE = 1e-11  # of P_t, relative to |P_0|, beyond the rounding of its basis
NEAR = 2**18  # times looked at one by one in the error bound


class Symmetrised:
    """A = C^(1/2) o apply(C^(1/2) o .), self-adjoint with or without the compressor's entrywise factor C."""

    def __init__(self, moments: Moments) -> None:
        self.moments = moments
        self.root = None if moments.scale is None else np.sqrt(moments.scale)
        self.ties: list[Array] = []  # of every matrix applied so far, in order: what tied_adjoint makes of it

    def weigh(self, M: Array) -> Array:
        """C^(1/2) o M."""
        return M if self.root is None else self.root * M

    def __call__(self, M: Array) -> Array:
        """A(M)."""
        P = self.weigh(M)
        lifted = self.moments.features @ P
        self.ties.append(self.moments.tied_adjoint(P, lifted))
        return self.weigh(self.moments.apply(P, lifted))

    def readings(self) -> tuple[Array, Array]:
        """I and H/2."""
        m = self.moments
        return self.weigh(np.eye(m.dim)), self.weigh(m.hessian / 2)


def krylov_basis(moments: Moments, last: int, which: list[int]) -> Basis | None:
    """A Krylov space that gives P_t for every t <= last to ``TOLERANCE``, or None where none is found in the room
    there is."""
    operator = Symmetrised(moments)
    space = Krylov(operator, [operator.readings()[reading] for reading in which], Packing(moments.dim))
    while True:
        space.grow(max(8, space.done // 8))
        T, start = space.tridiagonal, space.start()
        miss = 0.0 if space.invariant else missed(T, space.leak, start, last)
        if miss <= TOLERANCE:
            return Basis(operator.weigh(space.packing.unpack(space.basis)), np.stack(operator.ties), T, start, which)
        if space.full or miss == np.inf:
            return None


def missed(T: Array, leak: Array, start: Array, last: int) -> float:
    """A bound on |P_t - its projection| / |P_0| over t <= last, both readings; inf where the map is not a contraction.

    P's error E obeys E+ = A E + leak a_t with |A| = spectral radius <= 1, so that |E_t| <= sum over s < t of |leak
    a_s|.
    """
    values, vectors = np.linalg.eigh(T)
    if values[-1] > 1.0 or values[0] < -1.0:
        return float("inf")
    leak, starts = leak @ vectors, vectors.T @ start
    lengths = np.linalg.norm(starts, axis=0)
    with np.errstate(divide="ignore"):
        spans = 1.0 / (1.0 - np.abs(values))
    near = int(min(last, NEAR, max(16.0, 40.0 * spans.max())))  # e^-40 is below rounding
    some = np.linspace(0, near - 1, min(near, 256)).astype(int)
    guess = np.linalg.norm(
        (values[None] ** some[:, None]) @ (starts[:, None, :] * leak.T[:, :, None]).reshape(len(values), -1)
    )
    if guess * near > 256 * TOLERANCE * lengths.max():  # not yet, by a glance at 256 times
        return 1.0
    sizes = np.sqrt((at_times(np.diag(values), starts, leak, np.arange(near)) ** 2).sum(axis=1)).sum(axis=0)
    if last > near:  # beyond ``near`` only eigenvalues close to 1 are left: bounded one by one
        fading = np.abs(values) ** near * np.minimum(spans, last - near) * np.linalg.norm(leak, axis=0)
        sizes = sizes + fading @ np.abs(starts)
    return float((sizes / lengths).max())


@dataclass(frozen=True)
class Basis:
    """Matrices P (k, d, d) spanning the space of P_t, what tied_adjoint makes of them, the map and the readings
    ``which`` in it."""

    matrices: Array
    ties: Array
    map: Array
    start: Array
    which: list[int]


def complete_basis(moments: Moments, which: list[int]) -> Basis:
    """All symmetric matrices, for small dimensions."""
    operator, packing = Symmetrised(moments), Packing(moments.dim)
    every = packing.unpack(np.eye(packing.size))
    T = packing.pack(operator(every))
    return Basis(
        operator.weigh(every),
        operator.ties[0],
        (T + T.T) / 2,
        packing.pack(np.stack(operator.readings())[which]).T,
        which,
    )


def curve(moments: Moments, space: Basis, m: Array, M: Array, times: np.ndarray) -> Array:
    """Coefficients in lam of the readings at ``times`` after the state (m, M), (T, readings, 2q+1)."""
    q, d, k = len(m), moments.dim, len(space.matrices)
    P, ties = space.matrices, space.ties
    size, top = k + q * d, 2 * q - 1
    S = np.zeros((size + top, size + top))
    S[:k, :k] = space.map
    S[size:, size:] = np.eye(top)
    S[size:, :k] = moments.constant.reshape(top, -1) @ P.reshape(k, -1).T
    for i in range(q):
        block = slice(k + i * d, k + (i + 1) * d)
        S[block, :k] = ties[:, i].T
        S[block, block] = moments.shrink
        for j in range(q):
            S[size + i + j, block] -= moments.gamma * moments.drift[j]
    s, Hs = moments.shift, moments.shift @ moments.hessian
    means = np.stack([2 * s.ravel(), Hs.ravel()], axis=1)
    numbers = np.stack([product(s, s, "i,i->"), product(Hs, s, "i,i->") / 2], axis=1)
    starts = np.concatenate([space.start, means[:, space.which], numbers[:, space.which]])
    # P carries C^(1/2), and M_0 = C^(1/2) o N_0 (where C vanishes, M_0 does: the caller has made one step).
    readers = np.zeros((top, size + top))
    divisor = 1.0 if moments.scale is None else np.where(moments.scale > 0.0, moments.scale, 1.0)
    readers[:, :k] = (M / divisor).reshape(top, -1) @ P.reshape(k, -1).T
    for i in range(q):
        for j in range(q):
            readers[i + j, k + i * d : k + (i + 1) * d] += m[j]
        readers[:, size:] = np.eye(top)
    return np.asarray(at_times(S, starts, readers, times).transpose(0, 2, 1))
