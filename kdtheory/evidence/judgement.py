"""Status, ratio and reason; and the comparison of two sides that are each known to an error."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from kdtheory.evidence.tolerances import RESOLUTION, ROUNDING
from kdtheory.problems.base import Array

NONE = np.empty(0, dtype=np.int64)


def refuse_contradiction(status: str, ratio: float, tolerance: float) -> None:
    """``ValueError`` for a VERIFIED whose left side exceeds its right one: it must not exist."""
    if status == "VERIFIED" and not ratio <= 1.0 + tolerance:
        raise ValueError(
            f"A verdict cannot be VERIFIED with lhs/rhs = {ratio:.6g} > 1 + {tolerance:g}."
        )


@dataclass(frozen=True)
class Judgement:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs after t = 0;
    ``reason`` the numbers.

    ``ends``: both sides at the last time looked at, the left one a mean over runs for Monte Carlo.
    ``place``: the time of that ratio.  ``open``: the times at which floats cannot tell.
    ``close``: at those the two sides are equal to ``tolerance``, as far as floats can see.
    ``blank``: both sides are 0 within their errors throughout, so that nothing could be seen.
    """

    status: str
    ratio: float
    reason: str
    ends: tuple[float, float] = (math.nan, math.nan)
    place: int = 0
    open: np.ndarray = field(default_factory=lambda: NONE, compare=False)
    tolerance: float = ROUNDING
    blank: bool = False
    close: bool = False

    def __post_init__(self) -> None:
        """No contradiction can be constructed."""
        refuse_contradiction(self.status, self.ratio, self.tolerance)


@dataclass(frozen=True)
class Sides:
    """Both sides at the increasing ``times`` (T,), each with a bound on its own error, all (T,).

    ``doubt``: how much larger the right one may be where floats do not tell the regime.
    """

    seen: Array
    claimed: Array
    seen_error: Array
    claimed_error: Array
    times: np.ndarray
    doubt: Array | float = 0.0

    @property
    def room(self) -> Array:
        """What the difference is known to."""
        return np.asarray(self.seen_error + self.claimed_error)

    @property
    def nothing_to_see(self) -> bool:
        """Both sides are 0 within their errors at every time."""
        return bool(
            (np.abs(self.seen) <= 2 * self.seen_error).all()
            and (np.abs(self.claimed) <= 2 * self.claimed_error).all()
        )

    def ratios(self) -> Array:
        """lhs/rhs; 0 where both are 0 within their errors, inf where only the right one is."""
        known = self.claimed > self.claimed_error
        with np.errstate(over="ignore"):
            found = self.seen / np.where(known, self.claimed, 1.0)
        blank = np.where(self.seen - self.claimed > self.room, np.inf, 0.0)
        return np.where(known, found, blank)


def compare(sides: Sides, *, identity: bool, to_rounding: bool = True) -> Judgement:
    """Time by time: violated where the difference exceeds both what it is known to and what counts
    as equal; in order where it is as clearly on the right side; else open, and the whole UNDECIDED.

    ``to_rounding``: a difference inside what is known, which is itself less than what counts as
    equal, is in order too, for want of anything more exact.
    """
    tolerance = RESOLUTION if identity else ROUNDING
    over, room, times = sides.seen - sides.claimed, sides.room, sides.times
    equal = tolerance * np.abs(sides.claimed)
    wrong = over > np.maximum(room, equal) + sides.doubt
    close = (np.abs(over) <= room) & (room <= equal)
    if identity:
        wrong |= -over > np.maximum(room, equal)
        fine = close | ((np.abs(over) <= equal) & (room <= equal))
    else:
        fine = over <= -room
        if to_rounding:
            fine |= close
    # Both sides start from the same known point: at t = 0 there is next to nothing to compare.
    fine |= (times == 0) & ~(wrong & identity)
    wrong &= ~fine
    later = times > 0 if times[-1] > 0 else times == 0  # at t = 0 both sides are the known start
    ratios = np.where(later, sides.ratios(), -np.inf)
    worst = int(np.argmax(np.where(wrong, np.inf, ratios) if wrong.any() else ratios))
    ratio = float(ratios[later].max())
    ends = (float(sides.seen[-1]), float(sides.claimed[-1]))

    def said(status: str, reason: str, open_times: np.ndarray = NONE) -> Judgement:
        return Judgement(
            status,
            ratio,
            reason,
            ends,
            int(times[np.argmax(ratios)]),
            open_times,
            tolerance,
            status == "UNDECIDED" and sides.nothing_to_see,
            bool((fine | close).all()),
        )

    def numbers(place: int, sign: str) -> str:
        both = f"lhs = {sides.seen[place]:.6g} {sign} rhs = {sides.claimed[place]:.6g}"
        return f"at t = {times[place]}: {both}"

    if wrong.any():
        sign = "<" if over[worst] < 0 else ">"
        kept = f"known to {room[worst]:.2g}"
        return said("VIOLATED", f"{numbers(worst, sign)}, {kept}{', an identity' * identity}")
    if fine.all():
        return said("VERIFIED", f"lhs {'=' if identity else '<='} rhs at all {len(times)} times")
    place = int(np.argmax(~fine))
    told = f"{numbers(place, 'and')} differ by no more than their rounding, {room[place]:.2g}"
    return said("UNDECIDED", told, times[~fine])
