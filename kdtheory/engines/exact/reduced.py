"""The recursion seen from its readings: a small linear map whose powers give any horizon.

The adjoint of the recursion carries a symmetric matrix P (from I for E|x-x*|^2, from H/2 for the
gap), a vector p and a number c with E|x^t - x*|^2 = <P_t, M_0> + p_t m_0 + c_t; P_t = A^t P_0 is
self-adjoint and needs a basis of a few Krylov vectors (or all of them).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.engines.exact.krylov import Krylov, Packing
from kdtheory.engines.exact.passes import product
from kdtheory.engines.exact.powers import ROOM, Triangular, at_times, diagonal
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.problems.base import Array

# of P_t, relative to |P_0| and to the growth of an unstable map, beyond the rounding of its basis
TOLERANCE = 1e-11
GLANCE = 256  # times looked at before all of them are
NEAR = 2**14  # times looked at one by one in the error bound
AT_ONE = 1e-14  # an eigenvalue this close to 1 cannot be told from 1 in floats
# Of the map, an error that floats cannot avoid: this much of P_t every step.
ROUNDING = 8 * np.finfo(float).eps


class Symmetrised:
    """A = C^(1/2) o apply(C^(1/2) o .), self-adjoint with or without the compressor's entrywise
    factor C.
    """

    def __init__(self, *origins: Recursion, keep_ties: bool = False) -> None:
        self.moments, self.origins = origins[0], origins if keep_ties else ()
        self.root = None if self.moments.scale is None else np.sqrt(self.moments.scale)
        # Of every matrix applied so far, in order: what tied_adjoint makes of it about each origin,
        # (origins, q+1, d).
        self.ties: list[Array] = []

    def weigh(self, M: Array) -> Array:
        """C^(1/2) o M."""
        return M if self.root is None else self.root * M

    def __call__(self, M: Array) -> Array:
        """A(M)."""
        P = self.weigh(M)
        return self.image(P, self.moments.heights(P))

    def image(self, P: Array, heights: Array) -> Array:
        """A(M) for P = C^(1/2) o M of known heights."""
        if self.origins:
            self.ties.append(
                np.stack([moments.tied_adjoint(P, heights) for moments in self.origins], axis=-3)
            )
        return self.weigh(self.moments.apply(P, heights))

    def readings(self) -> tuple[Array, Array]:
        """I and H/2."""
        m = self.moments
        return self.weigh(np.eye(m.dim)), self.weigh(m.hessian / 2)


@dataclass(frozen=True)
class Basis:
    """Packed vectors V (k, d (d+1)/2) whose C^(1/2) o V span the space of P_t, what tied_adjoint
    makes of these about each origin (k, origins, q+1, d), the map and the readings ``which`` in
    it."""

    vectors: Array
    ties: Array
    map: Array
    start: Array
    which: list[int]


def krylov_basis(origins: list[Recursion], last: int, which: list[int]) -> Basis | None:
    """A Krylov space that gives P_t, the same for all ``origins``, for every t <= last to
    ``TOLERANCE``, or None where none is found in the room there is."""
    operator = Symmetrised(*origins, keep_ties=True)
    space = Krylov(
        operator, [operator.readings()[reading] for reading in which], Packing(origins[0].dim)
    )
    before, count = 1.0, min(8, last + 1) * len(which)
    while True:
        space.grow(count)
        T, start = space.tridiagonal, space.start()
        miss = 0.0 if space.invariant else missed(T, space.leak, start, last)
        if miss <= TOLERANCE:
            return Basis(space.basis, np.stack(operator.ties), T, start, which)
        if space.full:
            return None
        # Convergence is geometric and speeds up: look again somewhat before the end it points to,
        # or there when near.
        ahead = count * np.log(miss / TOLERANCE) / max(np.log(before / miss), 1e-3)
        share = 1.0 if miss < GLANCE * TOLERANCE else 0.8
        before, count = miss, int(min(np.ceil(share * ahead), max(8 * len(which), space.done // 2)))


def missed(T: Array, leak: Array, start: Array, last: int) -> float:
    """A bound on |P_t - its projection| / |P_0| over t <= last, all readings, or where it is far
    above ``TOLERANCE`` an estimate from a few times; less than ``TOLERANCE`` also where rounding of
    the map itself does as much.

    P's error E obeys E+ = A E + leak a_t with |A| = spectral radius, so that |E_t| <= sum over s <
    t of |leak a_s| where that is at most 1; beyond 1, with the largest Ritz value for the radius,
    everything is relative to its powers. The sum takes every s < ``NEAR`` and then stretches of
    s/64: what is left of a_s by then varies over some s/40.
    """
    values, vectors = np.linalg.eigh(T)
    values = values / max(1.0, float(np.abs(values).max()))
    leak, starts = leak @ vectors, vectors.T @ start
    lengths = np.linalg.norm(starts, axis=0)
    with np.errstate(divide="ignore"):
        span = float((1.0 / (1.0 - np.abs(values))).max())
    end = int(min(last, max(16.0, 40.0 * span)))  # e^-40 is below rounding
    near = min(end, NEAR)
    some = np.linspace(0, near - 1, min(near, GLANCE)).astype(int)
    # (k, leaking directions * readings).
    waves = (starts[:, None, :] * leak.T[:, :, None]).reshape(len(values), -1)
    glance = np.linalg.norm((values[None] ** some[:, None]) @ waves)
    if glance * near > GLANCE * TOLERANCE * lengths.max():  # not yet
        return float(glance * near / lengths.max())
    steps = at_times(diagonal(values), starts, leak, np.arange(near))
    sizes = np.sqrt((steps**2).sum(axis=1)).sum(axis=0)
    if end > near:
        count = int(np.ceil(64 * np.log(end / near)))
        edges = np.unique(np.geomspace(near, end, count + 1).astype(np.int64))
        for odd in (0, 1):  # both parities, for eigenvalues near -1
            wave = ((values[None] ** (edges[:-1, None] + odd)) @ waves).reshape(
                len(edges) - 1, len(leak), -1
            )
            sizes = sizes + np.diff(edges) / 2 @ np.sqrt((wave**2).sum(axis=1))
    floor = ROUNDING * min(float(last), span)
    return float((sizes / lengths).max() * min(1.0, TOLERANCE / floor))


def complete_basis(origins: list[Recursion], which: list[int]) -> Basis:
    """All symmetric matrices at once, where a Krylov space would fill up and take longer."""
    dim, F = origins[0].dim, origins[0].features
    operator, packing = Symmetrised(*origins, keep_ties=True), Packing(dim)
    every, images = np.eye(packing.size), []
    chunk = max(1, ROOM // F.size)
    for first in range(0, packing.size, chunk):
        part = slice(first, first + chunk)
        P = operator.weigh(packing.unpack(every[part]))
        rows, columns = np.divmod(packing.flat[part], dim)
        heights = (F[:, rows] * F[:, columns]).T * (
            P[np.arange(len(P)), rows, columns] * packing.weights[part] ** 2
        )[:, None]
        images.append(packing.pack(operator.image(P, heights)))
    T = np.concatenate(images)
    start = packing.pack(np.stack(operator.readings())[which]).T
    return Basis(every, np.concatenate(operator.ties), (T + T.T) / 2, start, which)


def curve(
    moments: Recursion,
    space: Basis,
    m: Array,
    M: Array,
    times: np.ndarray,
    *,
    origin: int = 0,
) -> Array:
    """Coefficients in lam of the readings at ``times`` after the state (m, M) about ``origin``, (T,
    readings, 2q+1).

    By powers of the map in the eigenvectors of its symmetric parts.
    """
    q, d, k = len(m), moments.dim, len(space.map)
    packing, top = Packing(d), 2 * q - 1
    root = np.ones((d, d)) if moments.scale is None else np.sqrt(moments.scale)
    # P = C^(1/2) o V, and M_0 = C^(1/2) o N_0 (where C vanishes, M_0 does: the caller has made one
    # step).
    feeds = packing.pack(moments.constant * root) @ space.vectors.T  # (top, k)
    reads = packing.pack(M / np.where(root > 0.0, root, 1.0)) @ space.vectors.T
    rates, turn = np.linalg.eigh(moments.shrink)
    ties = space.ties[:, origin].transpose(1, 2, 0)  # (q, d, k)
    tails, means = np.zeros((top, q * d)), np.zeros((top, q * d))
    for i in range(q):
        for j in range(q):
            tails[i + j, i * d : (i + 1) * d] -= moments.gamma * moments.drift[j]
            means[i + j, i * d : (i + 1) * d] += m[j]
    s, Hs = moments.shift, moments.shift @ moments.hessian
    vectors = np.stack([2 * s.ravel(), Hs.ravel()], axis=1)[:, space.which]
    numbers = np.stack([product(s, s, "i,i->"), product(Hs, s, "i,i->") / 2], axis=1)[
        :, space.which
    ]

    def turned(rows: Array) -> Array:
        return (rows.reshape(-1, d) @ turn).reshape(-1, q * d)

    fast, modes = np.linalg.eigh(space.map)
    fast[(fast > 1.0) & (fast < 1.0 + AT_ONE)] = 1.0
    parted = Triangular(
        fast,
        np.tile(rates, q),
        (turn.T @ ties @ modes).reshape(-1, k),
        feeds @ modes,
        turned(tails),
    )
    starts = np.concatenate([modes.T @ space.start, turned(vectors.T).T, numbers])
    readers = np.hstack([reads @ modes, turned(means), np.eye(top)])
    return np.asarray(at_times(parted, starts, readers, times).transpose(0, 2, 1))
