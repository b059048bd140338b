"""r S^t z for many times t: two tables of powers and one matrix product, or binary powers where the times are few."""

from __future__ import annotations

import numpy as np

from kdtheory.problems.base import Array

GRID = 2**26  # values of a whole curve held at once


def at_times(S: Array, starts: Array, readers: Array, times: np.ndarray) -> Array:
    """readers (r, n) S^t starts (n, c) at each of ``times`` (T,), as (T, r, c).

    Powers of S come from squaring, which loses about t eps of an eigenvalue's t-th power: no more than rounding S
    itself does.
    """
    last = int(times.max(initial=0))
    if last == 0:
        return np.broadcast_to(readers @ starts, (len(times), len(readers), starts.shape[1])).copy()
    width = 1 << max(0, (last.bit_length() + 1) // 2)
    dense = len(times) > 2 * width and (last // width + 1) * width * len(readers) * starts.shape[1] <= GRID
    if not dense and len(times) > 4 * len(S) and last * len(S) <= GRID:
        dense = True
    if dense:
        return _grid(S, starts, readers, times, last, width)
    states = np.repeat(starts[None], len(times), axis=0)  # (T, n, c)
    power = S
    left = np.asarray(times, dtype=object) if last >= 2**62 else times.astype(np.int64)
    while True:
        odd = (left % 2).astype(bool)
        if odd.any():
            states[odd] = power @ states[odd]
        left = left // 2
        if not left.any():
            return np.asarray(readers @ states)
        power = power @ power


def _grid(S: Array, starts: Array, readers: Array, times: np.ndarray, last: int, width: int) -> Array:
    """All of r S^(a width + b) z at once, a and b from two tables."""
    columns, stride = _table(S, starts, width)  # (n, width, c), S^width
    rows, _ = _table(stride.T, readers.T, last // width + 1)  # (n, height, r)
    n, _, count = columns.shape
    found = np.empty((len(times), len(readers), count))
    whole = len(times) == last + 1 and bool((times[1:] > times[:-1]).all())  # 0, 1, ..., last: no need to look up
    for reader in range(len(readers)):
        grid = (rows[:, :, reader].T @ columns.reshape(n, -1)).reshape(-1, count)
        found[:, reader] = grid[: last + 1] if whole else grid[times]
    return found


def _table(S: Array, starts: Array, count: int) -> tuple[Array, Array]:
    """S^b starts for b < count (a doubling of what is there), (n, count, c), and S^(the power of two >= count)."""
    table, power = starts[:, None, :], S
    while table.shape[1] < count:
        n, have, c = table.shape
        table = np.concatenate([table, (power @ table.reshape(n, -1)).reshape(n, have, c)], axis=1)
        power = power @ power
    return table[:, :count], power
