"""Why the envelope is true: one step as for the best constants, ``envelope_recursion`` for
the curve and its fixed point, ``envelope_limits`` for the ends of its range.
"""

from __future__ import annotations

from kdtheory.proofs.forms import bound as obligations

__all__ = ["obligations"]
