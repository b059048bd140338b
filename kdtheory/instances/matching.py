"""Finite sums in one dimension that attain the sharp one-step bounds, with rational data: equality
is checked in ``Fraction``.

``SignedQuadratics`` attains the strongly convex bound wherever noise dominates, and the PL bound
with L = mu (theory Section 5; in both the worst point is x = sqrt(W)/(A - varrho)).  ``KneeSum``
attains the PL bound with L > mu when every outcome of the step moves uphill.

Why not for every PL step with L > mu: equality in the descent lemma between x and x+ = x + u forces
grad f = g + tLu along the segment x + tu, and there |grad f|^2 - 2 mu (f - f*) = (L - mu)(2t<g,u> +
t^2 L|u|^2), negative for small t when <g,u> < 0: PL fails.  So the PL bound is attained by vectors
(a Gram matrix, ``kdtheory.worst_cases.value``) but by no function as soon as one outcome goes
downhill.  Whether a better constant follows is open.  Source: our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array
from kdtheory.problems.constants import Constant, Constants


@dataclass(frozen=True)
class SignedSum:
    """f_n = f + w_n p in one dimension, w = +-1: what the two instances share.  All numbers are
    ``Fraction``.

    mu: strong convexity; L: smoothness; q: expected smoothness Lcal = mu (1 + q^2); s: noise at the
    minimiser 0.
    """

    mu: Fraction
    L: Fraction
    q: Fraction
    s: Fraction

    def exact_value(self, x: Fraction) -> Fraction:
        """f(x)."""
        return self.mu * x * x / 2

    def exact_gradient(self, x: Fraction) -> Fraction:
        """f'(x)."""
        return self.mu * x

    def exact_noise(self, x: Fraction) -> Fraction:
        """p'(x): the two terms have gradients f'(x) + p'(x) and f'(x) - p'(x)."""
        return self.q * self.mu * abs(x) + self.s

    @property
    def Lcal(self) -> Fraction:
        """Expected smoothness, exact: E|G-S|^2 = 2 Lcal F at the worst point."""
        return self.mu * (1 + self.q**2)

    @property
    def c(self) -> Fraction:
        """c = sqrt(mu (Lcal - mu)) = q mu."""
        return self.q * self.mu

    def teacher(self, theta: Fraction, weight: Fraction) -> tuple[Fraction, Fraction]:
        """(lam h, signed noise): S - lam H' = +-(signed noise); the bound is attained where both
        are >= 0 and x > 0.
        """
        return weight * self.exact_gradient(theta), self.s - weight * self.exact_noise(theta)

    def exact_step(
        self,
        x: Fraction,
        theta: Fraction,
        weight: Fraction,
        gamma: Fraction,
        *,
        unbiased: bool = False,
    ) -> tuple[Fraction, Fraction]:
        """E|x+ - x*|^2 and E f(x+) - f* after one step of distilled SGD: averages of two terms."""
        bias, noise = self.teacher(theta, weight)
        drift = self.exact_gradient(x) - (0 if unbiased else bias)
        ahead = [
            x - gamma * (drift + sign * (self.exact_noise(x) - self.s + noise)) for sign in (1, -1)
        ]
        return (
            sum(point**2 for point in ahead) / Fraction(2),
            sum((self.exact_value(point) for point in ahead), Fraction(0)) / 2,
        )

    # The FiniteSum protocol, in floats.
    n_terms = 2
    dim = 1
    minimum = 0.0

    @property
    def minimiser(self) -> Array:
        """x* = 0, (1,)."""
        return np.zeros(1)

    @property
    def constants(self) -> Constants:
        """All exact: they are how the instance is built."""
        why = "the instance is built from it"
        mu, L, Lcal, noise = (
            Constant(float(value), exact=True, why=why)
            for value in (self.mu, self.L, self.Lcal, self.s**2)
        )
        return Constants(mu=mu, mu_pl=mu, L=L, Lcal=Lcal, sigma_star_sq=noise)

    def value(self, x: Array) -> float:
        """f(x), x (1,)."""
        return float(self.exact_value(Fraction(float(x[0]))))

    def gradient(self, x: Array) -> Array:
        """(1,)."""
        return np.array([float(self.exact_gradient(Fraction(float(x[0]))))])

    def gradients(self, x: Array) -> Array:
        """(2, 1)."""
        point = Fraction(float(x[0]))
        mean, noise = self.exact_gradient(point), self.exact_noise(point)
        return np.array([[float(mean + noise)], [float(mean - noise)]])


class SignedQuadratics(SignedSum):
    """f_n(x) = mu x^2/2 + w_n (c x|x|/2 + s x): gradients mu x + w_n (c|x| + s)."""

    def __init__(self, *, mu: Fraction, c: Fraction, s: Fraction) -> None:
        """mu > 0, c >= 0, s real."""
        if mu <= 0 or c < 0:
            raise InvalidInput(f"SignedQuadratics needs mu > 0 and c >= 0, got mu = {mu}, c = {c}.")
        super().__init__(mu, mu, c / mu, s)


@dataclass(frozen=True)
class KneeSum(SignedSum):
    """Curvature mu left of ``knee`` and L right of it; the noise slope stops there.  PL and even
    strongly convex.

    Right of the knee, u = x - knee: 2 Lcal F - f'^2 - p^2 = 2(Lcal - L) mu knee u + L(Lcal - L)u^2
    >= 0 with p = q mu knee, so A3 holds if L <= Lcal.
    """

    knee: Fraction

    def __post_init__(self) -> None:
        """Refuse what breaks the assumptions."""
        if not (0 < self.mu <= self.L <= self.Lcal and self.knee > 0 and self.q >= 0):
            raise InvalidInput(
                "KneeSum needs 0 < mu <= L <= Lcal = mu(1+q^2), knee > 0, q >= 0, got mu ="
                f" {self.mu}, L = {self.L}, Lcal = {self.Lcal}, knee = {self.knee}, q = {self.q}."
            )

    def exact_value(self, x: Fraction) -> Fraction:
        """f(x)."""
        u = max(x - self.knee, Fraction(0))
        return self.mu * x * x / 2 + (self.L - self.mu) * u * u / 2

    def exact_gradient(self, x: Fraction) -> Fraction:
        """f'(x)."""
        return self.mu * x + (self.L - self.mu) * max(x - self.knee, Fraction(0))

    def exact_noise(self, x: Fraction) -> Fraction:
        """p'(x)."""
        return (
            self.q * self.mu * min(abs(x), self.knee) + self.s if x > 0 else super().exact_noise(x)
        )


@dataclass(frozen=True)
class AttainingStep:
    """A problem with the teacher, weight and point at which the bound of that rate is attained."""

    problem: SignedSum
    theta: Fraction
    weight: Fraction
    gamma: Fraction
    x: Fraction
    bias: Fraction
    noise: Fraction
    rate: Fraction


def noise_dominated(
    *, mu: Fraction, c: Fraction, gamma: Fraction, bias: Fraction, noise: Fraction, rate: Fraction
) -> AttainingStep:
    """E|x+|^2 = (1-rate) x^2 + T_rate at x; needs a(1 - gamma mu) >= gamma k c, gamma mu <= rate <
    A and bias or c noise > 0.

    The teacher sits at theta = 1 (weight k/mu); s is chosen so that the noise that is left is
    ``noise``.
    """
    weight = bias / mu
    s = _noise_at_minimiser(noise, weight, c)
    problem = SignedQuadratics(mu=mu, c=c, s=s)
    limit = gamma * mu * (2 - gamma * problem.Lcal)
    x = gamma * (bias * (1 - gamma * mu) + gamma * noise * c) / (limit - rate)
    return AttainingStep(problem, Fraction(1), weight, gamma, x, bias, noise, rate)


def pl_uphill(
    *,
    mu: Fraction,
    L: Fraction,
    q: Fraction,
    gamma: Fraction,
    bias: Fraction,
    noise: Fraction,
    rate: Fraction,
) -> AttainingStep:
    """E f(x+) = (1-rate) f(x) + T_rate at the knee x; needs every outcome uphill, bias >= (1+q)|g|
    + noise, and 1 > L gamma."""
    limit = gamma * mu * (2 - L * gamma * (1 + q**2))
    slope = gamma * mu * (bias * (1 - L * gamma) + L * gamma * noise * q) / (limit - rate)
    if L * gamma >= 1 or bias < (1 + q) * slope + noise:
        raise InvalidInput(
            "pl_uphill needs L*gamma < 1 and bias >= (1+q)|g| + noise ="
            f" {float((1 + q) * slope + noise):.6g}, got L*gamma = {float(L * gamma):.6g}, bias ="
            f" {float(bias):.6g}. Use a larger bias or a smaller rate."
        )
    knee = slope / mu
    weight = bias / slope  # theta = knee
    s = _noise_at_minimiser(noise, weight, q * slope)
    return AttainingStep(KneeSum(mu, L, q, s, knee), knee, weight, gamma, knee, bias, noise, rate)


def _noise_at_minimiser(noise: Fraction, weight: Fraction, slope: Fraction) -> Fraction:
    """s with s - weight (slope + s) = noise."""
    if weight == 1:
        raise InvalidInput(
            "The matching instance needs a weight other than 1 (at 1 the noise at x* cancels): "
            "change bias or mu slightly."
        )
    return (noise + weight * slope) / (1 - weight)
