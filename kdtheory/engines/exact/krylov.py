"""Krylov spaces of a self-adjoint map on symmetric matrices, grown one application at a time
(Lanczos with full orthogonalisation)."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from kdtheory.problems.base import Array

# a direction this small beside the image it comes from is rounding: the space is invariant without
# it
DROPPED = 1e-13
MEMORY = 2**30  # bytes of basis vectors


class Packing:
    """Symmetric (d, d) as vectors (d (d+1)/2,), off-diagonal entries times sqrt(2): inner products
    are Frobenius.
    """

    def __init__(self, dim: int) -> None:
        self.dim = dim
        rows, columns = np.triu_indices(dim)
        self.flat = rows * dim + columns
        self.weights = np.where(rows == columns, 1.0, np.sqrt(2.0))
        place = np.empty((dim, dim), dtype=np.intp)
        place[rows, columns] = place[columns, rows] = np.arange(len(self.flat))
        self.place = place.ravel()

    @property
    def size(self) -> int:
        """d (d+1)/2."""
        return len(self.flat)

    def pack(self, M: Array) -> Array:
        """(..., d, d) -> (..., size)."""
        return np.asarray(np.take(M.reshape(*M.shape[:-2], -1), self.flat, axis=-1) * self.weights)

    def unpack(self, v: Array) -> Array:
        """The inverse of :meth:`pack`."""
        return np.take(v / self.weights, self.place, axis=-1).reshape(
            *v.shape[:-1], self.dim, self.dim
        )


class Krylov:
    """An orthonormal basis V of the Krylov space of ``starts``, with A V_k = V T: V_k the first k
    vectors, applied so far.

    Exact up to rounding for every k, so that ``leak`` = (the rows of T beyond k) measures what the
    projection T_k misses.
    """

    def __init__(
        self, apply: Callable[[Array], Array], starts: Sequence[Array], packing: Packing
    ) -> None:
        self.apply, self.packing = apply, packing
        self.limit = max(1, min(packing.size, MEMORY // (8 * packing.size)))
        self._basis = np.empty((min(64, packing.size), packing.size))
        self.found = self.done = 0
        self._parents: list[int] = []  # whose image each vector came from
        self._columns: list[Array] = []
        self.coordinates = np.zeros((len(starts), len(starts)))  # of the starts, in the basis
        for row, start in enumerate(starts):
            vector = packing.pack(start)
            parts, length = self._admit(vector, float(np.linalg.norm(vector)))
            self.coordinates[row, : len(parts)] = parts
            if length > 0.0:
                self.coordinates[row, len(parts)] = length

    def _admit(self, vector: Array, size: float, own: int | None = None) -> tuple[Array, float]:
        """Coordinates of ``vector`` in the basis, and the length of what is left, which joins the
        basis unless it is rounding."""
        basis = self._basis[: self.found]
        parts = np.zeros(self.found)
        if own is not None:
            # The map is near a multiple of I for small step sizes: the part along its own vector
            # goes first, or it would drown the rest; then those that do not vanish by symmetry.
            for first, last in ((own, own + 1), (max(0, self._parents[own]), self.found)):
                found = basis[first:last] @ vector
                vector = vector - found @ basis[first:last]
                parts[first:last] += found
        length = float(np.linalg.norm(vector))
        for _ in range(3):
            before, found = length, basis @ vector
            vector = vector - found @ basis
            parts += found
            length = float(np.linalg.norm(vector))
            # Little cancelled: orthogonal to rounding.
            if length > 0.2 * before or length <= DROPPED * size:
                break
        if length <= DROPPED * size or self.found == self.packing.size:
            return parts, 0.0
        if self.found == len(self._basis):
            self._basis = np.concatenate([self._basis, np.empty_like(self._basis)])
        self._basis[self.found] = vector / length
        self._parents.append(-1 if own is None else own)
        self.found += 1
        return parts, length

    def grow(self, count: int) -> None:
        """At most ``count`` more applications; fewer when the space is invariant or memory ends."""
        for _ in range(count):
            if self.done == self.found or self.done == self.limit:
                return
            image = self.packing.pack(self.apply(self.packing.unpack(self._basis[self.done])))
            parts, length = self._admit(image, float(np.linalg.norm(image)), self.done)
            self._columns.append(np.append(parts, length) if length > 0.0 else parts)
            self.done += 1

    @property
    def invariant(self) -> bool:
        """Whether nothing leaks: T_k is the map on the whole Krylov space."""
        return self.done == self.found

    @property
    def full(self) -> bool:
        """No room for more."""
        return self.invariant or self.done == self.limit

    @property
    def basis(self) -> Array:
        """The vectors applied so far, (k, size)."""
        return self._basis[: self.done]

    @property
    def tridiagonal(self) -> Array:
        """T_k, symmetric (k, k), banded."""
        return self._projected()[: self.done]

    @property
    def leak(self) -> Array:
        """The rows of T beyond k, (b, k): A V_k - V_k T_k in the directions not applied yet."""
        return self._projected()[self.done :]

    def _projected(self) -> Array:
        T = np.zeros((self.found, self.done))
        for k, column in enumerate(self._columns):
            T[: len(column), k] = column
        # The part above the band is rounding of a symmetric matrix; the lower triangle holds what
        # was measured.
        head = np.tril(T[: self.done])
        T[: self.done] = head + np.tril(head, -1).T
        return T

    def start(self) -> Array:
        """The starts in the basis, (k, number of starts)."""
        k = max(self.done, self.coordinates.shape[1])
        padded = np.zeros((k, len(self.coordinates)))
        padded[: self.coordinates.shape[1]] = self.coordinates.T
        return padded[: self.done]
