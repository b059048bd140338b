"""Rational functions from their values: degrees one letter at a time, then one linear system.

Everything is done modulo a prime, on exact samples; coefficients come back by rational
reconstruction.  A wrong function is found out by fresh samples, and in the end by the certificate's
own check.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from kdtheory.discovery.refine import flint

PRIME = 2305843009213693951  # 2^61 - 1
MOST = 40  # samples for one letter's degrees
LARGEST = 900  # unknown coefficients of one function


@dataclass(frozen=True)
class Degrees:
    """Degrees of numerator and denominator."""

    top: int
    bottom: int


def residue(value: Fraction) -> int:
    """The value modulo the prime.  Raises ZeroDivisionError where the denominator is 0 there."""
    if value.denominator % PRIME == 0:
        raise ZeroDivisionError("a sample is not defined modulo the prime")
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME


def degrees(xs: Sequence[Fraction], ys: Sequence[Fraction]) -> Degrees | None:
    """Degrees of the simplest rational function through all points, where the points decide it:
    Euclid's algorithm on the interpolating polynomial, at its largest quotient.
    """
    tool = flint()
    if len(set(ys)) == 1:
        return Degrees(0, 0)
    points = [residue(x) for x in xs]
    values = [residue(y) for y in ys]
    modulus = tool.nmod_poly([1], PRIME)
    line = tool.nmod_poly([0], PRIME)
    for x, y in zip(points, values, strict=True):
        factor = tool.nmod_poly([(-x) % PRIME, 1], PRIME)
        gap = (y - int(line(x))) * pow(int(modulus(x)), -1, PRIME) % PRIME
        line = line + modulus * gap
        modulus = modulus * factor
    previous, rest = modulus, line
    before, cofactor = tool.nmod_poly([0], PRIME), tool.nmod_poly([1], PRIME)
    best: tuple[int, Degrees] | None = None
    while rest.degree() >= 0:
        quotient, remainder = divmod(previous, rest)
        jump = quotient.degree()
        own = Degrees(rest.degree(), cofactor.degree())
        if cofactor.degree() >= 0 and (best is None or jump > best[0]):
            best = (jump, own)
        previous, rest = rest, remainder
        before, cofactor = cofactor, before - quotient * cofactor
    if best is None or best[0] < 3:  # chance gives jumps of 1
        return None
    return best[1]


def fit(
    sample: Callable[[int], tuple[Sequence[Fraction], Fraction]],
    top: Sequence[int],
    bottom: Sequence[int],
    total: Degrees,
) -> tuple[dict[tuple[int, ...], Fraction], dict[tuple[int, ...], Fraction]] | None:
    """Coefficients of numerator and denominator by exponents; ``sample(i)`` is the i-th point with
    the function's value there.

    Degrees are bounded letter by letter and in total.  None when no function of these degrees fits,
    or when it is too large to look for.
    """
    tool = flint()
    upper = [
        powers
        for powers in itertools.product(*(range(n + 1) for n in top))
        if sum(powers) <= total.top
    ]
    lower = [
        powers
        for powers in itertools.product(*(range(n + 1) for n in bottom))
        if sum(powers) <= total.bottom
    ]
    size = len(upper) + len(lower)
    if size > LARGEST:
        return None
    rows = []
    for i in range(size + 4):
        point, value = sample(i)
        at = [residue(x) for x in point]
        value_mod = residue(value)
        tables = [
            [pow(x, n, PRIME) for n in range(max(t, b) + 1)]
            for x, t, b in zip(at, top, bottom, strict=True)
        ]

        def monomial(powers: Sequence[int], tables: Any = tables) -> int:
            product = 1
            for table, n in zip(tables, powers, strict=True):
                product = product * table[n] % PRIME
            return product

        rows.append(
            [monomial(p) for p in upper] + [-value_mod * monomial(p) % PRIME for p in lower]
        )
    matrix = tool.nmod_mat(len(rows), size, [entry for row in rows for entry in row], PRIME)
    kernel, nullity = matrix.nullspace()
    if nullity != 1:
        return None
    vector = [int(kernel[i, 0]) for i in range(size)]
    return _coefficients(vector, upper, lower)


def _coefficients(
    vector: list[int], upper: list[tuple[int, ...]], lower: list[tuple[int, ...]]
) -> tuple[dict[tuple[int, ...], Fraction], dict[tuple[int, ...], Fraction]] | None:
    for scale in vector[len(upper) :]:
        if not scale:
            continue
        inverse = pow(scale, -1, PRIME)
        found = [reconstructed(x * inverse % PRIME) for x in vector]
        if None not in found:
            values = [x for x in found if x is not None]
            return (
                {p: x for p, x in zip(upper, values, strict=False) if x},
                {p: x for p, x in zip(lower, values[len(upper) :], strict=True) if x},
            )
    return None


def reconstructed(value: int) -> Fraction | None:
    """The fraction with a short numerator and denominator that is this modulo the prime."""
    old, new, old_s, new_s = PRIME, value, 0, 1
    bound = 1 << 26
    while new > bound:
        quotient = old // new
        old, new, old_s, new_s = new, old - quotient * new, new_s, old_s - quotient * new_s
    if new_s == 0 or abs(new_s) > bound:
        return None
    return Fraction(new, new_s)


def expression(
    parts: tuple[dict[tuple[int, ...], Fraction], dict[tuple[int, ...], Fraction]],
    letters: Sequence[sp.Symbol],
) -> sp.Expr:
    """The function in letters."""

    def polynomial(coefficients: dict[tuple[int, ...], Fraction]) -> sp.Expr:
        return sp.Add(
            *(
                sp.Rational(c.numerator, c.denominator)
                * sp.Mul(*(x**n for x, n in zip(letters, powers, strict=True)))
                for powers, c in coefficients.items()
            )
        )

    return polynomial(parts[0]) / polynomial(parts[1])
