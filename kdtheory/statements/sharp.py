"""The best constant at the rate gamma mu."""

from __future__ import annotations

from kdtheory.statements import parts

STATEMENTS = (
    parts.best_constant(
        "theorem-1-sharp", "Theorem 1, best constant at rate gamma mu", pl=False, unbiased=False
    ),
    parts.best_constant(
        "theorem-2-sharp", "Theorem 2, best constant at rate gamma mu", pl=True, unbiased=False
    ),
)
