"""Why Theorem 2 and its refinement are true: one step in ``paper``, PL."""

from __future__ import annotations

from kdtheory.proofs.parts.forms import bound as obligations

__all__ = ["obligations"]
