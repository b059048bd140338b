"""Why the best constants at the rate gamma mu are true, and best: ``certificates``
and ``corners`` make one step, ``joining`` the passage to t steps, ``chain`` the
comparison with the paper.
"""

from __future__ import annotations

from kdtheory.proofs.parts.forms import bound as obligations

__all__ = ["obligations"]
