"""The envelope's floor as a criterion: the fixed point of the best concave recursion, from
``kdtheory.algebra.envelope``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kdtheory.algebra import envelope
from kdtheory.algebra.envelope import Triple
from kdtheory.estimate.criteria import norms
from kdtheory.estimate.data import Array

BORDER_GAP = (
    1e-6  # the border itself belongs to either regime by rounding: keep off, as optimal_weight does
)


@dataclass(frozen=True)
class Step:
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

    def half_slope(self, k: float, a: float, k_slope: float, a_slope: float) -> float:
        """Half the derivative of the floor along (k_slope, a_slope)."""
        now = self.triple(k, a)
        U_half = self.u * (k * k_slope + a * a_slope)
        root = math.sqrt(now.W)
        W_half = (
            (1 - self.A) * U_half if self.round_ else root * (self.p * k_slope + self.r * a_slope)
        )
        if root == 0.0:
            return 0.0 if now.U == 0.0 else U_half * now.floor(self.least_rate) / now.U
        mixed = math.sqrt(now.U * self.A + now.W)
        phi_root = (mixed + root) / self.A
        if phi_root**2 * (self.A - self.least_rate) ** 2 >= now.W:
            return phi_root * ((self.A * U_half + W_half) / mixed + W_half / root) / self.A
        return (U_half + W_half / (self.A - self.least_rate)) / self.least_rate


@dataclass(frozen=True)
class EnvelopeFloor:
    """The floor of "theorem-1-envelope" or "theorem-2-envelope" (theory, Section 5; our own
    derivation).
    """

    name: str
    calm: Step  # noise-dominated, or PL
    biased: Step | None  # strongly convex, bias-dominated
    gamma: float
    mu: float
    c: float
    batch_size: int

    @classmethod
    def of(
        cls, name: str, gamma: float, mu: float, Lcal: float, L: float | None, batch_size: int
    ) -> EnvelopeFloor:
        """From constants already checked; L is None in the strongly convex case."""
        if L is not None:
            q, b = math.sqrt((Lcal - mu) / mu), abs(1 - L * gamma)
            pl = [
                envelope.polyak_lojasiewicz(
                    gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=1 - k, b=b
                )
                for k in (1, 0)
            ]
            return cls(name, _step(pl, 0.0), None, gamma, mu, 0.0, batch_size)
        c = math.sqrt(mu * (Lcal - mu))
        calm = [
            envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=1 - k)
            for k in (1, 0)
        ]
        wild = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=1, a=0)
        biased = Step(wild.A, wild.U, 0.0, 0.0, 0.0, True)
        return cls(name, _step(calm, gamma * mu), biased, gamma, mu, c, batch_size)

    def value(self, weight: float, moments: Array) -> float:
        """The floor, in units of x^2 (of f for PL)."""
        k, a, _, _ = norms(weight, moments, self.batch_size)
        step = self._regime(k, a)
        return step.triple(k, a).floor(step.least_rate)

    def slope(self, weight: float, moments: Array) -> float:
        """Half its derivative."""
        k, a, k_slope, a_slope = norms(weight, moments, self.batch_size)
        return self._regime(k, a).half_slope(k, a, k_slope, a_slope)

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """The regimes: each has a quasi-convex floor, and between them it jumps."""
        if self.biased is None or end == 0.0:
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

    def _regime(self, k: float, a: float) -> Step:
        if self.biased is not None and a * (1 - self.gamma * self.mu) < self.gamma * k * self.c:
            return self.biased
        return self.calm


def _step(pair: list[Triple], least_rate: float) -> Step:
    """p, r and u read off at (k, a) = (1, 0) and (0, 1), so that no formula is written twice."""
    bias, noise = pair
    return Step(bias.A, bias.U, math.sqrt(bias.W), math.sqrt(noise.W), least_rate, False)
