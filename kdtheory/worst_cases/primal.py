"""A worst point of one step over the rationals, and its value once every assumption is checked
there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class Primal:
    """A worst point, in units where gamma = 1: coordinates in the plane of e (first axis; PL: g on
    the first axis) and noise along a third.

    Two terms attain it: gradients (g, +-(D + a)) at x, (0, +-a) at x*, (lam h, 0) at the teacher,
    lam = 1.
    """

    e: tuple[Fraction, Fraction]
    g: tuple[Fraction, Fraction]
    bias: tuple[Fraction, Fraction]
    gap: Fraction
    fluctuation: Fraction
    noise: Fraction


@dataclass(frozen=True)
class ExactStep:
    """The numbers of one step in units where gamma = 1."""

    mu: Fraction
    L: Fraction
    Lcal: Fraction
    bias: Fraction
    noise: Fraction
    rate: Fraction


def largest_rate(step: ExactStep, *, pl: bool) -> Fraction:
    """A: at this rate the worst case is infinite."""
    return 2 * step.mu - step.L * step.Lcal if pl else step.mu * (2 - step.Lcal)


def worst(step: ExactStep, r: float, excess: float, across: float) -> Primal:
    """A feasible point near the guess: A1 tight, A3 filled by D up to rounding, the bias along e -
    g.
    """
    length = Fraction(r)
    if length == 0:  # the solver saw nothing better than the minimiser
        zero = (length, length)
        return Primal(zero, zero, (step.bias, length), length, length, step.noise)
    least = step.mu * length**2 / 2
    for gap in (least + Fraction(excess), least):
        along = (gap + least) / length  # A1
        room = 2 * step.Lcal * gap - along**2  # A3: what |g|^2 and D^2 may still use
        if room >= 0:
            break
    sideways = min(Fraction(across), _root_down(room))
    progress = (float(length - along), -float(sideways))
    bias = _rotate(step.bias, math.atan2(progress[1], progress[0]))
    return Primal(
        (length, Fraction(0)),
        (along, sideways),
        bias,
        gap,
        _root_down(room - sideways**2),
        step.noise,
    )


def worst_pl(step: ExactStep, r: float) -> Primal:
    """The same in PL statements: PL tight, the bias along g."""
    length = Fraction(r)
    gap = length**2 / (2 * step.mu)  # PL tight
    bias = (step.bias if step.L <= 1 else -step.bias, Fraction(0))
    zero = Fraction(0)
    return Primal(
        (zero, zero),
        (length, zero),
        bias,
        gap,
        _root_down(2 * step.Lcal * gap - length**2),
        step.noise,
    )


def primal_value(step: ExactStep, point: Primal, *, pl: bool) -> Fraction:
    """E s(x+) - (1 - rate) s(x) at the point, after checking every assumption exactly."""
    ee, eg, gg, gk = (
        _dot(u, v)
        for u, v in (
            (point.e, point.e),
            (point.e, point.g),
            (point.g, point.g),
            (point.g, point.bias),
        )
    )
    facts = [
        2 * step.Lcal * point.gap - gg - point.fluctuation**2,
        step.bias**2 - _dot(point.bias, point.bias),
        point.gap,
    ]
    facts += (
        [gg - 2 * step.mu * point.gap]
        if pl
        else [eg - point.gap - step.mu / 2 * ee, point.gap - step.mu / 2 * ee]
    )
    if min(facts) < 0:
        raise ArithmeticError(
            f"worst_case built an infeasible primal point, slacks {[float(x) for x in facts]}: "
            "this is a bug in the repair."
        )
    centred = (point.fluctuation + point.noise) ** 2
    if pl:
        kk = _dot(point.bias, point.bias)
        return (
            point.gap
            - gg
            + gk
            + step.L / 2 * (gg - 2 * gk + kk + centred)
            - (1 - step.rate) * point.gap
        )
    moved = tuple(e - g + bias for e, g, bias in zip(point.e, point.g, point.bias, strict=True))
    return sum((x * x for x in moved), centred) - (1 - step.rate) * ee


def _dot(u: tuple[Fraction, Fraction], v: tuple[Fraction, Fraction]) -> Fraction:
    return u[0] * v[0] + u[1] * v[1]


def _rotate(length: Fraction, angle: float) -> tuple[Fraction, Fraction]:
    """A rational vector of exactly this length near this angle: the half-angle parametrisation of
    the circle.
    """
    if abs(angle) > math.pi / 2:
        x, y = _rotate(length, angle - math.copysign(math.pi, angle))
        return -x, -y
    t = Fraction(math.tan(angle / 2)).limit_denominator(10**12)
    return length * (1 - t**2) / (1 + t**2), length * 2 * t / (1 + t**2)


def _root_down(x: Fraction) -> Fraction:
    """A rational at most sqrt(x), within 2^-64 relative."""
    if x <= 0:
        return Fraction(0)
    shift = max(0, 160 - x.numerator.bit_length() + x.denominator.bit_length())
    shift += shift % 2
    return Fraction(math.isqrt((x.numerator << shift) // x.denominator), 1 << (shift // 2))
