"""The noise of a step and N(lam; kappa), which most statements share (theory, Section 4)."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym

# E|S - lam H'|^2.
NOISE_SQ = sym.sigma_star_sq - 2 * sym.lam * sym.covariance + sym.lam**2 * sym.teacher_variance
NOISE_NORM = sp.sqrt(sp.Max(NOISE_SQ, 0))


def noise(kappa: sp.Expr) -> sp.Expr:
    """N(lam; kappa) = E|S - lam H|^2 + kappa lam^2 |h|^2."""
    return NOISE_SQ + (1 + kappa) * sym.lam**2 * sym.bias_sq
