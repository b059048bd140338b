"""The exact one-step worst case between two rational certificates: the best constant that any proof could give.

``worst_case_interval`` asks a small semidefinite program (``kdtheory.one_step_sdp``) for multipliers and a worst
point, rounds both to
rationals and repairs them exactly.  Its float answer is never trusted: ``upper`` is a dual point whose Gram matrices
are positive
semidefinite by an exact LDL^T (Schur complements over Q), ``lower`` is a primal point whose every constraint is
checked over Q.
Bounds hold for the float arguments read as exact rationals.  Source: our own derivation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from kdtheory.errors import InvalidInput, StepSizeTooLarge, unknown_name

STRONGLY_CONVEX = (
    "theorem-1",
    "theorem-1-refined",
    "theorem-1-sharp",
    "theorem-1-envelope",
    "unbiased",
    "unbiased-sharp",
    "unbiased-envelope",
)
PL = (
    "theorem-2",
    "theorem-2-refined",
    "theorem-2-sharp",
    "theorem-2-envelope",
    "unbiased-pl",
    "unbiased-pl-sharp",
    "unbiased-pl-envelope",
)


Real = float | Fraction
NEGLIGIBLE = (
    1e-14  # a bias or noise this much smaller than the other is 0 to the float solver, never to the certificates
)


@dataclass(frozen=True)
class Dual:
    """A dual point in the letters of ``kdtheory.one_step_sdp``; the bound is y_k k^2 + y_a a^2 in units where gamma =
    1.

    ``alpha`` is f in PL statements.
    """

    alpha: Fraction
    nu: Fraction
    y_k: Fraction
    y_a: Fraction


@dataclass(frozen=True)
class Primal:
    """A worst point, in units where gamma = 1: coordinates in the plane of e (first axis; PL: g on the first axis)
    and noise along a third.

    Two terms attain it: gradients (g, +-(D + a)) at x, (0, +-a) at x*, (lam h, 0) at the teacher, lam = 1.
    """

    e: tuple[Fraction, Fraction]
    g: tuple[Fraction, Fraction]
    bias: tuple[Fraction, Fraction]
    gap: Fraction
    fluctuation: Fraction
    noise: Fraction


@dataclass(frozen=True)
class WorstCase:
    """``lower <= worst case <= upper``, both proved over Q; ``value`` is the upper end as a float."""

    lower: Fraction
    upper: Fraction
    dual: Dual
    primal: Primal

    @property
    def value(self) -> float:
        """The upper bound, rounded up."""
        return _float_up(self.upper)


@dataclass(frozen=True)
class _Step:
    mu: Fraction
    L: Fraction
    Lcal: Fraction
    bias: Fraction
    noise: Fraction
    rate: Fraction


def worst_case(
    theorem: str,
    *,
    step_size: Real,
    mu: Real,
    L: Real,
    Lcal: Real,
    bias: Real,
    noise: Real,
    rate: Real | None = None,
) -> float:
    """Sup of E s(x+) - (1 - rate) s(x) over all vectors that satisfy the assumptions of one step.

    Args:
        theorem: a strongly convex or PL key; it says which assumptions, which state s, and whether the step is unbiased.
        step_size: gamma.
        mu: strong convexity or PL constant.
        L: smoothness; it matters to PL statements only.
        Lcal: expected smoothness.
        bias: k = |lam||grad f(theta)|, 0 for unbiased statements.
        noise: a = sqrt E|S - lam H'|^2.
        rate: None for step_size * mu.

    Raises:
        InvalidInput, StepSizeTooLarge: numbers outside the statement's range.
    """
    return worst_case_interval(
        theorem, step_size=step_size, mu=mu, L=L, Lcal=Lcal, bias=bias, noise=noise, rate=rate
    ).value


def worst_case_interval(
    theorem: str,
    *,
    step_size: Real,
    mu: Real,
    L: Real,
    Lcal: Real,
    bias: Real,
    noise: Real,
    rate: Real | None = None,
) -> WorstCase:
    """The same value between rational certificates; arguments may be ``Fraction``.

    Args:
        theorem: as the seven below, what :func:`worst_case` says of it.
        step_size: gamma.
        mu: strong convexity or PL constant.
        L: smoothness.
        Lcal: expected smoothness.
        bias: k.
        noise: a.
        rate: None for step_size * mu.

    Raises:
        InvalidInput, StepSizeTooLarge: as ``worst_case``.
    """
    pl = _check(theorem, step_size=step_size, mu=mu, L=L, Lcal=Lcal, bias=bias, noise=noise, rate=rate)
    gamma = Fraction(step_size)
    step = _Step(
        gamma * Fraction(mu),
        gamma * Fraction(L),
        gamma * Fraction(Lcal),
        gamma * Fraction(bias),
        gamma * Fraction(noise),
        gamma * Fraction(mu) if rate is None else Fraction(rate),
    )
    limit = _largest_rate(step, pl=pl)
    if step.rate >= limit:
        raise InvalidInput(
            f"worst_case needs rate < A = {float(limit):.6g}, got rate = {float(step.rate):.6g}: "
            "the worst case is infinite there. Use a smaller rate."
        )
    unit = gamma if pl else Fraction(1)  # f is measured in x^2/gamma
    if step.bias == 0 and step.noise == 0:
        return _silent(step)
    dual, primal = _certify(step, pl=pl)
    return WorstCase(
        _primal_value(step, primal, pl=pl) / unit,
        (dual.y_k * step.bias**2 + dual.y_a * step.noise**2) / unit,
        dual,
        primal,
    )


def _check(theorem: str, **numbers: Real | None) -> bool:
    if theorem not in STRONGLY_CONVEX + PL:
        raise unknown_name("one-step theorem", theorem, STRONGLY_CONVEX + PL)
    for name, value in numbers.items():
        if value is not None and not math.isfinite(value):
            raise InvalidInput(f"worst_case needs finite numbers, got {name} = {value}. Check the data it comes from.")
    gamma, mu, L, Lcal, bias, noise = (numbers[name] or 0 for name in ("step_size", "mu", "L", "Lcal", "bias", "noise"))
    if gamma <= 0 or mu <= 0:
        raise InvalidInput(
            f"worst_case needs step_size > 0 and mu > 0, got step_size = {gamma}, mu = {mu}. "
            "For mu = 0 no rate is positive."
        )
    if bias < 0 or noise < 0 or (numbers["rate"] or 0) < 0:
        raise InvalidInput(
            f"worst_case needs bias, noise, rate >= 0, got bias = {bias}, noise = {noise}, rate = {numbers['rate']}. "
            "bias and noise are norms: pass |lam||h| and sqrt E|S - lam H'|^2."
        )
    if Lcal < mu or mu > L:
        raise InvalidInput(
            f"worst_case needs mu <= L and mu <= Lcal, got mu = {mu}, L = {L}, Lcal = {Lcal}. "
            "E|G-S|^2 >= |g|^2 rules smaller constants out: recompute them."
        )
    if theorem.startswith("unbiased") and bias != 0:
        raise InvalidInput(
            f"{theorem} removes the bias and needs bias = 0, got bias = {bias}. "
            "Pass 0, or a theorem-1/theorem-2 statement."
        )
    pl = theorem in PL
    limit = 2 * mu / (L * Lcal) if pl else 1 / Lcal
    if gamma >= limit:
        rule = "2*mu/(L*Lcal)" if pl else "1/Lcal"
        raise StepSizeTooLarge(
            f"{theorem} needs gamma < {rule} = {float(limit):.6g}, got gamma = {gamma}. Use a smaller gamma."
        )
    return pl


def _largest_rate(step: _Step, *, pl: bool) -> Fraction:
    return 2 * step.mu - step.L * step.Lcal if pl else step.mu * (2 - step.Lcal)


def _silent(step: _Step) -> WorstCase:
    """No bias and no noise: 0 at the minimiser, and 0 is an upper bound for every rate below A."""
    zero = (Fraction(0), Fraction(0))
    return WorstCase(
        Fraction(0),
        Fraction(0),
        Dual(Fraction(0), Fraction(0), Fraction(0), Fraction(0)),
        Primal(zero, zero, zero, Fraction(0), Fraction(0), Fraction(0)),
    )


def _certify(step: _Step, *, pl: bool) -> tuple[Dual, Primal]:
    from kdtheory import one_step_sdp

    tau = _largest_rate(step, pl=pl) - step.rate
    spread = step.Lcal - step.mu or step.mu / 10**20  # Lcal = mu has no best nu; a nearby program's nu is good enough
    bias = step.bias if step.bias > NEGLIGIBLE * step.noise else Fraction(0)
    noise = step.noise if step.noise > NEGLIGIBLE * step.bias else Fraction(0)
    numbers = (step.mu, step.L, spread, 1 - step.Lcal, tau, bias, noise)
    guess = one_step_sdp.solve(one_step_sdp.Step(*(float(x) for x in numbers)), pl=pl)
    duals = [
        dual
        for alpha, nu in _nearby(step, guess.alpha, guess.nu, tau, pl=pl)
        if (dual := _dual(step, alpha, nu, tau, pl=pl)) is not None
    ]
    dual = min(duals, key=lambda item: item.y_k * step.bias**2 + item.y_a * step.noise**2)
    primal = _primal_pl(step, guess.r) if pl else _primal(step, guess.r, guess.excess, guess.across)
    return dual, primal


def _nearby(step: _Step, alpha: float, nu: float, tau: Fraction, *, pl: bool) -> list[tuple[Fraction, Fraction]]:
    """The rounded guess, moved towards a strictly feasible point by 0, 1e-12, ..., 1 of the way (the last always
    works).

    Strongly convex: each nu also with its best alpha, where y_k = 1 + (X + nu - 2 alpha)/(X nu - alpha^2) is least:
    alpha = min(X, nu).
    """
    spread = step.Lcal - step.mu
    if pl:
        inner = (tau / 4, tau / (2 * step.L * spread) if spread else Fraction(1))
    else:
        inner = (Fraction(0), min(tau / step.mu, 1 - step.Lcal) / (2 * spread) if spread else Fraction(1))
    moves = [Fraction(0)] + [Fraction(1, 10**digits) for digits in range(12, -1, -1)]
    start = (Fraction(alpha), Fraction(nu))
    points = [((1 - move) * start[0] + move * inner[0], (1 - move) * start[1] + move * inner[1]) for move in moves]
    return points if pl else points + [(min(_deterministic(step, nu, tau), nu), nu) for _, nu in points]


def _deterministic(step: _Step, nu: Fraction, tau: Fraction) -> Fraction:
    """X of the deterministic block: what nu leaves for the bias."""
    return (tau - step.mu * (step.Lcal - step.mu) * nu) / (1 - step.mu) ** 2


def _dual(step: _Step, alpha: Fraction, nu: Fraction, tau: Fraction, *, pl: bool) -> Dual | None:
    """The least y_k, y_a for which both Gram blocks are positive semidefinite (Schur complements, exact), or None."""
    spread = step.Lcal - step.mu
    if nu <= 0:
        return None
    if pl:
        pivot = (tau - alpha - step.L * spread * nu) / (2 * step.mu)
        if alpha < 0 or pivot <= 0:
            return None
        return Dual(alpha, nu, step.L / 2 + ((step.L - 1) / 2) ** 2 / pivot, step.L / 2 * (1 + 1 / nu))
    x = _deterministic(step, nu, tau)
    determinant = x * nu - alpha**2  # of [x, x - alpha; x - alpha, x + nu - 2 alpha]
    if x <= 0 or determinant <= 0 or (1 - step.mu) * alpha + 1 - step.Lcal < spread * nu:
        return None
    return Dual(alpha, nu, 1 + (x + nu - 2 * alpha) / determinant, 1 + 1 / nu)


def _primal(step: _Step, r: float, excess: float, across: float) -> Primal:
    """A feasible point near the guess: A1 tight, A3 filled by D up to rounding, the bias along e - g."""
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
    return Primal((length, Fraction(0)), (along, sideways), bias, gap, _root_down(room - sideways**2), step.noise)


def _primal_pl(step: _Step, r: float) -> Primal:
    length = Fraction(r)
    gap = length**2 / (2 * step.mu)  # PL tight
    bias = (step.bias if step.L <= 1 else -step.bias, Fraction(0))
    zero = Fraction(0)
    return Primal((zero, zero), (length, zero), bias, gap, _root_down(2 * step.Lcal * gap - length**2), step.noise)


def _primal_value(step: _Step, point: Primal, *, pl: bool) -> Fraction:
    """E s(x+) - (1 - rate) s(x) at the point, after checking every assumption exactly."""
    ee, eg, gg, gk = (
        _dot(u, v) for u, v in ((point.e, point.e), (point.e, point.g), (point.g, point.g), (point.g, point.bias))
    )
    facts = [
        2 * step.Lcal * point.gap - gg - point.fluctuation**2,
        step.bias**2 - _dot(point.bias, point.bias),
        point.gap,
    ]
    facts += [gg - 2 * step.mu * point.gap] if pl else [eg - point.gap - step.mu / 2 * ee, point.gap - step.mu / 2 * ee]
    if min(facts) < 0:
        raise ArithmeticError(
            f"worst_case built an infeasible primal point, slacks {[float(x) for x in facts]}: "
            "this is a bug in the repair."
        )
    centred = (point.fluctuation + point.noise) ** 2
    if pl:
        kk = _dot(point.bias, point.bias)
        return point.gap - gg + gk + step.L / 2 * (gg - 2 * gk + kk + centred) - (1 - step.rate) * point.gap
    moved = tuple(e - g + bias for e, g, bias in zip(point.e, point.g, point.bias, strict=True))
    return sum((x * x for x in moved), centred) - (1 - step.rate) * ee


def _dot(u: tuple[Fraction, Fraction], v: tuple[Fraction, Fraction]) -> Fraction:
    return u[0] * v[0] + u[1] * v[1]


def _rotate(length: Fraction, angle: float) -> tuple[Fraction, Fraction]:
    """A rational vector of exactly this length near this angle: the half-angle parametrisation of the circle."""
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


def _float_up(x: Fraction) -> float:
    value = float(x)
    return value if Fraction(value) >= x else math.nextafter(value, math.inf)
