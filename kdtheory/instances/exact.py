"""Explicit finite sums in exact rationals, as one step of distilled SGD sees them: what a
counterexample is made of.

``line`` is least squares in one dimension with two kinds of samples: convex terms, and A1, A1', PL,
the descent lemma and A3 hold with equality at every x, since f is quadratic.  ``knee`` is a
one-dimensional sum with L > mu (``kdtheory.instances.matching``), ``gram`` three vectors that
satisfy A1, A1', A3 at one point (``kdtheory.instances.gram``).
Source: our own.
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


@dataclass(frozen=True)
class Group:
    """``count`` equal samples (a, b): terms (a x - b)^2/2."""

    count: int
    a: Fraction
    b: Fraction


def line(
    groups: tuple[Group, ...],
    *,
    theta: Fraction,
    weight: Fraction,
    gamma: Fraction,
    x: Fraction,
    unbiased: bool = False,
    keep: Fraction = Fraction(1),
    spacing: Fraction = ZERO,
    steps: int = 2,
) -> Instance:
    """Least squares in one dimension, from its data.

    ``keep`` q: x+ is multiplied by 1/q with probability q and set to 0 otherwise, omega = 1/q - 1;
    ``spacing``: x+ is rounded stochastically to that grid (one step only).
    """
    total = sum(group.count for group in groups)
    chances = tuple(Fraction(group.count, total) for group in groups)

    def mean(values: list[Fraction]) -> Fraction:
        return sum((p * value for p, value in zip(chances, values, strict=True)), ZERO)

    def value(at: Fraction) -> Fraction:
        return mean([(row.a * at - row.b) ** 2 / 2 for row in groups])

    def gradients(at: Fraction) -> list[Fraction]:
        return [row.a * (row.a * at - row.b) for row in groups]

    def rows(at: Fraction) -> tuple[Vector, ...]:
        return tuple((own,) for own in gradients(at))

    mu = mean([row.a**2 for row in groups])
    Lcal = mean([row.a**4 for row in groups]) / mu
    best = mean([row.a * row.b for row in groups]) / mu
    taught = gradients(theta)
    shift = mean(taught) if unbiased else ZERO
    corrections = [weight * (own - shift) for own in taught]
    omega = 1 / keep - 1

    def moved(at: Fraction) -> list[Fraction]:
        return [
            at - gamma * (own - more) for own, more in zip(gradients(at), corrections, strict=True)
        ]

    first = moved(x)
    spread = mean([_rounding_variance(y, spacing) for y in first]) if spacing else ZERO
    # In e = x - x* the step is affine, e+ = (1 - gamma a^2) e + push, so two moments are enough.
    pushes = [y - best for y in moved(best)]
    shrinks = [1 - gamma * row.a**2 for row in groups]
    both = mean([own * push for own, push in zip(shrinks, pushes, strict=True)])
    limit, square = None, mean([own**2 for own in shrinks])
    if square < 1 and not omega and not spacing:
        end = (2 * both * mean(pushes) / (gamma * mu) + mean([p**2 for p in pushes])) / (1 - square)
        limit = (end, mu / 2 * end)
    m, M = x - best, (x - best) ** 2
    curve: list[tuple[Fraction, Fraction | None]] = [(M, mu / 2 * M)]
    for t in range(1 if spacing else steps):
        M = square * M + 2 * both * m + mean([p**2 for p in pushes])
        m = mean(shrinks) * m + mean(pushes)
        M += omega * (M + 2 * best * m + best**2) + (spread if t == 0 else ZERO)
        curve.append((M, mu / 2 * M))
    data = [f"N = {total}, d = 1, f_n(x) = (a_n x - b_n)^2/2"]
    data += [
        f"  {row.count} term{'s' if row.count > 1 else ''} with a_n = {row.a}, b_n = {row.b}"
        for row in groups
    ]
    data += [f"  x* = {best}, theta = {theta}, x = {x}"]
    if omega:
        data.append(f"  C(y) = y/q with probability q = {keep}, else 0: omega = {omega}")
    if spacing:
        data.append(f"  C rounds stochastically to multiples of delta = {spacing}")
    return Instance(
        tuple(data),
        "f is quadratic: A1, A1', PL, the descent lemma and A3 hold with equality at every x",
        chances,
        rows(x),
        rows(best),
        rows(theta),
        (x,),
        (best,),
        (theta,),
        mu,
        mu,
        Lcal,
        gamma,
        weight,
        value(x) - value(best),
        value(theta) - value(best),
        tuple(curve),
        omega,
        spacing**2 / 4,
        limit,
    )


def _rounding_variance(y: Fraction, spacing: Fraction) -> Fraction:
    low = (y // spacing) * spacing
    return (y - low) * (low + spacing - y)


def aimed(
    counts: tuple[int, int],
    slopes: tuple[Fraction, Fraction],
    *,
    bias: Fraction,
    noise: Fraction,
    weight: Fraction,
    minimiser: Fraction = ZERO,
) -> tuple[tuple[Group, ...], Fraction]:
    """Groups and theta with lam h = -bias and lam H' - S = -noise (a_n^2 - mu): both push the same
    way as the student's own error.

    In SGD's step E|x+ - x*|^2 = ((1 - gamma mu) e + gamma bias)^2 + gamma^2 c^2 (e + noise)^2 with
    c^2 = Var a_n^2, the worst case of the sharp bounds at e = sqrt(W)/(A - varrho).  The noise at
    x* is S_n = s (a_n^2 - mu). ``weight`` is neither 0 (unless bias is 0) nor 1.
    """
    total = sum(counts)
    mu = sum((Fraction(n, total) * a**2 for n, a in zip(counts, slopes, strict=True)), ZERO)
    away = bias / (weight * mu) if bias else ZERO
    s = (noise + weight * away) / (1 - weight)
    groups = tuple(
        Group(n, a, a * minimiser - s * (a**2 - mu) / a)
        for n, a in zip(counts, slopes, strict=True)
    )
    groups = groups if slopes[0] != slopes[1] else (Group(1, slopes[0], slopes[0] * minimiser),)
    return groups, minimiser + away


def _minus(u: Vector, v: Vector) -> Vector:
    return tuple(x - y for x, y in zip(u, v, strict=True))


def _mean(chances: Vector, rows: tuple[Vector, ...]) -> Vector:
    return tuple(
        sum((p * row[i] for p, row in zip(chances, rows, strict=True)), ZERO)
        for i in range(len(rows[0]))
    )
