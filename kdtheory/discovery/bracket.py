"""A rigorous interval around the worst case: a rational dual point above, a rational point below.

The float solver proposes points that keep a margin to every border; rounded to rationals they are
checked exactly (``Program.proves``, ``Program.feasible``), and nothing else is trusted.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kdtheory.discovery import semidefinite as sdp
from kdtheory.discovery.forms import Key
from kdtheory.discovery.program import ZERO, Program
from kdtheory.discovery.refine import refined, shortest
from kdtheory.discovery.scaling import Scaled, rescaled, scaled
from kdtheory.errors import InvalidInput, MissingTool

# tried in turn, in units where the numbers are 1; LATER where nothing else helped
MARGINS, LATER = (1e-11, 1e-10, 1e-9, 1e-8, 1e-7), (1e-6, 1e-4, 1e-2)
WIDE = (1e-3, *reversed((*MARGINS, *LATER)))  # where all multipliers have the same value
ENOUGH = 1e-7  # relative width that is good enough
HAIR = Fraction(1, 1 << 40)  # how far Newton's digits are moved towards a valid point
RUNAWAY = 1e60  # a size that no statement of ours has
ROUNDS, SETTLED = 5, 1e-4  # rescaling helps as long as the value still moves by this much


@dataclass(frozen=True)
class Bracket:
    """``low <= worst case <= high``; ``multipliers`` prove the upper end, ``point`` attains the
    lower one.
    """

    low: Fraction
    high: Fraction
    multipliers: tuple[Fraction, ...]
    point: dict[Key, Fraction]


def bracket(program: Program, what: str) -> Bracket:
    """Both certificates.

    Raises:
        InvalidInput: no constant bounds this step, as far as the solver sees.
    """
    nothing = dict.fromkeys(program.keys, ZERO)
    if not program.rows and program.proves(()):
        own = program.value(())
        return Bracket(own, own, (), nothing)
    first = scaled(program)
    pure = all(row.reach == 0 for row in program.rows)
    upper = _upper(first, WIDE) if pure else ()
    problem = first if upper else settled(first)
    upper = upper or _upper(problem, MARGINS)
    for other in () if upper else (problem, first):
        upper = upper or _sharper(other, (), {}).multipliers or _upper(other, (*MARGINS, *LATER))
    if not upper:
        raise InvalidInput(
            f"{what}: no finite constant was found, the worst case is infinite or on the very edge"
            " of being so. Use a smaller rate, bound what is unbounded by a datum, or list the"
            " assumption that is missing."
        )
    high, low = program.value(upper), program.objective.get("1", ZERO)
    if high == low and program.feasible(nothing):
        return Bracket(low, high, upper, nothing)
    point = _lower(problem) or _lower(first) or _thin(problem) or _thin(first)
    if point is None:
        raise InvalidInput(
            f"{what}: no point was found that satisfies every slack and datum. Are they"
            " contradictory?"
        )
    low = program.at(program.objective, point)
    rough = Bracket(low, high, upper, point)
    return rough if high - low <= ENOUGH * high else _sharper(problem, upper, point)


def _sharper(problem: Scaled, upper: tuple[Fraction, ...], point: dict[Key, Fraction]) -> Bracket:
    """Newton's digits moved a hair's breadth towards valid points, which makes them valid; the
    optimal multipliers themselves where they are rational (on the edge of what is bounded nothing
    else is valid).  Whatever does not check leaves the given points in place.
    """
    program = problem.program
    guess = sdp.solve(problem)
    try:
        found = refined(problem, guess) if np.all(np.isfinite(guess.point)) else None
    except MissingTool:
        found = None
    if found is not None and found.rational is not None:
        upper = found.rational
    elif found is not None and upper:
        blend = [(1 - HAIR) * x + HAIR * y for x, y in zip(found.digits, upper, strict=True)]
        repaired = _without_scalars(program, blend)
        if repaired is not None and program.proves(repaired):
            upper = tuple(repaired)
    if found is not None and point:
        near = {key: (1 - HAIR) * found.point[key] + HAIR * point[key] for key in program.keys}
        repaired_point = _on_equalities(program, near)
        if repaired_point is not None and program.feasible(repaired_point):
            point = repaired_point
    high = program.value(upper) if upper else ZERO
    return Bracket(program.at(program.objective, point), high, upper, point)


def settled(problem: Scaled) -> Scaled:
    """Solved and rescaled by the solution until the value stays."""
    last = math.inf
    for _ in range(ROUNDS):
        guess = sdp.solve(problem)
        if not np.all(np.isfinite(guess.point)) or not np.any(guess.point):
            break
        # Where the value has no end neither have the units; products of them must stay numbers.
        if max(*np.abs(guess.point), *problem.units.sizes.values()) > RUNAWAY:
            break
        problem = rescaled(problem, guess.point)
        if guess.solved and abs(guess.value - last) <= SETTLED * abs(guess.value):
            break
        last = guess.value
    return problem


def _upper(problem: Scaled, margins: Sequence[float]) -> tuple[Fraction, ...]:
    """Valid multipliers, () where none were found."""
    program = problem.program
    for margin in margins:
        guess = sdp.solve(problem, margin=margin)
        if not np.all(np.isfinite(guess.multipliers)):
            continue
        multipliers = [max(ZERO, Fraction(x)) for x in guess.multipliers.tolist()]
        repaired = _without_scalars(program, multipliers)
        if repaired is not None and program.proves(repaired):
            return tuple(repaired)
    return ()


def _without_scalars(program: Program, u: Sequence[Fraction]) -> list[Fraction] | None:
    """The multipliers moved a little, so that no scalar is left over: elimination with the largest
    multipliers as pivots.
    """
    rows = [
        [row.sign * row.form.get(name, ZERO) for row in program.rows] for name in program.scalars
    ]
    wanted = [program.objective.get(name, ZERO) for name in program.scalars]
    return solved(rows, wanted, u)


def solved(
    rows: Sequence[Sequence[Fraction]], wanted: Sequence[Fraction], near: Sequence[Fraction]
) -> list[Fraction] | None:
    """A solution of rows x = wanted close to ``near``: only as many entries move as there are
    equations, the largest ones first.  None when there is none.
    """
    system = [
        [*row, right - sum((a * x for a, x in zip(row, near, strict=True)), ZERO)]
        for row, right in zip(rows, wanted, strict=True)
    ]
    order = sorted(range(len(near)), key=lambda i: -abs(near[i]))
    pivots: list[tuple[int, int]] = []
    for index in range(len(system)):
        column = next((i for i in order if system[index][i] != 0), None)
        if column is None:
            if system[index][-1] != 0:
                return None
            continue
        pivots.append((index, column))
        pivot = system[index][column]
        for other in range(len(system)):
            factor = system[other][column] / pivot
            if other != index and factor:
                system[other] = [
                    x - factor * y for x, y in zip(system[other], system[index], strict=True)
                ]
    found = list(near)
    for index, column in pivots:
        found[column] += system[index][-1] / system[index][column]
    return found


def equalities(program: Program) -> frozenset[int]:
    """Rows whose opposite is a row too."""
    shapes = {}
    for index, row in enumerate(program.rows):
        form = {key: row.sign * value for key, value in row.form.items() if key != "1" and value}
        shapes[index] = (frozenset(form.items()), row.reach)
    opposite = {
        (frozenset((key, -value) for key, value in form), -reach) for form, reach in shapes.values()
    }
    return frozenset(index for index, shape in shapes.items() if shape in opposite and shape[0])


def _lower(problem: Scaled) -> dict[Key, Fraction] | None:
    program = problem.program
    fixed = equalities(program)
    for margin in (*MARGINS, *LATER):
        guess = sdp.inside(problem, margin, fixed)
        if not np.all(np.isfinite(guess.point)):
            continue
        values = [Fraction(x) for x in guess.point.tolist()]
        own = problem.in_own_units(dict(zip(program.keys, values, strict=True)))
        point = _on_equalities(program, own)
        if point is not None and program.feasible(point):
            return point
    return None


def _thin(problem: Scaled) -> dict[Key, Fraction] | None:
    """The worst point itself, where it is rational: assumptions may leave no room around it."""
    guess = sdp.solve(problem)
    try:
        found = refined(problem, guess) if np.all(np.isfinite(guess.point)) else None
    except MissingTool:
        return None
    if found is None:
        return None
    own = {key: shortest(value, found.bits) for key, value in found.point.items()}
    point = {key: ZERO if value is None else value for key, value in own.items()}
    return point if problem.program.feasible(point) else None


def _on_equalities(program: Program, point: dict[Key, Fraction]) -> dict[Key, Fraction] | None:
    """The point moved a little, so that rows which come with their opposites hold exactly."""
    fixed = sorted(equalities(program))
    if not fixed:
        return point
    rows = [
        [program.rows[i].sign * program.rows[i].form.get(key, ZERO) for key in program.keys]
        for i in fixed
    ]
    near = [point[key] for key in program.keys]
    moved = solved(rows, [program.rows[i].reach for i in fixed], near)
    return None if moved is None else dict(zip(program.keys, moved, strict=True))
