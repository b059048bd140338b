"""Hypothesis strategies for what a statement speaks of: its step sizes, weights, whole settings.

Legal by construction, end points included; the data come from ``kdtheory.testing.data``.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import step_size_limit
from kdtheory.problems import FiniteSum
from kdtheory.problems.base import Array
from kdtheory.statements.theorems import theorem_named
from kdtheory.testing.data import (
    WEIGHTS,
    batches,
    compressors,
    least_squares,
    points,
    problems,
    teachers,
)
from kdtheory.testing.setting import Setting


def step_sizes(
    problem: FiniteSum, theorem: str, *, batch_size: int = 1
) -> st.SearchStrategy[float]:
    """The limit itself (63/64 of it where the range is open), and inside.  Shrinks to the limit.

    >>> from hypothesis import find
    >>> from kdtheory import LeastSquares
    >>> find(step_sizes(LeastSquares([[1.0]], [0.0]), "theorem-1"), lambda gamma: True)
    0.125
    """
    end = 63 / 64 if theorem_named(theorem).strict else 1.0
    limit = step_size_limit(problem, theorem, batch_size=batch_size)
    return st.sampled_from([end, 1 / 2, 1 / 8, 1 / 64]).map(lambda share: share * limit)


def weights(
    problem: FiniteSum | None = None,
    teacher: Array | None = None,
    theorem: str = "theorem-1",
    *,
    step_size: float | None = None,
    batch_size: int = 1,
) -> st.SearchStrategy[float]:
    """0, 1, negative, above 1, and, where problem, teacher and step size are given, the statement's
    lambda*.  Shrinks to 0.

    >>> from hypothesis import find
    >>> find(weights(), lambda weight: weight != 0)
    1.0
    """
    if problem is None or teacher is None or step_size is None:
        return st.sampled_from(WEIGHTS)
    best = optimal_weight(
        problem, teacher, step_size=step_size, criterion=theorem, batch_size=batch_size
    )
    return st.sampled_from([*WEIGHTS[:2], best, *WEIGHTS[2:]])


@st.composite
def settings(
    draw: st.DrawFn,
    theorem: str,
    *,
    exact: bool = False,
    batch_sizes: Sequence[int] | None = None,
    problem: st.SearchStrategy[FiniteSum] | None = None,
) -> Setting:
    """A legal setting of a statement.

    Args:
        draw: Hypothesis gives it.
        theorem: a key of ``THEOREMS`` that bounds a step.
        exact: least squares only, where iterates have exact moments.
        batch_sizes: the batch sizes to draw from; None for one index, a pair, or all terms.
        problem: what problems are drawn from, in place of all classes that the statement allows.

    Shrinks to one index of a noise-free problem with its minimiser as teacher.

    >>> from hypothesis import find
    >>> s = find(settings("theorem-1", batch_sizes=[1]), lambda s: s.weight > 0)
    >>> s.weight, s.batch_size
    (1.0, 1)
    """
    statement = theorem_named(theorem)
    convex = statement.modulus == "mu"
    own = least_squares(strongly_convex=convex) if exact else problems(strongly_convex=convex)
    made = draw(own if problem is None else problem)
    theta, x = draw(teachers(made)), draw(points(made))
    batch_size, replacement = draw(batches(made, sizes=batch_sizes))
    gamma = draw(step_sizes(made, theorem, batch_size=batch_size))
    weight = draw(weights(made, theta, theorem, step_size=gamma, batch_size=batch_size))
    compressor = (
        draw(compressors(made, step_size=gamma, enumerate_only=not exact))
        if statement.compresses
        else None
    )
    return Setting(theorem, made, theta, x, gamma, weight, batch_size, replacement, compressor)


instances = settings
