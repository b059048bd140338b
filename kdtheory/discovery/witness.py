"""Signs that can be read off: a polynomial rewritten with non-negative coefficients in positive
letters and in the slack letters of conditions.

What is not seen factor by factor is split by one letter after the other (``splitting``).  What is
found is only ever a way of writing P: the checkers expand it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.combination import combination
from kdtheory.discovery.splitting import Fact, Splitting, polynomial
from kdtheory.prover.signs import written_nonnegative

BUDGET = 4000  # polynomials looked at before the search gives up


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
        self._split = Splitting(self.letters, self.facts, self._written)
        every = [(item, True) for item in self.conditions]
        every += [(item, False) for item in self.borders]
        for index, (meaning, strict) in enumerate(every):
            slack = sym.own(f"s_{index + 1}", "positive" if strict else "nonnegative")
            self.slacks[slack] = meaning
            top, bottom = sp.fraction(sp.together(meaning))
            poly = polynomial(top, self.letters)
            if polynomial(bottom, self.letters).LC() < 0:
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
        poly = polynomial(expression, self.letters)
        self.spent = 0
        if self.quick and self.samples:
            return sp.Integer(1) if self.seen(poly) == 1 else None
        return self._written(poly, frozenset(self.letters), strictly)

    def _written(
        self, poly: sp.Poly, open_letters: frozenset[sp.Symbol], strictly: bool
    ) -> sp.Expr | None:
        found = self._factored(poly, open_letters)
        seen = found is not None and written_nonnegative(found, strictly=strictly)
        return found if seen else None

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


def _value(terms: Sequence[tuple[tuple[int, ...], Fraction]], at: Sequence[Fraction]) -> Fraction:
    return sum(
        (c * prod(x**n for x, n in zip(at, powers, strict=True)) for powers, c in terms),
        Fraction(0),
    )


def used_slacks(
    expressions: Sequence[sp.Expr], slacks: Mapping[sp.Symbol, sp.Expr]
) -> dict[sp.Symbol, sp.Expr]:
    """The slack letters that some expression speaks of."""
    present = {letter for item in expressions for letter in item.free_symbols}
    return {letter: meaning for letter, meaning in slacks.items() if letter in present}
