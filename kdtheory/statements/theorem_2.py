"""Theorem 2, Polyak-Lojasiewicz: the paper's form and its refinement."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.statements import parts

PAPER = (
    parts.affine(
        "theorem-2",
        "Theorem 2",
        "Theorem 2 (Appendix C.3)",
        pl=True,
        unbiased=False,
        kappa=1 / (sym.L * sym.gamma),
        limit=sym.mu / (4 * sym.L * sym.Lcal),
    ),
)
REFINED = (
    parts.affine(
        "theorem-2-refined",
        "Theorem 2, refined bias weight",
        "our own derivation",
        pl=True,
        unbiased=False,
        kappa=1 / (2 * sym.L * sym.gamma * (1 - 2 * sym.L * sym.gamma * sym.Lcal / sym.mu)),
        limit=sym.mu / (2 * sym.L * sym.Lcal),
        strict=True,
    ),
)
