"""Kinds of numbers that an expression is evaluated in: floats, arrays of them, fractions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput

Thunk = Callable[[], Any]


@dataclass(frozen=True)
class Arithmetic:
    """What differs between kinds of numbers; sums, products, whole powers are Python's operators.

    ``choose`` takes (condition, value) pairs, both as functions, and gives the value of the first
    condition that holds; None writes Python's own conditional expression, for numbers whose
    comparisons answer True or False.  ``shared`` computes common subexpressions once, worth it
    where an operation costs more than a name.
    """

    name: str
    number: Callable[[int, int], Any]
    root: Callable[[Any], Any]
    largest: Callable[..., Any] = max
    smallest: Callable[..., Any] = min
    exponential: Callable[[Any], Any] | None = None
    less: Callable[[Any, Any], Any] | None = None
    at_most: Callable[[Any, Any], Any] | None = None
    choose: Callable[..., Any] | None = None
    shared: bool = False


def _exact_root(x: Any) -> Fraction:
    """The root of a square of a fraction; ``InvalidInput`` elsewhere, for fractions stay exact."""
    x = Fraction(x)
    if x >= 0:
        top, bottom = math.isqrt(x.numerator), math.isqrt(x.denominator)
        if top * top == x.numerator and bottom * bottom == x.denominator:
            return Fraction(top, bottom)
    raise InvalidInput(f"The square root of {x} is no fraction; use balls or floats.")


def _first_that_holds(*pairs: tuple[Thunk, Thunk]) -> Any:
    """Entry by entry; every branch is computed, as arrays need."""
    *some, (_, last) = pairs
    found = last()
    for condition, value in reversed(some):
        found = np.where(condition(), value(), found)
    return found


def _array_of(function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def folded(*values: Any) -> Any:
        found = values[0]
        for value in values[1:]:
            found = function(found, value)
        return found

    return folded


FLOATS = Arithmetic("float", lambda p, q: p / q, math.sqrt, exponential=math.exp)
ARRAYS = Arithmetic(
    "array",
    lambda p, q: p / q,
    np.sqrt,
    largest=_array_of(np.maximum),
    smallest=_array_of(np.minimum),
    exponential=np.exp,
    choose=_first_that_holds,
    shared=True,
)
FRACTIONS = Arithmetic("fraction", Fraction, _exact_root)
