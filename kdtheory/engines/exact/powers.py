"""r S^t z for many times t: two tables of powers and one matrix product, or binary powers where the
times are few.
"""

from __future__ import annotations

from typing import Any, cast

import numpy as np

from kdtheory.problems.base import Array

ROOM = 2**25  # values held in tables and states
SETTLED = 2.0**-60  # of a value: what further steps change by less than this, they do not change


class Triangular:
    """Powers of the block map diag(``fast``), diag(``slow``), 1, that feeds from the left block (k)
    to the middle one (e) by ``join`` (e, k), and from both to the last one (top) by ``ends`` (top,
    k) and ``tails`` (top, e).

    What a product of dense matrices costs n^3 costs one pass over ``join`` here, and sums of like
    signs do not cancel where a diagonalisation would divide by the differences of nearly equal
    rates.
    """

    __array_ufunc__ = None  # arrays leave the products to this class

    def __init__(self, fast: Array, slow: Array, join: Array, ends: Array, tails: Array) -> None:
        self.fast, self.slow, self.join, self.ends, self.tails = fast, slow, join, ends, tails

    def _split(self, size: int) -> list[slice]:
        k, e = len(self.fast), len(self.slow)
        return [slice(0, k), slice(k, k + e), slice(k + e, size)]

    def __matmul__(self, other: Any) -> Any:
        """This map after another one, or of states (n, c)."""
        if isinstance(other, Triangular):
            return Triangular(
                self.fast * other.fast,
                self.slow * other.slow,
                self.join * other.fast + self.slow[:, None] * other.join,
                self.ends * other.fast + self.tails @ other.join + other.ends,
                self.tails * other.slow + other.tails,
            )
        out = np.array(other, dtype=np.float64)
        fast, slow, last = self._split(len(out))
        out[last] += self.ends @ other[fast] + self.tails @ other[slow]
        out[slow] = self.join @ other[fast] + self.slow[:, None] * other[slow]
        out[fast] *= self.fast[:, None]
        return out

    def __rmatmul__(self, rows: Array) -> Array:
        """Readers (r, n) after this map."""
        out = np.array(rows, dtype=np.float64)
        fast, slow, last = self._split(out.shape[1])
        out[:, fast] = (
            rows[:, fast] * self.fast + rows[:, slow] @ self.join + rows[:, last] @ self.ends
        )
        out[:, slow] = rows[:, slow] * self.slow + rows[:, last] @ self.tails
        return out


def diagonal(values: Array) -> Triangular:
    """The map that multiplies by ``values``."""
    k = len(values)
    return Triangular(values, np.empty(0), np.empty((0, k)), np.empty((0, k)), np.empty((0, 0)))


def at_times(S: Array | Triangular, starts: Array, readers: Array, times: np.ndarray) -> Array:
    """readers (r, n) S^t starts (n, c) at each of ``times`` (T,), as (T, r, c).

    Powers of S come from squaring, which loses about t eps of an eigenvalue's t-th power: no more
    than rounding S itself does.
    """
    last = int(times.max(initial=0))
    if last == 0:
        return np.broadcast_to(readers @ starts, (len(times), len(readers), starts.shape[1])).copy()
    width = 1 << max(0, (last.bit_length() + 1) // 2)
    height, n, count = last // width + 1, *starts.shape
    whole = len(times) > last // 2 and bool((np.diff(times) == 1).all())  # no need to look up
    room = n * (width * count + height * len(readers)) + (
        0 if whole else height * width * count * len(readers)
    )
    if len(times) > 2 * (width + height) / last.bit_length() and room <= ROOM:
        return _grid(S, starts, readers, times, width, height, whole=whole)
    found = np.empty((len(times), len(readers), count))
    chunk = max(1, ROOM // (n * count))
    for first in range(0, len(times), chunk):
        found[first : first + chunk] = _scattered(S, starts, readers, times[first : first + chunk])
    return found


def _scattered(S: Any, starts: Array, readers: Array, times: np.ndarray) -> Array:
    """By binary powers."""
    states = np.repeat(starts[:, None], len(times), axis=1)  # (n, T, c)
    left = np.asarray(times, dtype=object) if int(times.max()) >= 2**62 else times.astype(np.int64)
    while True:
        odd = (left % 2).astype(bool)
        if odd.any():
            states[:, odd] = (S @ states[:, odd].reshape(len(states), -1)).reshape(
                len(states), -1, states.shape[2]
            )
        left = left // 2
        if not left.any():
            return cast(
                Array, (readers @ states.reshape(len(states), -1)).reshape(-1, *states.shape[1:])
            ).transpose(1, 0, 2)
        S = S @ S


def _grid(
    S: Any,
    starts: Array,
    readers: Array,
    times: np.ndarray,
    width: int,
    height: int,
    *,
    whole: bool,
) -> Array:
    """All of r S^(a width + b) z at once, a < height and b < width from two tables."""
    n, count = starts.shape
    columns, power = starts[:, None, :], S  # (n, b, c)
    while columns.shape[1] < width:
        columns = np.concatenate(
            [columns, (power @ columns.reshape(n, -1)).reshape(columns.shape)], axis=1
        )
        power = power @ power
    columns = np.ascontiguousarray(columns.transpose(2, 0, 1))
    rows = readers[:, None, :]  # (r, a, n)
    while rows.shape[1] < height:
        rows = np.concatenate([rows, (rows.reshape(-1, n) @ power).reshape(rows.shape)], axis=1)
        power = power @ power
    rows = rows[:, :height]
    used = _moving_rows(rows, columns)
    found = np.empty((count, len(readers), height, width))
    for c in range(count):
        for r in range(len(readers)):
            np.matmul(rows[r, :used], columns[c], out=found[c, r, :used])
    found[:, :, used:] = found[:, :, used - 1 : used]
    flat = found.reshape(count, len(readers), -1)
    return (flat[:, :, times[0] : times[-1] + 1] if whole else flat[:, :, times]).transpose(2, 1, 0)


def _moving_rows(rows: Array, columns: Array) -> int:
    """How many rows of the grid there are until, to rounding, all equal the last one."""
    with np.errstate(invalid="ignore", over="ignore"):
        change = np.abs(rows - rows[:, -1:]) @ np.abs(columns).max(axis=2).T  # (r, a, c)
        least = np.abs(np.einsum("rn,cnb->rcb", rows[:, -1], columns)).min(axis=2)
        moving = ~(change <= SETTLED * least[:, None, :]).all(axis=(0, 2))
    return min(int(np.flatnonzero(moving)[-1]) + 2, len(moving)) if moving.any() else 1
