"""The distillation envelope's three numbers A, U, W, and the bounds that follow from them.

Every function is plain arithmetic: floats, ``Fraction`` and SymPy letters go through the same lines, so that the
statement that is
proved is the statement that is computed.  Roots stay outside (c, q, k, a are arguments).  Source: our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Triple:
    """One step obeys E s(x+) <= (1 - varrho) s(x) + U + W/(A - varrho) for every admissible rate varrho."""

    A: Any
    U: Any
    W: Any

    def constant(self, varrho: Any) -> Any:
        """T_varrho = U + W/(A - varrho)."""
        return self.U + self.W / (self.A - varrho)


def noise_dominated(*, gamma: Any, mu: Any, Lcal: Any, c: Any, k: Any, a: Any) -> Triple:
    """Strongly convex, where a (1 - gamma mu) >= gamma k c; c = sqrt(mu (Lcal - mu)), rates gamma mu <= varrho < A."""
    root = gamma * (k * (1 - gamma * mu) + gamma * a * c)
    return Triple(gamma * mu * (2 - gamma * Lcal), gamma**2 * (k**2 + a**2), root**2)


def bias_dominated(*, gamma: Any, mu: Any, Lcal: Any, k: Any, a: Any) -> Triple:
    """Strongly convex for every k and a, sharp where a (1 - gamma mu) <= gamma k c; rates varrho < A."""
    A = gamma * mu * (2 - gamma * Lcal)
    U = gamma**2 * (k**2 + a**2)
    return Triple(A, U, (1 - A) * U)


def polyak_lojasiewicz(*, gamma: Any, mu: Any, L: Any, Lcal: Any, q: Any, k: Any, a: Any, b: Any) -> Triple:
    """PL, with b = |1 - L gamma| and q = sqrt((Lcal - mu)/mu); rates 0 <= varrho < A."""
    U = L * gamma**2 / 2 * (k**2 + a**2)
    W = mu * gamma**2 / 2 * (k * b + L * gamma * a * q) ** 2
    return Triple(gamma * mu * (2 - L * gamma * Lcal / mu), U, W)
