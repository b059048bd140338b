"""The SNR law: the best step size at every error, the best schedule, its length, and when to stop
distilling (theory, Section 8).

Signal u = mu sqrt(s), or sqrt(2 mu s) for PL; delta = u - k is what bias leaves of it, n = q u + a
the noise.  Claims are made in u, so that no root is left.
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.statements.law import law, means, speaks_of, spelt
from kdtheory.statements.theorem import Claim, Theorem

_g, _mu, _L, _q, _k, _a, _u = sym.gamma, sym.mu, sym.L, sym.q, sym.k, sym.a_pos, sym.signal
_more = sym.increase
_delta, _n = _u - _k, _q * _u + _a
_SQUARE = _delta**2 + _n**2
_SNR = {sym.snr: (_u - _k) / (_q * _u + _a)}
_CONSTANTS = {"gamma": _g, "mu": _mu, "Lcal": _mu * (1 + _q**2)}


def _in_signal(state: sp.Symbol = sym.s) -> dict[sp.Symbol, sp.Expr]:
    return {state: (_u / _mu) ** 2}


_IN_SIGNAL_PL = {sym.s: _u**2 / (2 * _mu)}


def strong(u: sp.Expr, k: sp.Expr, a: sp.Expr) -> sp.Expr:
    """psi_gamma where noise dominates, as a sum of two squares."""
    return ((1 - _g * _mu) * u / _mu + _g * k) ** 2 + _g**2 * (_q * u + a) ** 2


def _curve_claims(k: sp.Expr, a: sp.Expr) -> tuple[Claim, ...]:
    """The envelope's three numbers give it."""
    t = envelope.noise_dominated(**_CONSTANTS, c=_mu * _q, k=k, a=a)
    root = _g * (k * (1 - _g * _mu) + _g * a * _mu * _q)
    psi = (1 - t.A) * (_u / _mu) ** 2 + 2 * root * _u / _mu + t.U
    return (
        Claim("root of W", root**2 - t.W, identity=True),
        Claim("curve", psi - strong(_u, k, a), identity=True),
    )


def snr_step_claims(statement: Theorem) -> tuple[Claim, ...]:
    """psi at any step size is at least rhs, equal at gamma deg; noise dominates there, and s is at
    least s_0, exactly where k delta <= a n.
    """
    least = spelt(statement, statement.rhs, _in_signal())
    best = spelt(statement, sym.best_step, _in_signal())
    calm = _a * _n - _k * _delta
    regime = (_a * (1 - best * _mu) - best * _k * _mu * _q) * _SQUARE
    room = (_u * (1 - best * _mu * (1 + _q**2)) - _k * (1 - best * _mu)) * _SQUARE
    return (
        speaks_of(statement, sym.least_next),
        means("signal", statement, {_u: _mu * sp.sqrt(sym.s)}),
        means("SNR", statement, _SNR, _in_signal()),
        *_curve_claims(_k, _a),
        Claim("least", strong(_u, _k, _a) - least, at={_g: best}),
        Claim("regime", regime - _n * calm, identity=True),
        Claim("reach", room - best * _mu * _q * _a * _SQUARE - _delta * calm, identity=True),
    )


SNR_STEP = law(
    "snr-step",
    "The SNR law of one step",
    sym.least_next,
    sym.s / (1 + sym.snr**2),
    definitions={
        _u: _mu * sp.sqrt(sym.s),
        **_SNR,
        sym.best_step: sp.sqrt(sym.s) * _delta / _SQUARE,
    },
    claims=snr_step_claims,
)

_WEAK = _u**2 / (2 * _mu) - _g * _u * _delta + _L * _g**2 / 2 * _SQUARE


def snr_step_pl_claims(statement: Theorem) -> tuple[Claim, ...]:
    """The same for PL, L gamma <= 1; and beyond k delta = n^2 the step size 1/L is best."""
    least = spelt(statement, statement.rhs, _IN_SIGNAL_PL)
    best = spelt(statement, sym.best_step, _IN_SIGNAL_PL)
    b = 1 - _L * _g
    t = envelope.polyak_lojasiewicz(**_CONSTANTS, L=_L, q=_q, k=_k, a=_a, b=b)
    root = _g * (_k * b + _L * _g * _a * _q)  # of 2W/mu
    kink = _WEAK.xreplace({_g: 1 / _L})
    far = _u + _k
    long = _u**2 / (2 * _mu) - _g * _u * far + _L * _g**2 / 2 * (far**2 + _n**2)
    shorter = _WEAK.xreplace({_g: 1 / _L - _more}) - kink
    longer = long.xreplace({_g: 1 / _L + _more}) - kink
    start = {_more: sp.Integer(0)}
    return (
        speaks_of(statement, sym.least_next),
        means("signal", statement, {_u: sp.sqrt(2 * _mu * sym.s)}),
        means("SNR", statement, _SNR, _IN_SIGNAL_PL),
        Claim("root of W", root**2 * _mu / 2 - t.W, identity=True),
        Claim("curve", (1 - t.A) * _u**2 / (2 * _mu) + root * _u + t.U - _WEAK, identity=True),
        Claim("least", _WEAK - least, at={_g: best}),
        Claim("shorter", shorter, (_k * _delta - _n**2,), at=start),
        Claim("longer", longer, at=start),
        Claim("kink", kink - _u**2 / (2 * _mu) + (_u**2 - _k**2 - _n**2) / (2 * _L), identity=True),
    )


SNR_STEP_PL = law(
    "snr-step-pl",
    "The SNR law of one step, PL",
    sym.least_next,
    sym.s * (1 - _mu / _L * sym.snr**2 / (1 + sym.snr**2)),
    definitions={
        _u: sp.sqrt(2 * _mu * sym.s),
        **_SNR,
        sym.best_step: _u * _delta / (_L * _SQUARE),
    },
    claims=snr_step_pl_claims,
)

_TAU = sym.half_angle
_COS, _SIN = (1 - _TAU**2) / (1 + _TAU**2), 2 * _TAU / (1 + _TAU**2)
_v = sym.root_shares


def snr_step_biased_claims(statement: Theorem) -> tuple[Claim, ...]:
    """sqrt(psi) = sqrt((1 - A) s) + sqrt(U), and sqrt(1 - A) is the length of (1 - gamma mu, gamma
    c), which is at least its part along (cos, sin); with v = cos - q sin, gamma drops out.
    """
    t = envelope.bias_dominated(**_CONSTANTS, k=_k, a=_a)
    along = (1 - _g * _mu) * _COS + _g * _mu * _q * _SIN
    turned = {_v: _COS - _q * _SIN, sym.root_rest: _SIN + _q * _COS}
    roots = [part for part in statement.rhs.atoms(sp.Pow) if part.exp == sp.S.Half]
    least = statement.rhs.xreplace(dict.fromkeys(roots, sym.root_rest))
    v = spelt(statement, _v, _in_signal())
    return (
        speaks_of(statement, sym.least_next),
        means("signal", statement, {_u: _mu * sp.sqrt(sym.s)}),
        means("share", statement, {_v: sp.sqrt(_k**2 + _a**2) / _u}, _in_signal()),
        Claim("bias and noise", t.U - (_g * _u * v) ** 2, identity=True),
        Claim("W", t.W - (1 - t.A) * t.U, identity=True),
        *(
            Claim(f"root {place}", (part.base - sym.root_rest**2).xreplace(turned), identity=True)
            for place, part in enumerate(roots)
        ),
        Claim("length", 1 - t.A - along**2, at={_g: _SIN / (_mu * turned[sym.root_rest])}),
        Claim(
            "least",
            (_u / _mu * along + _g * _u * turned[_v]) ** 2
            - least.xreplace(turned).xreplace(_in_signal()),
            identity=True,
        ),
    )


SNR_STEP_BIASED = law(
    "snr-step-biased",
    "The SNR law of one step where bias dominates",
    sym.least_next,
    sym.s * (_q * sp.sqrt(1 + _q**2 - _v**2) + _v) ** 2 / (1 + _q**2) ** 2,
    definitions={_u: _mu * sp.sqrt(sym.s), _v: sp.sqrt(_k**2 + _a**2) / _u},
    claims=snr_step_biased_claims,
)


def snr_schedule_claims(statement: Theorem) -> tuple[Claim, ...]:
    """From a bound that is no smaller no step size and weight lead below rhs, whichever regime they
    are in; rhs is reached.  Without bias no method leads below it: the terms mu |x|^2/2 + (c_d |x|
    + a) <u_n,x>, u_n = +-e_j, share the constants, and where u_n is fresh a step of any size leaves
    psi.
    """
    least = spelt(statement, statement.rhs, _in_signal(sym.least_now))
    best = spelt(statement, sym.best_step, _in_signal(sym.least_now))
    delta, n, other, noise = sym.clear, sym.loud, sym.other_clear, sym.other_loud
    rest = {_k: _u - delta, _a: n - _q * _u}
    t = envelope.bias_dominated(**_CONSTANTS, k=_k, a=_a)
    calm = envelope.noise_dominated(**_CONSTANTS, c=_mu * _q, k=_k, a=_a)
    r = _u / _mu
    return (
        speaks_of(statement, sym.least_after),
        means("signal", statement, {_u: _mu * sp.sqrt(sym.least_now)}),
        means("SNR", statement, _SNR, _in_signal(sym.least_now)),
        *_curve_claims(_k, _a),
        Claim("either regime", t.W - calm.W, at={_a: _g * _k * _mu * _q / (1 - _g * _mu)}),
        Claim(
            "increasing",
            strong(_u + _more, _k, _a) - strong(_u, _k, _a),
            (1 - _g * _mu,),
            at={_more: sp.Integer(0)},
        ),
        Claim(
            "least",
            (r - _g * other) ** 2 + _g**2 * noise**2 - least.xreplace(rest),
            (delta * noise - other * n,),
            at={other: delta, noise: n, _g: best.xreplace(rest)},
        ),
        *_fresh_claims(),
    )


@lru_cache(maxsize=1)
def _fresh_claims() -> tuple[Claim, ...]:
    """The terms as functions of x = (x_1, x_2) and u = e_2: their gradients, and the mean of
    |grad(c_d |x| <u,x>)|^2 = c_d^2 (|x|^2 + 3 <u,x>^2), where <u,x>^2 has the mean |x|^2/d.
    """
    c_d, r, d = sym.fresh, _u / _mu, sym.dimension
    x, y = sp.Dummy(positive=True), sp.Dummy(real=True)
    size = sp.sqrt(x**2 + y**2)
    term = _mu * (x**2 + y**2) / 2 + (_mu * _q * size + _a) * y
    here = {x: r, y: sp.Integer(0)}
    after = [place - _g * sp.diff(term, place) for place in (x, y)]
    psi = strong(_u, sp.Integer(0), _a)
    steep = sum(sp.diff(c_d * size * y, place) ** 2 for place in (x, y))
    steep = steep.xreplace({size: r, 1 / size: 1 / r})
    turned = {x: r * _COS, y: r * _SIN}
    smooth = 2 * _CONSTANTS["Lcal"] * _mu * r**2 / 2
    attained = {c_d: _mu * _q / sp.sqrt(1 + 3 / d)}
    return (
        Claim(
            "fresh direction", sum(part**2 for part in after).xreplace(here) - psi, identity=True
        ),
        Claim(
            "its slope",
            (steep - c_d**2 * (r**2 + 3 * y**2)).xreplace(turned),
            identity=True,
        ),
        Claim(
            "its smoothness",
            smooth - ((_mu * r) ** 2 + c_d**2 * (1 + 3 / d) * r**2).xreplace(attained),
            identity=True,
        ),
    )


SNR_SCHEDULE = law(
    "snr-schedule",
    "The greedy schedule is the best one for every horizon",
    sym.least_after,
    sym.least_now / (1 + sym.snr**2),
    definitions={
        _u: _mu * sp.sqrt(sym.least_now),
        **_SNR,
        sym.best_step: sp.sqrt(sym.least_now) * _delta / _SQUARE,
    },
    claims=snr_schedule_claims,
)


def steps_needed_claims(statement: Theorem) -> tuple[Claim, ...]:
    """T has the derivative of G, one step of 1/s is mu^2/n^2, G is concave; with rhs added, T's
    density is 1 over SNR^2/(1 + SNR^2); log(1 + y) >= y/(1 + y) is by hand, and in Coq.
    """
    T = statement.definitions[sym.steps_low]
    density = sp.diff(T, sym.s).xreplace(_in_signal())
    longer = sp.diff(T + statement.rhs, sym.s).xreplace(_in_signal())
    after = spelt(SNR_STEP, SNR_STEP.rhs, _in_signal()).xreplace({_k: sp.Integer(0)})
    y, s = (_u / _n) ** 2, (_u / _mu) ** 2
    return (
        speaks_of(statement, sym.steps_over),
        Claim("start", T.xreplace({sym.s: sym.s0}), identity=True),
        Claim("last step", statement.rhs.xreplace({sym.s: sym.s0}) - 1, identity=True),
        Claim("density", density + _n**2 / (_mu**2 * s**2), identity=True),
        Claim("gain", 1 / after - 1 / s - _mu**2 / _n**2, identity=True),
        Claim("concave", (_q * (_u + _more) + _a) ** 2 - _n**2),
        Claim("upper", -y / (1 + y) * longer * s - 1, identity=True),
    )


STEPS_NEEDED = law(
    "steps-needed",
    "Steps to a target, from below and above",
    sym.steps_over,
    1 + sp.log(sym.s0 / sym.s),
    kind="upper",
    definitions={
        sym.steps_low: _q**2 * sp.log(sym.s0 / sym.s)
        + 4 * _q * _a / _mu * (1 / sp.sqrt(sym.s) - 1 / sp.sqrt(sym.s0))
        + _a**2 / _mu**2 * (1 / sym.s - 1 / sym.s0)
    },
    claims=steps_needed_claims,
)


def stop_claims(statement: Theorem) -> tuple[Claim, ...]:
    """a >= sigma - lam p/sigma, by p^2 <= sigma^2 V, so SNR <= u/(q u + sigma) for every lam >= 0
    where p u <= h sigma (sigma + q u); u_stop is where that is an equation, and SNR rises at lam =
    0 beyond it.
    """
    sigma, h, p, V, lam = (
        sym.sigma_pos,
        sym.bias_norm_h,
        sym.covariance,
        sym.teacher_variance,
        _more,  # lam >= 0; the teacher's sign makes p >= 0
    )
    stop = statement.rhs
    left = sigma - lam * p / sigma
    start = {lam: sp.Integer(0)}
    rise = sp.diff((_u - h * lam) / (_q * _u + left), lam).xreplace(start)
    gain = p * _u - h * sigma * (sigma + _q * _u)
    return (
        speaks_of(statement, sym.signal_stop),
        Claim(
            "tangent",
            sigma**2 - 2 * lam * p + lam**2 * V - left**2,
            (V - p**2 / sigma**2,),
            at=start,
        ),
        Claim("border", gain.xreplace({_u: stop}), identity=True),
        Claim(
            "no gain",
            _u * (_q * _u + left) - (_u - h * lam) * (_q * _u + sigma),
            (h * (_q * _u + sigma) - _u * p / sigma,),
            at=start,
        ),
        Claim("gain", rise - gain / (sigma * (_q * _u + sigma) ** 2), identity=True),
    )


STOP = law(
    "stop-distilling",
    "When to stop distilling",
    sym.signal_stop,
    sym.bias_norm_h * sym.sigma_pos**2 / (sym.covariance - sym.bias_norm_h * sym.sigma_pos * _q),
    claims=stop_claims,
)
STATEMENTS = (SNR_STEP, SNR_STEP_PL, SNR_STEP_BIASED, SNR_SCHEDULE, STEPS_NEEDED, STOP)
