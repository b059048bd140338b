"""Explicit finite sums in exact rationals, as one step of distilled SGD sees them: what a
counterexample is made of.

Least squares in one dimension (``kdtheory.instances.samples``), sums with L > mu
(``kdtheory.instances.matching``), three vectors that satisfy A1, A1', A3 at one point
(``kdtheory.instances.gram``).  Source: our own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.instances.gram import dot
from kdtheory.statements.theorems import Theorem

Vector = tuple[Fraction, ...]
Numbers = dict[sp.Symbol, Fraction]
ZERO, HALF = Fraction(0), Fraction(1, 2)


@dataclass(frozen=True)
class Instance:
    """One step from x: every term's gradient at x, x* and theta, with its chance.

    ``curve`` is (E|x^t - x*|^2, E f(x^t) - f*) for t = 0, 1, ...; the gap is None where the
    function is not known beyond its Gram matrix.  ``limit`` is the same for t to infinity, where it
    is known.  ``data`` are the lines that define the sum.
    """

    data: tuple[str, ...]
    globally: str
    chances: Vector
    at_x: tuple[Vector, ...]
    at_minimiser: tuple[Vector, ...]
    at_theta: tuple[Vector, ...]
    x: Vector
    minimiser: Vector
    theta: Vector | None
    mu: Fraction
    L: Fraction
    Lcal: Fraction
    gamma: Fraction
    weight: Fraction
    gap: Fraction
    gap_theta: Fraction | None
    curve: tuple[tuple[Fraction, Fraction | None], ...]
    omega: Fraction = ZERO
    rounding: Fraction = ZERO
    limit: tuple[Fraction, Fraction] | None = None

    @cached_property
    def vectors(self) -> dict[str, tuple[Vector, ...]]:
        """The seven vectors of one step, deterministic ones as constant random vectors."""
        g, h = (_mean(self.chances, rows) for rows in (self.at_x, self.at_theta))
        fixed = {"e": _minus(self.x, self.minimiser), "g": g, "h": h, "xstar": self.minimiser}
        centred = {
            "Gc": tuple(_minus(row, g) for row in self.at_x),
            "S": self.at_minimiser,
            "Hc": tuple(_minus(row, h) for row in self.at_theta),
        }
        return {name: (vector,) * len(self.chances) for name, vector in fixed.items()} | centred

    @cached_property
    def numbers(self) -> Numbers:
        """Every letter that a statement or an assumption may contain."""
        found: Numbers = {
            letter: sum(
                (
                    p * dot(u, v)
                    for p, u, v in zip(self.chances, self.vectors[i], self.vectors[j], strict=True)
                ),
                ZERO,
            )
            for (i, j), letter in sym.GRAM.items()
        }
        found |= {
            sym.mu: self.mu,
            sym.L: self.L,
            sym.Lcal: self.Lcal,
            sym.gamma: self.gamma,
            sym.lam: self.weight,
        }
        found |= {sym.omega: self.omega, sym.rounding_sq: self.rounding, sym.F: self.gap}
        found[sym.out_sq] = self.curve[1][0]
        if self.theta is not None:
            away = _minus(self.theta, self.minimiser)
            found[sym.distance_theta] = dot(away, away)
        after = self.curve[1][1]
        known = {sym.F_theta: self.gap_theta, sym.F_plus: after}
        return found | {letter: value for letter, value in known.items() if value is not None}

    def state(self, quantity: str, t: float) -> Fraction | None:
        """E|x^t - x*|^2, or E f(x^t) - f* for the quantity "gap"; t may be infinite."""
        if t == math.inf:
            return None if self.limit is None else self.limit[quantity == "gap"]
        return self.curve[int(t)][quantity == "gap"] if t < len(self.curve) else None

    def slack(self, assumption: Assumption) -> Fraction | None:
        """The assumption's slack at this point; None where a letter of it is unknown here."""
        if not assumption.slack.free_symbols <= self.numbers.keys():
            return None
        return exact(assumption.slack, self.numbers)

    def __str__(self) -> str:
        """Data, point, constants and moments, one line each."""
        constants = (
            f"mu = {self.mu}, L = {self.L}, Lcal = {self.Lcal}, gamma = {self.gamma}, lambda ="
            f" {self.weight}"
        )
        shown = {
            "E|S|^2": sym.sigma_star_sq,
            "E<S,H>": sym.covariance,
            "E|H-h|^2": sym.teacher_variance,
            "|h|^2": sym.bias_sq,
        }
        moments = ", ".join(f"{name} = {self.numbers[letter]}" for name, letter in shown.items())
        return "\n".join((*self.data, constants, moments, self.globally))


def exact(expression: sp.Expr, numbers: Numbers) -> Fraction | None:
    """The value where it is rational (roots of squares included), None where it is not or where it
    is undefined.
    """
    given = {
        letter: sp.Rational(value.numerator, value.denominator) for letter, value in numbers.items()
    }
    found = sp.sympify(expression).xreplace(given)
    return Fraction(int(found.p), int(found.q)) if isinstance(found, sp.Rational) else None


def completed(theorem: Theorem, numbers: Numbers) -> Numbers:
    """The numbers with the statement's definitions evaluated in order, those that are rational."""
    found = dict(numbers)
    for letter, definition in theorem.definitions.items():
        value = exact(definition, found)
        if value is not None:
            found[letter] = value
    return found


def _minus(u: Vector, v: Vector) -> Vector:
    return tuple(x - y for x, y in zip(u, v, strict=True))


def _mean(chances: Vector, rows: tuple[Vector, ...]) -> Vector:
    return tuple(
        sum((p * row[i] for p, row in zip(chances, rows, strict=True)), ZERO)
        for i in range(len(rows[0]))
    )
