"""The line of a compressed model: its contraction, and the best p of Young's inequality.

p* is the positive root of (T + r(omega X + delta)) p^2 + 2 omega r X p = X (1 - (1+omega) r), with
T = 2 gamma^2 N, X = |x*|^2, r = 1 - gamma mu; solved for delta, everything stays rational.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.prover.obligations import Certificate, Region

gamma, mu, Lcal, omega = sym.gamma, sym.mu, sym.Lcal, sym.omega
T, delta, best = sym.U, sym.rounding_sq, sym.young_pos


def _solved(X: sp.Expr, r: sp.Expr) -> sp.Expr:
    """delta where p* is best."""
    left = X * (1 - (1 + omega) * r) - 2 * omega * r * X * best
    return (left / best**2 - T - r * omega * X) / r


def contraction() -> Certificate:
    """With p = 1 and omega <= gamma mu/4, compression leaves a contraction: (1 + 2 omega)(1 - gamma
    mu) <= 1 - gamma mu/2.
    """
    room = sym.slack_rate
    claim = (1 - gamma * mu / 2) - (1 + 2 * omega) * (1 - gamma * mu)
    return Certificate.plain(
        "compressed-contraction",
        claim,
        2 * room + 2 * omega * gamma * mu,
        Region({room: gamma * mu / 4 - omega}),
    )


def best_p() -> Certificate:
    """No p gives a smaller floor than p*.  With f = floor(p*), numerator(p) - f denominator(p) =
    omega X (p - p*)^2/(p p*^2).
    """
    X, r = sym.root_minimiser**2, sym.alpha

    def denominator(at: sp.Expr) -> sp.Expr:
        return 1 - (1 + omega * (1 + at)) * r

    def floor(at: sp.Expr) -> sp.Expr:
        return ((1 + omega * (1 + at)) * T + omega * (1 + 1 / at) * X + delta) / denominator(at)

    room, spare = sym.tau, sym.slack_range
    region = Region({room: denominator(sym.p), spare: denominator(best)}, {delta: _solved(X, r)})
    gap = omega * X * (sym.p - best) ** 2 / (sym.p * best**2 * room)
    return Certificate.plain("compressed-best-p", floor(sym.p) - floor(best), gap, region)


def rate() -> Certificate:
    """At p* the rate 1 - (1 + omega (1 + p*)) r is at least half of 1 - (1+omega) r, so it is
    positive wherever compression contracts: what is left over is (T + r(omega X + delta))
    p*^2/(2X).
    """
    X, r = sym.root_minimiser_pos**2, 1 - gamma * mu
    rest = sym.slack_low * best**2 / (2 * X)
    region = Region({sym.slack_low: T + r * (omega * X + delta)}, {delta: _solved(X, r)})
    return Certificate(
        "compressed-rate-positive",
        1 - (1 + omega * (1 + best)) * r,
        {asm.contraction: sp.Rational(1, 2)},
        (),
        rest,
        region,
    )


def growth() -> Certificate:
    """psi grows with s: (1 + omega (1+p*))(1 - gamma mu) > 0 for gamma <= 1/(4 Lcal)."""
    room, more = sym.slack_quarter, sym.increase
    grown = 1 + omega * (1 + sym.young)
    return Certificate.plain(
        "compressed-increasing-line",
        grown * (1 - gamma * mu),
        grown * (room + 3 * gamma * mu + 4 * gamma * more),
        Region({room: 1 - 4 * gamma * Lcal, more: Lcal - mu}),
    )
