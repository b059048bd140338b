"""What Monte Carlo evidence looks at: index paths while they are few, and independent runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from kdtheory.engines.simulate.batched import gaps, sampled, visited
from kdtheory.engines.simulate.job import Job
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.memory import remembered
from kdtheory.rules.experiment import Experiment

KEPT = 2**17  # numbers in samples that are kept for the next statement


@dataclass(frozen=True)
class Process:
    """The iterates of an experiment from its start; ``quantity`` says what is read of each."""

    made: Experiment
    quantity: str

    @property
    def problem(self) -> FiniteSum:
        """The experiment's problem."""
        return self.made.problem

    @property
    def gamma(self) -> float:
        """The step size, the largest of a schedule."""
        plan = self.made.schedule
        return self.made.gamma if plan is None else float(plan.step_sizes.max())

    def step(self, t: int) -> tuple[float, Array]:
        """The step size of step ``t``, and its control variates (N, d)."""
        plan = self.made.schedule
        if plan is None:
            return self.made.gamma, self.made.control_variates
        gamma = float(plan.step_sizes[t])
        if plan.weights is None:
            return gamma, self.made.control_variates
        return gamma, np.tensordot(np.atleast_1d(plan.weights[t]), self.made.parts, axes=1)


def enumerated(process: Process, times: int) -> Iterator[float]:
    """E Z_t from all index paths, t = 0, 1, ..., ``times`` - 1."""
    problem, quantity, n = process.problem, process.quantity, process.problem.n_terms
    points = process.made.start[None, :]
    yield float(values_of(problem, points, quantity)[0])
    for t in range(1, times):
        gamma, corrections = process.step(t - 1)
        indices = np.tile(np.arange(n), len(points))[:, None]
        points = np.repeat(points, n, axis=0)
        steps = sampled(problem, points, indices) - corrections[indices[:, 0]]
        points = points - gamma * steps
        yield float(values_of(problem, points, quantity).mean())


def runs(process: Process, times: np.ndarray, count: int, seed: int) -> Array:
    """Z of ``count`` independent runs at ``times``, (count, T).

    Statements with the same weight, step size and seed speak of the same runs, bit for bit; they
    are simulated once.
    """
    made, quantity = process.made, process.quantity
    problem, rule, plan = made.problem, made.rule, made.schedule
    job = Job(made, times, count, seed, gap=False, resume=None)

    def samples() -> Array:
        found = np.array([values_of(problem, points, quantity) for points in visited(job)]).T
        found.flags.writeable = False
        return found

    if rule.compressor is not None or count * len(times) > KEPT:
        return samples()
    arrays = [made.start, times]
    if plan is None or plan.weights is None:
        arrays += [made.control_variates]
    else:  # the rule's own weight, which the plan replaces, may be 0: then its table says nothing
        arrays += [made.parts, plan.weights]
    arrays += [] if plan is None else [plan.step_sizes]
    law = (rule.batch_size, rule.replacement, process.gamma, *(one.tobytes() for one in arrays))
    return remembered(problem, ("runs", quantity, count, seed, *law), samples)


def values_of(problem: FiniteSum, points: Array, quantity: str) -> Array:
    """Z at each of ``points`` (R, dim), (R,)."""
    if quantity == "gap":
        return np.maximum(gaps(problem, points), 0.0)  # f - f* >= 0; below it is rounding
    e = points - problem.minimiser
    return np.asarray((e * e).sum(axis=1))
