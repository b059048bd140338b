"""Unbiased distillation: the teacher's full gradient is added back."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.statements import parts

STATEMENTS = (
    parts.affine(
        "unbiased",
        "Unbiased distillation",
        "Section 6",
        pl=False,
        unbiased=True,
        kappa=None,
        limit=1 / (2 * sym.Lcal),
    ),
    parts.affine(
        "unbiased-pl",
        "Unbiased distillation, PL",
        "Section 6",
        pl=True,
        unbiased=True,
        kappa=None,
        limit=sym.mu / (2 * sym.L * sym.Lcal),
    ),
    parts.best_constant(
        "unbiased-sharp", "Unbiased distillation, best constant", pl=False, unbiased=True
    ),
    parts.best_constant(
        "unbiased-pl-sharp", "Unbiased distillation, best constant, PL", pl=True, unbiased=True
    ),
    parts.curve("unbiased-envelope", "Unbiased envelope", pl=False, unbiased=True),
    parts.curve("unbiased-pl-envelope", "Unbiased envelope, PL", pl=True, unbiased=True),
)
