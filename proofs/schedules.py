"""Certificates of the SNR law and of schedules: each is one square, or two."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.law import EVERYWHERE, Remainders, certificates
from kdtheory.prover.obligations import Obligation, Region
from kdtheory.statements import schedules
from kdtheory.statements.theorem import Theorem

_g, _mu, _L, _q, _k, _a, _u = sym.gamma, sym.mu, sym.L, sym.q, sym.k, sym.a_pos, sym.signal
_more, _room = sym.increase, sym.slack_growth
_delta, _n = _u - _k, _q * _u + _a
_square = _delta**2 + _n**2


def _snr_step() -> Remainders:
    return {"least": ((_g * _square - _u / _mu * _delta) ** 2 / _square, EVERYWHERE)}


def _snr_step_pl() -> Remainders:
    excess, far = sym.slack_bias, _u + _k
    return {
        "least": ((_L * _g * _square - _u * _delta) ** 2 / (2 * _L * _square), EVERYWHERE),
        "shorter": (
            _more * excess + _L * _more**2 * _square / 2,
            Region({excess: _k * _delta - _n**2}),
        ),
        "longer": (
            _more * (_k * far + _n**2) + _L * _more**2 * (far**2 + _n**2) / 2,
            EVERYWHERE,
        ),
    }


def _snr_step_biased() -> Remainders:
    t = sym.half_angle
    cosine, sine = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    across = (1 - _g * _mu) * sine - _g * _mu * _q * cosine
    return {"length": (across**2, EVERYWHERE)}


def _snr_schedule() -> Remainders:
    delta, n, other, noise = sym.clear, sym.loud, sym.other_clear, sym.other_loud
    r, shrink = _u / _mu, sym.slack_shrink
    own, best = other**2 + noise**2, delta**2 + n**2
    gain = _room * (delta * noise + other * n) / (own * best)
    grown, wider = _more / _mu, _q * _more
    return {
        "either regime": ((_g * ((1 - _g * _mu) * _a - _g * _k * _mu * _q)) ** 2, EVERYWHERE),
        "increasing": (
            shrink * grown * (shrink * (grown + 2 * r) + 2 * _g * _k)
            + _g**2 * wider * (wider + 2 * _n),
            Region({shrink: 1 - _g * _mu}),
        ),
        "least": (
            (_g * own - r * other) ** 2 / own + r**2 * gain,
            Region({_room: delta * noise - other * n}),
        ),
    }


def _steps_needed() -> Remainders:
    grown = _q * _more
    return {"concave": (grown * (grown + 2 * _n), EVERYWHERE)}


def _stop() -> Remainders:
    sigma, p, h = sym.sigma_pos, sym.covariance, sym.bias_norm_h
    return {
        "tangent": (_more**2 * _room, Region({_room: sym.teacher_variance - p**2 / sigma**2})),
        "no gain": (_more * _room, Region({_room: h * (_q * _u + sigma) - _u * p / sigma})),
    }


_REMAINDERS = {
    schedules.SNR_STEP.name: _snr_step,
    schedules.SNR_STEP_PL.name: _snr_step_pl,
    schedules.SNR_STEP_BIASED.name: _snr_step_biased,
    schedules.SNR_SCHEDULE.name: _snr_schedule,
    schedules.STEPS_NEEDED.name: _steps_needed,
    schedules.STOP.name: _stop,
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """A certificate for every inequality that the statement claims."""
    return certificates(statement, _REMAINDERS[statement.name]())
