"""Units for the float solver: vectors, scalars and rows scaled so that all numbers are about 1,
first by a least-squares fit to the coefficients' magnitudes, then by the solution itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from kdtheory.discovery.forms import ONE, Key
from kdtheory.discovery.program import ZERO, Numbers, Program, Row

Array = np.ndarray[Any, np.dtype[np.float64]]
MOST = 2.0**200  # of a unit: a problem without an optimum asks for more and more
LEAST = 1e-6  # relative size below which a vector is taken for 0


@dataclass(frozen=True)
class Units:
    """A unit, a power of two, for every vector and scalar; ``factors`` are those of the entries in
    ``Program.keys``.
    """

    sizes: dict[str, float]
    factors: Array


def units_of(program: Program, sizes: dict[str, float]) -> Units:
    """The units of all entries from those of vectors and scalars."""
    return Units(
        sizes,
        np.array(
            [
                sizes[key] if isinstance(key, str) else sizes[key[0]] * sizes[key[1]]
                for key in program.keys
            ]
        ),
    )


@dataclass(frozen=True)
class Scaled:
    """``table`` (rows x keys), ``objective`` and ``bounds`` in new units.

    Row i of the table is the form of row i in these units, times weights[i].
    """

    program: Program
    units: Units
    table: Array
    objective: Array
    bounds: Array
    weights: Array
    unit_value: float

    @cached_property
    def layout(self) -> tuple[list[tuple[int, ...]], list[int]]:
        """Of each block the places of its entries in Clarabel's order (upper triangle by columns),
        and the places of the scalars.
        """
        place = {key: index for index, key in enumerate(self.program.keys)}
        blocks = [
            tuple(place[block[i], block[j]] for j in range(len(block)) for i in range(j + 1))
            for block in self.program.blocks
            if block
        ]
        return blocks, [place[name] for name in self.program.scalars]

    @cached_property
    def _factors(self) -> dict[Key, Fraction]:
        factors = map(Fraction, self.units.factors.tolist())
        return dict(zip(self.program.keys, factors, strict=True))

    def exactly(self) -> Program:
        """The same program in these units, exactly: they are powers of two."""
        program = self.program

        def form(given: Numbers, factor: Fraction) -> dict[Key, Fraction]:
            return {key: factor * x * self._factors.get(key, 1) for key, x in given.items()}

        rows = tuple(
            Row(row.name, row.sign, form(row.form, Fraction(w)), row.bound * Fraction(w))
            for row, w in zip(program.rows, self.weights.tolist(), strict=True)
        )
        objective = form(program.objective, 1 / Fraction(self.unit_value))
        return Program(program.blocks, program.scalars, objective, rows)

    def in_own_units(self, point: Numbers) -> dict[Key, Fraction]:
        """Gram entries and scalars in the program's own units."""
        return {key: point.get(key, ZERO) * unit for key, unit in self._factors.items()}


def scaled(program: Program, units: Units | None = None) -> Scaled:
    """The program in units where its numbers are about 1."""
    keys = program.keys
    table = np.array(
        [[row.sign * float(row.form.get(key, 0)) for key in keys] for row in program.rows]
    ).reshape(len(program.rows), len(keys))
    objective = np.array([float(program.objective.get(key, 0)) for key in keys])
    bounds = np.array([float(row.reach) for row in program.rows])
    if units is None:
        sizes = _balanced(program, np.vstack([table, objective]), bounds)
        units = units_of(program, sizes)
    table, objective = table * units.factors, objective * units.factors
    size = np.maximum(np.abs(table).max(axis=1, initial=0.0), np.abs(bounds))
    weights = np.array([1.0 / _power_of_two(x) if x > 0 else 1.0 for x in size])
    unit_value = _power_of_two(float(np.abs(objective).max(initial=0.0)) or 1.0)
    return Scaled(
        program,
        units,
        table * weights[:, None],
        objective / unit_value,
        bounds * weights,
        weights,
        unit_value,
    )


def _power_of_two(size: float) -> float:
    """Weights are powers of two, so that they round nothing."""
    return 2.0 ** round(math.log2(size))


def _balanced(program: Program, table: Array, bounds: Array) -> dict[str, float]:
    """Least squares in logarithms: every coefficient times its units and its row's weight near
    1.
    """
    names = [*program.blocks[0], *program.blocks[1], *program.scalars]
    place = {name: index for index, name in enumerate(names)}
    lines, sizes = [], []
    for i, row in enumerate(table):
        entries = [(program.keys[j], value) for j, value in enumerate(row) if value]
        if i < len(bounds) and bounds[i]:
            entries.append((ONE, bounds[i]))
        for key, value in entries:
            line = np.zeros(len(names) + len(table))
            line[len(names) + i] = 1.0
            for name in () if key == ONE else (key,) if isinstance(key, str) else key:
                line[place[name]] += 1.0
            lines.append(line)
            sizes.append(-math.log(abs(value)))
    if not lines:
        return dict.fromkeys(names, 1.0)
    found = np.linalg.lstsq(np.array(lines), np.array(sizes), rcond=None)[0]
    return {
        name: _power_of_two(math.exp(min(80.0, max(-80.0, found[place[name]])))) for name in names
    }


def rescaled(problem: Scaled, point: Array) -> Scaled:
    """The same in units in which the solution's vectors are about 1 long."""
    place = {key: index for index, key in enumerate(problem.program.keys)}
    sizes = dict(problem.units.sizes)
    shares = {
        v: max(float(point[place[v, v]]), 0.0) for block in problem.program.blocks for v in block
    }
    kept = {v: share for v, share in shares.items() if share > LEAST * max(shares.values())}
    for v, share in kept.items():
        sizes[v] *= _power_of_two(math.sqrt(share))
    # A vector that is 0 in the worst case has no size of its own there.  Measured by what is left
    # of it, it would shrink round by round until no margin could be kept.
    for v in shares.keys() - kept.keys():
        sizes[v] = min([sizes[v], *(sizes[other] for other in kept)])
    for name in problem.program.scalars:
        size = abs(float(point[place[name]]))
        sizes[name] *= _power_of_two(size) if size > LEAST else 1.0
    sizes = {name: min(max(size, 1 / MOST), MOST) for name, size in sizes.items()}
    return scaled(problem.program, units_of(problem.program, sizes))
