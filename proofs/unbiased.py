"""Why unbiased distillation is bounded: the same three forms with k = 0."""

from __future__ import annotations

from kdtheory.proofs.parts.forms import bound as obligations

__all__ = ["obligations"]
