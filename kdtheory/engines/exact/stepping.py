"""One step of any finite sum, exactly (theory, Section 6): closed for least squares, by enumeration
for the others.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact.law import law_of
from kdtheory.engines.exact.methods import Ways
from kdtheory.engines.exact.results import Expectation
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import FiniteSum, point
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.experiment import Experiment, experiment
from kdtheory.rules.protocol import Rule
from kdtheory.rules.renewed import RenewedTeacher

ENUMERATION_LIMIT = 20_000


def one_step(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Rule | RenewedTeacher,
    *,
    step_size: float,
    x: ArrayLike,
) -> Expectation:
    """The exact expectation over one step from ``x`` (dim,), for any finite sum.

    Batches and compressors are enumerated where no closed second moment exists; single terms always
    are.  A renewed teacher is renewed after the step.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or (m, dim).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x: where the step starts, (dim,).

    Raises:
        InvalidInput: wrong shapes, or more outcomes than 20,000 (batches times compressions).
            Diverged: a value overflows.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> best, rule = problem.minimiser, kd.DistilledSGD(1.0)
    >>> float(kd.one_step(problem, best, rule, step_size=0.1, x=best).sq_distance) < 1e-30
    True
    """
    start = point(problem, x, "x")
    made = experiment(problem, theta, rule, step_size=step_size, x0=start, renewable=True)
    compressor = made.compressor
    closed = compressor is None or compressor.absolute_error(problem.dim) == 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by name
        if isinstance(problem, LeastSquares) and closed:
            read = Ways(law_of(made)).run("recursion", np.ones(1, dtype=int), [0, 1])
            assert read is not None
            found = Expectation(float(read[0, 0, 0]), float(read[0, 1, 0]))
        else:
            found = _enumerated(made)
    if not (math.isfinite(found.sq_distance) and math.isfinite(found.gap)):
        raise Diverged(
            f"One step from |x|_inf = {np.abs(made.start).max():.3g} at step_size ="
            f" {made.gamma:.6g} overflows: E|x-x*|^2 = {found.sq_distance}, gap = {found.gap}."
            " Start nearer, or use a smaller step size."
        )
    return found


def _enumerated(made: Experiment) -> Expectation:
    """The mean over every batch and every outcome of the compressor."""
    problem, compressor = made.problem, made.compressor
    directions = problem.gradients(made.start) - made.control_variates
    if made.ratios is not None:
        directions = made.ratios[:, None] * directions
    distance = gap = 0.0
    total = _count(made)
    for batch, chance in _batches(made, total):
        y = made.start - made.gamma * directions[list(batch)].mean(axis=0)
        values, chances = (y[None, :], np.ones(1)) if compressor is None else compressor.outcomes(y)
        if compressor is not None and total * len(values) > ENUMERATION_LIMIT:
            raise InvalidInput(
                f"{total} batches times {len(values)} compressions are more than"
                f" {ENUMERATION_LIMIT} outcomes; use simulate()."
            )
        distance += chance * float(chances @ ((values - problem.minimiser) ** 2).sum(axis=1))
        gap += chance * float(chances @ np.array([gap_at(problem, value) for value in values]))
    return Expectation(distance, gap)


def _count(made: Experiment) -> int:
    n, size = made.problem.n_terms, made.batch_size
    total = n**size if made.replacement else math.comb(n, size)
    # Single terms are as many as the gradients that are held anyway.
    if size > 1 and total > ENUMERATION_LIMIT:
        raise InvalidInput(
            f"Batches of {size} from {n} terms have more than {ENUMERATION_LIMIT} outcomes; use"
            " simulate()."
        )
    return total


def _batches(made: Experiment, total: int) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every batch and its probability."""
    terms, size, chances = range(made.problem.n_terms), made.batch_size, made.probabilities
    if not made.replacement:
        for batch in itertools.combinations(terms, size):
            yield batch, 1.0 / total
        return
    for batch in itertools.product(terms, repeat=size):
        yield batch, 1.0 / total if chances is None else float(np.prod(chances[list(batch)]))
