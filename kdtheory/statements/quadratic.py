"""The exact law of distillation for quadratics."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.statements.theorem import Theorem

STATEMENTS = (
    Theorem(
        "exact-quadratic",
        "The exact law of distillation for quadratics",
        "our own derivation",
        (),
        "identity",
        "sq_distance",
        lhs=sym.distance_t,
        rhs=sym.shifted_t + 2 * sym.lam * sym.drift_t + sym.lam**2 * sym.distance_theta,
        floor=(1 - sym.lam) ** 2 * sym.sgd_floor + sym.lam**2 * sym.distance_theta,
    ),
)
