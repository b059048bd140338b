"""What the property checks share: comparison up to an argued rounding, and one step written from
the definition.
"""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import settings

from kdtheory.bounds.values import bound
from kdtheory.problems import FiniteSum
from kdtheory.problems.base import Array
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS
from kdtheory.testing.setting import Setting

STATEMENTS = tuple(name for name, theorem in THEOREMS.items() if theorem.psi is not None)
WEIGHED = tuple(name for name in STATEMENTS if not THEOREMS[name].compresses)
# Both sides are sums of a few dozen float64 products, x* solves to about 1e-14 relative, and data
# here is of size 1. 1e-9 is above that rounding, and below what any wrong constant moves.
ROUNDING = 1e-9
# Gaps are differences of values of size |f|: they carry 1e-13 |f| of rounding whatever their own
# size.
VALUE_ROUNDING = 1e-13
few = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def at_most(left: float, right: float, *, size: float = 1.0) -> bool:
    """left <= right up to rounding; ``size`` is what was added and subtracted on the way."""
    return bool(left <= right * (1 + ROUNDING) + VALUE_ROUNDING * size)


def equal(left: float, right: float, *, size: float = 1.0) -> bool:
    """Equality up to the same rounding."""
    return at_most(left, right, size=size) and at_most(right, left, size=size)


def magnitude(problem: FiniteSum, *points: Array) -> float:
    """How large the numbers are whose differences a check forms at these points."""
    return 1.0 + sum(abs(problem.value(x)) + float(x @ x) for x in points) + abs(problem.minimum)


def rule_of(theorem: str, case: Setting) -> DistilledSGD:
    """The rule that the case describes."""
    return DistilledSGD(
        case.weight,
        unbiased=THEOREMS[theorem].unbiased,
        batch_size=case.batch_size,
        replacement=case.replacement,
        compressor=case.compressor,
    )


def claimed(theorem: str, case: Setting, steps: int) -> Array:
    """The right-hand side for t = 0..steps, (steps + 1,)."""
    return bound(
        case.problem,
        case.teacher,
        theorem=theorem,
        step_size=case.step_size,
        weight=case.weight,
        x0=case.x,
        steps=steps,
        batch_size=case.batch_size,
        replacement=case.replacement,
        compressor=case.compressor,
    )


def after_one_step(theorem: str, case: Setting) -> float:
    """The mean over all batches and compressions, written from the paper's (7) and not through the
    engine.
    """
    problem, statement = case.problem, THEOREMS[theorem]
    student, teacher = problem.gradients(case.x), problem.gradients(case.teacher)
    push = teacher - teacher.mean(axis=0) if statement.unbiased else teacher
    pick = range(problem.n_terms)
    drawn = (
        itertools.product(pick, repeat=case.batch_size)
        if case.replacement
        else itertools.combinations(pick, case.batch_size)
    )
    found = []
    for batch in drawn:
        chosen = list(batch)
        y = case.x - case.step_size * (
            student[chosen].mean(axis=0) - case.weight * push[chosen].mean(axis=0)
        )
        values, chances = (
            (y[None, :], np.ones(1)) if case.compressor is None else case.compressor.outcomes(y)
        )
        if statement.quantity == "gap":
            states = np.array([gap_at(problem, value) for value in values])
        else:
            states = ((values - problem.minimiser) ** 2).sum(axis=1)
        found.append(float(chances @ states))
    return sum(found) / len(found)
