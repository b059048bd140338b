"""The multipliers of one regime as rational functions of the letters."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

import sympy as sp

from kdtheory.discovery.family import Family, Point
from kdtheory.discovery.interpolation import Degrees, degrees, expression, fit
from kdtheory.discovery.sampling import Sampler, moved
from kdtheory.discovery.units import pivots

STEPS = (Fraction(1, 16), Fraction(1, 64), Fraction(1, 512), Fraction(1, 8192))


class NotFound(Exception):
    """Why no rational functions were found; becomes the reason of UNDECIDED."""


def functions(sampler: Sampler) -> dict[str, sp.Expr]:
    """Row name to its multiplier as a rational function of the free letters, near the base.

    Raises:
        NotFound: the samples have no rational form of bounded size.
    """
    family = sampler.family
    local, fixed, free = in_units(sampler)
    if local(local.base) is None:
        raise NotFound("the multipliers are not rational at a rational point")
    names = list(family.rows)
    return {
        names[i]: _out_of_units(family, names[i], value, fixed) if fixed else value
        for i, value in interpolated(local, free).items()
    }


def in_units(sampler: Sampler) -> tuple[Sampler, Sequence[int], list[sp.Symbol]]:
    """The sampler at a base whose fixed letters are 1, the places of these, and the other
    letters.
    """
    family = sampler.family
    fixed = pivots(family.scalings) or ()
    free = [letter for i, letter in enumerate(family.letters) if i not in fixed]
    return replace(sampler, base=_in_units(family, sampler.base, fixed), known={}), fixed, free


def _in_units(family: Family, base: Point, fixed: Sequence[int]) -> dict[sp.Symbol, Fraction]:
    """The base with the fixed letters set to 1 by a change of units."""
    if not fixed:
        return dict(base)
    powers = _powers(family, fixed)
    letters = family.letters
    return {
        letter: base[letter]
        * prod(base[letters[p]] ** n for p, n in zip(fixed, powers[i], strict=True))
        for i, letter in enumerate(letters)
    }


def _powers(family: Family, fixed: Sequence[int]) -> list[list[int]]:
    """For every letter the powers of the fixed ones that make it free of units."""
    weights = sp.Matrix([list(row) for row in family.scalings])
    square = weights[:, list(fixed)]
    return (-(weights.T * square.inv().T)).tolist()


def _out_of_units(family: Family, row: str, value: sp.Expr, fixed: Sequence[int]) -> sp.Expr:
    """The function of all letters that is ``value`` where the fixed letters are 1."""
    units = [family.letters[p] for p in fixed]
    # a multiplier scales as the objective divided by its row
    weights = [family.row_weights(scaling)[row] for scaling in family.scalings]
    square = sp.Matrix([[scaling[p] for p in fixed] for scaling in family.scalings])
    own = (square.inv() * sp.Matrix(weights)).T.tolist()[0]
    own_units = sp.Mul(*(u ** int(n) for u, n in zip(units, own, strict=True)))
    return unitless(family, value, fixed) * own_units


def unitless(family: Family, value: sp.Expr, fixed: Sequence[int]) -> sp.Expr:
    """The function of all letters, without units, that is ``value`` where the fixed ones are 1."""
    letters, powers = family.letters, _powers(family, fixed) if fixed else []
    units = [letters[p] for p in fixed]
    inside = {
        letter: letter * sp.Mul(*(u ** int(n) for u, n in zip(units, powers[i], strict=True)))
        for i, letter in enumerate(letters)
        if fixed and i not in fixed
    }
    return value.xreplace(inside)


def interpolated(local: Sampler, free: Sequence[sp.Symbol]) -> dict[int, sp.Expr]:
    """What the sampler says, by place and where it is not 0, as functions of the free letters."""
    found: dict[int, sp.Expr] = {}
    base_values = local(local.base)
    assert base_values is not None
    active = [i for i, value in enumerate(base_values) if value]
    if not free:
        return {
            i: sp.Rational(base_values[i].numerator, base_values[i].denominator) for i in active
        }
    per_letter = [_degrees_along(local, {letter: Fraction(1)}, active) for letter in free]
    draw = random.Random(1)
    slant = {letter: Fraction(draw.randint(3, 19), 11) for letter in free}
    total = _degrees_along(local, slant, active)
    cloud = _Cloud(local, free)
    for i in active:
        parts = fit(
            cloud.values(i),
            [d[i].top for d in per_letter],
            [d[i].bottom for d in per_letter],
            total[i],
        )
        if parts is None:
            raise NotFound("a multiplier is no rational function of the size looked for")
        found[i] = expression(parts, free)
    return found


def _degrees_along(
    local: Sampler, direction: dict[sp.Symbol, Fraction], active: Sequence[int]
) -> dict[int, Degrees]:
    """Degrees of every active multiplier in s, where letters move by s times their direction."""
    for size in STEPS:
        xs: list[Fraction] = []
        samples: list[tuple[Fraction, ...]] = []
        misses = 0
        known: dict[int, Degrees | None] = {}
        place = 0
        while len(xs) < 40 and misses < 12:
            place += 1
            s = size * (place // 2 if place % 2 else -(place // 2))
            changes = {
                letter: local.base[letter] * (1 + s * slope) for letter, slope in direction.items()
            }
            value = local(moved(local.base, changes))
            if value is None:
                misses += 1
                continue
            xs.append(s)
            samples.append(value)
            if len(xs) >= 5 and (len(xs) % 2 or len(xs) > 12):
                known = {i: degrees(xs, [v[i] for v in samples]) for i in active}
                if None not in known.values():
                    return {i: d for i, d in known.items() if d is not None}
    raise NotFound("the multipliers are not rational in one of the letters (or of high degree)")


class _Cloud:
    """Points around the base, drawn when they are asked for and shared by all multipliers."""

    def __init__(self, local: Sampler, free: Sequence[sp.Symbol]) -> None:
        self.local, self.free = local, free
        self.draw = random.Random(2)
        self.found: list[tuple[tuple[Fraction, ...], tuple[Fraction, ...]]] = []
        self.size = 0

    def _more(self) -> None:
        misses = 0
        while True:
            unit = STEPS[self.size]
            changes = {
                letter: self.local.base[letter]
                * (1 + unit * Fraction(self.draw.randint(-40, 40), 8))
                for letter in self.free
            }
            value = self.local(moved(self.local.base, changes))
            point = tuple(changes[letter] for letter in self.free)
            if value is not None and all(point != other for other, _ in self.found):
                self.found.append((point, value))
                return
            misses += 1
            if misses > 30:
                misses, self.size = 0, self.size + 1
                if self.size >= len(STEPS):
                    raise NotFound("no neighbourhood of the base point belongs to one regime")

    def values(self, row: int) -> Callable[[int], tuple[Sequence[Fraction], Fraction]]:
        """The sample function of one multiplier."""

        def sample(index: int) -> tuple[Sequence[Fraction], Fraction]:
            while len(self.found) <= index:
                self._more()
            point, values = self.found[index]
            return point, values[row]

        return sample
