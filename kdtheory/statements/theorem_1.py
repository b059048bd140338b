"""Theorem 1, strongly convex: the paper's form and its refinement."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.statements import parts

PAPER = (
    parts.affine(
        "theorem-1",
        "Theorem 1",
        "Theorem 1 (Appendix C.2)",
        pl=False,
        unbiased=False,
        kappa=1 / (sym.gamma * sym.mu),
        limit=1 / (8 * sym.Lcal),
    ),
)
REFINED = (
    parts.affine(
        "theorem-1-refined",
        "Theorem 1, refined bias weight",
        "our own derivation",
        pl=False,
        unbiased=False,
        kappa=1 / (2 * sym.gamma * sym.mu * (1 - 2 * sym.gamma * sym.Lcal)),
        limit=1 / (2 * sym.Lcal),
        strict=True,
    ),
)
