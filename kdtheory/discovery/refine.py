"""From a float solution to exact multipliers: Newton's method on the optimality conditions.

The float solution says which rows are active and what rank each Gram matrix has.  With X = V V^T in
each block the conditions are polynomial,

    Z(u) V = 0,    no scalar left over,    every active row holds with equality,

and Newton from the float solution doubles the correct digits each time.  Where the multipliers are
rational, continued fractions find them; whether they prove what they should is checked over Q by
``Program.proves``, so nothing here has to be believed.
"""

from __future__ import annotations

import importlib
import math
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import linalg

from kdtheory.discovery.forms import Key
from kdtheory.discovery.optimality import System
from kdtheory.discovery.program import ZERO, Program
from kdtheory.discovery.scaling import Scaled
from kdtheory.discovery.semidefinite import Guess
from kdtheory.errors import MissingTool

RANK = (1e-7, 1e-10)  # singular values below this count as 0, the first that leads to something
START_BITS = 256


@dataclass(frozen=True)
class Shape:
    """What the float solution says about the exact one: active rows, and the rank of each Gram
    matrix; ``unique``: the multipliers are isolated.
    """

    active: tuple[int, ...]
    ranks: tuple[int, int]
    unique: bool


@dataclass(frozen=True)
class Exact:
    """Multipliers of all rows: rational where ``rational`` has them, else ``digits`` holds them to
    ``bits`` bits, as ``point`` does the worst point, whose Gram matrices are sums of squares.
    """

    shape: Shape
    rational: tuple[Fraction, ...] | None
    digits: tuple[Fraction, ...]
    bits: int
    point: dict[Key, Fraction]


def flint() -> Any:
    """The package that Newton's exact arithmetic needs.

    Raises:
        MissingTool: it is not installed.
    """
    try:
        return importlib.import_module("flint")
    except ImportError as error:
        raise MissingTool(
            "discovery needs python-flint for its exact arithmetic: pip install"
            " 'kdtheory[checkers]' (or pip install python-flint)"
        ) from error


def refined(problem: Scaled, guess: Guess, *, most_bits: int = START_BITS) -> Exact | None:
    """Exact multipliers near a float solution, in the program's own units; None where Newton does
    not settle.
    """
    program = problem.exactly()
    start = _start(problem, guess, program)
    if start is None:
        return None
    found = next(filter(None, (_polished(*start, small, most_bits) for small in RANK)), None)
    if found is None:
        return None
    units = [Fraction(w) * Fraction(problem.unit_value) for w in problem.weights.tolist()]

    def own(values: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
        return tuple(value * unit for value, unit in zip(values, units, strict=True))

    point = problem.in_own_units(found.point)
    rational = found.rational and own(found.rational)
    return replace(found, rational=rational, digits=own(found.digits), point=point)


def _polished(system: System, x: Any, small: float, most_bits: int) -> Exact | None:
    """Newton with singular values below ``small`` taken for 0."""
    for _ in range(6):  # the float solution to its last digit, least change first
        residual, jacobian = system.dense(x)
        x = x - np.linalg.lstsq(jacobian, residual, rcond=small)[0]
        if not np.all(np.isfinite(x)):
            return None
    residual, jacobian = system.dense(x)
    if np.abs(residual).max(initial=0.0) > 1e-9:  # of numbers about 1: no solution to start from
        return None
    rows, columns, unique = _independent(jacobian, len(system.active), small)
    shape = Shape(system.active, system.ranks, unique)
    return _newton(system, x, rows, columns, shape, most_bits=most_bits)


def _start(problem: Scaled, guess: Guess, program: Program) -> tuple[System, Any] | None:
    """Active rows and ranks by comparing each number with its partner: a multiplier with its
    slack, an eigenvalue of X with that of Z.
    """
    u = guess.multipliers / problem.weights / problem.unit_value
    point = guess.point
    slack = problem.bounds - problem.table @ point
    active = tuple(int(i) for i in np.flatnonzero(u > np.maximum(slack, 0.0)))
    place = {key: index for index, key in enumerate(program.keys)}
    left = problem.table.T @ u - problem.objective
    factors = []
    for block in program.blocks:
        if not block:
            factors.append(np.zeros((0, 0)))
            continue
        size = range(len(block))
        at = np.array([[place[block[min(i, j)], block[max(i, j)]] for j in size] for i in size])
        z = left[at] * np.where(np.eye(len(block)) == 1.0, 1.0, 0.5)
        values, vectors = np.linalg.eigh(point[at])
        own = np.einsum("ji,jk,ki->i", vectors, z, vectors)
        # Strict complementarity; below 1e-9 of the largest the solver's 0 is all that is seen.
        kept = values > np.maximum(own, 1e-9 * max(values.max(), 0.0))
        factors.append(vectors[:, kept] * np.sqrt(np.maximum(values[kept], 0.0)))
    system = System(program, active, (factors[0].shape[1], factors[1].shape[1]))
    own = [u[i] for i in active]
    scalars = [point[place[name]] for name in program.scalars]
    x = np.array([*own, *scalars, *factors[0].ravel(), *factors[1].ravel()], float)
    return (system, x) if np.all(np.isfinite(x)) else None


def _independent(
    jacobian: Any, multipliers: int, small: float
) -> tuple[list[int], list[int], bool]:
    """As many rows and columns as the rank, multipliers first; and whether the multipliers are
    determined.
    """
    if jacobian.size == 0:
        return [], [], True
    scale = np.abs(jacobian).max(axis=0, initial=0.0)
    jacobian = jacobian / np.where(scale > 0, scale, 1.0)
    _, triangle, columns = linalg.qr(jacobian, pivoting=True, mode="economic")
    diagonal = np.abs(np.diag(triangle))
    rank = int((diagonal > small * diagonal[0]).sum())
    chosen = sorted(int(c) for c in columns[:rank])
    _, _, rows = linalg.qr(jacobian[:, chosen].T, pivoting=True, mode="economic")
    _, values, right = np.linalg.svd(jacobian)
    null = right[int((values > small * values[0]).sum()) :]
    # Of null vectors of length 1: what rounding leaves of a 0 there.
    unique = bool(np.abs(null[:, :multipliers]).max(initial=0.0) < 1e-5)
    return sorted(int(r) for r in rows[:rank]), chosen, unique


def _newton(
    system: System, x: Any, rows: list[int], columns: list[int], shape: Shape, *, most_bits: int
) -> Exact | None:
    tool = flint()
    context = tool.ctx
    before = context.prec
    try:
        context.prec = 128
        values = [tool.arb(float(v)) for v in x]

        def convert(value: Fraction) -> Any:
            return tool.arb(tool.fmpq(value.numerator, value.denominator))

        bits, known = START_BITS, 40
        while True:
            context.prec = bits + 64
            while known < bits:
                values, error = _newton_step(tool, system, values, rows, columns, convert)
                if error is None or error > -20:
                    return None
                known = min(2 * -error - 20, bits) if -2 * error - 20 > known else known + 10
            x = [_fraction(value) for value in values]
            u = [ZERO] * len(system.program.rows)
            for place, value in zip(system.active, x, strict=False):
                u[place] = value
            found = _rationals(u, bits)
            if found is not None and not system.program.proves(found):
                found = None
            if found is not None or bits * 4 > most_bits:
                own = None if found is None else tuple(found)
                return Exact(shape, own, tuple(u), bits, system.point(x))
            bits *= 4
    except ZeroDivisionError:
        return None
    finally:
        context.prec = before


def _newton_step(
    tool: Any, system: System, values: list[Any], rows: list[int], columns: list[int], convert: Any
) -> tuple[list[Any], int | None]:
    """One step on the chosen square part, in balls whose radii are dropped; the size of the step as
    a power of two.
    """
    wanted, index = set(rows), {c: i for i, c in enumerate(columns)}
    zero = tool.arb(0)
    lines = [line for i, line in enumerate(system.lines(values, convert)) if i in wanted]
    size = len(columns)
    entries = [zero] * (size * size)
    for i, (_, slope) in enumerate(lines):
        for column, value in slope.items():
            if column in index:
                entries[i * size + index[column]] = value.mid()
    if not size:
        return values, -10_000
    right = tool.arb_mat(size, 1, [residual.mid() for residual, _ in lines])
    step = tool.arb_mat(size, size, entries).solve(right)
    found, largest = list(values), -10_000
    for i, column in enumerate(columns):
        move = step[i, 0].mid()
        found[column] = (values[column] - move).mid()
        if move != 0:
            # a float below 1e-300 may have lost its digits, and is below every size asked for
            largest = max(largest, math.frexp(float(abs(move)))[1] if abs(move) > 1e-300 else -990)
    return found, largest


def _fraction(ball: Any) -> Fraction:
    mantissa, exponent = ball.mid().man_exp()
    return Fraction(int(mantissa)) * Fraction(2) ** int(exponent)


def shortest(value: Fraction, bits: int) -> Fraction | None:
    """The short fraction that a number of so many bits is, if it is one."""
    short = value.limit_denominator(1 << (bits // 3))
    near = abs(short - value) <= Fraction(1, 1 << (bits * 9 // 10)) * abs(value)
    return short if near else None


def _rationals(u: list[Fraction], bits: int) -> list[Fraction] | None:
    """Short fractions next to all numbers; None where one of them is not short."""
    found = [shortest(value, bits) for value in u]
    return None if None in found else [value for value in found if value is not None]
