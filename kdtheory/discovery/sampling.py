"""Exact multipliers at many points of one regime: neighbours of a base point, by Newton."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

import sympy as sp

from kdtheory.discovery import semidefinite as sdp
from kdtheory.discovery.bracket import settled
from kdtheory.discovery.family import Family, Point
from kdtheory.discovery.program import Program
from kdtheory.discovery.refine import Exact, Shape, refined, shortest
from kdtheory.discovery.scaling import Scaled, Units, scaled
from kdtheory.errors import InvalidInput

LONG = 2048  # bits of Newton's digits, at the most, in the search for rational multipliers
SHORT = 1024  # where some are known not to be rational


@dataclass
class Sampler:
    """Exact multipliers by point; asks the solver once a point.

    ``shape`` is the one at the base: a point with another shape belongs to another regime and has
    no sample here.  ``only``: rows whose multipliers are asked for, where others are not unique.
    """

    family: Family
    base: Point
    shape: Shape | None = None
    only: tuple[int, ...] | None = None
    known: dict[tuple[Fraction, ...], tuple[Fraction, ...] | None] = field(default_factory=dict)
    units: Units | None = None

    def exact(self, at: Point, *, most_bits: int = LONG) -> Exact | None:
        """Newton's result at a point; None where the solver or Newton fails."""
        try:
            program = self.family.program(at)
        except (ZeroDivisionError, InvalidInput):  # a coefficient has a pole there
            return None
        if not program.rows:
            return None
        for problem in self._problems(program):
            guess = sdp.solve(problem)
            if guess.solved:
                found = refined(problem, guess, most_bits=most_bits)
                if found is not None:
                    self.units = self.units or problem.units
                    return found
        return None

    def _problems(self, program: Program) -> Iterator[Scaled]:
        """A neighbour's units first; finding one's own costs several times as much."""
        if self.units is not None:
            yield scaled(program, self.units)
        yield settled(scaled(program))

    def __call__(self, at: Point) -> tuple[Fraction, ...] | None:
        """Rational multipliers of all rows, if the point is inside and of the base's shape."""
        key = tuple(at[letter] for letter in self.family.letters)
        if key not in self.known:
            bits = LONG if self.only is None else SHORT
            found = self.exact(at, most_bits=bits) if self.family.inside(at) else None
            fits = found is not None and (
                self.shape is None
                or (found.shape.active, found.shape.ranks) == (self.shape.active, self.shape.ranks)
            )
            self.known[key] = self.values(found, at) if found is not None and fits else None
        return self.known[key]

    def values(self, found: Exact, at: Point) -> tuple[Fraction, ...] | None:
        """What is sampled: the multipliers, if they are rational."""
        if self.only is None:
            return found.rational
        values = [shortest(found.digits[i], found.bits) for i in self.only]
        if None in values:
            return None
        own = {i: x for i, x in zip(self.only, values, strict=True) if x is not None}
        return tuple(own.get(i, Fraction(0)) for i in range(len(found.digits)))


def moved(base: Point, changes: Mapping[sp.Symbol, Fraction]) -> dict[sp.Symbol, Fraction]:
    """A point with some letters changed."""
    return {letter: changes.get(letter, value) for letter, value in base.items()}
