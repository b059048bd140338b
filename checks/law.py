"""What the oracles of laws share: a right-hand side in numbers, and the copies that differ by one
per cent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import sympy as sp

from kdtheory.algebra.evaluate import value_of
from kdtheory.checks import changing
from kdtheory.checks.mutant import Check, Mutant
from kdtheory.statements import THEOREMS, Theorem

Numbers = dict[str, float]
# A bounded search stops near a minimum, above all near a kink: 1e-6 of the value, measured.
SEARCH = 1e-6
ROUNDING = 1e-9


def right(theorem: Theorem, n: Numbers) -> float:
    """The right-hand side where the letters have these numbers; definitions in their order."""
    known = dict(n)
    for letter, meaning in theorem.definitions.items():
        known[letter.name] = float(value_of(meaning, known))
    return float(value_of(theorem.rhs, known))


def right_side(
    held_by: Mapping[str, Check], name: str, what: str, change: Callable[[sp.Expr], sp.Expr]
) -> Mutant:
    """A copy of the statement with another right-hand side."""
    return changing.statement(name, what, what, held_by[name], rhs=change(THEOREMS[name].rhs))


def nearly(held_by: Mapping[str, Check]) -> Iterator[Mutant]:
    """Right-hand sides off by one per cent, either way."""
    for name in held_by:
        for factor in (sp.Rational(99, 100), sp.Rational(101, 100)):
            yield right_side(
                held_by, name, f"{factor} times it", lambda rhs, factor=factor: factor * rhs
            )
