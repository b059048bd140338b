"""Monte Carlo: SGD with distillation, batched over independent replicates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, positive_int
from kdtheory.rules import DistilledSGD
from kdtheory.teacher import gap_at


@dataclass(frozen=True)
class Simulation:
    """Means over replicates at times ``steps`` (T,), with the standard errors that the intervals come from."""

    steps: np.ndarray
    sq_distance: Array
    gap: Array
    sq_distance_error: Array
    gap_error: Array
    replicates: int
    seed: int

    def _interval(self, mean: Array, error: Array, confidence: float) -> tuple[Array, Array]:
        if not 0.0 < confidence < 1.0:
            raise InvalidInput(f"confidence must lie strictly between 0 and 1, got {confidence}.")
        from scipy.stats import t as student

        # 1 - (1 - confidence)/2 rounds to 1 for tiny errors; the survival function keeps them.
        half = float(student.isf((1.0 - confidence) / 2, self.replicates - 1)) * error
        return mean - half, mean + half

    def interval(self, confidence: float) -> tuple[Array, Array]:
        """Student-t interval for E|x^t - x*|^2 at each recorded time (pointwise), from independent replicates."""
        return self._interval(self.sq_distance, self.sq_distance_error, confidence)

    def gap_interval(self, confidence: float) -> tuple[Array, Array]:
        """The same for E f(x^t) - f*."""
        return self._interval(self.gap, self.gap_error, confidence)


def simulate(problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float, x0: ArrayLike, steps: int,
             replicates: int, seed: int, record_every: int = 1) -> Simulation:
    """``replicates`` independent runs of ``rule`` from ``x0`` (dim,), recorded at 0, record_every, ..., and at ``steps``.

    Memory is O(replicates * batch * dim), whatever the horizon, plus O(replicates * N) for batches without replacement.
    The interval is a normal approximation: near the mean-square stability limit the error is
    heavy-tailed and rare runs carry the mean, so that it can miss; exact moments do not.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x0: the start, (dim,).
        steps: horizon.
        replicates: independent runs, at least two.
        seed: a whole number >= 0.
        record_every: times 0, record_every, ..., and ``steps`` are kept.

    Raises:
        InvalidInput: wrong shapes, fewer than two replicates, a seed that is no whole number >= 0.
        Diverged: an iterate, or the spread of a recorded quantity, is no longer finite.
    """
    x0, theta = point(problem, x0, "x0"), point(problem, theta, "theta")
    gamma = positive_float(step_size, "step_size")
    count = positive_int(steps, "steps", minimum=0)
    runs = positive_int(replicates, "replicates", minimum=2)
    every = positive_int(record_every, "record_every")
    rule.noise_factor(problem.n_terms)
    corrections = rule.corrections(problem.gradients(theta))
    seed = positive_int(seed, "seed", minimum=0)       # None would draw one that no result records
    rng = np.random.Generator(np.random.Philox(seed))
    points = np.tile(x0, (runs, 1))
    times, distance, gap = [], [], []

    def record(t: int) -> None:
        e = points - problem.minimiser
        times.append(t)
        distance.append((e * e).sum(axis=1))
        gap.append(_gaps(problem, points))

    record(0)
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(1, count + 1):
            indices = _indices(rng, problem.n_terms, runs, rule)
            step = _sampled(problem, points, indices) - corrections[indices].mean(axis=1)
            points = points - gamma * step
            if rule.compressor is not None:
                points = rule.compressor.compress(points, rng.random(points.shape))
            if not np.isfinite(points).all():
                raise Diverged(f"An iterate is no longer finite at t = {t}, step_size = {gamma:.6g}. Use a smaller step size.")
            if t % every == 0 or t == count:
                record(t)
    distances, gaps, steps_kept = np.array(distance), np.array(gap), np.array(times)
    with np.errstate(over="ignore", invalid="ignore"):      # finite iterates may have squares that are not
        found = [moment for values in (distances, gaps)
                 for moment in (values.mean(axis=1), values.std(axis=1, ddof=1) / np.sqrt(runs))]
    finite = np.isfinite(found).all(axis=0)
    if not finite.all():
        raise Diverged(f"The squared error or its spread overflows at t = {steps_kept[~finite][0]}, step_size = {gamma:.6g}. "
                       "Use a smaller step size.")
    return Simulation(steps_kept, found[0], found[2], found[1], found[3], runs, seed)


def _indices(rng: np.random.Generator, n: int, runs: int, rule: DistilledSGD) -> np.ndarray:
    if rule.replacement or rule.batch_size == 1:
        return rng.integers(n, size=(runs, rule.batch_size))
    return np.argsort(rng.random((runs, n)), axis=1)[:, : rule.batch_size]


def _sampled(problem: FiniteSum, points: Array, indices: np.ndarray) -> Array:
    fast = getattr(problem, "sampled_gradients", None)
    if fast is not None:
        return np.asarray(fast(points, indices))
    return np.array([problem.gradients(x)[batch].mean(axis=0) for x, batch in zip(points, indices, strict=True)])


def _gaps(problem: FiniteSum, points: Array) -> Array:
    for name, shift in (("gap", 0.0), ("values", problem.minimum)):
        fast = getattr(problem, name, None)
        if fast is not None:
            return np.asarray(fast(points)) - shift
    return np.array([gap_at(problem, x) for x in points])
