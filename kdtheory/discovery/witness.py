"""Signs that can be read off: a polynomial rewritten with non-negative coefficients in positive
letters and in the slack letters of conditions.

A condition that is linear in a letter bounds it; between its bounds l < z < u a polynomial is

    P(z) = sum_j c_j (z - l)^j (u - z)^(k-j) / (u - l)^k,

and P >= 0 is visible when every c_j, a polynomial in fewer letters, is visibly >= 0.  What is found
is only ever a way of writing P: the checkers expand it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.combination import combination
from kdtheory.prover.signs import written_nonnegative

BUDGET = 4000  # polynomials looked at before the search gives up


@dataclass(frozen=True)
class Fact:
    """``polynomial`` (primitive) equals ``written``, which shows that it is > 0 (or >= 0)."""

    polynomial: sp.Poly
    written: sp.Expr
    strict: bool


@dataclass
class Signs:
    """Letters > 0, conditions > 0 and borders >= 0, each with a slack letter of its own."""

    letters: tuple[sp.Symbol, ...]
    conditions: tuple[sp.Expr, ...]
    borders: tuple[sp.Expr, ...] = ()
    scalings: tuple[tuple[int, ...], ...] = ()
    slacks: dict[sp.Symbol, sp.Expr] = field(default_factory=dict)
    facts: list[Fact] = field(default_factory=list)
    raising: tuple[sp.Symbol, ...] = ()
    memory: dict[tuple[sp.Poly, frozenset[sp.Symbol]], sp.Expr | None] = field(default_factory=dict)
    combined: dict[sp.Poly, sp.Expr | None] = field(default_factory=dict)
    quick: bool = False  # believe the samples
    samples: tuple[Mapping[sp.Symbol, Fraction], ...] = ()
    signs: dict[sp.Poly, int] = field(default_factory=dict)
    spent: int = 0

    def __post_init__(self) -> None:
        """A fact a condition; its denominator must be visibly positive to be of use."""
        every = [(item, True) for item in self.conditions]
        every += [(item, False) for item in self.borders]
        for index, (meaning, strict) in enumerate(every):
            slack = sym.own(f"s_{index + 1}", "positive" if strict else "nonnegative")
            self.slacks[slack] = meaning
            top, bottom = sp.fraction(sp.together(meaning))
            poly = sp.Poly(top, *self.letters, domain="QQ")
            if sp.Poly(bottom, *self.letters, domain="QQ").LC() < 0:
                poly, bottom = -poly, -bottom
            content, primitive = poly.primitive()
            below = self.positive(bottom)
            self.raising += tuple(sorted(bottom.free_symbols - {*self.raising}, key=str))
            if below is not None:
                whole = slack * below / content
                self.facts.append(Fact(primitive, whole, strict))
                self.facts += self._parts(primitive, whole, strict)

    def _parts(self, product: sp.Poly, written: sp.Expr, strict: bool) -> list[Fact]:
        """What a known product says of one of its factors, where the others are visibly > 0."""
        content, factors = product.factor_list()
        found = []
        for factor, power in factors if len(factors) > 1 else ():
            rest, sign = abs(sp.Rational(content)), -1 if content < 0 else 1
            for other, times in factors:
                if other != factor:
                    plain = self._plain(other)
                    sign *= 1 if plain is not None else (-1) ** times
                    plain = self._plain(-other) if plain is None else plain
                    rest = None if rest is None or plain is None else rest * plain**times
            if power == 1 and rest is not None:
                found.append(Fact(sign * factor, written / rest, strict))
        return found

    def positive(self, expression: sp.Expr, *, strictly: bool = True) -> sp.Expr | None:
        """The polynomial written as a positive (non-negative) expression; None when no way was
        found.
        """
        poly = sp.Poly(expression, *self.letters, domain="QQ")
        self.spent = 0
        if self.quick and self.samples:
            return sp.Integer(1) if self.seen(poly) == 1 else None
        written = self._factored(poly, frozenset(self.letters))
        if written is None or not written_nonnegative(written, strictly=strictly):
            return None
        return written

    def _factored(self, poly: sp.Poly, open_letters: frozenset[sp.Symbol]) -> sp.Expr | None:
        if poly.is_zero:
            return sp.Integer(0)
        direct = self._plain(poly) or self._known(poly)
        if direct is not None:
            return direct
        content, factors = poly.factor_list()
        total, sign = abs(sp.Rational(content)), -1 if content < 0 else 1
        for factor, power in factors:
            seen = self.seen(factor)
            if seen == -1:
                factor = -factor
                sign *= (-1) ** power
            whole = len(open_letters) == len(self.letters)
            written = self._plain(factor) or self._known(factor)
            if written is None and whole and seen:
                written = self._combined(factor)
            if written is None and seen:
                written = self._search(factor, open_letters)
            if written is None:
                if power % 2:
                    return None
                written = factor.as_expr()
            total *= written**power
        return sign * total

    def seen(self, poly: sp.Poly) -> int:
        """1 or -1: the sign at every sample of the region; 0 where it changes."""
        if not self.samples:
            return 1
        if poly not in self.signs:
            terms = [(powers, Fraction(int(c.p), int(c.q))) for powers, c in poly.terms()]
            exact = [_value(terms, [point[z] for z in poly.gens]) for point in self.samples]
            signs = {(value > 0) - (value < 0) for value in exact} - {0}
            self.signs[poly] = signs.pop() if len(signs) == 1 else 0
        return self.signs[poly]

    @staticmethod
    def _plain(poly: sp.Poly) -> sp.Expr | None:
        return poly.as_expr() if all(c > 0 for c in poly.coeffs()) else None

    def _known(self, poly: sp.Poly) -> sp.Expr | None:
        content, primitive = poly.primitive()
        for fact in self.facts:
            if fact.polynomial == primitive:
                return content * fact.written
        return None

    def _combined(self, poly: sp.Poly) -> sp.Expr | None:
        if poly not in self.combined:
            facts = [(fact.polynomial, fact.written) for fact in self.facts]
            self.combined[poly] = combination(poly, facts, self.scalings, self.raising)
        return self.combined[poly]

    def _search(self, poly: sp.Poly, open_letters: frozenset[sp.Symbol]) -> sp.Expr | None:
        key = (poly, open_letters)
        if key not in self.memory:
            self.memory[key] = None  # against circles
            self.spent += 1
            if self.spent < BUDGET:
                self.memory[key] = self._split(poly, open_letters)
        return self.memory[key]

    def _split(self, poly: sp.Poly, open_letters: frozenset[sp.Symbol]) -> sp.Expr | None:
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

    def _square_completed(
        self, poly: sp.Poly, z: sp.Symbol, rest: frozenset[sp.Symbol]
    ) -> sp.Expr | None:
        """4a (a z^2 + b z + c) = (2 a z + b)^2 + (4 a c - b^2), where both parts are >= 0."""
        if poly.degree(z) != 2:
            return None
        c, b, a = (sp.Poly(poly.as_expr(), z).coeff_monomial(z**n) for n in range(3))
        steep = self._factored(sp.Poly(a, *self.letters, domain="QQ"), rest)
        if steep is None or not written_nonnegative(steep, strictly=True):
            return None
        gap = self._factored(sp.Poly(4 * a * c - b**2, *self.letters, domain="QQ"), rest)
        if gap is None or not written_nonnegative(gap):
            return None
        return ((2 * a * z + b) ** 2 + gap) / (4 * steep)

    def _bounds(
        self, z: sp.Symbol, rest: frozenset[sp.Symbol]
    ) -> tuple[list[tuple[sp.Expr, sp.Expr]], list[tuple[sp.Expr, sp.Expr]]]:
        """(bound, written distance to it) below and above z, from the facts that are linear in z
        and free of letters already used.
        """
        lows: list[tuple[sp.Expr, sp.Expr]] = []
        highs: list[tuple[sp.Expr, sp.Expr]] = []
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
                steep = self._factored(sign * slope, rest)
                if steep is not None and written_nonnegative(steep, strictly=True):
                    bound = -constant / slope.as_expr()
                    target.append((bound, fact.written / steep))
                    break
        return lows, highs

    def _between(
        self,
        poly: sp.Poly,
        z: sp.Symbol,
        low: tuple[sp.Expr, sp.Expr] | None,
        high: tuple[sp.Expr, sp.Expr] | None,
        rest: frozenset[sp.Symbol],
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
        moved = sp.fraction(
            sp.together(poly.as_expr().xreplace({z: place}) * ((1 + z) ** degree if high else 1))
        )
        top = sp.Poly(sp.cancel(moved[0] / moved[1]), z) if _free(moved[1], z) else None
        if top is None:
            top = sp.Poly(sp.cancel(moved[0] / moved[1]), z)
        total: sp.Expr = sp.Integer(0)
        for (power,), coefficient in top.terms():
            written = self._fraction(coefficient, rest)
            if written is None:
                return None
            beside = sp.Integer(1) if high is None else high[1] ** (degree - power)
            total += written * above_low**power * beside
        return total / width**degree

    def _fraction(self, expression: sp.Expr, rest: frozenset[sp.Symbol]) -> sp.Expr | None:
        """A rational function written non-negatively, numerator and denominator apart."""
        top, bottom = sp.fraction(sp.cancel(expression))
        upper = sp.Poly(top, *self.letters, domain="QQ")
        lower = sp.Poly(bottom, *self.letters, domain="QQ")
        for sign in (1, -1):
            below = self._factored(sign * lower, rest)
            if below is not None and written_nonnegative(below, strictly=True):
                above = self._factored(sign * upper, rest)
                if above is not None and written_nonnegative(above):
                    return above / below
        return None


def _value(terms: Sequence[tuple[tuple[int, ...], Fraction]], at: Sequence[Fraction]) -> Fraction:
    return sum(
        (c * prod(x**n for x, n in zip(at, powers, strict=True)) for powers, c in terms),
        Fraction(0),
    )


def _free(expression: sp.Expr, z: sp.Symbol) -> bool:
    return z not in expression.free_symbols


def used_slacks(
    expressions: Sequence[sp.Expr], slacks: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """The slack letters that some expression speaks of."""
    present = {letter for item in expressions for letter in item.free_symbols}
    return {letter: meaning for letter, meaning in slacks.items() if letter in present}
