"""The worst case of one step at given numbers: a semidefinite program over Q and its exact checks.

    maximise  objective(X)  over  X = (two Gram matrices >= 0, scalars)
    with      slack_i(X) >= 0,  data_j(X) <= bound_j.

A dual point has a multiplier u >= 0 for every slack and datum; with

    Z(u) = sum_j u_j data_j - sum_i u_i slack_i - objective

it proves objective <= value(u) when both blocks of Z(u) are positive semidefinite and no scalar is
left.  Nothing in this file is rounded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from kdtheory.discovery.forms import ONE, Key

Numbers = Mapping[Key, Fraction]
Matrix = list[list[Fraction]]
ZERO = Fraction(0)


@dataclass(frozen=True)
class Row:
    """``sign * form <= bound``: a datum (sign 1), or a slack (sign -1, bound 0), its constant
    moved to the bound.
    """

    name: str
    sign: int
    form: Numbers
    bound: Fraction

    @property
    def reach(self) -> Fraction:
        """What one unit of its multiplier adds to the value."""
        return self.bound - self.sign * self.form.get(ONE, ZERO)


@dataclass(frozen=True)
class Program:
    """Blocks are the vector names of the two Gram matrices."""

    blocks: tuple[tuple[str, ...], tuple[str, ...]]
    scalars: tuple[str, ...]
    objective: Numbers
    rows: tuple[Row, ...]

    @cached_property
    def keys(self) -> tuple[Key, ...]:
        """All Gram entries, then the scalars."""
        pairs = [(u, v) for block in self.blocks for i, u in enumerate(block) for v in block[i:]]
        return (*pairs, *self.scalars)

    def left(self, u: Sequence[Fraction]) -> dict[Key, Fraction]:
        """Z(u) as a form."""
        total: dict[Key, Fraction] = {
            key: -value for key, value in self.objective.items() if key != ONE
        }
        for weight, row in zip(u, self.rows, strict=True):
            for key, value in row.form.items():
                if key != ONE and weight:
                    total[key] = total.get(key, ZERO) + row.sign * weight * value
        return total

    def value(self, u: Sequence[Fraction]) -> Fraction:
        """The bound that a valid dual point proves."""
        own = self.objective.get(ONE, ZERO)
        return sum((x * row.reach for x, row in zip(u, self.rows, strict=True)), own)

    def proves(self, u: Sequence[Fraction]) -> bool:
        """Whether u is a valid dual point."""
        rest = self.left(u)
        return (
            min(u, default=ZERO) >= 0
            and all(rest.get(name, ZERO) == 0 for name in self.scalars)
            and all(semidefinite(matrix(rest, block)) for block in self.blocks)
        )

    def at(self, form: Numbers, point: Numbers) -> Fraction:
        """The value of a form at a point, constants included."""
        return sum(
            (value * (1 if key == ONE else point.get(key, ZERO)) for key, value in form.items()),
            ZERO,
        )

    def feasible(self, point: Numbers) -> bool:
        """Whether the Gram matrices are positive semidefinite and every row holds, exactly."""
        return all(semidefinite(gram(point, block)) for block in self.blocks) and all(
            row.sign * self.at(row.form, point) <= row.bound for row in self.rows
        )


def without_idle_vectors(program: Program) -> Program:
    """The same worst case with fewer vectors.

    Where all forms are blind to a common shift w_i -> w_i + z_i t, a vector with z_i != 0 can be
    taken to be 0: G', S, H' that only enter as G'-S and S-H' have one vector too many.
    """
    forms = [program.objective, *(row.form for row in program.rows)]
    kept = []
    for block in program.blocks:
        names = list(block)
        while (idle := _blind(forms, names)) is not None:
            names.remove(idle)
        kept.append(tuple(names))
    gone = {name for block in program.blocks for name in block} - {*kept[0], *kept[1]}
    if not gone:
        return program

    def less(form: Numbers) -> dict[Key, Fraction]:
        return {
            key: value
            for key, value in form.items()
            if not (isinstance(key, tuple) and gone & {*key})
        }

    rows = tuple(Row(row.name, row.sign, less(row.form), row.bound) for row in program.rows)
    return Program((kept[0], kept[1]), program.scalars, less(program.objective), rows)


def _blind(forms: Sequence[Numbers], block: Sequence[str]) -> str | None:
    """A vector that a common null direction of all forms moves: the last one without a pivot."""
    pivots: dict[int, list[Fraction]] = {}
    for form in forms:
        for given in matrix(form, block):
            row = list(given)
            for place, pivot in pivots.items():
                if row[place]:
                    factor = row[place] / pivot[place]
                    row = [x - factor * y for x, y in zip(row, pivot, strict=True)]
            place = next((i for i, x in enumerate(row) if x), -1)
            if place >= 0:
                pivots[place] = row
    free = [name for i, name in enumerate(block) if i not in pivots]
    return free[-1] if free else None


def matrix(form: Numbers, block: Sequence[str]) -> Matrix:
    """The symmetric matrix of a quadratic form: products off the diagonal are shared by two
    entries.
    """
    return [
        [
            form.get((u, v), ZERO) if i == j else form.get((u, v) if i < j else (v, u), ZERO) / 2
            for j, v in enumerate(block)
        ]
        for i, u in enumerate(block)
    ]


def gram(point: Numbers, block: Sequence[str]) -> Matrix:
    """The Gram matrix of a point."""
    return [
        [point.get((u, v) if i <= j else (v, u), ZERO) for j, v in enumerate(block)]
        for i, u in enumerate(block)
    ]


def semidefinite(rows: Matrix) -> bool:
    """Exact: a symmetric elimination whose pivots are >= 0, with nothing left beside a 0."""
    rest = [list(row) for row in rows]
    while rest:
        pivot, others = rest[0][0], rest[0][1:]
        if pivot < 0 or (pivot == 0 and any(others)):
            return False
        rest = [
            [
                entry - (row[0] * x / pivot if pivot else 0)
                for entry, x in zip(row[1:], others, strict=True)
            ]
            for row in rest[1:]
        ]
    return True
