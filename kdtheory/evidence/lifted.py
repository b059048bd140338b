"""The second-moment recursion as one rational matrix, and its iterates in integers or in balls.

An independent translation of ``kdtheory.engines.exact.recursion``, in the coordinates x themselves,
so that data given as dyadic rationals stay dyadic and only x* has large denominators.  The state is
z = (E x_i x_j for i <= j, E x, 1) and z+ = S z.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from kdtheory.evidence.instance import RationalInstance, scales
from kdtheory.evidence.matrices import Exact, exact_array
from kdtheory.evidence.numbers import Number, flint


def lifted_map(at: RationalInstance) -> Exact:
    """S, (n, n) with n = d (d+1)/2 + d + 1."""
    d, n, gamma, a = at.dim, at.n, at.gamma, at.features
    i, j = np.triu_indices(d)
    size = len(i)
    twice = np.where(i == j, 1, 2)
    w = -(at.targets[:, None] * a) - at.pushes
    drift = w.sum(axis=0) / n
    w = w - drift
    shrink = at.identity - gamma * at.hessian
    fluctuation = gamma**2 * at.factor

    def sandwich(B: Exact) -> Exact:
        """M -> B M B on the upper triangle."""
        both = B[np.ix_(i, i)] * B[np.ix_(j, j)] + B[np.ix_(i, j)] * B[np.ix_(j, i)]
        return np.asarray(both * twice / 2)

    pairs = a[:, i] * a[:, j]
    S = exact_array(np.zeros((size + d + 1, size + d + 1), dtype=int), "0")
    S[:size, :size] = sandwich(shrink) + fluctuation * (
        pairs.T @ pairs * twice / n - sandwich(at.gram)
    )
    cross = (a[:, i] * w[:, j] + a[:, j] * w[:, i]).T @ a / n
    S[:size, size:-1] = fluctuation * cross - gamma * (
        shrink[i] * drift[j][:, None] + shrink[j] * drift[i][:, None]
    )
    S[:size, -1] = gamma**2 * drift[i] * drift[j] + fluctuation * ((w.T @ w)[i, j] / n)
    S[size:-1, size:-1] = shrink
    S[size:-1, -1] = -gamma * drift
    S[-1, -1] = 1 + S[-1, -1]
    on, off = scales(at.rule, d)
    S[:size] *= np.array([on if equal else off for equal in i == j], dtype=object)[:, None]
    return S


def start(x: Exact) -> Exact:
    """z of the fixed point x."""
    i, j = np.triu_indices(len(x))
    return np.concatenate([x[i] * x[j], x, exact_array([1], "1")])


def reader(at: RationalInstance, quantity: str) -> Exact:
    """The row r with r z = E|x - x*|^2, or E f - f* for "gap"."""
    i, j = np.triu_indices(at.dim)
    best = at.minimiser
    if quantity == "gap":
        Hx = at.hessian @ best
        return np.concatenate([at.hessian[i, j] * np.where(i == j, 1, 2) / 2, -Hx, [Hx @ best / 2]])
    return np.concatenate([at.identity[i, j], -2 * best, [best @ best]])


def rational_values(S: Exact, z: Exact, row: Exact, steps: int) -> Iterator[tuple[Any, Any]]:
    """r S^t z for t = 0..steps as (numerator, denominator) in integers, not reduced: gcds would
    cost more than the products."""
    fmpq_mat = flint().fmpq_mat
    matrix, q = fmpq_mat(S.tolist()).numer_denom()
    state, denominator = fmpq_mat([[entry] for entry in z]).numer_denom()
    reading, p = fmpq_mat([row.tolist()]).numer_denom()
    denominator = denominator * p
    for t in range(steps + 1):
        yield (reading * state)[0, 0], denominator
        if t < steps:
            state, denominator = matrix * state, denominator * q


def ball_values(S: Exact, z: Exact, row: Exact, steps: int) -> Iterator[Number]:
    """r S^t z for t = 0..steps as balls at the current precision."""
    arb_mat, fmpq_mat = flint().arb_mat, flint().fmpq_mat
    matrix, reading = arb_mat(fmpq_mat(S.tolist())), arb_mat(fmpq_mat([row.tolist()]))
    state = arb_mat(fmpq_mat([[entry] for entry in z]))
    for t in range(steps + 1):
        yield (reading * state)[0, 0]
        if t < steps:
            state = matrix * state
