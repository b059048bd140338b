"""What a statement claims as time goes on: psi followed from a start, and where that ends.

A statement whose psi is increasing and bounds one step from every x bounds T steps by its psi's
applied in order, whatever the step sizes and weights are (theory, Section 8).
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import repeat

import numpy as np

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import ARRAYS, compiled, value_of
from kdtheory.bounds.constants import Letters, at_the_edge, evaluate, too_large
from kdtheory.bounds.crossing import crossing
from kdtheory.bounds.exact_law import exact_law
from kdtheory.bounds.letters import letters_along, letters_for, state_of
from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.problems.base import Array
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.schedule import Schedule
from kdtheory.statements.theorems import Theorem


def bound_of(made: Experiment, statement: Theorem, steps: int) -> Array:
    """The right-hand side at t = 0..steps from the experiment's start, (steps + 1,)."""
    if statement.is_law:
        return exact_law(made, statement, steps)
    averaged = statement.quantity == "average_gap"
    if statement.psi is None and not averaged:
        raise InvalidInput(f"{statement.title} bounds nothing over time; verify() checks it.")
    letters = letters_for(made, statement)
    start = state_of(statement, made.problem, made.start)
    return (_for_every_horizon if averaged else claimed)(statement, letters, start, steps)


def bound_along(made: Experiment, statement: Theorem, plan: Schedule) -> Array:
    """The right-hand side at t = 0..len(plan), (T + 1,), with the step sizes and weights of
    ``plan`` for those of ``made``.  A step of size 0 leaves it where it is.

    Raises:
        InvalidInput: weights that do not fit the teachers, or a statement without psi.
        StepSizeTooLarge: some gamma_t outside the statement's range.
    """
    refuse_along(made, statement, plan)
    start = state_of(statement, made.problem, made.start)
    if not plan.step_sizes.any():
        return np.full(len(plan) + 1, start)
    letters, still = letters_along(made, statement, plan), (plan.step_sizes == 0.0).tolist()
    names = compiled(statement.psi)[0]
    known = letters | {"s": start}
    columns = [np.broadcast_to(known[name], (len(plan),)).tolist() for name in names]
    rows = (None if stays else row for stays, *row in zip(still, *columns, strict=True))
    largest = {name: float(np.max(known[name])) for name in names}
    return _followed(statement, rows, largest, start, len(plan))


def refuse_along(made: Experiment, statement: Theorem, plan: Schedule) -> None:
    """``InvalidInput`` for what a schedule cannot be asked of."""
    if statement.psi is None:
        raise InvalidInput(
            f"{statement.title} bounds no single step, so it takes no schedule. Use an envelope"
            " such as theorem-1-envelope."
        )
    still = plan.step_sizes == 0.0
    if still.any() and made.compressor is not None:
        raise InvalidInput(
            "A step of size 0 is no step, but a compressor acts all the same, got step_sizes[t] = 0"
            f" at t = {int(np.argmax(still))}. Leave such steps out."
        )


def claimed(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """rhs at t = 0..steps, (steps + 1,), of a statement with psi."""
    followed = curve(theorem, letters, start, steps)
    if theorem.unrolls:
        return followed
    rhs = theorem.rhs.xreplace({sym.iterate(sym.t, sym.s0): sym.s})
    known = {**letters, "s": followed, "s0": start, "t": np.arange(steps + 1.0)}
    return np.asarray(np.broadcast_to(value_of(rhs, known, ARRAYS), followed.shape), dtype=float)


def curve(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """psi applied 0..steps times to ``start``."""
    names, _ = compiled(theorem.psi)
    known = [start if name == "s" else letters[name] for name in names]
    return _followed(theorem, repeat(known, steps), letters, start, steps)


def _followed(
    theorem: Theorem,
    rows: Iterable[list[float] | None],
    letters: Mapping[str, float],
    start: float,
    steps: int,
) -> Array:
    """psi applied in order at each of ``rows``, its arguments of which s is filled in; None is a
    step that is not made.
    """
    names, psi = compiled(theorem.psi)
    values, place = np.empty(steps + 1), names.index("s")
    values[0] = state = start
    try:
        for t, row in enumerate(rows, 1):
            if row is not None:
                row[place] = state
                state = float(psi(*row))
            values[t] = state
    except OverflowError as error:
        raise too_large(letters) from error
    except (ZeroDivisionError, ValueError) as error:
        raise at_the_edge(letters) from error
    return values


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
    high = max(letters["xstar_sq"], letters["U"], 1e-300)  # anything above 0: it is doubled
    while excess(high) > 0.0:
        high *= 2.0
        if not math.isfinite(high):
            raise AssumptionFails(
                f"{theorem.title} has no floor here: the bound grows without limit. Use a larger"
                " gamma or less compression."
            )
    return crossing(excess, 0.0, high)
