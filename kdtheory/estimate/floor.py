"""The floors of sharp and envelope statements as criteria: the floor at the rate gamma mu, or the
fixed point of the best concave recursion, both from the triples of ``kdtheory.algebra.envelope``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kdtheory.algebra import envelope
from kdtheory.algebra.envelope import Triple
from kdtheory.estimate.criteria import norms
from kdtheory.estimate.data import Array

if TYPE_CHECKING:
    from kdtheory.statements.theorems import Theorem

BORDER_GAP = 1e-6  # the border itself belongs to either regime by rounding: keep off


@dataclass(frozen=True)
class FloorRegime:
    """One regime: U = u (k^2 + a^2), sqrt(W) = p k + r a; where the bias dominates, W = (1 - A) U
    (p and r are idle).
    """

    A: float
    u: float
    p: float
    r: float
    least_rate: float
    round_: bool  # W = (1 - A) U

    def triple(self, k: float, a: float) -> Triple:
        """(A, U, W) at these norms."""
        U = self.u * (k * k + a * a)
        return Triple(
            self.A, U, (1 - self.A) * U if self.round_ else (self.p * k + self.r * a) ** 2
        )

    def floor(self, k: float, a: float, rate: float | None) -> float:
        """The floor at a rate, or the best one (None)."""
        now = self.triple(k, a)
        return now.floor(self.least_rate) if rate is None else now.constant(rate) / rate

    def half_slope(
        self, k: float, a: float, slopes: tuple[float, float], rate: float | None
    ) -> float:
        """Half the derivative of the floor along ``slopes``, the derivatives of k and a."""
        k_slope, a_slope = slopes
        now = self.triple(k, a)
        U_half = self.u * (k * k_slope + a * a_slope)
        root = math.sqrt(now.W)
        W_half = (
            (1 - self.A) * U_half if self.round_ else root * (self.p * k_slope + self.r * a_slope)
        )
        if rate is not None:
            return (U_half + W_half / (self.A - rate)) / rate
        if root == 0.0:
            return 0.0 if now.U == 0.0 else U_half * now.floor(self.least_rate) / now.U
        mixed = math.sqrt(now.U * self.A + now.W)
        phi_root = (mixed + root) / self.A
        if phi_root**2 * (self.A - self.least_rate) ** 2 >= now.W:
            return phi_root * ((self.A * U_half + W_half) / mixed + W_half / root) / self.A
        return (U_half + W_half / (self.A - self.least_rate)) / self.least_rate


@dataclass(frozen=True)
class EnvelopeFloor:
    """The floor of a sharp or envelope statement (theory, Section 5; our own derivation)."""

    name: str
    calm: FloorRegime  # noise-dominated, or PL
    biased: FloorRegime | None  # strongly convex, bias-dominated
    gamma: float
    mu: float
    c: float
    batch_size: int
    rate: float | None  # gamma mu for sharp statements; None: the best admissible one
    unbiased: bool = False
    cautious: bool = False

    @classmethod
    def of(cls, statement: Theorem, numbers: Mapping[str, float], batch_size: int) -> EnvelopeFloor:
        """From constants already checked, by the letters of the symbol table."""
        from kdtheory.algebra import symbols as sym

        gamma, mu, Lcal = (numbers[letter] for letter in ("gamma", "mu", "Lcal"))
        assert statement.psi is not None
        affine = sym.s not in statement.psi.diff(sym.s).free_symbols
        rate = gamma * mu if affine else None
        if statement.modulus != "mu":
            L = numbers["L"]
            q, b = math.sqrt((Lcal - mu) / mu), abs(1 - L * gamma)
            pl = [
                envelope.polyak_lojasiewicz(
                    gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=1 - k, b=b
                )
                for k in (1, 0)
            ]
            return cls(statement.name, _step(pl, 0.0), None, gamma, mu, 0.0, batch_size, rate)
        c = math.sqrt(mu * (Lcal - mu))
        calm = [
            envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=1 - k)
            for k in (1, 0)
        ]
        wild = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=1, a=0)
        biased = FloorRegime(wild.A, wild.U, 0.0, 0.0, 0.0, True)
        step = _step(calm, gamma * mu)
        return cls(statement.name, step, biased, gamma, mu, c, batch_size, rate)

    def value(self, weight: float, moments: Array) -> float:
        """The floor, in units of x^2 (of f for PL)."""
        k, a, _, _ = norms(weight, moments, self.batch_size)
        return self._regime(k, a).floor(k, a, self.rate)

    def slope(self, weight: float, moments: Array) -> float:
        """Half its derivative."""
        k, a, k_slope, a_slope = norms(weight, moments, self.batch_size)
        return self._regime(k, a).half_slope(k, a, (k_slope, a_slope), self.rate)

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """The regimes: each has a quasi-convex floor, and between them the best one jumps.  At one
        rate it does not: convex, one piece.
        """
        if self.biased is None or self.rate is not None or end == 0.0:
            return [(0.0, end)]
        sigma_sq, covariance, variance = (float(x) / self.batch_size for x in moments[:3])
        border = envelope.regime_border(
            gamma=self.gamma,
            mu=self.mu,
            c=self.c,
            sigma_sq=sigma_sq,
            covariance=covariance,
            variance=variance,
            bias_sq=float(moments[3]),
        )
        if border is None:
            return [(0.0, end)]
        before, beyond = border * (1.0 - BORDER_GAP), border * (1.0 + BORDER_GAP)
        if abs(beyond) < abs(end):
            return [(0.0, before), (beyond, end)]
        return [(0.0, end if abs(end) < abs(before) else before), (beyond, beyond)]

    def _regime(self, k: float, a: float) -> FloorRegime:
        if self.biased is not None and a * (1 - self.gamma * self.mu) < self.gamma * k * self.c:
            return self.biased
        return self.calm


def _step(pair: list[Triple], least_rate: float) -> FloorRegime:
    """p, r and u read off at (k, a) = (1, 0) and (0, 1), so that no formula is written twice."""
    bias, noise = pair
    return FloorRegime(bias.A, bias.U, math.sqrt(bias.W), math.sqrt(noise.W), least_rate, False)
