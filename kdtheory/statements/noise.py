"""The noise of a step and N(lam; kappa), which most statements share (theory, Section 4)."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.envelope import noise_sq

# E|S - lam H'|^2.
NOISE_SQ = noise_sq(
    sym.lam,
    sigma_sq=sym.sigma_star_sq,
    covariance=sym.covariance,
    variance=sym.teacher_variance,
)
NOISE_NORM = sp.sqrt(sp.Max(NOISE_SQ, 0))


def noise(kappa: sp.Expr) -> sp.Expr:
    """N(lam; kappa) = E|S - lam H|^2 + kappa lam^2 |h|^2."""
    return NOISE_SQ + (1 + kappa) * sym.lam**2 * sym.bias_sq
