"""From an experiment to the arrays and the kernel that run it."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.compiled.arguments import Run, Sampling
from kdtheory.engines.compiled.arrays import padded
from kdtheory.engines.compiled.linear import linear_plan
from kdtheory.engines.compiled.plan import Plan, compressor_code, key_of
from kdtheory.engines.compiled.sinusoidal import sinusoidal
from kdtheory.engines.simulate.job import Job
from kdtheory.problems import SinusoidalSum
from kdtheory.problems.base import Array


def make_plan(job: Job) -> Plan:
    """The plan for one of our own problem classes."""
    if isinstance(job.made.problem, SinusoidalSum):
        return _sinusoidal_plan(job, job.made.problem)
    return linear_plan(job)


def _sinusoidal_plan(job: Job, problem: SinusoidalSum) -> Plan:
    made = job.made
    directions = padded(problem.directions)
    terms = (problem.weights, padded(problem.shifts - made.control_variates))
    dim, key, gamma, replicates = problem.dim, key_of(job.seed), made.gamma, job.replicates
    sampling = Sampling(
        made.batch_size, made.replacement, *compressor_code(made.compressor, problem.dim)
    )

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        run = Run(key, wanted, t0, first, last, replicates)
        sinusoidal(directions, terms, state.reshape(-1), dim, gamma, sampling, run, found)

    return Plan("x", padded(made.start[None, :])[0], advance, None)
