"""Proposition 1: the distillation gradient."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.statements.theorem import Theorem

STATEMENTS = (
    Theorem(
        "distillation-gradient",
        "Distillation gradient",
        "Proposition 1 (Section 3)",
        (),
        "identity",
        "gradient",
        lhs=sym.J_x.T * (sym.r_x - (1 - sym.lam) * sym.label - sym.lam * sym.r_theta),
        rhs=sym.J_x.T * (sym.r_x - sym.label)
        - sym.lam * sym.J_theta.T * (sym.r_theta - sym.label)
        + sym.lam * (sym.J_theta - sym.J_x).T * (sym.r_theta - sym.label),
    ),
)
