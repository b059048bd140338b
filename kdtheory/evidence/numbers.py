"""SymPy expressions in exact numbers: rationals as long as possible, balls (Arb) where a root is
irrational.

A comparison answers True, False or None: None means that the balls overlap, and that more precision
may decide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np
import sympy as sp

from kdtheory.algebra.arithmetic import Arithmetic
from kdtheory.algebra.evaluate import value_of
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


def _largest(*values: Number) -> Number:
    best = values[0]
    for value in values[1:]:
        smaller = less(best, value)
        best = as_ball(best).max(as_ball(value)) if smaller is None else value if smaller else best
    return best


def _at_most(x: Number, y: Number) -> bool | None:
    larger = less(y, x)
    return None if larger is None else not larger


def _choose(*pairs: tuple[Callable[[], bool | None], Callable[[], Number]]) -> Number:
    """The value of the first condition that holds, or the hull of all that may be it."""
    possible = []
    for condition, value in pairs:
        answer = condition()
        if answer is not False:
            possible.append(value())
        if answer is True:
            break
    return possible[0] if len(possible) == 1 else hull(possible)


BALLS = Arithmetic(
    "exact",
    lambda p, q: flint().fmpq(p, q),
    root,
    largest=_largest,
    smallest=lambda *values: -_largest(*(-value for value in values)),
    exponential=lambda x: as_ball(x).exp(),
    less=less,
    at_most=_at_most,
    choose=_choose,
)


def evaluate(expression: sp.Basic, numbers: Mapping[str, Number]) -> Number:
    """The expression at exact numbers; a Piecewise whose condition is not decided gives the hull of
    its branches.
    """
    return value_of(expression, numbers, BALLS)
