"""A renewed teacher on least squares: the student's and the teacher's errors are one linear system
of twice the dimension (theory, Section 9).

With e = x - x*, eta = theta - x* and y = e - lam eta a step is e+ = e - gamma (A_B y + (1 - lam)
S_B), eta+ = (1 - alpha) eta + alpha e+.  In the axes of the Hessian the mean map is a 2 x 2 block
B_i for each, so that second moments M (2, 2, d, d) obey M+_ij = B_i M_ij B_j^T + gamma^2 f C_ij u
u^T, u = (1, alpha), where C is what the terms add at E y y^T.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.engines.exact.law import on_range
from kdtheory.engines.exact.powers import at_times
from kdtheory.engines.exact.results import Stationary
from kdtheory.engines.exact.varying import Varying
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import Experiment, experiment

DENSE = 400  # unknowns up to which a whole matrix is solved
SOLVED = 1e-12
Map = Callable[[Array], Array]


class Joint:
    """The map of the second moments of (e, eta), on the range of the Hessian."""

    def __init__(self, made: Experiment) -> None:
        assert isinstance(made.problem, LeastSquares) and made.renewal is not None
        small, self.basis = on_range(made.problem)
        plain = experiment(
            small,
            small.minimiser,
            DistilledSGD(batch_size=made.batch_size),
            step_size=1.0,
        )
        self.terms, self.problem, self.alpha = (
            Varying(plain, weighted=False),
            small,
            made.renewal,
        )
        self.h = self.terms.curvature
        self.lift = np.array([1.0, self.alpha])

    def placed(self, point: Array) -> Array:
        """point - x* in the axes of the Hessian."""
        return (self.basis.T @ point - self.problem.minimiser) @ self.terms.plain.basis

    def blocks(self, gamma: float, weight: float) -> Array:
        """B_i, (d, 2, 2)."""
        fixed = np.array([[1.0, 0.0], [self.alpha, 1.0 - self.alpha]])
        seen = np.outer(self.lift, [1.0, -weight])
        return fixed - gamma * self.h[:, None, None] * seen

    def added(self, m: Array, M: Array, gamma: float, weight: float) -> Array:
        """gamma^2 f C at E z z^T = M (2, 2, d, d) and E z = m (2, d), for the terms' own part."""
        y = m[0] - weight * m[1]
        Y = M[0, 0] - weight * (M[0, 1] + M[1, 0]) + weight**2 * M[1, 1]
        C = self.terms.fluctuation(y, Y, (1.0 - weight) * self.terms.rho)
        return gamma**2 * self.terms.law.factor * C

    def step(self, m: Array, M: Array, gamma: float, weight: float) -> tuple[Array, Array]:
        """One step."""
        B = self.blocks(gamma, weight)
        moved = np.einsum("iab,bcij,jdc->adij", B, M, B, optimize=True)
        C = self.added(m, M, gamma, weight)
        moved += np.outer(self.lift, self.lift)[:, :, None, None] * C
        return np.einsum("iab,bi->ai", B, m), moved

    def read(self, M: Array) -> Array:
        """E|x - x*|^2 and E f - f*, (2,)."""
        diagonal = np.diag(M[0, 0])
        return np.array([diagonal.sum(), self.h @ diagonal / 2])


def followed(made: Experiment, times: np.ndarray) -> Array:
    """Both readings at ``times``, (T, 2, 1); not finite once a moment is not.

    Step by step; without a schedule and where the joint map is a small matrix, by its powers.
    """
    joint = Joint(made)
    m = np.stack([joint.placed(made.start), joint.placed(made.theta)])
    away = made.start - made.problem.minimiser
    outside = float(((away - joint.basis @ (joint.basis.T @ away)) ** 2).sum())
    size = 4 * len(joint.h) ** 2 + 2 * len(joint.h) + 1
    if made.schedule is None and size <= DENSE < times.max(initial=0):
        found = _powered(joint, m, made.gamma, weight_of(made), times)
    else:
        found = _walked(joint, m, made, times)
    return np.asarray(found + np.array([outside, 0.0]))[:, :, None]


def weight_of(made: Experiment) -> float:
    """lam of a renewed teacher's rule."""
    return float(np.asarray(made.weight))


def _walked(joint: Joint, m: Array, made: Experiment, times: np.ndarray) -> Array:
    M = m[:, None, :, None] * m[None, :, None, :]
    plan, found, now, own = made.schedule, {}, 0, weight_of(made)
    for time in np.unique(times):
        while now < time:
            gamma = made.gamma if plan is None else float(plan.step_sizes[now])
            weight = own if plan is None or plan.weights is None else np.ravel(plan.weights)[now]
            m, M = joint.step(m, M, gamma, float(weight))
            now += 1
        found[int(time)] = joint.read(M)
        if not np.isfinite(found[int(time)]).all():
            break
    lost = np.full(2, np.nan)
    return np.array([found.get(int(time), lost) for time in times]).reshape(len(times), 2)


def _powered(joint: Joint, m: Array, gamma: float, weight: float, times: np.ndarray) -> Array:
    """By powers of the joint map of (M, m, 1), written as a matrix."""
    d = len(joint.h)
    shape, count = (2, 2, d, d), 4 * d * d
    nothing, still = np.zeros(shape), np.zeros((2, d))
    added = joint.step(still, nothing, gamma, weight)[1]
    S = np.zeros((count + 2 * d + 1, count + 2 * d + 1))
    S[:count, :count] = _whole(lambda M: joint.step(still, M, gamma, weight)[1] - added, shape)
    S[:count, -1], S[-1, -1] = added.ravel(), 1.0
    for place, unit in enumerate(np.eye(2 * d)):
        mean, moved = joint.step(unit.reshape(2, d), nothing, gamma, weight)
        S[:count, count + place] = (moved - added).ravel()
        S[count : count + 2 * d, count + place] = mean.ravel()
    readers = np.zeros((2, len(S)))
    diagonal = np.arange(d) * (d + 1)
    readers[0, diagonal], readers[1, diagonal] = 1.0, joint.h / 2
    start = np.concatenate([(m[:, None, :, None] * m[None, :, None, :]).ravel(), m.ravel(), [1.0]])
    return at_times(S, start[:, None], readers, times)[:, :, 0]


def stationary(made: Experiment) -> Stationary:
    """The limit of :func:`followed`: Y = E y y^T solves Y = phi o (gamma^2 f C(Y)), phi_ij what
    u u^T, fed every step, leaves of y_i y_j.

    Raises:
        Diverged: the mean, or the second moment, does not settle.
    """
    joint, gamma = Joint(made), made.gamma
    weight = weight_of(made)
    if weight == 1.0:
        raise Diverged(
            "With weight = 1 a student that has reached its teacher stays there: nothing pulls"
            " either of them to the minimiser, and no law forgets the start. Use a weight below 1."
        )
    B, d = joint.blocks(gamma, weight), len(joint.h)
    rates = np.abs(np.linalg.eigvals(B)).max()
    still = np.zeros((2, d))
    if rates >= 1.0:
        raise _unstable(made, float(rates**2))
    pairs = np.einsum("iab,jcd->ijacbd", B, B).reshape(d, d, 4, 4)
    fed = np.outer(joint.lift, joint.lift).ravel()
    left = np.linalg.solve(np.eye(4) - pairs, np.broadcast_to(fed[:, None], (d, d, 4, 1)))
    left = left[..., 0].reshape(d, d, 2, 2)
    phi = left[..., 0, 0] - weight * (left[..., 0, 1] + left[..., 1, 0])
    phi = phi + weight**2 * left[..., 1, 1]

    def added(Y: Array) -> Array:
        M = np.zeros((2, 2, d, d))
        M[0, 0] = Y
        return joint.added(still, M, gamma, weight)

    fixed = added(np.zeros((d, d)))

    def moved(M: Array) -> Array:
        return joint.step(still, M, gamma, weight)[1] - lifted

    lifted = joint.step(still, np.zeros((2, 2, d, d)), gamma, weight)[1]
    radius = _radius(moved, (2, 2, d, d))
    if radius >= 1.0:
        raise _unstable(made, radius)
    Y = _solved(lambda Z: phi * (added(Z) - fixed), phi * fixed)
    miss = np.abs(Y - phi * added(Y)).max() / max(np.abs(Y).max(), np.finfo(float).tiny)
    C = added(Y)
    diagonal = np.einsum("ii,ii->i", left[..., 0, 0], C)
    return Stationary(
        float(diagonal.sum()),
        float(joint.h @ diagonal / 2),
        radius,
        float(miss) / (1.0 - radius),
    )


def _unstable(made: Experiment, radius: float) -> Diverged:
    return Diverged(
        f"Mean-square unstable at step_size = {made.gamma:.6g}, renewal = {made.renewal:.6g}:"
        f" spectral radius {radius:.6g} >= 1. Use a smaller step size, or another weight."
    )


def _whole(linear: Map, shape: tuple[int, ...]) -> Array:
    """The matrix of a linear map, column by column."""
    size = int(np.prod(shape))
    return np.array([linear(unit.reshape(shape)).ravel() for unit in np.eye(size)]).T


def _operator(linear: Map, shape: tuple[int, ...]) -> Any:
    from scipy.sparse.linalg import LinearOperator

    size = int(np.prod(shape))
    return LinearOperator((size, size), lambda v: linear(v.reshape(shape)).ravel(), dtype=float)


def _radius(linear: Map, shape: tuple[int, ...]) -> float:
    """The spectral radius of a map that keeps E z z^T positive: its largest eigenvalue."""
    if np.prod(shape) <= DENSE:
        return float(np.abs(np.linalg.eigvals(_whole(linear, shape))).max())
    from scipy.sparse.linalg import eigs

    start = np.zeros(shape)
    for a in range(shape[0]):
        start[a, a] = np.eye(shape[2])
    found = eigs(_operator(linear, shape), k=1, v0=start.ravel(), return_eigenvectors=False)
    return float(np.abs(found).max())


def _solved(linear: Map, right: Array) -> Array:
    """Z - linear(Z) = right."""
    if right.size <= DENSE:
        matrix = np.eye(right.size) - _whole(linear, right.shape)
        return np.asarray(np.linalg.solve(matrix, right.ravel()).reshape(right.shape))
    from scipy.sparse.linalg import gmres

    rest = _operator(lambda Z: Z - linear(Z), right.shape)
    found, failed = gmres(rest, right.ravel(), rtol=SOLVED, atol=0.0, restart=60, maxiter=50)
    if failed:
        raise InvalidInput(
            "The stationary law of a renewed teacher did not settle in 3000 iterations: the problem"
            " is too ill-conditioned. Use ridge > 0, or expected() at a large time."
        )
    return np.asarray(found.reshape(right.shape))
