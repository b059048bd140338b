"""From an experiment to the arrays and the kernel that run it."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.compiled.arguments import Run, Sampling, Steps
from kdtheory.engines.compiled.arrays import padded
from kdtheory.engines.compiled.linear import linear_plan
from kdtheory.engines.compiled.plan import KernelPlan, chances_of, compressor_code, key_of, steps_of
from kdtheory.engines.compiled.sinusoidal import sinusoidal
from kdtheory.engines.simulate.job import Job
from kdtheory.problems import SinusoidalSum
from kdtheory.problems.base import Array


def make_plan(job: Job) -> KernelPlan:
    """The plan for one of our own problem classes."""
    if isinstance(job.made.problem, SinusoidalSum):
        return _sinusoidal_plan(job, job.made.problem)
    return linear_plan(job)


def _sinusoidal_plan(job: Job, problem: SinusoidalSum) -> KernelPlan:
    made = job.made
    gammas, weights, parts = steps_of(made)
    subtracted, tables = np.zeros_like(problem.shifts), np.empty(0)
    if len(weights) == 1:  # one weight throughout: it goes into the shifts
        subtracted = np.tensordot(weights[0], parts, axes=1)
    else:
        tables = np.concatenate([padded(part).ravel() for part in parts])
    waves = (padded(problem.directions), problem.weights, padded(problem.shifts - subtracted))
    steps = Steps(gammas, weights, np.empty((0, 0, 0)), np.empty((0, 0)), tables)
    chances, dim = chances_of(made), problem.dim
    key, replicates = key_of(job.seed), job.replicates
    sampling = Sampling(
        made.batch_size, made.replacement, *compressor_code(made.compressor, problem.dim)
    )

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        run = Run(key, wanted, t0, first, last, replicates)
        sinusoidal(waves, state.reshape(-1), dim, steps, sampling, chances, run, found)

    return KernelPlan("x", padded(made.start[None, :])[0], advance, None)
