"""Monte Carlo: SGD with distillation over independent replicates, by the NumPy engine or the
compiled one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.simulate import batched
from kdtheory.engines.simulate.job import Job, State
from kdtheory.engines.simulate.streams import REPLICATE_LIMIT, SEED_LIMIT, TIME_LIMIT
from kdtheory.errors import Diverged, InvalidInput, MissingTool, unknown_name
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import (
    Array,
    FiniteSum,
    point,
    positive_float,
    positive_int,
    refuse_many,
)
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.distilled import DistilledSGD

ENGINES = ("auto", "numpy", "numba")
QUANTITIES = ("sq_distance", "gap")
# "auto" takes the compiled engine where NumPy would need longer: compiling costs a few seconds once
# a machine, loading what is cached half of one a process.  The rule sees the arguments and nothing
# else, so that a call does not change its last bits with the state of a cache.
WORTH_COMPILING = 1.0
# NumPy's cost a step, a coordinate of an iterate, a coordinate and row of a gap: seconds on one
# core, to a factor of two.
STEP_OVERHEAD, STEP_COST, GAP_COST = 6e-5, 1e-8, 2e-10


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
        from scipy.stats import t as student

        # 1 - (1 - confidence)/2 rounds to 1 for tiny errors; the survival function keeps them.
        half = float(student.isf((1.0 - confidence) / 2, self.replicates - 1)) * error
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
    rule: DistilledSGD,
    *,
    step_size: float,
    x0: ArrayLike,
    steps: int,
    replicates: int,
    seed: int,
    record_every: int = 1,
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
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2 / f.
        x0: start of every replicate, (dim,).
        steps: horizon, below 2^33.
        replicates: independent runs, at least 2.
        seed: whole number in [0, 2^64).
        record_every: distance of the recorded times.
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
    """
    x0, theta = point(problem, x0, "x0"), point(problem, theta, "theta")
    gamma = positive_float(step_size, "step_size")
    count = positive_int(steps, "steps", minimum=0)
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
    rule.noise_factor(problem.n_terms)
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
    job = Job(problem, theta, rule, gamma, x0, times, runs, seed, "gap" in wanted, resume)
    chosen = _engine(engine, job)
    if chosen == "numba":
        from kdtheory.engines.compiled import engine as compiled

        moments, state = compiled.run(job, threads=threads)
    else:
        moments, state = batched.run(job)
    found = [moments.sq_distance, moments.sq_distance_error, moments.gap, moments.gap_error]
    finite = np.isfinite(found).all(axis=0)
    if not finite.all():
        raise Diverged(
            f"The squared error or its spread overflows at t = {times[~finite][0]}, step_size ="
            f" {gamma:.6g}. Use a smaller step size."
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


def _engine(engine: str, job: Job) -> str:
    """The engine to run, with the reason where the one asked for cannot."""
    if engine not in ENGINES:
        raise unknown_name("engine", engine, ENGINES)
    ours = (
        type(job.problem) in (LeastSquares, LogisticRegression, SoftmaxRegression, SinusoidalSum)
        and (
            job.rule.compressor is None
            or type(job.rule.compressor) in (RandK, Bernoulli, StochasticRounding)
        )
        and job.problem.n_terms < 2**32
    )
    if engine == "numba":
        if not ours:
            raise InvalidInput(
                "The compiled engine knows our own problems and compressors, got"
                f" {type(job.problem).__name__} and {type(job.rule.compressor).__name__}. Use"
                " engine='numpy'."
            )
        if find_spec("numba") is None:
            raise MissingTool(
                "engine='numba' needs Numba: pip install 'kdtheory[fast]'; engine='numpy' gives the"
                " same numbers."
            )
    if engine != "auto":
        return engine
    return (
        "numba"
        if ours and _seconds(job) > WORTH_COMPILING and find_spec("numba") is not None
        else "numpy"
    )


def _seconds(job: Job) -> float:
    """About what NumPy would need."""
    steps = int(job.times[-1]) - (0 if job.resume is None else job.resume.time)
    touched = job.problem.dim * (
        job.rule.batch_size if job.rule.compressor is None else job.rule.batch_size + 3
    )
    rows = (
        min(job.problem.n_terms, job.problem.dim)
        if isinstance(job.problem, LeastSquares)
        else job.problem.n_terms
    )
    recorded = len(job.times) * job.problem.dim * rows if job.gap else 0
    return steps * STEP_OVERHEAD + job.replicates * (
        STEP_COST * steps * touched + GAP_COST * recorded
    )
