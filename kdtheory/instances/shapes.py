"""Explicit sums that are not quadratic: two shapes in one dimension, and vectors that are no
function's.

``knee`` has L > mu (``kdtheory.instances.matching``), ``softening`` has F > (mu/2) x^2, ``gram``
are three vectors that satisfy A1, A1', A3 at one point (``kdtheory.instances.gram``).  Source: our
own.
"""

from __future__ import annotations

import math
from fractions import Fraction

from kdtheory.instances.exact import HALF, ZERO, Instance, Vector
from kdtheory.instances.gram import GramPoint, dot
from kdtheory.instances.matching import KneeSum


def knee(
    problem: KneeSum, *, theta: Fraction, weight: Fraction, gamma: Fraction, x: Fraction
) -> Instance:
    """A one-dimensional sum with L > mu, PL and strongly convex (biased rule)."""

    def gradients(at: Fraction) -> tuple[Vector, ...]:
        mean, noise = problem.exact_gradient(at), problem.exact_noise(at)
        return (mean + noise,), (mean - noise,)

    square, gap = problem.exact_step(x, theta, weight, gamma)
    slope = problem.q * problem.mu
    data = (
        "N = 2, d = 1, f_1 = f + p, f_2 = f - p",
        f"  f'(x) = mu x for x <= {problem.knee}, then slope L;  f(0) = f'(0) = 0",
        f"  p'(x) = {slope} min(|x|, {problem.knee}) + {problem.s} for x > 0",
        f"  x* = 0, theta = {theta}, x = {x}",
    )
    return Instance(
        data,
        "f is mu-strongly convex and L-smooth; A3 is proved in kdtheory.instances.matching for"
        " every x",
        (HALF, HALF),
        gradients(x),
        gradients(ZERO),
        gradients(theta),
        (x,),
        (ZERO,),
        (theta,),
        problem.mu,
        problem.L,
        problem.Lcal,
        gamma,
        weight,
        problem.exact_value(x),
        problem.exact_value(theta),
        ((x * x, problem.exact_value(x)), (square, gap)),
    )


def gram(point: GramPoint) -> Instance:
    """Gradients of two terms at x, x* and theta in R^3, lam = 1: the assumptions hold between these
    points.
    """
    zero: Vector = (ZERO, ZERO, ZERO)
    data = (
        "N = 2, d = 3, gradients at three points",
        *(
            f"  at {name}: {_show(rows[0])} and {_show(rows[1])}"
            for name, rows in (
                ("x", point.at_x),
                ("x*", point.at_minimiser),
                ("theta", point.at_teacher),
            )
        ),
        f"  x - x* = {_show(point.e)}, f(x) - f* = {point.gap}",
    )
    return Instance(
        data,
        "a Gram matrix: A1, A1' and A3 hold at x; no function with these gradients is claimed",
        (HALF, HALF),
        point.at_x,
        point.at_minimiser,
        point.at_teacher,
        point.e,
        zero,
        None,
        point.mu,
        point.Lcal,
        point.Lcal,
        point.gamma,
        Fraction(1),
        point.gap,
        None,
        ((dot(point.e, point.e), point.gap), (point.step(), None)),
    )


def softening(
    *,
    mu: Fraction,
    L: Fraction,
    Lcal: Fraction,
    knee: Fraction,
    x: Fraction,
    noise: Fraction,
    gamma: Fraction,
) -> Instance:
    """f has slope L up to the knee and mu beyond it, so that F > (mu/2) x^2 there; a silent rule
    (lam = 0).

    Beyond the knee, v = u - knee: 2 Lcal F - f'^2 = L (Lcal - L) knee^2 + 2 L knee (Lcal - mu) v +
    mu (Lcal - mu) v^2, which over v^2 decreases; so a fluctuation that grows linearly from 0 at the
    knee to at most the root of that at x, and then stays, satisfies A3 everywhere if L <= Lcal.
    """

    def slope(u: Fraction) -> Fraction:
        return L * u if u <= knee else L * knee + mu * (u - knee)

    def value(u: Fraction) -> Fraction:
        v = u - knee
        return L * u * u / 2 if v <= 0 else L * knee**2 / 2 + L * knee * v + mu * v * v / 2

    most = 2 * Lcal * value(x) - slope(x) ** 2
    rise = Fraction(math.isqrt(math.floor(most * 10**6)), 10**3)  # at most the root

    def fluctuation(u: Fraction) -> Fraction:
        return noise + rise * min(max((u - knee) / (x - knee), ZERO), Fraction(1))

    def gradients(u: Fraction) -> tuple[Vector, ...]:
        return (slope(u) + fluctuation(u),), (slope(u) - fluctuation(u),)

    ahead = [x - gamma * own for (own,) in gradients(x)]
    data = (
        "N = 2, d = 1, f_1 = f + p, f_2 = f - p",
        f"  f'(u) = {L} u for u <= {knee}, {L * knee} + {mu} (u - {knee}) beyond;  f(0) = 0",
        (
            f"  p'(u) = {noise} for u <= {knee}, {noise} + {rise / (x - knee)} (u - {knee}) up to u"
            f" = {x}, then {noise + rise}"
        ),
        f"  x* = 0, theta = 0, x = {x}",
    )
    return Instance(
        data,
        "f is mu-strongly convex and L-smooth; A3 holds at every u (kdtheory.instances.shapes)",
        (HALF, HALF),
        gradients(x),
        gradients(ZERO),
        gradients(ZERO),
        (x,),
        (ZERO,),
        (ZERO,),
        mu,
        L,
        Lcal,
        gamma,
        ZERO,
        value(x),
        ZERO,
        (
            (x * x, value(x)),
            (sum((y * y for y in ahead), ZERO) / 2, sum((value(y) for y in ahead), ZERO) / 2),
        ),
    )


def _show(vector: Vector) -> str:
    return f"({', '.join(str(entry) for entry in vector)})"
