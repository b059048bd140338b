"""A one-step problem with letters: its programs at points, and the changes of units it allows."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import sympy as sp

from kdtheory.discovery import units
from kdtheory.discovery.forms import ONE, Form
from kdtheory.discovery.program import Program
from kdtheory.discovery.step import OneStep, Rows
from kdtheory.errors import InvalidInput
from kdtheory.prover.regions import evaluate

Point = Mapping[sp.Symbol, Fraction]
_PLAIN = ("1/50", "1/20", "1/10", "1/5", "1/3", "1/2", "2/3", "1", "3/2", "2", "3", "5", "8")
SHRINKS = (1, 10, 100, 1000)  # for the later tries
_SIZES = tuple((float(x), x) for n in SHRINKS for x in (Fraction(y) / n for y in _PLAIN))
TRIES = 20_000
FAR, HALVINGS = 6.0, 12  # powers of 2 that a letter may move by, and how its end is found
SPARED = "spared"


@dataclass(frozen=True)
class Family:
    """``rows``: name to (sign, form, bound), as in ``OneStep.claim``.

    ``solved`` are letters replaced by expressions in the others (and in new letters, the roots);
    forms still have the old letters.  ``conditions`` are > 0 and ``borders`` >= 0, all in the free
    letters.
    """

    step: OneStep
    rate: sp.Expr | None
    objective: Form
    rows: Rows
    letters: tuple[sp.Symbol, ...]
    conditions: tuple[sp.Expr, ...]
    borders: tuple[sp.Expr, ...] = ()
    solved: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    roots: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    def program(self, at: Point) -> Program:
        """The worst case at a point of the free letters."""
        return self.step.worst(self.objective, self.rows, self._full(at))

    def _full(self, at: Point) -> dict[sp.Symbol, Fraction]:
        """The point with the letters that were replaced."""
        return dict(at) | {z: evaluate(value, at) for z, value in self.solved.items()}

    def inside(self, at: Point) -> bool:
        """Whether a point satisfies the conditions and lies strictly inside the borders."""
        try:
            return all(
                evaluate(item, at) > 0 for item in (*self.conditions, *self.borders)
            ) and all(evaluate(value, at) > 0 for value in self.solved.values())
        except ZeroDivisionError:
            return False

    @cached_property
    def _quick(self) -> Callable[..., list[float]]:
        facts = [*self.conditions, *self.borders, *self.solved.values()]
        return sp.lambdify(self.letters, facts, modules="math")

    def _roughly(self, values: Iterable[float]) -> bool:
        """Whether numbers are inside, in floats: most are not, and this is fast."""
        try:
            return min(self._quick(*values), default=1.0) > 0
        except (ZeroDivisionError, OverflowError):
            return False

    def points(self, draw: random.Random, count: int) -> list[dict[sp.Symbol, Fraction]]:
        """Up to ``count`` different points inside, of short fractions; of smaller and smaller ones
        where the conditions leave little room.
        """
        found: list[dict[sp.Symbol, Fraction]] = []
        for attempt in range(TRIES):
            if len(found) >= count:
                break
            sizes = _SIZES[: len(_SIZES) * (1 + attempt * len(SHRINKS) // TRIES) // len(SHRINKS)]
            chosen = [draw.choice(sizes) for _ in self.letters]
            if self._roughly(size for size, _ in chosen):
                at = {z: exact for z, (_, exact) in zip(self.letters, chosen, strict=True)}
                if at not in found and self.inside(at) and self._defined(at):
                    found.append(at)
        return found

    def spread(self, draw: random.Random, count: int) -> list[dict[sp.Symbol, Fraction]]:
        """Points as above, every second one pushed towards the border of the region: where one
        formula gives way to another is often close to it.
        """
        found = self.points(draw, count)
        for i in range(0, len(found) if self.letters else 0, 2):
            at = dict(found[i])
            for letter in draw.sample(self.letters, min(2, len(self.letters))):
                at[letter] = self._pushed(at, letter, draw)
            if self.inside(at) and self._defined(at):
                found[i] = at
        return found

    def _pushed(self, at: Point, letter: sp.Symbol, draw: random.Random) -> Fraction:
        """Another value of one letter, somewhere on the way to where the region ends."""

        def fits(power: float) -> bool:
            values = {**at, letter: float(at[letter]) * 2.0**power}
            return self._roughly(float(values[z]) for z in self.letters)

        sign, inner, outer = draw.choice((-1, 1)), 0.0, FAR
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if fits(sign * middle) else (inner, middle)
        value = float(at[letter]) * 2.0 ** (sign * inner * draw.choice((0.3, 0.6, 0.9, 0.98)))
        return Fraction(f"{value:.3g}")

    def _defined(self, at: Point) -> bool:
        """Whether no coefficient divides by 0 there."""
        try:
            self.program(at)
        except (ZeroDivisionError, InvalidInput):
            return False
        return True

    def without(self, row: str) -> Family:
        """The family without one assumption."""
        return replace(self, rows={name: item for name, item in self.rows.items() if name != row})

    @property
    def counted(self) -> tuple[int, ...]:
        """Places of the rows whose multipliers make the constant: those with a bound."""
        rows = enumerate(self.rows.values())
        return tuple(i for i, (_, form, bound) in rows if bound != 0 or ONE in form)

    @property
    def pure(self) -> bool:
        """Whether nothing but 0 can be the constant."""
        return not self.counted

    def allowed(self, vector: str) -> sp.Expr:
        """What a pure claim has of |vector|^2 to give away; 1 more than nothing where it has
        none.
        """
        own = self.objective.get((vector, vector), sp.Integer(0))
        for at in self.points(random.Random(0), 1):
            if evaluate(own, self._full(at)) < 0:
                return -own
        return sp.Integer(1)

    def tightened(self, vector: str) -> Family:
        """A problem with a definite answer in place of a pure one, whose multipliers may be many:
        how little of |vector|^2 is enough, counted by the row ``SPARED`` against
        :meth:`allowed`.
        """
        key = (vector, vector)
        objective = {name: value for name, value in self.objective.items() if name != ONE}
        allowed = self.allowed(vector)
        objective[key] = objective.get(key, sp.Integer(0)) + allowed
        spared: Form = {key: sp.Integer(1)}
        rows = {**self.rows, SPARED: (1, spared, sp.Integer(1))}
        return replace(self, objective=objective, rows=rows)

    @cached_property
    def scalings(self) -> tuple[tuple[int, ...], ...]:
        """Changes of units: integer weights of the free letters under which every form is
        homogeneous, when vectors and scalars scale too.
        """
        facts = (*self.conditions, *self.borders)
        return units.scalings(self.letters, self._names, self._forms, facts)

    @property
    def _names(self) -> tuple[str, ...]:
        return (*self.step.mean, *self.step.centred, *self.step.scalars)

    @property
    def _forms(self) -> units.Forms:
        """The objective and all rows, in the free letters."""
        forms = [(self.objective, sp.Integer(0))]
        forms += [(form, bound) for _, form, bound in self.rows.values()]
        solved = dict(self.solved)
        return [
            ({key: value.xreplace(solved) for key, value in form.items()}, bound.xreplace(solved))
            for form, bound in forms
        ]

    @cached_property
    def _weights(self) -> dict[tuple[int, ...], dict[str, sp.Rational]]:
        return {}

    def row_weights(self, scaling: tuple[int, ...]) -> dict[str, sp.Rational]:
        """By row: the weight of the objective less its own, in a change of units."""
        if scaling not in self._weights:
            _, *own = units.row_weights(self.letters, self._names, self._forms, scaling)
            self._weights[scaling] = dict(zip(self.rows, own, strict=True))
        return self._weights[scaling]


def family_of(step: OneStep, rate: sp.Expr | None) -> Family:
    """The family of a step."""
    objective, rows = step.claim(rate)
    return Family(step, rate, objective, rows, tuple(step.letters), tuple(step.conditions))


def solvable(expression: sp.Expr, letters: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """Letters in which a polynomial is linear."""
    return [
        letter
        for letter in letters
        if letter in expression.free_symbols and sp.degree(expression, letter) == 1
    ]
