"""Monte Carlo: SGD with distillation over independent replicates, by the NumPy engine or the
compiled one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.simulate import batched
from kdtheory.engines.simulate.choice import engine_for
from kdtheory.engines.simulate.job import Job, State
from kdtheory.engines.simulate.streams import REPLICATE_LIMIT, SEED_LIMIT, TIME_LIMIT
from kdtheory.errors import Diverged, InvalidInput, unknown_name
from kdtheory.problems.base import Array, FiniteSum, positive_int, refuse_many
from kdtheory.rules.experiment import Experiment, Planned, experiment
from kdtheory.rules.protocol import Rule
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.rules.schedule import horizon

QUANTITIES = ("sq_distance", "gap")


@dataclass(frozen=True)
class Simulation:
    """Means over replicates at times ``steps`` (T,), with the standard errors that the intervals
    come from.

    A quantity that was not asked for is empty.  ``state`` resumes the run; ``engine`` is the one
    that ran.
    """

    steps: np.ndarray
    sq_distance: Array
    gap: Array
    sq_distance_error: Array
    gap_error: Array
    replicates: int
    seed: int
    engine: str
    state: State

    def _interval(self, name: str, confidence: float) -> tuple[Array, Array]:
        if not 0.0 < confidence < 1.0:
            raise InvalidInput(f"confidence must lie strictly between 0 and 1, got {confidence}.")
        mean, error = getattr(self, name), getattr(self, f"{name}_error")
        if len(mean) < len(self.steps):
            raise InvalidInput(f"{name} was not recorded; add it to quantities=.")
        from scipy.special import stdtrit

        # 1 - (1 - confidence)/2 rounds to 1 for tiny errors; the lower tail keeps them.
        half = -float(stdtrit(self.replicates - 1, (1.0 - confidence) / 2)) * error
        return mean - half, mean + half

    def interval(self, confidence: float) -> tuple[Array, Array]:
        """Student-t interval for E|x^t - x*|^2 at each recorded time (pointwise), from independent
        replicates.
        """
        return self._interval("sq_distance", confidence)

    def gap_interval(self, confidence: float) -> tuple[Array, Array]:
        """The same for E f(x^t) - f*."""
        return self._interval("gap", confidence)


def simulate(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Rule | RenewedTeacher,
    *,
    step_size: float | None = None,
    x0: ArrayLike,
    steps: int | None = None,
    replicates: int,
    seed: int,
    record_every: int = 1,
    schedule: Planned | None = None,
    engine: str = "auto",
    threads: int | None = None,
    quantities: Sequence[str] = QUANTITIES,
    resume: State | None = None,
) -> Simulation:
    """``replicates`` independent runs of ``rule`` from ``x0`` (dim,), recorded at 0, record_every,
    ..., and at ``steps``.

    Random numbers are a function of (seed, time, replicate), so that both engines draw the same
    indices and agree up to rounding, and the compiled one gives the same bits for any number of
    threads and from any ``resume``. Memory is O(replicates * batch * dim), whatever the horizon;
    the compiled engine keeps a copy of the features as long as the problem. The interval is a
    normal approximation: near the mean-square stability limit the error is heavy-tailed and rare
    runs carry the mean, so that it can miss; exact moments do not.

    Args:
        problem: a finite sum; the compiled engine takes our own four classes.
        theta: the teacher, (dim,), or (m, dim) for m of them.
        rule: the update: any rule, or a renewed teacher (NumPy).
        step_size: gamma, in units of x^2 / f.
        x0: start of every replicate, (dim,).
        steps: horizon, below 2^33; may be left out with a schedule.
        replicates: independent runs, at least 2.
        seed: whole number in [0, 2^64).
        record_every: distance of the recorded times.
        schedule: step sizes and weights of every step, in place of ``step_size`` and of the rule's
            weight.
        engine: "numpy", "numba" (the extra ``fast``), or "auto": the compiled one where the work is
            worth its start.
        threads: of the compiled engine; None for all cores.
        quantities: what to record; the gap of a classifier costs a pass over all N samples a
            record.
        resume: the ``state`` of a run with the same arguments and fewer steps; only later times are
            recorded.

    Raises:
        InvalidInput: wrong shapes, fewer than two replicates, a seed that is no whole number >= 0,
            an engine that cannot run this.
        MissingTool: engine="numba" without Numba.
        Diverged: an iterate, or the spread of a recorded quantity, is no longer finite.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {'step_size': 0.1, 'x0': [1.0], 'steps': 4, 'replicates': 8, 'seed': 0}
    >>> kd.simulate(problem, [0.5], kd.DistilledSGD(0.5), **words).sq_distance.shape
    (5,)
    """
    count = horizon(schedule, steps)
    made = experiment(
        problem, theta, rule, step_size=step_size, schedule=schedule, x0=x0, renewable=True
    )
    runs = positive_int(replicates, "replicates", minimum=2)
    every = positive_int(record_every, "record_every")
    seed = positive_int(seed, "seed", minimum=0)  # None would draw one that no result records
    for name, value, limit in (
        ("steps", count, TIME_LIMIT),
        ("replicates", runs, REPLICATE_LIMIT),
        ("seed", seed, SEED_LIMIT),
    ):
        if value >= limit:
            raise InvalidInput(
                f"{name} must be below {limit}, which is what the random counter holds, got {name}"
                f" = {value}."
            )
    refuse_many(runs, problem.dim, "simulate()")
    wanted = tuple(quantities)
    for quantity in wanted:
        if quantity not in QUANTITIES:
            raise unknown_name("quantity", quantity, QUANTITIES)
    if threads is not None:
        positive_int(threads, "threads")
    times = np.arange(0, count + 1, every)
    times = times if times[-1] == count else np.append(times, count)
    if resume is not None:
        if (resume.replicates, resume.seed) != (runs, seed) or resume.time >= count:
            raise InvalidInput(
                f"resume holds {resume.replicates} replicates of seed {resume.seed} at t ="
                f" {resume.time}; this call asks for {runs} of seed {seed} up to {count}. Use the"
                " arguments of that run, and more steps."
            )
        times = times[times > resume.time]
    job = Job(made, times, runs, seed, "gap" in wanted, resume)
    chosen = engine_for(engine, job)
    if chosen == "numba":
        from kdtheory.engines.compiled import engine as compiled

        moments, state = compiled.run(job, threads=threads)
    else:
        moments, state = batched.run(job)
    found = [moments.sq_distance, moments.sq_distance_error, moments.gap, moments.gap_error]
    finite = np.isfinite(found).all(axis=0)
    if not finite.all():
        raise Diverged(
            f"The squared error or its spread overflows at t = {times[~finite][0]},"
            f" {_sizes(made)}. Use a smaller step size."
        )
    empty = np.empty(0)
    distance, gap = "sq_distance" in wanted, "gap" in wanted
    return Simulation(
        times,
        found[0] if distance else empty,
        found[2] if gap else empty,
        found[1] if distance else empty,
        found[3] if gap else empty,
        runs,
        seed,
        chosen,
        state,
    )


def _sizes(made: Experiment) -> str:
    if made.schedule is None:
        return f"step_size = {made.gamma:.6g}"
    return f"step sizes up to {made.schedule.step_sizes.max():.6g}"
