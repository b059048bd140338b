"""Is a region empty?  A statement about no point at all is true and worthless, so a point is looked
for and checked exactly.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction

import sympy as sp

from kdtheory.prover.obligations import Region

TRIES = 4000
# Step sizes and rates are small, constants are of order one, so both kinds of number are drawn.
VALUES = tuple(
    Fraction(n, d)
    for n, d in (
        (1, 1000),
        (1, 200),
        (1, 50),
        (1, 20),
        (1, 10),
        (1, 4),
        (1, 2),
        (1, 1),
        (2, 1),
        (5, 1),
    )
)


def evaluate(expression: sp.Expr, at: Mapping[sp.Symbol, Fraction]) -> Fraction:
    """Exact value of a rational expression.  Raises ZeroDivisionError at a pole and ValueError at
    anything not rational.
    """
    if expression.is_Rational:
        return Fraction(int(expression.p), int(expression.q))
    if expression.is_Symbol:
        return at[expression]
    if expression.is_Add:
        return sum((evaluate(part, at) for part in expression.args), Fraction(0))
    if expression.is_Mul:
        product = Fraction(1)
        for part in expression.args:
            product *= evaluate(part, at)
        return product
    if expression.is_Pow and expression.exp.is_Integer:
        return evaluate(expression.base, at) ** int(expression.exp)
    raise ValueError(f"not a rational expression: {expression}")


def fits(letter: sp.Symbol, value: Fraction) -> bool:
    """Whether the value has the sign that the letter promises."""
    if letter.is_positive:
        return value > 0
    return value >= 0 if letter.is_nonnegative else True


def where_not_zero(expression: sp.Expr) -> tuple[dict[sp.Symbol, Fraction], Fraction] | None:
    """A rational point, with the expression's value there, at which a rational expression is not 0;
    None when none is found, or where values are not rational (a logarithm).
    """
    letters = sorted(expression.free_symbols, key=str)
    draw = random.Random(0)
    for _ in range(TRIES):
        point = {letter: draw.choice(VALUES) for letter in letters}
        try:
            value = evaluate(expression, point)
        except ZeroDivisionError:
            continue
        except ValueError:
            return None
        if value != 0:
            return point, value
    return None


def witness(region: Region) -> dict[sp.Symbol, Fraction] | None:
    """A rational point at which every slack and every eliminated letter has the sign its letter
    promises; None when none is found.

    None is no proof that the region is empty; a point is a proof that it is not.
    """
    meanings = {
        letter: region.resolve(letter) for letter in (*region.slacks, *region.substitutions)
    }
    free = sorted(
        {letter for meaning in meanings.values() for letter in meaning.free_symbols}, key=str
    )
    draw = random.Random(0)  # a fixed start: the answer does not depend on the day
    for _ in range(TRIES):
        point = {letter: draw.choice(VALUES) for letter in free}
        try:
            values = {letter: evaluate(meaning, point) for letter, meaning in meanings.items()}
        except ZeroDivisionError:
            continue
        if all(fits(letter, value) for letter, value in values.items()):
            return point | values
    return None
