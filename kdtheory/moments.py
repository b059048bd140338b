"""Exact expectations: one step of any finite sum, every step of least squares (theory, Section 6)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, positive_int
from kdtheory.rules import DistilledSGD
from kdtheory.teacher import gap_at

ENUMERATION_LIMIT = 20_000
LIFTED_LIMIT = 3_000        # rows of the dense map on (mean, second moment); 3,000 is d = 75


@dataclass(frozen=True)
class Expectation:
    """``sq_distance`` E|x - x*|^2 and ``gap`` E f(x) - f*."""

    sq_distance: float
    gap: float


@dataclass(frozen=True)
class Curve:
    """The same at times ``steps`` (T,), arrays (T,)."""

    steps: np.ndarray
    sq_distance: Array
    gap: Array


def _sandwich(features: Array, gram: Array, ridge: float, M: Array) -> Array:
    """E A_n M A_n with A_n = a_n a_n^T + ridge I, from the rows a_n and gram = E a_n a_n^T."""
    heights = np.einsum("nd,nd->n", features @ M, features)
    return (features.T * heights) @ features / len(features) + ridge * (gram @ M + M @ gram) + ridge * ridge * M


class _Moments:
    """The linear recursion of m = E e and M = E e e^T, for e+ = (I - gamma A_n) e - gamma v_n and its batches."""

    def __init__(self, problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, step_size: float) -> None:
        if not isinstance(problem, LeastSquares):
            raise InvalidInput(f"Exact moments need least squares, got {type(problem).__name__}. Use one_step() or simulate().")
        self.gamma = positive_float(step_size, "step_size")
        self.rule, self.ridge, self.hessian = rule, problem.ridge, problem.hessian
        self.features, self.origin = problem.features, problem.minimiser
        noise = problem.gradients(self.origin)
        teacher = problem.gradients(point(problem, theta, "theta"))
        self.noise = noise - noise.mean(axis=0) - rule.corrections(teacher)     # v_n = S_n - lam H_n, E S = 0
        self.drift = self.noise.mean(axis=0)
        self.gram = self.features.T @ self.features / len(self.features)
        self.spread = self.noise.T @ self.noise / len(self.noise)
        self.factor = rule.noise_factor(problem.n_terms)
        self.dim = problem.dim

    def step(self, m: Array, M: Array) -> tuple[Array, Array]:
        """One step of the recursion."""
        n, H = len(self.features), self.hessian
        cross = (self.features.T * (self.features @ m)) @ self.noise / n + self.ridge * np.outer(m, self.drift)
        own = _sandwich(self.features, self.gram, self.ridge, M) + cross + cross.T + self.spread
        Hm = H @ m
        tied = np.outer(Hm, self.drift)
        full = H @ M @ H + tied + tied.T + np.outer(self.drift, self.drift)
        mixed = H @ M + np.outer(self.drift, m)
        moved = M - self.gamma * (mixed + mixed.T) + self.gamma**2 * (self.factor * own + (1 - self.factor) * full)
        mean = m - self.gamma * (Hm + self.drift)
        if self.rule.compressor is not None:
            y, tie = mean + self.origin, np.outer(mean, self.origin)
            raw = moved + tie + tie.T + np.outer(self.origin, self.origin)
            tie = np.outer(y, self.origin)
            moved = self.rule.compressor.second_moment(raw) - tie - tie.T + np.outer(self.origin, self.origin)
        return mean, (moved + moved.T) / 2

    @property
    def size(self) -> int:
        """The length of z = (m, upper triangle of M)."""
        return self.dim + self.dim * (self.dim + 1) // 2

    def lifted(self) -> tuple[Array, Array]:
        """The recursion as z+ = T z + b."""
        d, size = self.dim, self.size
        if size > LIFTED_LIMIT:
            raise InvalidInput(
                f"The exact map has {size} rows in dimension d = {d}, more than {LIFTED_LIMIT}. Use expected() step by step, or simulate()."
            )
        offset = self.pack(*self.step(np.zeros(d), np.zeros((d, d))))
        columns = [self.pack(*self.step(*self.unpack(row))) - offset for row in np.eye(size)]
        return np.array(columns).T, offset

    def pack(self, m: Array, M: Array) -> Array:
        """(m, M) as one vector."""
        return np.concatenate([m, M[np.triu_indices(self.dim)]])

    def unpack(self, z: Array) -> tuple[Array, Array]:
        """The inverse of :meth:`pack`."""
        M = np.zeros((self.dim, self.dim))
        M[np.triu_indices(self.dim)] = z[self.dim :]
        return z[: self.dim], M + M.T - np.diag(np.diag(M))

    def read(self, M: Array) -> Expectation:
        """The two numbers of a second moment."""
        return Expectation(float(np.trace(M)), float((self.hessian * M).sum() / 2))


def one_step(problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float, x: ArrayLike) -> Expectation:
    """The exact expectation over one step from ``x`` (dim,), for any finite sum.

    Batches and compressors are enumerated where no closed second moment exists; single terms always are.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x: where the step starts, (dim,).

    Raises:
        InvalidInput: wrong shapes, or more outcomes than 20,000 (batches times compressions).  Diverged: a value overflows.
    """
    x, theta = point(problem, x, "x"), point(problem, theta, "theta")
    gamma = positive_float(step_size, "step_size")
    closed = rule.compressor is None or rule.compressor.absolute_error(problem.dim) == 0.0
    with np.errstate(over="ignore", invalid="ignore"):      # what overflows is refused below, by name
        if isinstance(problem, LeastSquares) and closed:
            moments = _Moments(problem, theta, rule, gamma)
            e = x - problem.minimiser
            found = moments.read(moments.step(e, np.outer(e, e))[1])
        else:
            found = _enumerated(problem, theta, rule, gamma, x)
    if not (math.isfinite(found.sq_distance) and math.isfinite(found.gap)):
        raise Diverged(f"One step from |x|_inf = {np.abs(x).max():.3g} at step_size = {gamma:.6g} overflows: E|x-x*|^2 = "
                       f"{found.sq_distance}, gap = {found.gap}. Start nearer, or use a smaller step size.")
    return found


def _enumerated(problem: FiniteSum, theta: Array, rule: DistilledSGD, gamma: float, x: Array) -> Expectation:
    """The mean over every batch and every outcome of the compressor."""
    directions = problem.gradients(x) - rule.corrections(problem.gradients(theta))
    distance = gap = 0.0
    batches, total = _batches(problem.n_terms, rule)
    for batch in batches:
        y = x - gamma * directions[list(batch)].mean(axis=0)
        values, chances = (y[None, :], np.ones(1)) if rule.compressor is None else rule.compressor.outcomes(y)
        if rule.compressor is not None and total * len(values) > ENUMERATION_LIMIT:
            raise InvalidInput(f"{total} batches times {len(values)} compressions are more than {ENUMERATION_LIMIT} outcomes; use simulate().")
        distance += float(chances @ ((values - problem.minimiser) ** 2).sum(axis=1)) / total
        gap += float(chances @ np.array([gap_at(problem, value) for value in values])) / total
    return Expectation(distance, gap)


def _batches(n: int, rule: DistilledSGD) -> tuple[Sequence[tuple[int, ...]], int]:
    rule.noise_factor(n)        # refuses a batch larger than N without replacement
    size = rule.batch_size
    total = n**size if rule.replacement else math.comb(n, size)
    if size > 1 and total > ENUMERATION_LIMIT:     # single terms are as many as the gradients that are held anyway
        raise InvalidInput(f"Batches of {size} from {n} terms have more than {ENUMERATION_LIMIT} outcomes; use simulate().")
    found = itertools.product(range(n), repeat=size) if rule.replacement else itertools.combinations(range(n), size)
    return list(found), total


def expected(problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float, x0: ArrayLike, steps: int,
             at: ArrayLike | None = None) -> Curve:
    """E|x^t - x*|^2 and E f(x^t) - f* without Monte Carlo, at t = 0..steps or at the times ``at``.

    Few times on a long horizon are reached by squaring the lifted map, the others by recursion.

    Args:
        problem: least squares.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x0: the start, (dim,).
        steps: horizon.
        at: times wanted, whole numbers (T,); None for 0..steps.

    Raises:
        InvalidInput: not least squares, wrong shapes or times.  Diverged: the moments left the range of floats.
    """
    moments = _Moments(problem, theta, rule, step_size)
    e = point(problem, x0, "x0") - problem.minimiser
    count = positive_int(steps, "steps", minimum=0)
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if at is not None and (times.ndim != 1 or times.dtype.kind not in "iu" or (times < 0).any() or (times > count).any()):
        raise InvalidInput(f"at must be whole times between 0 and steps = {count}, got {at!r}.")
    rows = np.unique(times)
    size = moments.size
    found: dict[int, Expectation] = {}
    m, M, now = e, np.outer(e, e), 0
    squarings = len(rows) * max(count, 2).bit_length() * size**3
    with np.errstate(over="ignore", invalid="ignore"):
        if size <= LIFTED_LIMIT and squarings < count * len(moments.features) * moments.dim**2 and len(rows) < count:
            T, b = moments.lifted()
            augmented = np.block([[T, b[:, None]], [np.zeros((1, size)), np.ones((1, 1))]])
            z = np.append(moments.pack(m, M), 1.0)
            for time in rows:
                z = np.linalg.matrix_power(augmented, int(time) - now) @ z
                now = int(time)
                found[now] = moments.read(moments.unpack(z[:-1])[1])
        else:
            for time in rows:
                while now < time:
                    m, M = moments.step(m, M)
                    now += 1
                found[now] = moments.read(M)
    distance = np.array([found[int(time)].sq_distance for time in times])
    gap = np.array([found[int(time)].gap for time in times])
    finite = np.isfinite(distance) & np.isfinite(gap)
    if not finite.all():
        raise Diverged(f"The second moment overflows by t = {times[~finite].min()} at step_size = {moments.gamma:.6g}. "
                       + _way_out(problem, rule, moments.gamma))
    return Curve(times, distance, gap)


def _way_out(problem: FiniteSum, rule: DistilledSGD, gamma: float) -> str:
    limit = stability_limit(problem, rule)
    if rule.compressor is None or gamma >= limit:
        return f"The largest stable step size is {limit:.6g}."
    return (f"Without compression it is stable (limit {limit:.6g}): {rule.compressor} adds more variance than a step removes, "
            f"omega = {rule.compressor.omega(problem.dim):.6g}. Compress less: with omega > 0 the smallest step sizes are unstable too.")


def _reduced(problem: LeastSquares) -> tuple[LeastSquares, Array]:
    """The problem on the range of its Hessian, where SGD moves, and that range's basis (d, r)."""
    if problem.constants.mu > 0:
        return problem, np.eye(problem.dim)
    basis = np.linalg.svd(problem.features, full_matrices=False)[2]
    basis = basis[: np.linalg.matrix_rank(problem.features)].T
    return LeastSquares(problem.features @ basis, problem.targets), basis


def stationary(problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float) -> Expectation:
    """The limit of :func:`expected` as t grows, by one linear solve (on the range of the Hessian).

    Args:
        problem: least squares.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.

    Raises:
        InvalidInput: not least squares, too large, or too ill-conditioned for floats.
        Diverged: unstable; the message has the largest stable step size, or what the compressor adds.
    """
    if not isinstance(problem, LeastSquares):
        raise InvalidInput(f"A stationary law needs least squares, got {type(problem).__name__}. Use simulate() with many steps.")
    small, basis = _reduced(problem)
    if rule.compressor is not None and small is not problem:
        raise InvalidInput("Compression leaves the range of a singular Hessian; use ridge > 0, or expected() at a large time.")
    moments = _Moments(small, basis.T @ point(problem, theta, "theta"), rule, step_size)
    T, b = moments.lifted()
    radius = float(np.abs(np.linalg.eigvals(T)).max())
    if radius >= 1.0 and rule.compressor is None and moments.gamma < 0.999 * stability_limit(problem, rule):
        # Stable, with a slowest mode whose 1 - radius is below rounding: an answer would be rounding too.
        raise InvalidInput(f"The Hessian is too ill-conditioned for a stationary law in floats: spectral radius 1 to rounding, "
                           f"L = {problem.constants.L:.3g}, smallest singular value of the features "
                           f"{np.linalg.svd(small.features, compute_uv=False)[-1]:.3g}. Use ridge > 0, or drop dependent features.")
    if radius >= 1.0:
        raise Diverged(f"Mean-square unstable at step_size = {moments.gamma:.6g}: spectral radius {radius:.6g} >= 1. "
                       + _way_out(problem, rule, moments.gamma))
    solution = np.asarray(np.linalg.solve(np.eye(len(b)) - T, b), dtype=np.float64)
    return moments.read(moments.unpack(solution)[1])


def stability_limit(problem: FiniteSum, rule: DistilledSGD) -> float:
    """The supremum of mean-square stable step sizes, in units of x^2/f; the teacher and the compressor play no part.

    M -> M - gamma T1(M) + gamma^2 T2(M), with T1(M) = H M + M H and T2(M) = E A_B M A_B, is stable iff gamma < 1 / radius(T1^-1 T2).

    Args:
        problem: least squares.
        rule: the update.

    Raises:
        InvalidInput: not least squares.
    """
    if not isinstance(problem, LeastSquares):
        raise InvalidInput(f"Mean-square stability is computed for least squares, got {type(problem).__name__}.")
    small, _ = _reduced(problem)
    plain = DistilledSGD(batch_size=rule.batch_size, replacement=rule.replacement)
    eigenvalues, vectors = np.linalg.eigh(small.hessian)
    features = small.features @ vectors
    gram = features.T @ features / len(features)
    factor = plain.noise_factor(small.n_terms)
    pair_sums = eigenvalues[:, None] + eigenvalues[None, :]
    M = np.eye(small.dim)
    value = 0.0
    for _ in range(100_000):        # power iteration on a positive map: the radius is simple for the matrices that arise
        own = _sandwich(features, gram, small.ridge, M)
        full = eigenvalues[:, None] * M * eigenvalues[None, :]
        M = (factor * own + (1 - factor) * full) / pair_sums
        last, value = value, float(np.linalg.norm(M))
        M /= value
        if abs(value - last) <= 1e-15 * value:
            break
    return 1.0 / value
