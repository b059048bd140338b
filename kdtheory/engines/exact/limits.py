"""The limit in t and where it ends: stationary moments, spectral radius, largest stable step size;
least squares.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact.krylov import Krylov, Packing
from kdtheory.engines.exact.recursion import Moments
from kdtheory.engines.exact.reduced import AT_ONE, Symmetrised
from kdtheory.engines.exact.results import Stationary
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum, point
from kdtheory.rules.distilled import DistilledSGD

SOLVED = 1e-11  # of the stationary values: what the solve may miss, by its own bound
REFUSED = 1e-6  # more than this is no answer


def stationary(
    problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float
) -> Stationary:
    """The limit of :func:`expected` as t grows, by one self-adjoint solve (on the range of the
    Hessian), any dimension.

    M = A(M) + Q is solved in a Krylov space of the readings I and H/2, preconditioned by the part
    of A that is diagonal in H's eigenbasis, so that the number of iterations depends on gamma
    against the stability limit, not on the condition number.

    Args:
        problem: least squares.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.

    Raises:
        InvalidInput: not least squares, or too ill-conditioned for floats.
        Diverged: mean-square unstable; the message has the largest stable step size, or what the
            compressor adds.
    """
    if not isinstance(problem, LeastSquares):
        raise InvalidInput(
            f"A stationary law needs least squares, got {type(problem).__name__}. Use simulate()"
            " with many steps."
        )
    small, basis = on_range(problem)
    if rule.compressor is not None and small is not problem:
        raise InvalidInput(
            "Compression leaves the range of a singular Hessian; use ridge > 0, or expected() at a"
            " large time."
        )
    moments = Moments(small, basis.T @ point(problem, theta, "theta"), rule, step_size, moving=True)
    room = _diagonal_room(moments) if moments.scale is None else None
    solved = None if room is not None and (room <= 0.0).any() else _solve(moments, room)
    # Without a preconditioner the solve's own space has the radius already.
    radius = solved[2] if room is None and solved is not None else spectral_radius(moments)
    if solved is None or radius >= 1.0 - AT_ONE:
        if rule.compressor is None and moments.gamma < 0.999 * stability_limit(problem, rule):
            # Stable, with a slowest mode whose 1 - radius is below rounding: an answer would be
            # rounding too.
            raise _ill_conditioned(problem, small)
        raise Diverged(
            f"Mean-square unstable at step_size = {moments.gamma:.6g}: spectral radius {radius:.6g}"
            " >= 1. " + way_out(problem, rule, moments.gamma)
        )
    values, error, _ = solved
    if error > REFUSED:
        raise _ill_conditioned(problem, small)
    return Stationary(float(values[0]), float(values[1]), radius, error)


def _ill_conditioned(problem: LeastSquares, small: LeastSquares) -> InvalidInput:
    return InvalidInput(
        "The Hessian is too ill-conditioned for a stationary law in floats: spectral radius 1 to"
        f" rounding, L = {problem.constants.L:.3g}, smallest singular value of the features"
        f" {np.linalg.svd(small.features, compute_uv=False)[-1]:.3g}. Use ridge > 0, or drop"
        " dependent features."
    )


def on_range(problem: LeastSquares) -> tuple[LeastSquares, Array]:
    """The problem on the range of its Hessian, where SGD moves, and that range's basis (d, r)."""
    if problem.constants.mu > 0:
        return problem, np.eye(problem.dim)
    basis = np.linalg.svd(problem.features, full_matrices=False)[2]
    basis = basis[: np.linalg.matrix_rank(problem.features)].T
    return LeastSquares(problem.features @ basis, problem.targets), basis


def _diagonal_room(moments: Moments) -> Array:
    """1 - the diagonal part of the map, (d, d), written without cancellation: not > 0 means
    unstable.
    """
    assert moments.spectrum is not None
    h, g = moments.gamma * moments.spectrum, moments.gamma * (moments.spectrum - moments.ridge)
    return h[:, None] + h[None, :] - np.outer(h, h) + moments.factor * np.outer(g, g)


def _solve(moments: Moments, room: Array | None) -> tuple[Array, float, float] | None:
    """The two stationary values, a bound on their relative error and the map's top Ritz value; None
    when that is 1 or more."""
    mean = (
        np.linalg.solve(moments.hessian, -moments.drift[0])[None]
        if moments.drift.any()
        else np.zeros((1, moments.dim))
    )
    forcing = (moments.tied(mean) + moments.constant)[0]
    known = moments.read(mean, np.zeros((1, moments.dim, moments.dim)))[:, 0]
    if room is None:
        operator = Symmetrised(moments)
        weigh, apply = operator.weigh, operator.__call__
    else:
        root, pull = 1.0 / np.sqrt(room), moments.gamma**2 * moments.factor

        def weigh(M: Array) -> Array:
            return root * M

        def apply(M: Array) -> Array:
            return root * (pull * moments.gathered(moments.heights(root * M)))

    packing = Packing(moments.dim)
    space = Krylov(apply, (weigh(np.eye(moments.dim)), weigh(moments.hessian / 2)), packing)
    source = packing.pack(weigh(forcing))
    while True:
        space.grow(max(8, space.done // 3))
        T = space.tridiagonal
        ritz, vectors = np.linalg.eigh(T)
        top = float(ritz[-1])
        if top >= 1.0:
            return None
        weights = np.linalg.solve(np.eye(len(T)) - T, space.start())
        values = known + (space.basis @ source) @ weights
        left = np.linalg.norm(space.leak @ weights, axis=0) * np.linalg.norm(source) / (1.0 - top)
        error = float(np.max(left / np.maximum(np.abs(values), np.finfo(float).tiny)))
        found = error <= max(SOLVED, np.finfo(float).eps / (1.0 - top))
        if found and room is None:  # an eigenvalue errs by the square of its residual over its gap
            residual, gap = (
                float(np.linalg.norm(space.leak @ vectors[:, -1])),
                top - float(ritz[:-1].max(initial=0.0)),
            )
            found = residual**2 <= gap * max(1e-7 * (1.0 - top), 1e-14)
        if space.full or found:
            return values, error, top


def spectral_radius(moments: Moments) -> float:
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
        if np.linalg.norm(rest) <= max(1e-7 * abs(1.0 - top), 1e-14):
            break
        new = (
            rest
            if diagonal is None
            else rest / np.maximum(top - diagonal, 1e-3 * max(abs(1.0 - top), 1e-12))
        )
    return top


def stability_limit(problem: FiniteSum, rule: DistilledSGD) -> float:
    """The supremum of mean-square stable step sizes, in units of x^2/f; the teacher and the
    compressor play no part.

    M -> M - gamma T1(M) + gamma^2 T2(M), with T1(M) = H M + M H and T2(M) = E A_B M A_B, is stable
    iff gamma < 1 / radius(T1^-1 T2).

    Args:
        problem: least squares.
        rule: the update.

    Raises:
        InvalidInput: not least squares.
    """
    if not isinstance(problem, LeastSquares):
        raise InvalidInput(
            f"Mean-square stability is computed for least squares, got {type(problem).__name__}."
        )
    small, _ = on_range(problem)
    plain = DistilledSGD(batch_size=rule.batch_size, replacement=rule.replacement)
    moments = Moments(small, small.minimiser, plain, 1.0)
    h, f = moments.spectrum, moments.factor
    assert h is not None
    g, root = h - small.ridge, 1.0 / np.sqrt(h[:, None] + h[None, :])
    fixed = np.outer(h, h) - f * np.outer(g, g)

    def apply(M: Array) -> Array:
        M = root * M
        return np.asarray(root * (fixed * M + f * moments.gathered(moments.heights(M))))

    space = Krylov(apply, (root * np.eye(small.dim),), Packing(small.dim))
    while True:
        space.grow(max(8, space.done // 3))
        values, vectors = np.linalg.eigh(space.tridiagonal)
        # The error is the square of what leaks over the gap: 1e-9 leaves rounding.
        if space.full or np.linalg.norm(space.leak @ vectors[:, -1]) <= 1e-9 * values[-1]:
            return 1.0 / float(values[-1])


def way_out(problem: FiniteSum, rule: DistilledSGD, gamma: float) -> str:
    """What to do about an unstable step size."""
    limit = stability_limit(problem, rule)
    if rule.compressor is None or gamma >= limit:
        return f"The largest stable step size is {limit:.6g}."
    return (
        f"Without compression it is stable (limit {limit:.6g}): {rule.compressor} adds more"
        f" variance than a step removes, omega = {rule.compressor.omega(problem.dim):.6g}. Compress"
        " less: with omega > 0 the smallest step sizes are unstable too."
    )
