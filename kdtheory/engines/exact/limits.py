"""The limit in t: stationary moments of least squares."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact import renewed
from kdtheory.engines.exact.krylov import Krylov, Packing
from kdtheory.engines.exact.law import law_of, least_squares
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.engines.exact.reduced import AT_ONE, Symmetrised
from kdtheory.engines.exact.results import Stationary
from kdtheory.engines.exact.stability import (
    PRECISE,
    ROUNDS,
    largest_stable,
    spectral_radius,
    way_out,
)
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.experiment import experiment
from kdtheory.rules.protocol import Rule
from kdtheory.rules.renewed import RenewedTeacher

SOLVED = 1e-11  # of the stationary values: what the solve may miss, by its own bound
REFUSED = 1e-6  # more than this is no answer


def stationary(
    problem: FiniteSum, theta: ArrayLike, rule: Rule | RenewedTeacher, *, step_size: float
) -> Stationary:
    """The limit of :func:`expected` as t grows, by one self-adjoint solve (on the range of the
    Hessian), any dimension.

    M = A(M) + Q is solved in a Krylov space of the readings I and H/2, preconditioned by the part
    of A that is diagonal in H's eigenbasis, so that the number of iterations depends on gamma
    against the stability limit, not on the condition number.

    Args:
        problem: least squares.
        theta: the teacher, (dim,), or (m, dim); of a renewed teacher its start, which does not
            matter.
        rule: the update, or a renewed teacher.
        step_size: gamma, in units of x^2/f.

    Raises:
        InvalidInput: not least squares, or too ill-conditioned for floats.
        Diverged: mean-square unstable; the message has the largest stable step size, or what the
            compressor adds.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> found = kd.stationary(problem, problem.minimiser, kd.DistilledSGD(1.0), step_size=0.1)
    >>> found.sq_distance < 1e-20
    True
    """
    ours = least_squares(problem, "Stationary laws", "Use simulate() with many steps.")
    made = experiment(problem, theta, rule, step_size=step_size, renewable=True)
    if made.renewal is not None:
        return renewed.stationary(made)
    law = law_of(made)
    whole = law.problem is made.problem
    if law.compressor is not None and ours.constants.mu == 0.0:
        raise InvalidInput(
            "Compression leaves the range of a singular Hessian; use ridge > 0, or expected() at a"
            " large time."
        )
    if law.pull is None:
        raise InvalidInput(
            "The control variates have a mean that a singular Hessian does not hold: iterates"
            " drift without limit. Use ridge > 0, or expected() at a time."
        )
    moments = Recursion(law, moving=True)
    room = _diagonal_room(moments) if moments.scale is None else None
    if whole and room is not None and ours.constants.mu == 0.0:
        raise InvalidInput(
            "The control variates leave the range of a singular Hessian, where nothing damps their"
            " noise. Use ridge > 0, or expected() at a time."
        )
    solved = None if room is not None and (room <= 0.0).any() else _solve(moments, room)
    # Without a preconditioner the solve's own space has the radius already.
    radius = solved[2] if room is None and solved is not None else spectral_radius(moments)
    if solved is None or radius >= 1.0 - AT_ONE:
        if law.compressor is None and moments.gamma < 0.999 * largest_stable(
            law.problem, law.factor, law.ratios
        ):
            # Stable, with a slowest mode whose 1 - radius is below rounding: an answer would be
            # rounding too.
            raise _ill_conditioned(law.problem)
        raise Diverged(
            f"Mean-square unstable at step_size = {moments.gamma:.6g}: spectral radius {radius:.6g}"
            " >= 1. " + way_out(law)
        )
    values, error, _ = solved
    if error > REFUSED:
        raise _ill_conditioned(law.problem)
    return Stationary(float(values[0]), float(values[1]), radius, error)


def _ill_conditioned(small: LeastSquares) -> InvalidInput:
    return InvalidInput(
        "The Hessian is too ill-conditioned for a stationary law in floats: spectral radius 1 to"
        f" rounding, L = {small.constants.L:.3g}, smallest singular value of the features"
        f" {np.linalg.svd(small.features, compute_uv=False)[-1]:.3g}. Use ridge > 0, or drop"
        " dependent features."
    )


def _diagonal_room(moments: Recursion) -> Array:
    """1 - the diagonal part of the map, (d, d), written without cancellation: not > 0 means
    unstable.
    """
    assert moments.spectrum is not None
    h = moments.gamma * moments.spectrum
    own = moments.gamma**2 * moments.factor * moments.own
    return np.asarray(h[:, None] + h[None, :] - np.outer(h, h) - own)


def _solve(moments: Recursion, room: Array | None) -> tuple[Array, float, float] | None:
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
            return root * (pull * moments.terms(root * M))

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
            found = residual**2 <= gap * max(PRECISE * (1.0 - top), ROUNDS)
        if space.full or found:
            return values, error, top
