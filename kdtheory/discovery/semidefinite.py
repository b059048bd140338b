"""The float side of ``kdtheory.discovery.program``: an interior-point solver whose answers are only
ever guesses.

Vectors, scalars and rows are scaled so that all numbers are about 1: first by a least-squares fit
to the coefficients' magnitudes, then by the solution itself.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import clarabel
import numpy as np
from scipy import sparse

from kdtheory.discovery.forms import ONE
from kdtheory.discovery.program import Program

Array = np.ndarray[Any, np.dtype[np.float64]]
ROOT2 = math.sqrt(2.0)
MOST = 2.0**200  # of a unit: a problem without an optimum asks for more and more
LEAST = 1e-6  # relative size below which a vector is taken for 0


@dataclass(frozen=True)
class Guess:
    """Multipliers in the program's own units and a point in the scaled ones; ``solved`` is the
    solver's opinion.
    """

    solved: bool
    multipliers: Array
    point: Array  # in the order of ``Program.keys``
    value: float


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


def _settings() -> clarabel.DefaultSettings:
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    settings.tol_ktratio = 1e-10
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = 1e-7
    return settings


def _triangle(places: tuple[int, ...]) -> Array:
    """sqrt(2) off the diagonal, 1 on it, in Clarabel's order."""
    size = int((math.isqrt(8 * len(places) + 1) - 1) // 2)
    return np.array([1.0 if i == j else ROOT2 for j in range(size) for i in range(j + 1)])


def solve(problem: Scaled, *, margin: float = 0.0) -> Guess:
    """Dual and primal point by the dual program; ``margin``: the blocks of Z and the multipliers
    stay that far inside (in scaled units), for rounding.
    """
    blocks, scalars = problem.layout
    count = len(problem.bounds)
    table = problem.table  # Z = table^T u - objective; off-diagonal entries are shared by two
    rows, rest, cones = [-np.eye(count)], [np.full(count, -margin)], []
    if count:
        cones.append(clarabel.NonnegativeConeT(count))
    if scalars:
        rows.append(table.T[scalars])
        rest.append(problem.objective[scalars])
        cones.append(clarabel.ZeroConeT(len(scalars)))
    for places in blocks:
        triangle = _triangle(places)
        half = np.where(triangle == 1.0, 1.0, ROOT2 / 2)[:, None]
        rows.append(-half * table.T[list(places)])
        shift = np.where(triangle == 1.0, margin, 0.0)
        rest.append(-half[:, 0] * problem.objective[list(places)] - shift)
        cones.append(clarabel.PSDTriangleConeT(int((math.isqrt(8 * len(places) + 1) - 1) // 2)))
    matrix, right = np.vstack(rows), np.concatenate(rest)
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((count, count)),
        problem.bounds,
        sparse.csc_matrix(matrix),
        right,
        cones,
        _settings(),
    ).solve()
    dual = np.array(solution.z)
    point = np.zeros(len(problem.objective))
    at = count
    for place, value in zip(scalars, dual[at : at + len(scalars)], strict=True):
        point[place] = -value
    at += len(scalars)
    for places in blocks:
        point[list(places)] = dual[at : at + len(places)] / _triangle(places)
        at += len(places)
    own = float(problem.program.objective.get(ONE, 0))
    x = np.array(solution.x)
    value = math.nan
    if np.all(np.isfinite(x)):
        value = float(np.dot(problem.bounds, x)) * problem.unit_value + own
    return Guess(
        str(solution.status) in ("Solved", "AlmostSolved"),
        x * problem.weights * problem.unit_value,
        point,
        value,
    )


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


def inside(problem: Scaled, margin: float, equalities: frozenset[int]) -> Guess:
    """A primal point whose rows and Gram matrices all keep a margin, except the rows that are
    equalities.
    """
    blocks, _ = problem.layout
    size = len(problem.objective)
    free = [i for i in range(len(problem.bounds)) if i not in equalities]
    fixed = sorted(equalities)
    rows, rest, cones = [], [], []
    if fixed:
        rows.append(problem.table[fixed])
        rest.append(problem.bounds[fixed])
        cones.append(clarabel.ZeroConeT(len(fixed)))
    if free:
        rows.append(problem.table[free])
        rest.append(problem.bounds[free] - margin)
        cones.append(clarabel.NonnegativeConeT(len(free)))
    for places in blocks:
        triangle = _triangle(places)
        pick = np.zeros((len(places), size))
        pick[np.arange(len(places)), list(places)] = -triangle
        rows.append(pick)
        rest.append(np.where(triangle == 1.0, -margin, 0.0))
        cones.append(clarabel.PSDTriangleConeT(int((math.isqrt(8 * len(places) + 1) - 1) // 2)))
    solution = clarabel.DefaultSolver(
        sparse.csc_matrix((size, size)),
        -problem.objective,
        sparse.csc_matrix(np.vstack(rows)),
        np.concatenate(rest),
        cones,
        _settings(),
    ).solve()
    guess = Guess(
        str(solution.status) in ("Solved", "AlmostSolved"),
        np.zeros(0),
        np.array(solution.x),
        math.nan,
    )
    return replace(guess, value=-float(solution.obj_val) * problem.unit_value)
