"""How many terms an expression may have when it is expanded over one denominator, known without
expanding.

Degree and length do not tell: 25 letters to the 60th power are one line and 10^19 terms.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import comb, prod

import sympy as sp

from kdtheory.prover.obligations import Identity, Obligation

# Our own obligations have up to 17,928; half a million take SymPy seconds and some 100 MB.
MOST = 500_000


@dataclass(frozen=True)
class Size:
    """Terms of a numerator, and the factors of its denominator with their powers."""

    terms: int
    below: Mapping[sp.Expr, int]


def most_terms(expression: sp.Expr, letters: Mapping[sp.Symbol, int]) -> int:
    """An upper bound, where each letter stands for so many terms (1 if it is not named)."""
    return _size(expression, letters).terms


def most_terms_of(obligation: Obligation) -> int:
    """The same for the difference that a checker of this obligation expands."""
    region = obligation.region
    letters = {
        letter: most_terms(meaning, {})
        for letter, meaning in (*region.slacks.items(), *region.substitutions.items())
    }
    if isinstance(obligation, Identity):
        return most_terms(obligation.expression, letters)
    parts = [_size(obligation.claim, letters), _size(obligation.remainder, letters)]
    parts += [
        _product([_size(weight, letters), _size(key.slack, letters)])
        for key, weight in obligation.multipliers.items()
    ]
    for weight, vector in obligation.squares:
        entries = _sum([_size(entry, letters) for entry in vector.values()])
        parts.append(_product([_size(weight, letters), entries, entries]))
    return _sum(parts).terms


def _size(expression: sp.Expr, letters: Mapping[sp.Symbol, int]) -> Size:
    if isinstance(expression, sp.Add):
        return _sum([_size(part, letters) for part in expression.args])
    if isinstance(expression, sp.Mul):
        return _product([_size(part, letters) for part in expression.args])
    if isinstance(expression, sp.Pow) and isinstance(expression.exp, sp.Integer):
        base, power = _size(expression.base, letters), int(expression.exp)
        if power < 0:
            over = prod(
                _power(_size(one, letters).terms, n * -power) for one, n in base.below.items()
            )
            return Size(over, {expression.base: -power})
        return Size(_power(base.terms, power), {one: n * power for one, n in base.below.items()})
    return Size(letters.get(expression, 1), {})


def _sum(parts: list[Size]) -> Size:
    below: dict[sp.Expr, int] = {}
    for part in parts:
        for one, n in part.below.items():
            below[one] = max(n, below.get(one, 0))
    total = 0
    for part in parts:
        lacking = ((one, n - part.below.get(one, 0)) for one, n in below.items())
        total += part.terms * prod(_power(_size(one, {}).terms, n) for one, n in lacking)
    return Size(total, below)


def _product(parts: list[Size]) -> Size:
    below: dict[sp.Expr, int] = {}
    for part in parts:
        for one, n in part.below.items():
            below[one] = below.get(one, 0) + n
    return Size(prod(part.terms for part in parts), below)


def _power(terms: int, power: int) -> int:
    """Monomials of a power of a sum."""
    return comb(terms + power - 1, power) if terms else 0
