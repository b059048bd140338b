"""Certificates of the laws of schedules and of several teachers: each is one square, or two."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.arguments import LAWS as ARGUMENTS
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.too_far import nothing as too_far
from kdtheory.prover.obligations import Certificate, Obligation, Region
from kdtheory.statements import laws
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

Remainders = dict[str, tuple[sp.Expr, Region]]
_g, _mu, _L, _q, _k, _a = sym.gamma, sym.mu, sym.L, sym.q, sym.k, sym.a_pos
_r, _more = sym.root_s_pos, sym.increase
_u = _mu * _r
_delta, _n = _u - _k, _q * _u + _a
_square = _delta**2 + _n**2
_NONE = Region()


def _snr_step() -> Remainders:
    return {"least": ((_g * _square - _r * _delta) ** 2 / _square, _NONE)}


def _snr_step_pl() -> Remainders:
    excess = sym.slack_bias
    return {
        "least": ((_L * _g * _square - _u * _delta) ** 2 / (2 * _L * _square), _NONE),
        "shorter": (
            _more * excess + _L * _more**2 * _square / 2,
            Region({excess: _k * _delta - _n**2}),
        ),
        "longer": (
            _more * (_k * (_u + _k) + _n**2) + _L * _more**2 * ((_u + _k) ** 2 + _n**2) / 2,
            _NONE,
        ),
    }


def _snr_step_biased() -> Remainders:
    t = sym.half_angle
    cosine, sine = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    across = (1 - _g * _mu) * sine - _g * _mu * _q * cosine
    return {"length": (across**2, _NONE)}


def _steps_needed() -> Remainders:
    here = _mu * _q * _r + _a
    grown = _mu * _q * _more
    return {"concave": (grown * (grown + 2 * here), _NONE)}


def _stop() -> Remainders:
    room = sym.slack_growth
    sigma, p, h, u = sym.sigma_pos, sym.covariance, sym.bias_norm_h, sym.slope
    return {
        "tangent": (
            _more**2 * room,
            Region({room: sym.teacher_variance - p**2 / sigma**2}),
        ),
        "no gain": (
            _more * room,
            Region({room: h * (_q * u + sigma) - u * p / sigma}),
        ),
    }


def _several() -> Remainders:
    room = sym.slack_growth
    x, y = sym.weight_1 - sym.best_1, sym.weight_2 - sym.best_2
    return {
        "least": (
            sym.gram_11 * (x + sym.gram_12 / sym.gram_11 * y) ** 2 + room * y**2,
            Region({room: sym.gram_22 - sym.gram_12**2 / sym.gram_11}),
        )
    }


def _hull() -> Remainders:
    apart = sym.spread_of_two
    a, b = sym.gram_11, sym.gram_12
    x, y, S0, D = sym.weight_1, sym.weight_2, sym.sgd_floor_pos, sym.distance_theta
    total = x + y
    return {
        "hull": (((a - b) * x - (apart - a + b) * y) ** 2 / apart, _NONE),
        "one teacher": (((S0 + D) * total - S0) ** 2 / (S0 + D), _NONE),
    }


def _blocks() -> Remainders:
    x, y = sym.weight_1 - sym.best_1, sym.weight_2 - sym.best_2
    return {"least": (sym.gram_11 * x**2 + sym.gram_22 * y**2, _NONE)}


def _importance() -> Remainders:
    p, other, r, w = sym.chance, sym.chance_other, sym.size_1, sym.size_2
    return {"least": ((other * r - p * w) ** 2 / (4 * p * other), _NONE)}


_REMAINDERS = {
    laws.SNR_STEP.name: _snr_step,
    laws.SNR_STEP_PL.name: _snr_step_pl,
    laws.SNR_STEP_BIASED.name: _snr_step_biased,
    laws.STEPS_NEEDED.name: _steps_needed,
    laws.STOP.name: _stop,
    laws.SEVERAL.name: _several,
    laws.HULL.name: _hull,
    laws.BLOCKS.name: _blocks,
    laws.RENEWED.name: dict,
    laws.IMPORTANCE.name: _importance,
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """A certificate for every inequality that the statement claims; its identities are checked as
    they stand.
    """
    assert statement.claims is not None
    claims = {claim.what: claim for claim in statement.claims(statement)}
    return tuple(
        Certificate(
            f"{statement.name}-{what.replace(' ', '-')}",
            claims[what].expression,
            {},
            (),
            remainder,
            region,
        )
        for what, (remainder, region) in _REMAINDERS[statement.name]().items()
    )
