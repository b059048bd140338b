"""A false statement is looked for at suspects: instances that differ in x only, looked at in floats
before they are built in exact rationals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.instances.exact import Instance, exact
from kdtheory.statements.theorems import Theorem

HALF = Fraction(1, 2)
SHARES = (Fraction(1), Fraction(9, 10), HALF, Fraction(1, 10))  # of the largest step size
WEIGHTS = (HALF, Fraction(-7, 10), Fraction(2))


def weights(theorem: Theorem) -> tuple[Fraction, ...]:
    """The weights to try: the one that the statement fixes, if it does."""
    fixed = theorem.definitions.get(sym.lam)
    if fixed is None:
        return WEIGHTS
    value = exact(sp.sympify(fixed), {})
    return () if value is None else (value,)


class Suspect(Protocol):
    """Instances that differ in x only, before they are built: floats to look at, cheaply, then the
    exact instance.
    """

    def letters(self) -> dict[str, float]:
        """The statement's letters."""

    def states(self, quantity: str) -> list[dict[float, float]]:
        """t to E s(x^t), for every x."""

    def build(self, index: int) -> Instance:
        """The instance with that x, in exact rationals."""


@dataclass(frozen=True)
class Built:
    """One instance, built at once."""

    instance: Instance

    def letters(self) -> dict[str, float]:
        """All that the instance knows."""
        return {str(letter): float(value) for letter, value in self.instance.numbers.items()}

    def states(self, quantity: str) -> list[dict[float, float]]:
        """None where the gap is unknown."""
        known = {t: self.instance.state(quantity, t) for t in (0, 1)}
        return [{t: float(x) for t, x in known.items() if x is not None}] if known[1] else []

    def build(self, index: int) -> Instance:
        """The instance itself."""
        return self.instance


def step_sizes(theorem: Theorem, *, mu: Fraction, L: Fraction, Lcal: Fraction) -> list[Fraction]:
    """Short fractions inside the statement's range, from its end to a tenth of it."""
    limit = (
        None
        if theorem.step_size_max is None
        else exact(theorem.step_size_max, {sym.mu: mu, sym.L: L, sym.Lcal: Lcal})
    )
    if limit is None or limit <= 0:
        return []
    fixed = theorem.definitions.get(sym.gamma)
    if fixed is not None:  # gamma_0, where the statement says what it is
        first = sp.sympify(fixed).xreplace({sym.t: sp.Integer(0)})
        value = exact(first, {sym.mu: mu, sym.L: L, sym.Lcal: Lcal})
        return [value] if value is not None and 0 < value <= limit else []
    return [
        short(share * limit * (1 - Fraction(theorem.strict, 200)), below=True) for share in SHARES
    ]


def short(value: Fraction, digits: int = 2, *, below: bool = False) -> Fraction:
    """``value`` >= 0 in so many decimal digits, or cut off after one more (``below``)."""
    if value == 0:
        return value
    unit = Fraction(10) ** (math.floor(math.log10(value)) + 1 - digits - below)
    return (value // unit if below else round(value / unit)) * unit
