"""A polynomial split by one of its letters, into parts in fewer letters that are >= 0.

A condition that is linear in a letter bounds it; between its bounds l < z < u a polynomial is

    P(z) = sum_j c_j (z - l)^j (u - z)^(k-j) / (u - l)^k,

and P >= 0 is visible when every c_j is visibly >= 0; of a quadratic the square can be completed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import sympy as sp

from kdtheory.prover.signs import written_nonnegative

Bound = tuple[sp.Expr, sp.Expr]  # of a letter, and the distance to it, written
Letters = frozenset[sp.Symbol]
# How a polynomial in some letters is written, so that its sign (strict or not) is seen, if it is.
Written = Callable[[sp.Poly, Letters, bool], sp.Expr | None]


@dataclass(frozen=True)
class Fact:
    """``polynomial`` (primitive) equals ``written``, which shows that it is > 0 (or >= 0)."""

    polynomial: sp.Poly
    written: sp.Expr
    strict: bool


def polynomial(expression: sp.Expr, letters: tuple[sp.Symbol, ...]) -> sp.Poly:
    """Over the rationals."""
    return sp.Poly(expression, *letters, domain="QQ")


@dataclass(frozen=True)
class Splitting:
    """By the facts about the letters; ``written`` looks at the parts."""

    letters: tuple[sp.Symbol, ...]
    facts: Sequence[Fact]
    written: Written

    def __call__(self, poly: sp.Poly, open_letters: Letters) -> sp.Expr | None:
        """The first way that is found."""
        present = [z for z in self.letters if z in open_letters and poly.degree(z) > 0]
        for z in present:
            completed = self._square_completed(poly, z, open_letters - {z})
            if completed is not None:
                return completed
        for z in present:
            rest = open_letters - {z}
            lows, highs = self._bounds(z, rest)
            for low in (None, *lows):
                for high in (*highs, None):
                    found = None
                    if low is not None or high is not None:
                        found = self._between(poly, z, low, high, rest)
                    if found is not None:
                        return found
        return None

    def _square_completed(self, poly: sp.Poly, z: sp.Symbol, rest: Letters) -> sp.Expr | None:
        """4a (a z^2 + b z + c) = (2 a z + b)^2 + (4 a c - b^2), where both parts are >= 0."""
        if poly.degree(z) != 2:
            return None
        c, b, a = (sp.Poly(poly.as_expr(), z).coeff_monomial(z**n) for n in range(3))
        steep = self.written(polynomial(a, self.letters), rest, True)
        if steep is None:
            return None
        gap = self.written(polynomial(4 * a * c - b**2, self.letters), rest, False)
        return None if gap is None else ((2 * a * z + b) ** 2 + gap) / (4 * steep)

    def _bounds(self, z: sp.Symbol, rest: Letters) -> tuple[list[Bound], list[Bound]]:
        """Bounds below and above z, from the facts that are linear in z and free of letters already
        used.
        """
        lows: list[Bound] = []
        highs: list[Bound] = []
        for fact in self.facts:
            poly = fact.polynomial
            used = poly.free_symbols - {*rest, z}
            if poly.degree(z) != 1 or used:
                continue
            slope = sp.Poly(
                poly.coeff_monomial(z) if len(poly.gens) == 1 else poly.diff(z), *self.letters
            )
            constant = (poly - slope * sp.Poly(z, *self.letters)).as_expr()
            for sign, target in ((1, lows), (-1, highs)):
                steep = self.written(sign * slope, rest, True)
                if steep is not None:
                    bound = -constant / slope.as_expr()
                    target.append((bound, fact.written / steep))
                    break
        return lows, highs

    def _between(
        self, poly: sp.Poly, z: sp.Symbol, low: Bound | None, high: Bound | None, rest: Letters
    ) -> sp.Expr | None:
        """The expansion between bounds, every coefficient written."""
        degree = poly.degree(z)
        bottom, above_low = (sp.Integer(0), z) if low is None else low
        if high is None:
            place = bottom + z
            width: sp.Expr | None = sp.Integer(1)
        else:
            place = (bottom + high[0] * z) / (1 + z)
            width = self._fraction(high[0] - bottom, rest)
            if width is None or not written_nonnegative(width, strictly=True):
                return None
        moved = poly.as_expr().xreplace({z: place}) * ((1 + z) ** degree if high else 1)
        top = sp.Poly(sp.cancel(sp.together(moved)), z)
        total: sp.Expr = sp.Integer(0)
        for (power,), coefficient in top.terms():
            written = self._fraction(coefficient, rest)
            if written is None:
                return None
            beside = sp.Integer(1) if high is None else high[1] ** (degree - power)
            total += written * above_low**power * beside
        return total / width**degree

    def _fraction(self, expression: sp.Expr, rest: Letters) -> sp.Expr | None:
        """A rational function written non-negatively, numerator and denominator apart."""
        top, bottom = sp.fraction(sp.cancel(expression))
        for sign in (1, -1):
            below = self.written(sign * polynomial(bottom, self.letters), rest, True)
            above = None
            if below is not None:
                above = self.written(sign * polynomial(top, self.letters), rest, False)
            if above is not None:
                return above / below
        return None
