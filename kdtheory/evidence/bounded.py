"""Floats that carry a bound on their error: what the right-hand side of a statement is known to.

A :class:`Bounded` stands for every real number within ``error`` of ``value``, both floats or arrays
of one shape.  Each operation adds its own rounding, so that a curve in these numbers says how much
of itself is rounding, time by time, cancellation included.  It is first-order analysis carried by
the numbers themselves (running error analysis), with 2^-52 for the unit so that the rounding of the
bounds is covered too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdtheory.algebra.arithmetic import Arithmetic

UNIT = float(np.finfo(float).eps)
TINY = float(np.finfo(float).tiny)  # what an operation may lose by underflow


@dataclass(frozen=True, eq=False)
class Bounded:
    """All reals within ``error`` of ``value``."""

    value: Any
    error: Any

    def _made(self, value: Any, error: Any) -> Bounded:
        error = error + UNIT * np.abs(value) + TINY
        return Bounded(value, np.where(np.isnan(error), np.inf, error))  # 0 times anything

    def __add__(self, other: Any) -> Bounded:
        """The sum."""
        other = bounded(other)
        return self._made(self.value + other.value, self.error + other.error)

    __radd__ = __add__

    def __neg__(self) -> Bounded:
        """The negative, exactly."""
        return Bounded(-self.value, self.error)

    def __sub__(self, other: Any) -> Bounded:
        """The difference."""
        return self + -bounded(other)

    def __rsub__(self, other: Any) -> Bounded:
        """The difference."""
        return bounded(other) + -self

    def __mul__(self, other: Any) -> Bounded:
        """The product."""
        other = bounded(other)
        error = (
            np.abs(self.value) * other.error
            + np.abs(other.value) * self.error
            + self.error * other.error
        )
        return self._made(self.value * other.value, error)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> Bounded:
        """The quotient; of any size where the divisor may be 0."""
        other = bounded(other)
        room = np.abs(other.value) - other.error
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            value = np.divide(self.value, other.value)
            error = (self.error + np.abs(value) * other.error) / room
        safe = (room > 0) & np.isfinite(value)
        return self._made(np.where(safe, value, 0.0), np.where(safe, error, np.inf))

    def __rtruediv__(self, other: Any) -> Bounded:
        """The quotient."""
        return bounded(other) / self

    def __pow__(self, power: int) -> Bounded:
        """A whole power >= 0, by repeated multiplication."""
        found: Bounded = bounded(1.0)
        for _ in range(power):
            found = found * self
        return found

    def __abs__(self) -> Bounded:
        """The absolute value."""
        return Bounded(np.abs(self.value), self.error)

    def root(self) -> Bounded:
        """The square root of what is >= 0; a negative value is 0 within its error."""
        value = np.sqrt(np.maximum(self.value, 0.0))
        above = np.sqrt(np.maximum(self.value + self.error, 0.0)) - value
        below = value - np.sqrt(np.maximum(self.value - self.error, 0.0))
        return self._made(value, np.maximum(above, below))

    def exponential(self) -> Bounded:
        """exp."""
        value = np.exp(self.value)
        return self._made(value, value * np.expm1(self.error))


def bounded(x: Any) -> Bounded:
    """``x`` itself, or a number known exactly."""
    return x if isinstance(x, Bounded) else Bounded(np.asarray(x, dtype=float), 0.0)


def _extreme(function: Callable[[Any, Any], Any]) -> Callable[..., Bounded]:
    """The largest (smallest) of some: off by at most what the worst of them is."""

    def folded(*values: Any) -> Bounded:
        found = bounded(values[0])
        for other in map(bounded, values[1:]):
            found = Bounded(
                function(found.value, other.value), np.maximum(found.error, other.error)
            )
        return found

    return folded


def _order(left: Any, right: Any) -> tuple[Any, Any]:
    """Whether left <= right, and whether that is certain."""
    difference = bounded(left) - right
    return difference.value <= 0, np.abs(difference.value) > difference.error


def _choose(other: bool) -> Callable[..., Bounded]:
    """The first value whose condition holds; with ``other``, the opposite wherever the numbers do
    not decide.
    """

    def chosen(*pairs: tuple[Callable[[], Any], Callable[[], Any]]) -> Bounded:
        *some, (_, last) = pairs
        found = bounded(last())
        for condition, branch in reversed(some):
            answer = condition()
            holds, certain = answer if isinstance(answer, tuple) else (answer, True)
            taken = holds ^ ~np.asarray(certain) if other else holds
            here = bounded(branch())
            found = Bounded(
                np.where(taken, here.value, found.value), np.where(taken, here.error, found.error)
            )
        return found

    return chosen


def _arithmetic(other: bool) -> Arithmetic:
    return Arithmetic(
        "bounded",
        lambda p, q: Bounded(p / q, UNIT * abs(p / q)),
        lambda x: bounded(x).root(),
        largest=_extreme(np.maximum),
        smallest=_extreme(np.minimum),
        exponential=lambda x: bounded(x).exponential(),
        less=_order,
        at_most=_order,
        choose=_choose(other),
        shared=True,
    )


# Regimes hang together: a whole statement is computed once as its conditions say, and once with
# those that are uncertain turned round; what is known covers both.
BOUNDED, TURNED = _arithmetic(other=False), _arithmetic(other=True)
