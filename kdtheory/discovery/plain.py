"""Multipliers that are not unique, as short as a person would choose them.

Often a whole region of multipliers proves the same constant.  Those that make the constant are
found by interpolation (where nothing but 0 can be the constant there are none); the others are
fixed one by one: to what cancels an entry that no other assumption touches (a scalar must cancel),
else to a short monomial in the letters that lies inside what is left of the region at every sample.
What comes out is only a proposal: signs and squares are checked like any other.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import inf

import sympy as sp

from kdtheory.discovery import semidefinite as sdp
from kdtheory.discovery.bracket import settled
from kdtheory.discovery.family import Family, Point
from kdtheory.discovery.forms import ONE
from kdtheory.discovery.program import ZERO, Program, Row
from kdtheory.discovery.scaling import scaled
from kdtheory.prover.regions import evaluate

SAMPLES, MANY = 6, 24  # points looked at, and those among which they are chosen
POWERS, SPREAD = (0, 1, -1, 2, -2), 5  # of the letters in a monomial, and the sum of their sizes
COEFFICIENTS = tuple(sp.Rational(*x) for x in ((1,), (2,), (1, 2), (4,), (1, 4), (3, 2), (3,)))
CHOICES, PROPOSALS = 4, 8  # values tried for one multiplier, and proposals in all
NEAR = 1e-6  # relative: how far outside the solver's interval a value may be

Values = Mapping[str, sp.Expr]


def proposals(family: Family, fixed: Values, base: Point) -> Iterator[dict[str, sp.Expr]]:
    """Multipliers of all rows that no sample speaks against, up to ``PROPOSALS`` of them;
    ``fixed``: those that make the constant.
    """
    cloud: list[tuple[Point, Program]] = []
    for at in (base, *family.spread(random.Random(6), MANY if fixed else SAMPLES)):
        program = family.program(at)
        if len(cloud) < SAMPLES and (not fixed or _least(program, at, family, fixed)):
            cloud.append((at, program))
    yield from itertools.islice(_completed(family, cloud, dict(fixed)), PROPOSALS)


def _least(program: Program, at: Point, family: Family, fixed: Values) -> bool:
    """Whether the constant that the fixed multipliers make is the least one there."""
    guess = sdp.solve(settled(scaled(program)))
    known = {name: evaluate(value, at) for name, value in fixed.items()}
    claimed = float(program.value([known.get(name, ZERO) for name in family.rows]))
    return guess.solved and abs(guess.value - claimed) <= NEAR * abs(claimed)


def _completed(
    family: Family, cloud: Sequence[tuple[Point, Program]], fixed: dict[str, sp.Expr]
) -> Iterator[dict[str, sp.Expr]]:
    names = [name for name in family.rows if name not in fixed]
    if not names:
        yield dict(fixed)
        return
    forced = next((name for name in names if _cancelling(family, name, fixed, forced=True)), None)
    ranges = {
        name: [_interval(program, at, name, fixed) for at, program in cloud]
        for name in ([forced] if forced else names)
    }
    chosen = min(ranges, key=lambda name: max(_looseness(*pair) for pair in ranges[name]))
    tried = 0
    for value in _candidates(family, chosen, fixed):
        at_samples = [float(evaluate(value.xreplace(dict(family.solved)), at)) for at, _ in cloud]
        if all(
            # the ends are floats of a linear program: NEAR of them, and of 0
            low - NEAR * abs(low) - 1e-12 <= x <= high + NEAR * abs(high) + 1e-12
            for x, (low, high) in zip(at_samples, ranges[chosen], strict=True)
        ):
            yield from _completed(family, cloud, {**fixed, chosen: value})
            tried += 1
            if tried == CHOICES:
                return


def _looseness(low: float, high: float) -> float:
    # where both are 0, and the multiplier is known, 0
    return inf if high == inf else (high - low) / max(abs(high), 1e-300)


def _interval(program: Program, at: Point, name: str, fixed: Values) -> tuple[float, float]:
    """The least and the largest multiplier of one row that proofs with the fixed ones can have."""
    known = {key: evaluate(value, at) for key, value in fixed.items()}
    objective = dict(program.objective)
    for row in program.rows:
        for key, value in row.form.items() if row.name in known else ():
            if key != ONE:
                objective[key] = objective.get(key, ZERO) - row.sign * known[row.name] * value
    ends = []
    for cost in (1, -1):
        rows = tuple(
            Row(row.name, row.sign, row.form, Fraction(cost) if row.name == name else ZERO)
            for row in program.rows
            if row.name not in known
        )
        part = replace(program, objective=objective, rows=rows)
        guess = sdp.solve(scaled(part))
        place = [row.name for row in rows].index(name)
        ends.append(float(guess.multipliers[place]) if guess.solved else (1 - cost) * inf)
    return ends[0] if ends[0] == ends[0] else 0.0, ends[1] if ends[1] == ends[1] else inf


def _cancelling(family: Family, name: str, fixed: Values, *, forced: bool = False) -> list[sp.Expr]:
    """Values that cancel an entry which no other open row touches; ``forced``: only scalars."""
    sign, form, _ = family.rows[name]
    open_rows = [
        other for key, (_, other, _) in family.rows.items() if key != name and key not in fixed
    ]
    found = []
    for key, slope in form.items():
        if key == ONE or (forced and isinstance(key, tuple)) or any(key in x for x in open_rows):
            continue
        rest = family.objective.get(key, sp.Integer(0))
        for other, value in fixed.items():
            own_sign, own, _ = family.rows[other]
            rest -= own_sign * value * own.get(key, sp.Integer(0))
        found.append(sp.factor((rest / (sign * slope)).xreplace(dict(family.solved))))
    return list(dict.fromkeys(found))


def _candidates(family: Family, name: str, fixed: Values) -> Iterator[sp.Expr]:
    forced = _cancelling(family, name, fixed, forced=True)
    if forced:
        yield from forced[:1]
        return
    yield sp.Integer(0)
    found = _cancelling(family, name, fixed)
    yield from sorted(found, key=sp.count_ops)
    for monomial in _monomials(family, name):
        for coefficient in COEFFICIENTS:
            yield coefficient * monomial


def _monomials(family: Family, name: str) -> list[sp.Expr]:
    """Monomials in the letters with the units of the row's multiplier, the shortest first."""
    wanted = [family.row_weights(scaling)[name] for scaling in family.scalings]
    found = []
    for powers in itertools.product(POWERS, repeat=len(family.letters)):
        if sum(map(abs, powers)) <= SPREAD and all(
            sum(s * n for s, n in zip(scaling, powers, strict=True)) == weight
            for scaling, weight in zip(family.scalings, wanted, strict=True)
        ):
            found.append(powers)
    found.sort(key=lambda powers: (sum(map(abs, powers)), powers))
    letters = family.letters
    return [sp.Mul(*(z**n for z, n in zip(letters, powers, strict=True))) for powers in found]
