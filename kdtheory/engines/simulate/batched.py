"""The reference engine: NumPy, batched over replicates, for any problem and any compressor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kdtheory.engines.simulate.job import Job, Moments, State
from kdtheory.engines.simulate.streams import COMPRESSION, INDEX, Draws, batches, uniform
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.teacher import gap_at


def run(job: Job) -> tuple[Moments, State]:
    """Moments at ``job.times`` and the state at the last of them; memory O(replicates * batch *
    dim).

    Raises:
        Diverged: an iterate is no longer finite.
        InvalidInput: a state to resume from that belongs to the compiled engine.
    """
    moments = np.zeros((4, len(job.times)))
    points = np.empty(0)
    for record, points in enumerate(visited(job)):
        # Finite iterates may have squares that are not.
        with np.errstate(over="ignore", invalid="ignore"):
            moments[:, record] = _moments(job, points)
    return Moments(*moments), State(int(job.times[-1]), points, "points", job.replicates, job.seed)


def visited(job: Job) -> Iterator[Array]:
    """The replicates (R, dim) at each of ``job.times``; raises as :func:`run`."""
    problem, rule, runs = job.problem, job.rule, job.replicates
    corrections = rule.corrections(problem.gradients(job.theta))
    single = rule.batch_size == 1
    points, time = np.tile(job.x0, (runs, 1)), 0
    if job.resume is not None:
        if job.resume.frame != "points" or job.resume.values.shape != points.shape:
            raise InvalidInput(
                "A run resumes with the engine it began with: its state is"
                f" {job.resume.values.shape} in the frame {job.resume.frame!r}, this run's"
                f" {points.shape} in 'points'."
            )
        points, time = job.resume.values, job.resume.time
    end = int(job.times[-1])
    indices = Draws(
        job.seed,
        runs,
        rule.batch_size,
        INDEX,
        lambda bits: batches(bits, problem.n_terms, replacement=rule.replacement),
    )
    kept = Draws(job.seed, runs, problem.dim, COMPRESSION, uniform)
    for wanted in job.times:
        for t in range(time, int(wanted)):
            batch = indices.at(t, end)
            with np.errstate(over="ignore", invalid="ignore"):
                taught = corrections[batch[:, 0]] if single else corrections[batch].mean(axis=1)
                points = points - job.gamma * (sampled(problem, points, batch) - taught)
                if rule.compressor is not None:
                    points = rule.compressor.compress(points, kept.at(t, end))
            if not np.isfinite(points).all():
                raise Diverged(
                    f"An iterate is no longer finite at t = {t + 1}, step_size = {job.gamma:.6g}."
                    " Use a smaller step size."
                )
        time = int(wanted)
        yield points


def _moments(job: Job, points: Array) -> list[float]:
    e = points - job.problem.minimiser
    found = []
    for values in [(e * e).sum(axis=1), *([gaps(job.problem, points)] if job.gap else [])]:
        found += [values.mean(), values.std(ddof=1) / np.sqrt(job.replicates)]
    return found if job.gap else [*found, 0.0, 0.0]


def sampled(problem: FiniteSum, points: Array, indices: np.ndarray) -> Array:
    """Mean gradient over each row's ``indices`` (R, B) at each row of ``points`` (R, dim), (R,
    dim).
    """
    fast = getattr(problem, "sampled_gradients", None)
    if fast is not None:
        return np.asarray(fast(points, indices))
    return np.array(
        [problem.gradients(x)[batch].mean(axis=0) for x, batch in zip(points, indices, strict=True)]
    )


def gaps(problem: FiniteSum, points: Array) -> Array:
    """f - f* at every row, (R,)."""
    for name, shift in (("gap", 0.0), ("values", problem.minimum)):
        fast = getattr(problem, name, None)
        if fast is not None:
            return np.asarray(fast(points)) - shift
    return np.array([gap_at(problem, x) for x in points])
