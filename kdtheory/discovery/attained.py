"""Whether a proved constant is the least one, everywhere in its region; if not, where it stops.

Multipliers may go on proving their constant where something smaller is true: the vectors that
attain it have ceased to exist.  They exist as long as every assumption that they leave open holds
and their Gram matrices keep their rank; these are rational functions too.
"""

from __future__ import annotations

import itertools
import random
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import sympy as sp

from kdtheory.discovery import semidefinite as sdp
from kdtheory.discovery.bracket import bracket, settled
from kdtheory.discovery.family import Family, Point
from kdtheory.discovery.multipliers import NotFound, in_units, interpolated, unitless
from kdtheory.discovery.program import gram
from kdtheory.discovery.refine import Exact, shortest
from kdtheory.discovery.sampling import Sampler
from kdtheory.discovery.scaling import scaled
from kdtheory.errors import InvalidInput
from kdtheory.prover.regions import evaluate

UNKNOWN = "the constant that was found is not the least one everywhere, nor is it known where"
LOOKS, CLEARLY = (
    40,
    Fraction(1, 10**6),
)  # points at which the constant is compared, and what is no rounding


def too_large(family: Family, constant: sp.Expr) -> tuple[list[Point], list[Point]]:
    """Points where the constant is the least one, and points where certainly it is not."""
    good: list[Point] = []
    bad: list[Point] = []
    for at in family.spread(random.Random(8), LOOKS):
        program, claimed = family.program(at), evaluate(constant, at)
        limit = claimed - CLEARLY * abs(claimed)
        guess = sdp.solve(settled(scaled(program)))
        if not guess.solved:
            continue
        if guess.value >= limit:
            good.append(at)
            continue
        with suppress(InvalidInput):
            if bracket(program, "the constant that was found").high < limit:
                bad.append(at)
    return good, bad


def border(sampler: Sampler, good: list[Point], bad: list[Point]) -> sp.Expr:
    """What is positive at the sampler's base and at all good points, and negative at most bad ones.

    Raises:
        NotFound: nothing that belongs to the attaining vectors changes its sign between them.
    """
    family = sampler.family
    local, fixed, free = in_units(sampler)
    worst = WorstPoints(family, local.base, local.shape, units=local.units)
    if worst(worst.base) is None:
        raise NotFound(UNKNOWN)
    rows, candidates = len(family.rows), set()
    minors: dict[int, list[set[sp.Expr]]] = {}
    for place, value in interpolated(worst, free).items():
        odd = _odd(unitless(family, value, fixed))
        if place < rows:
            candidates |= odd
        else:
            minors.setdefault(worst.minors[place - rows][0], []).append(odd)
    for changing in minors.values():  # the rank falls where all minors vanish
        candidates |= set.intersection(*changing)
    best, most = None, 0
    for factor in sorted(candidates, key=str):
        sign = 1 if evaluate(factor, sampler.base) > 0 else -1
        beyond = [at for at in bad if sign * evaluate(factor, at) < 0]
        if len(beyond) > most and all(sign * evaluate(factor, at) >= 0 for at in good):
            best, most = sign * factor, len(beyond)
    if best is None:
        raise NotFound(UNKNOWN)
    return best


def _odd(function: sp.Expr) -> set[sp.Expr]:
    """Factors of odd power: where the function changes its sign."""
    top, bottom = sp.fraction(sp.factor(function))
    factors = [*sp.factor_list(top)[1], *sp.factor_list(bottom)[1]]
    return {factor for factor, power in factors if power % 2}


@dataclass
class WorstPoints(Sampler):
    """At a point: what every open assumption has left, then the minors of the Gram matrices."""

    @cached_property
    def minors(self) -> list[tuple[int, tuple[str, ...]]]:
        """Block and vectors of all principal minors as large as the rank."""
        assert self.shape is not None
        blocks = self.family.program(self.base).blocks
        return [
            (place, names)
            for place, (block, rank) in enumerate(zip(blocks, self.shape.ranks, strict=True))
            for names in itertools.combinations(block, rank if rank else len(block) + 1)
        ]

    def values(self, found: Exact, at: Point) -> tuple[Fraction, ...] | None:
        """None where the worst point is not rational, or not the only one."""
        short = {key: shortest(value, found.bits) for key, value in found.point.items()}
        if None in short.values():
            return None
        point = {key: value for key, value in short.items() if value is not None}
        program = self.family.program(at)
        left = (row.bound - row.sign * program.at(row.form, point) for row in program.rows)
        minors = (_determinant(gram(point, names)) for _, names in self.minors)
        return (*left, *minors)


def _determinant(rows: list[list[Fraction]]) -> Fraction:
    if not rows:
        return Fraction(1)
    return sum(
        (
            (-1) ** j * entry * _determinant([row[:j] + row[j + 1 :] for row in rows[1:]])
            for j, entry in enumerate(rows[0])
        ),
        Fraction(0),
    )
