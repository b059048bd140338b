"""One step of any finite sum, exactly (theory, Section 6): closed for least squares, by enumeration
for the others.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact.recursion import Moments
from kdtheory.engines.exact.results import Expectation
from kdtheory.errors import Diverged, InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum, point, positive_float
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import DistilledSGD

ENUMERATION_LIMIT = 20_000


def one_step(
    problem: FiniteSum, theta: ArrayLike, rule: DistilledSGD, *, step_size: float, x: ArrayLike
) -> Expectation:
    """The exact expectation over one step from ``x`` (dim,), for any finite sum.

    Batches and compressors are enumerated where no closed second moment exists; single terms always
    are.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x: where the step starts, (dim,).

    Raises:
        InvalidInput: wrong shapes, or more outcomes than 20,000 (batches times compressions).
            Diverged: a value overflows.
    """
    x, theta = point(problem, x, "x"), point(problem, theta, "theta")
    gamma = positive_float(step_size, "step_size")
    closed = rule.compressor is None or rule.compressor.absolute_error(problem.dim) == 0.0
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by name
        if isinstance(problem, LeastSquares) and closed:
            moments = Moments(problem, theta, rule, gamma)
            square, gap = moments.read(*moments.step(*moments.start(x, problem.minimiser)))
            found = Expectation(float(square[0]), float(gap[0]))
        else:
            found = _enumerated(problem, theta, rule, gamma, x)
    if not (math.isfinite(found.sq_distance) and math.isfinite(found.gap)):
        raise Diverged(
            f"One step from |x|_inf = {np.abs(x).max():.3g} at step_size = {gamma:.6g} overflows:"
            f" E|x-x*|^2 = {found.sq_distance}, gap = {found.gap}. Start nearer, or use a smaller"
            " step size."
        )
    return found


def _enumerated(
    problem: FiniteSum, theta: Array, rule: DistilledSGD, gamma: float, x: Array
) -> Expectation:
    """The mean over every batch and every outcome of the compressor."""
    directions = problem.gradients(x) - rule.corrections(problem.gradients(theta))
    distance = gap = 0.0
    batches, total = _batches(problem.n_terms, rule)
    for batch in batches:
        y = x - gamma * directions[list(batch)].mean(axis=0)
        values, chances = (
            (y[None, :], np.ones(1)) if rule.compressor is None else rule.compressor.outcomes(y)
        )
        if rule.compressor is not None and total * len(values) > ENUMERATION_LIMIT:
            raise InvalidInput(
                f"{total} batches times {len(values)} compressions are more than"
                f" {ENUMERATION_LIMIT} outcomes; use simulate()."
            )
        distance += float(chances @ ((values - problem.minimiser) ** 2).sum(axis=1)) / total
        gap += float(chances @ np.array([gap_at(problem, value) for value in values])) / total
    return Expectation(distance, gap)


def _batches(n: int, rule: DistilledSGD) -> tuple[Sequence[tuple[int, ...]], int]:
    rule.noise_factor(n)  # refuses a batch larger than N without replacement
    size = rule.batch_size
    total = n**size if rule.replacement else math.comb(n, size)
    # Single terms are as many as the gradients that are held anyway.
    if size > 1 and total > ENUMERATION_LIMIT:
        raise InvalidInput(
            f"Batches of {size} from {n} terms have more than {ENUMERATION_LIMIT} outcomes; use"
            " simulate()."
        )
    found = (
        itertools.product(range(n), repeat=size)
        if rule.replacement
        else itertools.combinations(range(n), size)
    )
    return list(found), total
