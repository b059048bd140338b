"""A step's noise, the distillation envelope's three numbers A, U, W, and what follows from them.

Every function is plain arithmetic: floats, ``Fraction`` and SymPy letters go through the same
lines, so that the statement that is proved is the statement that is computed.  Roots stay outside
(c, q, k, a are arguments).  Source: our own derivation.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any


def noise_sq(lam: Any, *, sigma_sq: Any, covariance: Any, variance: Any) -> Any:
    """E|S - lam H'|^2 from its moments; several teachers mixed by their weights are one at 1."""
    return sigma_sq - 2 * lam * covariance + lam**2 * variance


@dataclass(frozen=True)
class Triple:
    """One step obeys E s(x+) <= (1 - varrho) s(x) + U + W/(A - varrho) for every admissible rate
    varrho.
    """

    A: Any
    U: Any
    W: Any

    def constant(self, varrho: Any) -> Any:
        """T_varrho = U + W/(A - varrho)."""
        return self.U + self.W / (self.A - varrho)

    def floor(self, least_rate: float) -> float:
        """The fixed point of psi for numbers: Phi where the best rate is admissible, else T/varrho
        at the least rate.
        """
        phi = float((math.sqrt(self.U * self.A + self.W) + math.sqrt(self.W)) / self.A) ** 2
        if phi * (self.A - least_rate) ** 2 >= self.W:
            return phi
        return float(self.constant(least_rate) / least_rate)


def noise_dominated(*, gamma: Any, mu: Any, Lcal: Any, c: Any, k: Any, a: Any) -> Triple:
    """Strongly convex, where a (1 - gamma mu) >= gamma k c; c = sqrt(mu (Lcal - mu)), rates gamma
    mu <= varrho < A.
    """
    root = gamma * (k * (1 - gamma * mu) + gamma * a * c)
    return Triple(gamma * mu * (2 - gamma * Lcal), gamma**2 * (k**2 + a**2), root**2)


def bias_dominated(*, gamma: Any, mu: Any, Lcal: Any, k: Any, a: Any) -> Triple:
    """Strongly convex for every k and a, sharp where a (1 - gamma mu) <= gamma k c; rates varrho <
    A.
    """
    A = gamma * mu * (2 - gamma * Lcal)
    U = gamma**2 * (k**2 + a**2)
    return Triple(A, U, (1 - A) * U)


def polyak_lojasiewicz(
    *, gamma: Any, mu: Any, L: Any, Lcal: Any, q: Any, k: Any, a: Any, b: Any
) -> Triple:
    """PL, with b = |1 - L gamma| and q = sqrt((Lcal - mu)/mu); rates 0 <= varrho < A."""
    U = L * gamma**2 / 2 * (k**2 + a**2)
    W = mu * gamma**2 / 2 * (k * b + L * gamma * a * q) ** 2
    return Triple(gamma * mu * (2 - L * gamma * Lcal / mu), U, W)


def regime_border(
    *,
    gamma: float,
    mu: float,
    c: float,
    sigma_sq: float,
    covariance: float,
    variance: float,
    bias_sq: float,
) -> float | None:
    """The first lam on the side of ``covariance`` with a (1 - gamma mu) = gamma k c, where bias
    begins to dominate.

    None where the noise dominates throughout.  Moments of one batch: sigma_sq, covariance and
    variance divided by B.
    """
    calm = (1.0 - gamma * mu) ** 2
    square, half, constant = (
        calm * variance - gamma**2 * c**2 * bias_sq,
        -calm * abs(covariance),
        calm * sigma_sq,
    )
    room = half * half - square * constant
    if room < 0.0 or constant == 0.0:
        return None
    # The smaller positive root of square lam^2 + 2 half lam + constant, in the form that does not
    # cancel.
    lower = -half + math.sqrt(room)
    return math.copysign(constant / lower, covariance) if lower > 0.0 else None
