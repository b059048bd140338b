"""Laws about bounds and weights: schedules, several teachers, blocks, renewed teachers, sampling
(theory, Sections 8 and 9).

They speak of no single curve E s(x^t), so that they name the facts that they rest on themselves.
Signal u = mu sqrt(s), delta = u - k, n = q u + a: r is sqrt(s).
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.statements.theorem import Claim, Theorem

_g, _mu, _L, _q, _k, _a = sym.gamma, sym.mu, sym.L, sym.q, sym.k, sym.a_pos
_r = sym.root_s_pos


def _law(
    name: str, title: str, lhs: sp.Expr, rhs: sp.Expr, *, kind: str = "upper", **more: object
) -> Theorem:
    return Theorem(
        name=name,
        title=title,
        source="our own derivation",
        needs=(),
        kind=kind,
        quantity="law",
        lhs=lhs,
        rhs=rhs,
        **more,  # type: ignore[arg-type]  # fields of Theorem by name
    )


def _is(statement: Theorem, letter: sp.Expr) -> Claim:
    return Claim("lhs", statement.lhs - letter, identity=True)


# One step with the best step size.
_U = _mu * _r
_D, _N = _U - _k, _q * _U + _a
_STRONG = ((1 - _g * _mu) * _r + _g * _k) ** 2 + _g**2 * (_mu * _q * _r + _a) ** 2
_BEST = _r * _D / (_D**2 + _N**2)


def snr_step_claims(statement: Theorem) -> tuple[Claim, ...]:
    """psi at any step size is at least rhs, equal at gamma deg; noise dominates there, and s is at
    least s_0, exactly where k delta <= a n.
    """
    least, best = statement.rhs, statement.definitions[sym.alpha]
    square = _D**2 + _N**2
    regime = (_a * (1 - best * _mu) - best * _k * _mu * _q) * square
    room = (_U * (1 - best * _mu * (1 + _q**2)) - _k * (1 - best * _mu)) * square
    return (
        _is(statement, sym.least_next),
        Claim("least", _STRONG - least),
        Claim("attained", _STRONG.xreplace({_g: best}) - least, identity=True),
        Claim("regime", regime - _N * (_a * _N - _k * _D), identity=True),
        Claim(
            "reach",
            room - best * _mu * _q * _a * square - _D * (_a * _N - _k * _D),
            identity=True,
        ),
    )


SNR_STEP = _law(
    "snr-step",
    "The SNR law of one step",
    sym.least_next,
    _r**2 * _N**2 / (_D**2 + _N**2),
    definitions={sym.alpha: _BEST},
    claims=snr_step_claims,
)

# PL: s = u^2/(2 mu) with u = mu r here too, so that r^2 = 2 s/mu.
_WEAK = _U**2 / (2 * _mu) - _g * _U * _D + _L * _g**2 / 2 * (_D**2 + _N**2)


def snr_step_pl_claims(statement: Theorem) -> tuple[Claim, ...]:
    """The same for PL, L gamma <= 1; and beyond k delta = n^2 the step size 1/L is best."""
    least, best = statement.rhs, statement.definitions[sym.alpha]
    kink = _WEAK.xreplace({_g: 1 / _L})
    more = sym.increase  # |1/L - gamma|
    long = _U**2 / (2 * _mu) - _g * _U * (_U + _k) + _L * _g**2 / 2 * ((_U + _k) ** 2 + _N**2)
    shorter = _WEAK.xreplace({_g: 1 / _L - more}) - kink
    longer = long.xreplace({_g: 1 / _L + more}) - kink
    return (
        _is(statement, sym.least_next),
        Claim("least", _WEAK - least),
        Claim("attained", _WEAK.xreplace({_g: best}) - least, identity=True),
        Claim("shorter", shorter, (_k * _D - _N**2,)),
        Claim("longer", longer),
        Claim("kink", kink - _U**2 / (2 * _mu) + (_U**2 - _k**2 - _N**2) / (2 * _L), identity=True),
    )


SNR_STEP_PL = _law(
    "snr-step-pl",
    "The SNR law of one step, PL",
    sym.least_next,
    _U**2 / (2 * _mu) - _U**2 * _D**2 / (2 * _L * (_D**2 + _N**2)),
    definitions={sym.alpha: _U * _D / (_L * (_D**2 + _N**2))},
    claims=snr_step_pl_claims,
)

# Bias dominates: sqrt(psi) = r |(1 - gamma mu, gamma c)| + gamma m, m^2 = k^2 + a^2, is at least r
# times the cosine of the angle theta with cos - q sin = m/u.
_TAU = sym.half_angle
_COS, _SIN = (1 - _TAU**2) / (1 + _TAU**2), 2 * _TAU / (1 + _TAU**2)


def snr_step_biased_claims(statement: Theorem) -> tuple[Claim, ...]:
    """|v| >= v . (cos, sin) for v = (1 - gamma mu, gamma c), and gamma drops out of the sum r v .
    (cos, sin) + gamma m.
    """
    along = (1 - _g * _mu) * _COS + _g * _mu * _q * _SIN
    m = _U * (_COS - _q * _SIN)
    return (
        _is(statement, sym.least_next),
        Claim("length", (1 - _g * _mu) ** 2 + _g**2 * _mu**2 * _q**2 - along**2),
        Claim("least", (_r * along + _g * m) ** 2 - statement.rhs, identity=True),
    )


SNR_STEP_BIASED = _law(
    "snr-step-biased",
    "The SNR law of one step where bias dominates",
    sym.least_next,
    _r**2 * _COS**2,
    claims=snr_step_biased_claims,
)


def steps_needed_claims(statement: Theorem) -> tuple[Claim, ...]:
    """T(q^2) has the derivative of G, one step of 1/s is mu^2/n^2, G is concave, and SNR^2/(1 +
    SNR^2) is 1 over the density of T(q^2 + 1); log(1 + y) >= y/(1 + y) is by hand.
    """
    density = sp.diff(statement.rhs, sym.s).subs(sym.s, _r**2)
    here = _mu * _q * _r + _a
    after = SNR_STEP.rhs.xreplace({_k: sp.Integer(0)})
    more, y = sym.increase, (_U / _N) ** 2
    return (
        _is(statement, sym.steps_taken),
        Claim("start", statement.rhs.subs(sym.s, sym.s0), identity=True),
        Claim("density", density + here**2 / (_mu**2 * _r**4), identity=True),
        Claim("gain", 1 / after - 1 / _r**2 - _mu**2 / here**2, identity=True),
        Claim("concave", (_mu * _q * (_r + more) + _a) ** 2 - here**2),
        Claim("upper", y / (1 + y) * (1 + (_q + _a / _U) ** 2) - 1, identity=True),
    )


STEPS_NEEDED = _law(
    "steps-needed",
    "Steps to a target, from below and above",
    sym.steps_taken,
    _q**2 * sp.log(sym.s0 / sym.s)
    + 4 * _q * _a / _mu * (1 / sp.sqrt(sym.s) - 1 / sp.sqrt(sym.s0))
    + _a**2 / _mu**2 * (1 / sym.s - 1 / sym.s0),
    claims=steps_needed_claims,
)


def stop_claims(statement: Theorem) -> tuple[Claim, ...]:
    """a >= sigma - lam p/sigma, by p^2 <= sigma^2 V, so SNR <= u/(q u + sigma) for every lam >= 0
    where p u <= h sigma (sigma + q u), and u_stop is where that is an equation.
    """
    sigma, h, p, V, lam = (
        sym.sigma_pos,
        sym.bias_norm_h,
        sym.covariance,
        sym.teacher_variance,
        sym.increase,  # lam >= 0; the teacher's sign makes p >= 0
    )
    u = statement.rhs
    left = sigma - lam * p / sigma
    return (
        _is(statement, sym.signal_stop),
        Claim(
            "tangent",
            sigma**2 - 2 * lam * p + lam**2 * V - left**2,
            (V - p**2 / sigma**2,),
        ),
        Claim("border", p * u - h * sigma * (sigma + _q * u), identity=True),
        Claim(
            "no gain",
            sym.slope * (_q * sym.slope + left) - (sym.slope - h * lam) * (_q * sym.slope + sigma),
            (h * (_q * sym.slope + sigma) - sym.slope * p / sigma,),
        ),
    )


STOP = _law(
    "stop-distilling",
    "When to stop distilling",
    sym.signal_stop,
    sym.bias_norm_h * sym.sigma_pos**2 / (sym.covariance - sym.bias_norm_h * sym.sigma_pos * _q),
    claims=stop_claims,
)

_x, _y, _X, _Y = sym.weight_1, sym.weight_2, sym.best_1, sym.best_2
_M11, _M12, _M22 = sym.gram_11, sym.gram_12, sym.gram_22


def _quadratic(x: sp.Expr, y: sp.Expr) -> sp.Expr:
    return _M11 * x**2 + 2 * _M12 * x * y + _M22 * y**2


def several_claims(statement: Theorem) -> tuple[Claim, ...]:
    """With M = V + (1 + kappa) P and M lam* = C: lam^T M lam - 2 lam^T C is least at lam*.

    Two teachers; of m the same with their m-by-m matrices, in Coq by the random vector that they
    send together.
    """
    C1, C2 = _M11 * _X + _M12 * _Y, _M12 * _X + _M22 * _Y
    value = _quadratic(_x, _y) - 2 * (_x * C1 + _y * C2)
    return (
        _is(statement, sym.mixed_noise),
        Claim("least", value + sym.sigma_star_sq - statement.rhs, (_M22 - _M12**2 / _M11,)),
    )


SEVERAL = _law(
    "several-teachers",
    "Several teachers: the least quadratic criterion",
    sym.mixed_noise,
    sym.sigma_star_sq - _quadratic(_X, _Y),
    claims=several_claims,
)


# |D_1 - D_2|^2 > 0 and the other two entries say what |D_2|^2 is.
_APART = sym.spread_of_two
_FAR = _APART - _M11 + 2 * _M12


def hull_claims(statement: Theorem) -> tuple[Claim, ...]:
    """lam^T M lam >= Lambda^2 delta^2, delta the distance of the hull; the law of one teacher."""
    nearest = statement.definitions[sym.distance_theta]
    S0, D, total = sym.sgd_floor_pos, sym.distance_theta, _x + _y
    square = _quadratic(_x, _y).xreplace({_M22: _FAR})
    return (
        _is(statement, sym.law_value),
        Claim("hull", square - total**2 * nearest),
        Claim("one teacher", (1 - total) ** 2 * S0 + total**2 * D - statement.rhs),
    )


HULL = _law(
    "affine-hull",
    "Several teachers are one: the nearest point of their affine hull",
    sym.law_value,
    sym.sgd_floor_pos * sym.distance_theta / (sym.sgd_floor_pos + sym.distance_theta),
    definitions={sym.distance_theta: (_M11 * _FAR - _M12**2) / _APART},
    claims=hull_claims,
)


def block_claims(statement: Theorem) -> tuple[Claim, ...]:
    """Criteria of blocks add, M_12 = 0, and each is a square away from its least."""
    value = _M11 * _x**2 + _M22 * _y**2 - 2 * (_M11 * _X * _x + _M22 * _Y * _y)
    return (
        _is(statement, sym.mixed_noise),
        Claim("least", value + sym.sigma_star_sq - statement.rhs),
    )


BLOCKS = _law(
    "blocks",
    "A weight for each block",
    sym.mixed_noise,
    sym.sigma_star_sq - _M11 * _X**2 - _M22 * _Y**2,
    claims=block_claims,
)

_al, _h, _lam = sym.renewal, sym.decay, sym.lam


_SAME = (
    _al
    * sym.a**2
    * (1 - _lam)
    / (_h * (_al + _h - _al * _h) * (4 - 2 * _al - 2 * _h + _al * _h + _al * _lam * _h))
)
_MIXED = _SAME * (2 - _al - _lam * _h + _al * _lam * _h)  # E<e, eta>, eta = theta - x*
_FOLLOWED = _SAME * (2 - _al - _h + _al * _h)  # E|eta|^2


def renewed_claims(statement: Theorem) -> tuple[Claim, ...]:
    """The three second moments of (e, theta - x*) are reproduced by one step: E e^2 is rhs."""
    one = statement.rhs
    moved = (1 - _h) * _MIXED + _h * _lam * _FOLLOWED  # E e+ eta, whose noise vanishes
    after = (
        (1 - _h) ** 2 * one
        + 2 * (1 - _h) * _h * _lam * _MIXED
        + _h**2 * _lam**2 * _FOLLOWED
        + (1 - _lam) ** 2 * sym.a**2
    )
    teacher = (1 - _al) ** 2 * _FOLLOWED + 2 * _al * (1 - _al) * moved + _al**2 * one
    return (
        _is(statement, sym.law_value),
        Claim("student", after - one, identity=True),
        Claim("both", (1 - _al) * moved + _al * one - _MIXED, identity=True),
        Claim("teacher", teacher - _FOLLOWED, identity=True),
    )


RENEWED = _law(
    "renewed-teacher",
    "A renewed teacher, one curvature and additive noise",
    sym.law_value,
    sym.a**2
    * (1 - _lam)
    * (2 * (_al + _h * (1 - _lam)) - _al**2 - 3 * _al * _h + 2 * _al * _lam * _h + _al**2 * _h)
    / (_h * (_al + _h - _al * _h) * (4 - 2 * _al - 2 * _h + _al * _h + _al * _lam * _h)),
    kind="identity",
    claims=renewed_claims,
)


def importance_claims(statement: Theorem) -> tuple[Claim, ...]:
    """N^-2 (r_1^2/p_1 + r_2^2/p_2) >= N^-2 (r_1 + r_2)^2 for p_1 + p_2 = 1 and N = 2, with equality
    where p_n is proportional to r_n; of N terms the same, two at a time.
    """
    p, other, r, w = sym.chance, sym.chance_other, sym.size_1, sym.size_2
    value = r**2 / p + w**2 / other
    return (
        _is(statement, sym.mixed_noise),
        Claim("least", value * (p + other) / 4 - statement.rhs),
    )


IMPORTANCE = _law(
    "importance-sampling",
    "The best probabilities are proportional to the noise that is left",
    sym.mixed_noise,
    (sym.size_1 + sym.size_2) ** 2 / 4,
    claims=importance_claims,
)
STATEMENTS = (
    SNR_STEP,
    SNR_STEP_PL,
    SNR_STEP_BIASED,
    STEPS_NEEDED,
    STOP,
    SEVERAL,
    HULL,
    BLOCKS,
    RENEWED,
    IMPORTANCE,
)
