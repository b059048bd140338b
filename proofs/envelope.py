"""Why the envelope is true: one step as for the best constants, ``recursion`` for
the curve and its fixed point, ``limits`` for the ends of its range.
"""

from __future__ import annotations

from kdtheory.proofs.parts.forms import bound as obligations

__all__ = ["obligations"]
