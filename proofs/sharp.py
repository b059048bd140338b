"""Why the best constants at the rate gamma mu are true, and best: ``envelope_certificates``
and ``envelope_corners`` make one step, ``joining`` the passage to t steps, ``envelope_chain`` the
comparison with the paper.
"""

from __future__ import annotations

from kdtheory.proofs.forms import bound as obligations

__all__ = ["obligations"]
