"""Why Theorem 1 and its refinement are true: one step in ``paper``, strongly convex."""

from __future__ import annotations

from kdtheory.proofs.parts.forms import bound as obligations

__all__ = ["obligations"]
