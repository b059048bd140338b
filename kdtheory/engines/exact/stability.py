"""Where the limit in t ends: the spectral radius of the second-moment map, the largest stable step
size; least squares.
"""

from __future__ import annotations

import numpy as np

from kdtheory.engines.exact.krylov import Krylov, Packing
from kdtheory.engines.exact.law import Law, least_squares, on_range
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.engines.exact.reduced import Symmetrised
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.protocol import Rule, batch_factor, check_probabilities, check_rule, ratios_of

# An eigenvalue errs by the square of its residual over its gap: residuals of this share of 1 -
# radius leave that to rounding, where it is not rounding itself.
PRECISE, ROUNDS = 1e-7, 1e-14


def spectral_radius(moments: Recursion) -> float:
    """The radius of the second-moment map: its largest eigenvalue (the map is positive), by
    Davidson's method from I."""
    operator, packing = Symmetrised(moments), Packing(moments.dim)
    diagonal = (
        packing.pack(moments.kept) / packing.weights if moments.spectrum is not None else None
    )
    basis, images = np.empty((0, packing.size)), np.empty((0, packing.size))
    new = packing.pack(operator.weigh(np.eye(moments.dim)))
    top = 0.0
    for _ in range(min(packing.size, 300)):
        for _ in range(2):
            new = new - (basis @ new) @ basis
            new /= np.linalg.norm(new)
        basis = np.vstack([basis, new])
        images = np.vstack([images, packing.pack(operator(packing.unpack(new)))])
        T = basis @ images.T
        values, vectors = np.linalg.eigh((T + T.T) / 2)
        top, best = float(values[-1]), vectors[:, -1]
        rest = best @ images - top * (best @ basis)
        # The eigenvalue errs by |rest|^2 over its gap, and 1 - radius is what matters.
        if np.linalg.norm(rest) <= max(PRECISE * abs(1.0 - top), ROUNDS):
            break
        new = (
            rest
            if diagonal is None
            # The preconditioner keeps off 0; what it is decides the speed alone.
            else rest / np.maximum(top - diagonal, 1e-3 * max(abs(1.0 - top), 1e-12))
        )
    return top


def stability_limit(problem: FiniteSum, rule: Rule) -> float:
    """The supremum of mean-square stable step sizes, in units of x^2/f; the teacher and the
    compressor play no part.

    M -> M - gamma T1(M) + gamma^2 T2(M), with T1(M) = H M + M H and T2(M) = E A_B M A_B, is stable
    iff gamma < 1 / radius(T1^-1 T2).

    Args:
        problem: least squares.
        rule: the update; with probabilities that depend on the teacher, resolve them first.

    Raises:
        InvalidInput: not least squares.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> kd.stability_limit(problem, kd.DistilledSGD(0.0)) > 0
    True
    """
    ours = least_squares(problem, "Limits of mean-square stability", "Use simulate().")
    checked = check_rule(rule, ours.n_terms)
    factor = batch_factor(checked.batch_size, ours.n_terms, replacement=bool(checked.replacement))
    given = getattr(checked, "probabilities", None)
    chances = None if given is None else check_probabilities(given, ours.n_terms)
    return largest_stable(ours, factor, ratios_of(chances))


def largest_stable(problem: LeastSquares, factor: float, ratios: Array | None) -> float:
    """The same from what a batch divides by and from 1/(N p_n)."""
    small, _ = on_range(problem)
    calm = np.zeros((small.n_terms, small.dim))
    moments = Recursion(Law(small, calm, None, None, 1.0, factor, ratios, None, in_weight=False))
    h, f = moments.spectrum, moments.factor
    assert h is not None
    root = 1.0 / np.sqrt(h[:, None] + h[None, :])
    fixed = np.outer(h, h) + f * moments.own

    def apply(M: Array) -> Array:
        M = root * M
        return np.asarray(root * (fixed * M + f * moments.terms(M)))

    space = Krylov(apply, (root * np.eye(small.dim),), Packing(small.dim))
    while True:
        space.grow(max(8, space.done // 3))
        values, vectors = np.linalg.eigh(space.tridiagonal)
        # The error is the square of what leaks over the gap: 1e-9 leaves rounding.
        if space.full or np.linalg.norm(space.leak @ vectors[:, -1]) <= 1e-9 * values[-1]:
            return 1.0 / float(values[-1])


def way_out(law: Law) -> str:
    """What to do about an unstable step size."""
    limit = largest_stable(law.problem, law.factor, law.ratios)
    if law.compressor is None or law.gamma >= limit:
        return f"The largest stable step size is {limit:.6g}."
    return (
        f"Without compression it is stable (limit {limit:.6g}): {law.compressor} adds more"
        f" variance than a step removes, omega = {law.compressor.omega(law.dim):.6g}. Compress"
        " less: with omega > 0 the smallest step sizes are unstable too."
    )
