"""The distillation envelope: the best concave recursion."""

from __future__ import annotations

from kdtheory.statements import parts

STATEMENTS = (
    parts.curve(
        "theorem-1-envelope", "The distillation envelope, strongly convex", pl=False, unbiased=False
    ),
    parts.curve("theorem-2-envelope", "The distillation envelope, PL", pl=True, unbiased=False),
)
