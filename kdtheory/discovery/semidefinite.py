"""The float side of ``kdtheory.discovery.program``: an interior-point solver whose answers are only
ever guesses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import clarabel
import numpy as np
from scipy import sparse

from kdtheory.discovery.forms import ONE
from kdtheory.discovery.scaling import Array, Scaled

ROOT2 = math.sqrt(2.0)


@dataclass(frozen=True)
class Guess:
    """Multipliers in the program's own units and a point in the scaled ones; ``solved`` is the
    solver's opinion.
    """

    solved: bool
    multipliers: Array
    point: Array  # in the order of ``Program.keys``
    value: float


def _solution(
    cost: Array, rows: Sequence[Array], right: Sequence[Array], cones: Sequence[Any]
) -> tuple[Any, bool]:
    """Clarabel's answer to: least cost x, with right - rows x in the cones; and its opinion."""
    settings = clarabel.DefaultSettings()
    settings.verbose = False
    settings.max_threads = 1
    # As near as the solver goes, and what is still a guess where it ends early: none is trusted.
    settings.tol_gap_abs = settings.tol_gap_rel = settings.tol_feas = 1e-12
    settings.tol_ktratio = 1e-10  # of its own test for infeasible programs
    # What it calls almost solved; the proof over Q decides.
    settings.reduced_tol_gap_abs = settings.reduced_tol_gap_rel = settings.reduced_tol_feas = 1e-7
    found = clarabel.DefaultSolver(
        sparse.csc_matrix((len(cost), len(cost))),
        cost,
        sparse.csc_matrix(np.vstack(rows)),
        np.concatenate(right),
        cones,
        settings,
    ).solve()
    return found, str(found.status) in ("Solved", "AlmostSolved")


def _side(places: tuple[int, ...]) -> int:
    """Of the matrix whose triangle has so many places."""
    return int((math.isqrt(8 * len(places) + 1) - 1) // 2)


def _triangle(places: tuple[int, ...]) -> Array:
    """sqrt(2) off the diagonal, 1 on it, in Clarabel's order."""
    size = _side(places)
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
        cones.append(clarabel.PSDTriangleConeT(_side(places)))
    solution, fine = _solution(problem.bounds, rows, rest, cones)
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
    return Guess(fine, x * problem.weights * problem.unit_value, point, value)


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
        cones.append(clarabel.PSDTriangleConeT(_side(places)))
    solution, fine = _solution(-problem.objective, rows, rest, cones)
    value = -float(solution.obj_val) * problem.unit_value
    return Guess(fine, np.zeros(0), np.array(solution.x), value)
