"""Numbers from the statements: range, floor and curve for a problem and a teacher."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import ARRAYS, compiled, value_of
from kdtheory.bounds.crossing import crossing
from kdtheory.bounds.exact_law import exact_floor, exact_law
from kdtheory.bounds.letters import (
    Letters,
    at_the_edge,
    constants_for,
    evaluate,
    letters_for,
    range_of,
    too_large,
)
from kdtheory.bounds.schedules_curve import bound_along
from kdtheory.engines.exact import stability_limit
from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.problems.base import Array, FiniteSum, point, positive_int, refuse_long
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.schedule import Schedule, as_schedule
from kdtheory.statements.theorems import Theorem, theorem_named


def step_size_limit(problem: FiniteSum, theorem: str | Theorem, *, batch_size: int = 1) -> float:
    """The largest step size the statement allows (its supremum where the range is open), in units
    of x^2/f.

    Args:
        problem: a finite sum.
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        batch_size: indices a step.

    Raises:
        InvalidInput: unknown theorem, or one without a range.  AssumptionFails: not strongly
            convex, say.

    >>> import kdtheory as kd
    >>> kd.step_size_limit(kd.LeastSquares([[1.0], [1.0]], [0.0, 2.0]), 'theorem-1')
    0.125
    """
    statement = theorem_named(theorem)
    if statement.is_law:
        return stability_limit(problem, DistilledSGD(batch_size=batch_size))
    return range_of(statement, constants_for(problem, statement, batch_size=batch_size))


def default_step_size(problem: FiniteSum, theorem: str | Theorem, *, batch_size: int = 1) -> float:
    """The limit where it is attained; half of it where the range is open."""
    limit = step_size_limit(problem, theorem, batch_size=batch_size)
    statement = theorem_named(theorem)
    return limit / 2 if statement.strict or statement.is_law else limit


def noise_floor(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float,
    weight: ArrayLike,
    batch_size: int = 1,
    compressor: Compressor | None = None,
) -> float:
    """The bound's limit as t grows, in units of x^2 (or of f for PL statements).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number; (m,) for m teachers.
        batch_size: indices a step.
        compressor: for the compressed statements.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`bound`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> at = {'theorem': 'unbiased', 'step_size': 0.05, 'weight': 1.0}
    >>> kd.noise_floor(problem, problem.minimiser, **at) < 1e-12
    True
    """
    statement = theorem_named(theorem)
    if statement.is_law:
        return exact_floor(statement, problem, theta, step_size, weight, batch_size)
    if statement.psi is None:
        raise InvalidInput(f"{statement.title} bounds nothing over time: it has no noise floor.")
    letters = letters_for(
        problem,
        theta,
        statement,
        step_size=step_size,
        weight=weight,
        batch_size=batch_size,
        compressor=compressor,
    )
    return floor_of(statement, letters)


def floor_of(theorem: Theorem, letters: Letters) -> float:
    """The fixed point of psi at completed letters."""
    if theorem.floor is not None:
        return evaluate(theorem.floor, letters)
    assert theorem.psi is not None
    names, psi = compiled(theorem.psi)

    def excess(s: float) -> float:
        try:
            return float(psi(*(s if name == "s" else letters[name] for name in names))) - s
        except (ZeroDivisionError, ValueError) as error:
            raise at_the_edge(letters) from error

    if excess(0.0) <= 0.0:
        return 0.0
    high = max(letters["xstar_sq"], letters["U"], 1e-300)
    while excess(high) > 0.0:
        high *= 2.0
        if not math.isfinite(high):
            raise AssumptionFails(
                f"{theorem.title} has no floor here: the bound grows without limit. Use a larger"
                " gamma or less compression."
            )
    return crossing(excess, 0.0, high)


def bound(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float | None = None,
    weight: ArrayLike | None = None,
    x0: ArrayLike,
    steps: int | None = None,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
    schedule: Schedule | tuple[ArrayLike, ArrayLike] | None = None,
) -> Array:
    """The claimed right-hand side for t = 0..steps, (steps + 1,), in units of x^2 (of f for PL
    statements).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number; (m,) for m teachers.
        x0: the start, (dim,).
        steps: horizon T; entry t of "horizon" claims for the mean of the first t iterates.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements.
        schedule: a ``Schedule``, or step sizes (T,) with weights (T,) or (T, m), in place of
            step_size and weight; its length is the horizon.

    Raises:
        InvalidInput: unknown theorem, wrong shapes.  StepSizeTooLarge: outside the statement's
            range.  AssumptionFails: the problem lacks what the statement needs.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> at = {'step_size': 0.02, 'weight': 0.0, 'x0': [1.0], 'steps': 2}
    >>> kd.bound(problem, [0.5], theorem='theorem-1', **at).shape
    (3,)
    """
    statement = theorem_named(theorem)
    start = point(problem, x0, "x0")
    e = start - problem.minimiser
    first = gap_at(problem, start) if statement.quantity == "gap" else float(e @ e)
    if schedule is not None:
        if step_size is not None or weight is not None:
            raise InvalidInput(
                "schedule= takes the place of step_size= and weight=, got both. Leave those out."
            )
        return bound_along(
            problem,
            theta,
            statement,
            as_schedule(schedule, steps=steps),
            first,
            batch_size=batch_size,
            replacement=replacement,
            compressor=compressor,
        )
    if step_size is None or weight is None or steps is None:
        raise InvalidInput(
            "bound() needs step_size=, weight= and steps=, or schedule= in place of all three."
        )
    count = positive_int(steps, "steps", minimum=0)
    refuse_long(count, "bound()")
    if statement.is_law:
        return exact_law(
            statement,
            problem,
            theta,
            DistilledSGD(batch_size=batch_size, replacement=replacement),
            step_size=step_size,
            weight=weight,
            x0=start,
            steps=count,
        )
    averaged = statement.quantity == "average_gap"
    if statement.psi is None and not averaged:
        raise InvalidInput(f"{statement.title} bounds nothing over time; verify() checks it.")
    letters = letters_for(
        problem,
        theta,
        statement,
        step_size=step_size,
        weight=weight,
        batch_size=batch_size,
        replacement=replacement,
        compressor=compressor,
    )
    if averaged:
        return _for_every_horizon(statement, letters, first, count)
    return claimed(statement, letters, first, count)


def claimed(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """rhs at t = 0..steps, (steps + 1,), of a statement with psi."""
    followed = curve(theorem, letters, start, steps)
    if theorem.unrolls:
        return followed
    rhs = theorem.rhs.xreplace({sym.iterate(sym.t, sym.s0): sym.s})
    known = {**letters, "s": followed, "s0": start, "t": np.arange(steps + 1.0)}
    return np.asarray(np.broadcast_to(value_of(rhs, known, ARRAYS), followed.shape), dtype=float)


def _for_every_horizon(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """rhs at t = 0..steps: what is claimed of the mean of the first t iterates, inf of none."""
    known = {**letters, "s0": start, "t": np.arange(1.0, steps + 1.0)}
    for letter, definition in theorem.definitions.items():
        if sym.t in definition.free_symbols:
            known[letter.name] = value_of(definition, known, ARRAYS)
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        values = np.r_[np.inf, value_of(theorem.rhs, known, ARRAYS)]
    if not np.isfinite(values[1:]).all():
        raise at_the_edge(letters)
    return values


def curve(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """psi applied 0..steps times to ``start``."""
    assert theorem.psi is not None
    names, psi = compiled(theorem.psi)
    values = np.empty(steps + 1)
    values[0] = state = start
    known = [start if name == "s" else letters[name] for name in names]
    place = names.index("s")
    for t in range(1, steps + 1):
        known[place] = state
        try:
            values[t] = state = float(psi(*known))
        except OverflowError as error:
            raise too_large(letters) from error
        except (ZeroDivisionError, ValueError) as error:
            raise at_the_edge(letters) from error
    return values
