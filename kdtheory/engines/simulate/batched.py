"""The reference engine: NumPy, batched over replicates, for any problem, rule and compressor."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kdtheory.engines.simulate.alias import alias
from kdtheory.engines.simulate.job import Job, Means, State
from kdtheory.engines.simulate.streams import (
    COMPRESSION,
    INDEX,
    Draws,
    Words,
    batches,
    uniform,
)
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.experiment import Experiment


def run(job: Job) -> tuple[Means, State]:
    """Moments at ``job.times`` and the state at the last of them; memory O(replicates * batch *
    dim).

    Raises:
        Diverged: an iterate is no longer finite.
        InvalidInput: a state to resume from that belongs to the compiled engine.
    """
    moments = np.zeros((4, len(job.times)))
    points, dim = np.empty(0), job.made.problem.dim
    for record, points in enumerate(_states(job)):
        # Finite iterates may have squares that are not.
        with np.errstate(over="ignore", invalid="ignore"):
            moments[:, record] = _moments(job, points[:, :dim])
    state = State(int(job.times[-1]), points, frame(job.made), job.replicates, job.seed)
    return Means(*moments), state


def visited(job: Job) -> Iterator[Array]:
    """The replicates (R, dim) at each of ``job.times``; raises as :func:`run`."""
    for points in _states(job):
        yield points[:, : job.made.problem.dim]


def frame(made: Experiment) -> str:
    """What a row of the state is: a renewed teacher stands behind its student."""
    return "points" if made.renewal is None else "points and teachers"


def _states(job: Job) -> Iterator[Array]:
    made, runs = job.made, job.replicates
    teachers = np.empty((runs, 0)) if made.renewal is None else np.tile(made.theta, (runs, 1))
    points, time = np.hstack([np.tile(made.start, (runs, 1)), teachers]), 0
    if job.resume is not None:
        if job.resume.frame != frame(made) or job.resume.values.shape != points.shape:
            raise InvalidInput(
                "A run resumes with the engine it began with: its state is"
                f" {job.resume.values.shape} in the frame {job.resume.frame!r}, this run's"
                f" {points.shape} in {frame(made)!r}."
            )
        points, time = job.resume.values, job.resume.time
    step, end = _Step(job), int(job.times[-1])
    for wanted in job.times:
        for t in range(time, int(wanted)):
            with np.errstate(over="ignore", invalid="ignore"):
                points = step(points, t, end)
            if not np.isfinite(points).all():
                raise Diverged(
                    f"An iterate is no longer finite at t = {t + 1}, step_size ="
                    f" {step.gamma(t):.6g}. Use a smaller step size."
                )
        time = int(wanted)
        yield points


class _Step:
    """One step of all replicates at once."""

    def __init__(self, job: Job) -> None:
        made = self.made = job.made
        n, terms = made.problem.n_terms, None
        if made.probabilities is not None:
            terms = alias(made.probabilities)

        def drawn(bits: Words) -> np.ndarray:
            if terms is not None:
                return terms.drawn(bits)
            return batches(bits, n, replacement=made.replacement)

        self.indices = Draws(job.seed, job.replicates, made.batch_size, INDEX, drawn)
        self.kept = Draws(job.seed, job.replicates, made.problem.dim, COMPRESSION, uniform)
        self.weights = None if made.schedule is None else made.schedule.weights
        if made.renewal is not None:
            self.own = float(np.asarray(made.weight))
        elif self.weights is None:
            self.table = made.control_variates

    def gamma(self, time: int) -> float:
        """The step size at ``time``."""
        plan = self.made.schedule
        return self.made.gamma if plan is None else float(plan.step_sizes[time])

    def __call__(self, points: Array, time: int, end: int) -> Array:
        """The state at ``time`` + 1."""
        made, gamma = self.made, self.gamma(time)
        batch, dim = self.indices.at(time, end), made.problem.dim
        if made.renewal is not None:
            weight = self.own if self.weights is None else float(np.ravel(self.weights)[time])
            taught = weight * sampled(made.problem, points[:, dim:], batch)
            moved = points[:, :dim] - gamma * (
                sampled(made.problem, points[:, :dim], batch) - taught
            )
            teacher = (1.0 - made.renewal) * points[:, dim:] + made.renewal * moved
            return np.hstack([moved, teacher])
        points = points - gamma * (
            sampled(made.problem, points, batch, made.ratios) - self._taught(batch, time)
        )
        if made.compressor is not None:
            points = made.compressor.compress(points, self.kept.at(time, end))
        return points

    def _taught(self, batch: np.ndarray, time: int) -> Array:
        """The mean over each batch of r_n c_n, (R, dim)."""
        single = batch.shape[1] == 1 and self.made.ratios is None
        chosen = batch[:, 0] if single else batch
        if self.weights is None:
            rows = self.table[chosen]
        else:
            weights = np.atleast_1d(self.weights[time])
            rows = weights[0] * self.made.parts[0][chosen]
            for weight, part in zip(weights[1:], self.made.parts[1:], strict=True):
                rows = rows + weight * part[chosen]
        if single:
            return rows
        if self.made.ratios is not None:
            rows = rows * self.made.ratios[batch][:, :, None]
        return np.asarray(rows.mean(axis=1))


def _moments(job: Job, points: Array) -> list[float]:
    e = points - job.made.problem.minimiser
    found = []
    for values in [(e * e).sum(axis=1), *([gaps(job.made.problem, points)] if job.gap else [])]:
        found += [values.mean(), values.std(ddof=1) / np.sqrt(job.replicates)]
    return found if job.gap else [*found, 0.0, 0.0]


def sampled(
    problem: FiniteSum, points: Array, indices: np.ndarray, ratios: Array | None = None
) -> Array:
    """Mean of r_n grad f_n over each row's ``indices`` (R, B) at each row of ``points`` (R, dim),
    (R, dim); r_n = 1 without ``ratios`` (N,).
    """
    fast = getattr(problem, "sampled_gradients", None)
    if ratios is not None:
        single = [
            ratios[column][:, None] * sampled(problem, points, column[:, None])
            for column in indices.T
        ]
        return np.asarray(sum(single[1:], start=single[0]) / len(single))
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
