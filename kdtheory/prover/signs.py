"""The sign of an expression as it is written: one walk over the tree, no assumption system, no
simplification.

A letter counts as positive or non-negative when its row in the symbol table says so.  Sums,
products, quotients and powers pass signs on; an even power of a real expression is non-negative.
Whatever the walk cannot see has no sign: ``None``.
"""

from __future__ import annotations

from typing import Literal

import sympy as sp

Sign = Literal["positive", "nonnegative"]


def sign(expression: sp.Expr) -> Sign | None:
    """ "positive" (> 0), "nonnegative" (>= 0), or None when the way it is written shows neither."""
    expression = sp.sympify(expression)
    if expression.is_Rational:
        return "positive" if expression > 0 else "nonnegative" if expression == 0 else None
    if expression.is_Symbol:
        return (
            "positive"
            if expression.is_positive
            else "nonnegative"
            if expression.is_nonnegative
            else None
        )
    if expression.is_Pow and expression.exp.is_Integer:
        return _power(expression.base, int(expression.exp))
    if expression.is_Mul or expression.is_Add:
        found = [sign(part) for part in expression.args]
        if None in found:
            return None
        enough = all if expression.is_Mul else any  # a sum is positive as soon as one summand is
        return "positive" if enough(part == "positive" for part in found) else "nonnegative"
    return None


def _power(base: sp.Expr, exponent: int) -> Sign | None:
    below = sign(base)
    if below == "positive" or (below == "nonnegative" and exponent > 0):
        return below
    # An even power of a real number is >= 0; a negative one could divide by 0, and then there is no
    # number at all.
    real = all(letter.is_real for letter in base.free_symbols)
    return "nonnegative" if exponent > 0 and exponent % 2 == 0 and real else None


def written_nonnegative(expression: sp.Expr, *, strictly: bool = False) -> bool:
    """Whether the sign is seen to be >= 0 (> 0 when ``strictly``)."""
    return sign(expression) == "positive" if strictly else sign(expression) is not None
