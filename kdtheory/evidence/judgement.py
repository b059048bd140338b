"""Status, ratio and reason; and the comparison of exact floats with a bound."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array

# Exact moments are sums of positive terms and matrix products in float64: some 1e-12 relative after
# hundreds of steps. A wrong constant changes a bound by per cents, so 1e-9 separates rounding from
# violation on both sides.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Judgement:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs after t = 0;
    ``reason`` the numbers.

    ``ends``: both sides at the last time looked at, the left one a mean over runs for Monte Carlo.
    """

    status: str
    ratio: float
    reason: str
    ends: tuple[float, float] = (math.nan, math.nan)


def compare(seen: Array, claimed: Array, times: np.ndarray, *, identity: bool) -> Judgement:
    """Exact float moments (T,) against a claimed right-hand side (T,) at ``times`` (T,), to
    rounding.
    """
    room = ROUNDING * float(np.abs(claimed).max())
    ends = (float(seen[-1]), float(claimed[-1]))
    later = times > 0 if times[-1] > 0 else times == 0  # at t = 0 both sides are the known start
    with np.errstate(over="ignore"):  # a wrong claim may be 0 or negative: its ratio is infinite
        ratio = float((seen / np.maximum(claimed, np.finfo(float).tiny))[later].max())
    over = seen - claimed
    worst = int(np.argmax(over))
    if over[worst] > room:
        return Judgement(
            "VIOLATED",
            ratio,
            f"at t = {times[worst]}: lhs = {seen[worst]:.6g} > rhs = {claimed[worst]:.6g}",
            ends,
        )
    worst = int(np.argmin(over))
    if identity and over[worst] < -room:
        return Judgement(
            "VIOLATED",
            ratio,
            f"at t = {times[worst]}: lhs = {seen[worst]:.6g} < rhs = {claimed[worst]:.6g}, an"
            " identity",
            ends,
        )
    return Judgement(
        "VERIFIED", ratio, f"lhs {'=' if identity else '<='} rhs at all {len(claimed)} times", ends
    )
