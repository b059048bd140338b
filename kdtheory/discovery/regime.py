"""From multipliers to a certificate: the borders that its signs need, and its proof inside them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import replace

import sympy as sp

from kdtheory.discovery.assembly import Argument, Open, argument
from kdtheory.discovery.family import Family, Point
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.witness import Signs
from kdtheory.prover import sympy_checker

BORDERS = 4  # of one regime
SAMPLES = 60  # points at which signs are looked at before they are proved
Regime = tuple[Argument, tuple[sp.Expr, ...]]  # and what is >= 0 there


def proved(family: Family, base: Point, found: Mapping[str, sp.Expr]) -> Regime:
    """The certificate with these multipliers, around the base.

    Raises:
        NotFound: with the sign that was not seen.
    """

    def narrowed(borders: tuple[sp.Expr, ...]) -> Family:
        return replace(family, borders=(*family.borders, *borders))

    def mixed(borders: tuple[sp.Expr, ...]) -> list[sp.Poly]:
        here = narrowed(borders)
        return _changing(here, found, _signs(here, base, quick=True))

    borders: tuple[sp.Expr, ...] = ()
    while factors := mixed(borders):
        if len(borders) == BORDERS:
            raise NotFound(f"the regime around one point has more than {BORDERS} borders")
        # one border at a time, the simplest first: inside it others need not be borders at all
        simplest = min(factors, key=lambda factor: (len(factor.terms()), str(factor.as_expr())))
        borders += (_positive_at(simplest.as_expr(), base),)
    for item in borders[:-1]:  # which the later ones may have made superfluous
        fewer = tuple(other for other in borders if other != item)
        borders = borders if mixed(fewer) else fewer
    here = narrowed(borders)
    try:
        proof = argument(here, found, _signs(here, base))
    except Open as error:
        raise NotFound(f"no way was found to see the sign of {error}") from error
    checked = sympy_checker.check(proof.certificate)
    if checked.status != "PROVED":
        raise NotFound(f"the certificate was refused: {checked.reason}")
    return proof, tuple(item for item in borders if item in proof.borders)


def _changing(family: Family, found: Mapping[str, sp.Expr], signs: Signs) -> list[sp.Poly]:
    """Factors of the would-be certificate whose sign changes inside the region, by samples."""
    try:
        argument(family, found, signs)
    except Open as error:
        return list(error.factors)
    return []


def _positive_at(expression: sp.Expr, base: Point) -> sp.Expr:
    value = expression.xreplace(
        {z: sp.Rational(x.numerator, x.denominator) for z, x in base.items()}
    )
    return expression if value > 0 else -expression


def _signs(family: Family, base: Point, *, quick: bool = False) -> Signs:
    points = family.spread(random.Random(5), SAMPLES)
    conditions = (*family.conditions, *_own_signs(family))
    return Signs(
        family.letters,
        conditions,
        family.borders,
        family.scalings,
        samples=(base, *points),
        quick=quick,
    )


def _own_signs(family: Family) -> tuple[sp.Expr, ...]:
    """Letters that roots replaced are positive too; most are visibly so."""
    plain = Signs(family.letters, (), scalings=family.scalings)
    return tuple(
        value
        for value in family.solved.values()
        if plain.positive(sp.fraction(sp.together(value))[0]) is None
    )
