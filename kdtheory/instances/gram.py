"""Bias-dominated steps: three vectors and two equally likely noises that attain the bound, with
rational coordinates.

This is a Gram matrix and not yet a function: a differentiable strongly convex f with F =
(mu/2)|e|^2 has g = mu e, while here g has a part across e.  The assumptions of one step, A1, A1'
and A3, do hold, and they are all the one-step proof uses.  Source: our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kdtheory.errors import InvalidInput

Vector = tuple[Fraction, ...]


@dataclass(frozen=True)
class GramPoint:
    """Gradients of two terms at x, x* and theta (weight 1) in R^3, the gap F = f(x) - f*, and the
    constants.
    """

    mu: Fraction
    Lcal: Fraction
    gamma: Fraction
    rate: Fraction
    bias: Fraction
    noise: Fraction
    e: Vector
    gap: Fraction
    at_x: tuple[Vector, Vector]
    at_minimiser: tuple[Vector, Vector]
    at_teacher: tuple[Vector, Vector]

    def slacks(self) -> dict[str, Fraction]:
        """A1, A1' and A3, each exactly 0 here."""
        g = _mean(*self.at_x)
        spread = [_subtract(u, v) for u, v in zip(self.at_x, self.at_minimiser, strict=True)]
        return {
            "strong-convexity": dot(self.e, g) - self.gap - self.mu / 2 * dot(self.e, self.e),
            "quadratic-growth": self.gap - self.mu / 2 * dot(self.e, self.e),
            "expected-smoothness": (
                2 * self.Lcal * self.gap - sum((dot(u, u) for u in spread), Fraction(0)) / 2
            ),
        }

    def step(self) -> Fraction:
        """E|x+ - x*|^2 for x+ = x - gamma (G - H)."""
        ahead = [
            tuple(e - self.gamma * (g - h) for e, g, h in zip(self.e, x, t, strict=True))
            for x, t in zip(self.at_x, self.at_teacher, strict=True)
        ]
        return sum((dot(u, u) for u in ahead), Fraction(0)) / 2


def bias_dominated(
    *, mu: Fraction, gamma: Fraction, turn: Fraction, fluctuation: Fraction, scale: Fraction
) -> GramPoint:
    """The worst point at |e| = 1 for the rate A - (1-A) gamma scale.

    ``turn`` in (0, 1) is tan(angle/2) between e - gamma g and e, ``fluctuation`` > 0 is |G' - S|,
    ``scale`` > 0 the ratio of (k, a) to (|e - gamma g|, gamma |G' - S|), so |e - gamma g| : gamma
    |G' - S| = k : a.
    """
    if not (0 < turn < 1 and fluctuation > 0 and scale > 0 and 0 < gamma * mu < 1):
        raise InvalidInput(
            "bias_dominated needs 0 < turn < 1, fluctuation > 0, scale > 0, 0 < gamma*mu < 1, got"
            f" turn = {turn}, fluctuation = {fluctuation}, scale = {scale}, gamma*mu ="
            f" {gamma * mu}."
        )
    zero = Fraction(0)
    along = 1 - gamma * mu
    across = along * 2 * turn / (1 - turn**2)  # gamma times the part of g across e
    length = along * (1 + turn**2) / (1 - turn**2)  # |e - gamma g|, rational by construction
    g = (mu, across / gamma, zero)
    Lcal = mu + (fluctuation**2 + (across / gamma) ** 2) / mu  # A3 with F = mu/2
    bias, noise = scale * length, scale * gamma * fluctuation
    if gamma * Lcal >= 1:
        raise InvalidInput(
            f"bias_dominated needs gamma*Lcal < 1, got {float(gamma * Lcal):.6g}. "
            "Use a smaller turn, fluctuation or gamma."
        )
    h = (bias * along / length, -bias * across / length, zero)
    limit = gamma * mu * (2 - gamma * Lcal)
    rate = limit - (1 - limit) * gamma * scale
    at_x = tuple((g[0], g[1], sign * (fluctuation + noise)) for sign in (1, -1))
    at_minimiser = tuple((zero, zero, sign * noise) for sign in (1, -1))
    return GramPoint(
        mu,
        Lcal,
        gamma,
        rate,
        bias,
        noise,
        (Fraction(1), zero, zero),
        mu / 2,
        (at_x[0], at_x[1]),
        (at_minimiser[0], at_minimiser[1]),
        (h, h),
    )


def dot(u: Vector, v: Vector) -> Fraction:
    """Inner product over Q."""
    return sum((x * y for x, y in zip(u, v, strict=True)), Fraction(0))


def _mean(u: Vector, v: Vector) -> Vector:
    return tuple((x + y) / 2 for x, y in zip(u, v, strict=True))


def _subtract(u: Vector, v: Vector) -> Vector:
    return tuple(x - y for x, y in zip(u, v, strict=True))
