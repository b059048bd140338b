"""SymPy expressions in exact numbers: rationals as long as possible, balls (Arb) where a root is
irrational.

A comparison answers True, False or None: None means that the balls overlap, and that more precision
may decide.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
import sympy as sp

from kdtheory.errors import InvalidInput, MissingTool

Number = Any  # flint.fmpq or flint.arb (python-flint has no type stubs)


def flint() -> Any:
    """The python-flint module.

    Raises:
        MissingTool: it is not installed.
    """
    try:
        import flint as module
    except ImportError as error:
        raise MissingTool(
            "Rational and ball evidence need python-flint: pip install 'kdtheory[checkers]', or use"
            " method='exact'."
        ) from error
    return module


def fraction(value: object, name: str) -> Fraction:
    """``value`` as a fraction; a float is the dyadic rational that it is.

    Raises:
        InvalidInput: not a finite real number.
    """
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    if not isinstance(value, (float, np.floating, np.integer)) or not math.isfinite(value):
        raise InvalidInput(
            f"{name} must be a finite real number (Fraction, int or float), got {value!r}."
        )
    return Fraction(value.item() if isinstance(value, np.generic) else value)


def exact(value: object, name: str) -> Number:
    """``value`` as an fmpq."""
    ratio = fraction(value, name)
    return flint().fmpq(ratio.numerator, ratio.denominator)


def as_ball(x: Number) -> Number:
    """An arb that holds ``x``, at the current precision."""
    return flint().arb(x)


def less(x: Number, y: Number) -> bool | None:
    """x < y, None where balls overlap."""
    fmpq = flint().fmpq
    if isinstance(x, fmpq) and isinstance(y, fmpq):
        return bool(x < y)
    if as_ball(x) < as_ball(y):
        return True
    return False if as_ball(x) >= as_ball(y) else None


def root(x: Number) -> Number:
    """The square root: rational for squares of rationals, else a ball."""
    if isinstance(x, flint().fmpq):
        p, q = x.p, x.q
        if p >= 0 and p.is_square() and q.is_square():
            return flint().fmpq(p.isqrt(), q.isqrt())
        if p < 0:
            raise InvalidInput(
                f"The square root of {x} is asked for: the statement is undefined here."
            )
    return as_ball(x).nonnegative_part().sqrt()


def hull(values: list[Number]) -> Number:
    """One ball around all of them."""
    total = as_ball(values[0])
    for value in values[1:]:
        total = total.union(as_ball(value))
    return total


def evaluate(expression: sp.Basic, numbers: Mapping[str, Number]) -> Number:
    """The expression at exact numbers; a Piecewise whose condition is not decided gives the hull of
    its branches.
    """
    if expression.is_Symbol:
        return numbers[expression.name]
    match expression:
        case sp.Rational():
            return flint().fmpq(int(expression.p), int(expression.q))
        case sp.Add():
            parts = [evaluate(term, numbers) for term in expression.args]
            return sum(parts[1:], parts[0])
        case sp.Mul():
            found = evaluate(expression.args[0], numbers)
            for factor in expression.args[1:]:
                found = found * evaluate(factor, numbers)
            return found
        case sp.Pow():
            return _power(evaluate(expression.base, numbers), expression.exp)
        case sp.Abs():
            return abs(evaluate(expression.args[0], numbers))
        case sp.Max():
            return _largest([evaluate(argument, numbers) for argument in expression.args])
        case sp.Piecewise():
            possible = []
            for value, condition in expression.args:
                answer = _decide(condition, numbers)
                if answer is not False:
                    possible.append(evaluate(value, numbers))
                if answer is True:
                    break
            return possible[0] if len(possible) == 1 else hull(possible)
    raise InvalidInput(
        f"No exact value for {type(expression).__name__} in a statement; use method='exact'."
    )


def _power(base: Number, exponent: sp.Basic) -> Number:
    if isinstance(exponent, sp.Rational) and exponent.q == 2:
        base, exponent = root(base), sp.Integer(exponent.p)
    if not isinstance(exponent, sp.Integer):
        raise InvalidInput(
            f"No exact value for the exponent {exponent} in a statement; use method='exact'."
        )
    return base ** int(exponent)


def _largest(values: list[Number]) -> Number:
    best = values[0]
    for value in values[1:]:
        smaller = less(best, value)
        best = as_ball(best).max(as_ball(value)) if smaller is None else value if smaller else best
    return best


def _decide(condition: sp.Basic, numbers: Mapping[str, Number]) -> bool | None:
    if condition in (sp.true, sp.false):
        return bool(condition)
    if not isinstance(condition, sp.core.relational.Relational):
        raise InvalidInput(
            f"No exact value for the condition {condition} in a statement; use method='exact'."
        )
    left, right = evaluate(condition.lhs, numbers), evaluate(condition.rhs, numbers)
    if isinstance(condition, (sp.Gt, sp.Le)):
        answer = less(right, left)
        return answer if isinstance(condition, sp.Gt) or answer is None else not answer
    answer = less(left, right)
    return answer if isinstance(condition, sp.Lt) or answer is None else not answer
