"""Status, ratio and reason; and the comparison of exact floats with a bound."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array

# Exact moments are sums of positive terms and matrix products in float64: some 1e-12 relative after hundreds of steps.
# A wrong constant changes a bound by per cents, so 1e-9 separates rounding from violation on both sides.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Judgement:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs after t = 0; ``reason`` the numbers."""

    status: str
    ratio: float
    reason: str


def compare(seen: Array, claimed: Array, times: np.ndarray, *, identity: bool) -> Judgement:
    """Exact float moments (T,) against a claimed right-hand side (T,) at ``times`` (T,), to rounding."""
    room = ROUNDING * float(np.abs(claimed).max())
    later = times > 0 if times[-1] > 0 else times == 0  # at t = 0 both sides are the known start
    ratio = float((seen / np.maximum(claimed, np.finfo(float).tiny))[later].max())
    over = seen - claimed
    worst = int(np.argmax(over))
    if over[worst] > room:
        return Judgement(
            "VIOLATED", ratio, f"at t = {times[worst]}: lhs = {seen[worst]:.6g} > rhs = {claimed[worst]:.6g}"
        )
    worst = int(np.argmin(over))
    if identity and over[worst] < -room:
        return Judgement(
            "VIOLATED",
            ratio,
            f"at t = {times[worst]}: lhs = {seen[worst]:.6g} < rhs = {claimed[worst]:.6g}, an identity",
        )
    return Judgement("VERIFIED", ratio, f"lhs {'=' if identity else '<='} rhs at all {len(claimed)} times")
