"""Matrices over the rationals: definiteness and kernels, and constants certified by them."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.evidence.numbers import Number, exact, flint

Exact = np.ndarray  # object arrays of fmpq: matrix products are the same lines as in floats


def exact_array(value: Any, name: str) -> Exact:
    """An array of fmpq."""
    array = np.asarray(value, dtype=object)
    return np.array([exact(entry, name) for entry in array.ravel()], dtype=object).reshape(
        array.shape
    )


def semidefinite(A: Exact) -> bool:
    """Whether the symmetric rational matrix A is positive semidefinite, by exact LDL^T."""
    A = A.copy()
    for k in range(len(A)):
        pivot = A[k, k]
        if pivot < 0:
            return False
        column = A[k + 1 :, k]
        if pivot == 0:
            if any(entry != 0 for entry in column):
                return False
            continue
        A[k + 1 :, k + 1 :] -= np.outer(column, column) / pivot
    return True


def certified(
    estimate: float, holds: Callable[[Number], bool], *, upper: bool, what: str
) -> Number:
    """A rational near ``estimate`` for which ``holds`` is true, exactly: the simplest one nearby,
    or the float moved outwards.

    Raises:
        InvalidInput: none within a millionth.
    """
    plain = Fraction(estimate).limit_denominator(1000)
    if abs(plain - Fraction(estimate)) <= Fraction(estimate) / 10**12 and holds(exact(plain, what)):
        return exact(plain, what)
    for bits in (40, 30, 20):
        moved = Fraction(estimate) * (1 + Fraction(1 if upper else -1, 2**bits))
        if holds(exact(moved, what)):
            return exact(moved, what)
    raise InvalidInput(
        f"{what} = {estimate:.6g} could not be certified in exact arithmetic: the problem is too"
        " ill-conditioned. Use ridge > 0."
    )


def column(matrix: Any) -> Exact:
    """The first column of a flint matrix."""
    return np.array([row[0] for row in matrix.tolist()], dtype=object)


def kernel_of(H: Any) -> Any:
    """A basis of the kernel as columns, from the reduced row echelon form."""
    reduced, rank = H.rref()
    rows, d = reduced.tolist(), H.ncols()
    pivots = [next(j for j in range(d) if rows[i][j] != 0) for i in range(rank)]
    free = [j for j in range(d) if j not in pivots]
    basis = [[0] * len(free) for _ in range(d)]
    for column, j in enumerate(free):
        basis[j][column] = 1
        for i, pivot in enumerate(pivots):
            basis[pivot][column] = -rows[i][j]
    return flint().fmpq_mat(basis)
