"""Two rational certificates of a one-step worst case: a dual point that no proof can beat, a primal
point that attains as much.

``certify`` asks a small semidefinite program (``kdtheory.worst_cases.sdp``) for multipliers and a
worst point, rounds both to rationals and repairs them exactly.  Its float answer is never trusted:
the dual point's Gram matrices are positive semidefinite by an exact LDL^T (Schur complements over
Q), and ``primal_value`` checks every constraint of the primal point over Q.  Source: our own
derivation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

# a bias or noise this much smaller than the other is 0 to the float solver, never to the
# certificates
NEGLIGIBLE = 1e-14


@dataclass(frozen=True)
class Dual:
    """A dual point in the letters of ``kdtheory.worst_cases.sdp``; the bound is y_k k^2 + y_a a^2
    in units where gamma = 1.

    ``alpha`` is f in PL statements.
    """

    alpha: Fraction
    nu: Fraction
    y_k: Fraction
    y_a: Fraction


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


def certify(step: ExactStep, *, pl: bool) -> tuple[Dual, Primal]:
    """A dual and a primal point whose values lie close together; either is valid on its own."""
    from kdtheory.worst_cases import sdp as one_step_sdp

    tau = largest_rate(step, pl=pl) - step.rate
    # Lcal = mu has no best nu; a nearby program's nu is good enough.
    spread = step.Lcal - step.mu or step.mu / 10**20
    bias = step.bias if step.bias > NEGLIGIBLE * step.noise else Fraction(0)
    noise = step.noise if step.noise > NEGLIGIBLE * step.bias else Fraction(0)
    numbers = (step.mu, step.L, spread, 1 - step.Lcal, tau, bias, noise)
    guess = one_step_sdp.solve(one_step_sdp.FloatStep(*(float(x) for x in numbers)), pl=pl)
    duals = [
        dual
        for alpha, nu in _nearby(step, guess.alpha, guess.nu, tau, pl=pl)
        if (dual := _dual(step, alpha, nu, tau, pl=pl)) is not None
    ]
    dual = min(duals, key=lambda item: item.y_k * step.bias**2 + item.y_a * step.noise**2)
    primal = _primal_pl(step, guess.r) if pl else _primal(step, guess.r, guess.excess, guess.across)
    return dual, primal


def _nearby(
    step: ExactStep, alpha: float, nu: float, tau: Fraction, *, pl: bool
) -> list[tuple[Fraction, Fraction]]:
    """The rounded guess, moved towards a strictly feasible point by 0, 1e-12, ..., 1 of the way
    (the last always works).

    Strongly convex: each nu also with its best alpha, where y_k = 1 + (X + nu - 2 alpha)/(X nu -
    alpha^2) is least: alpha = min(X, nu).
    """
    spread = step.Lcal - step.mu
    if pl:
        inner = (tau / 4, tau / (2 * step.L * spread) if spread else Fraction(1))
    else:
        inner = (
            Fraction(0),
            min(tau / step.mu, 1 - step.Lcal) / (2 * spread) if spread else Fraction(1),
        )
    moves = [Fraction(0)] + [Fraction(1, 10**digits) for digits in range(12, -1, -1)]
    start = (Fraction(alpha), Fraction(nu))
    points = [
        ((1 - move) * start[0] + move * inner[0], (1 - move) * start[1] + move * inner[1])
        for move in moves
    ]
    return (
        points
        if pl
        else points + [(min(_deterministic(step, nu, tau), nu), nu) for _, nu in points]
    )


def _deterministic(step: ExactStep, nu: Fraction, tau: Fraction) -> Fraction:
    """X of the deterministic block: what nu leaves for the bias."""
    return (tau - step.mu * (step.Lcal - step.mu) * nu) / (1 - step.mu) ** 2


def _dual(
    step: ExactStep, alpha: Fraction, nu: Fraction, tau: Fraction, *, pl: bool
) -> Dual | None:
    """The least y_k, y_a for which both Gram blocks are positive semidefinite (Schur complements,
    exact), or None.
    """
    spread = step.Lcal - step.mu
    if nu <= 0:
        return None
    if pl:
        pivot = (tau - alpha - step.L * spread * nu) / (2 * step.mu)
        if alpha < 0 or pivot <= 0:
            return None
        return Dual(
            alpha, nu, step.L / 2 + ((step.L - 1) / 2) ** 2 / pivot, step.L / 2 * (1 + 1 / nu)
        )
    x = _deterministic(step, nu, tau)
    determinant = x * nu - alpha**2  # of [x, x - alpha; x - alpha, x + nu - 2 alpha]
    if x <= 0 or determinant <= 0 or (1 - step.mu) * alpha + 1 - step.Lcal < spread * nu:
        return None
    return Dual(alpha, nu, 1 + (x + nu - 2 * alpha) / determinant, 1 + 1 / nu)


def _primal(step: ExactStep, r: float, excess: float, across: float) -> Primal:
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


def _primal_pl(step: ExactStep, r: float) -> Primal:
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
