"""Counter-based random numbers: any draw is a function of (seed, time, replicate, slot), so that
order and threads cannot matter.

Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel random numbers, as easy as 1, 2, 3, SC 2011),
key = seed, counter = (t // 2, replicate, slot, purpose); the four words of one call serve times t
and t + 1, 64 bits each.  The compiled kernels draw the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from kdtheory.problems.base import Array

MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
KEY_STEPS = (0x9E3779B9, 0xBB67AE85)
ROUNDS = 10
INDEX, COMPRESSION = 0, 1  # the purposes: slots are places in the batch, or coordinates
AT_ONCE = 2**13  # words: a few arrays of so many fit the second-level cache
TIME_LIMIT, REPLICATE_LIMIT, SEED_LIMIT = 2**33, 2**32, 2**64  # what the counter and the key hold

Words = np.ndarray  # of uint64
_LOW = np.uint64(0xFFFFFFFF)
_HALF = np.uint64(32)
_M0, _M1 = (np.uint64(number) for number in MULTIPLIERS)


def philox(
    counter: tuple[Words, Words, Words, Words], key: tuple[int, int]
) -> tuple[Words, Words, Words, Words]:
    """Philox4x32-10 of four broadcastable uint64 arrays that hold 32-bit words; the four output
    words.
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(ROUNDS):  # the first two are as small as what they depend on
        first, second = c0 * _M0, c2 * _M1
        c0, c1 = (second >> _HALF) ^ c1 ^ np.uint64(k0), second & _LOW
        c2, c3 = (first >> _HALF) ^ c3 ^ np.uint64(k1), first & _LOW
        k0, k1 = (k0 + KEY_STEPS[0]) % 2**32, (k1 + KEY_STEPS[1]) % 2**32
    return c0, c1, c2, c3


def split_seed(seed: int) -> tuple[int, int]:
    """The key: low and high 32 bits of ``seed`` < 2**64."""
    return seed % 2**32, seed // 2**32


def words(seed: int, first: int, last: int, replicates: int, slots: int, purpose: int) -> Words:
    """64 random bits for each time ``first`` <= t < ``last``, replicate and slot: uint64 of shape
    (last - first, replicates, slots).
    """
    start, stop = first // 2, (last + 1) // 2
    time = np.arange(start, stop, dtype=np.uint64)[:, None, None]
    slot = np.arange(slots, dtype=np.uint64)
    kind = np.array([purpose], dtype=np.uint64)
    both = np.empty((2 * (stop - start), replicates, slots), dtype=np.uint64)
    rows = max(1, AT_ONCE // max(1, (stop - start) * slots))
    for top in range(0, replicates, rows):
        replicate = np.arange(top, min(top + rows, replicates), dtype=np.uint64)[:, None]
        w0, w1, w2, w3 = philox((time, replicate, slot, kind), split_seed(seed))
        both[0::2, top : top + rows] = (w1 << _HALF) | w0
        both[1::2, top : top + rows] = (w3 << _HALF) | w2
    return both[first - 2 * start : last - 2 * start]


def below(bits: Words, n: int) -> np.ndarray:
    """floor(bits * n / 2**64), n < 2**32: uniform on 0..n-1 but for a bias below n / 2**64."""
    size = np.uint64(n)
    return (((bits >> _HALF) * size + (((bits & _LOW) * size) >> _HALF)) >> _HALF).astype(np.intp)


def uniform(bits: Words) -> Array:
    """Multiples of 2**-53 in [0, 1) from the leading 53 bits."""
    return (bits >> np.uint64(11)).astype(np.float64) * 2.0**-53


def batches(bits: Words, n: int, *, replacement: bool) -> np.ndarray:
    """Indices (..., B) in 0..n-1 from ``bits`` (..., B); distinct without replacement.

    Without, Floyd's method (Bentley and Floyd, CACM 1987): slot b draws from 0..n-B+b, and takes
    n-B+b itself where the draw is already in the batch.  Every subset is equally likely; the order
    within a batch is not, and a mean does not see it.
    """
    size = bits.shape[-1]
    if replacement or size == 1:
        return below(bits, n)
    chosen = np.empty(bits.shape, dtype=np.intp)
    for place in range(size):
        top = n - size + place
        draw = below(bits[..., place], top + 1)
        taken = (chosen[..., :place] == draw[..., None]).any(axis=-1)
        chosen[..., place] = np.where(taken, top, draw)
    return chosen


class Draws:
    """Draws of one purpose, time after time: many times are made at once, which hides NumPy's cost
    a call, and each only once.
    """

    def __init__(
        self,
        seed: int,
        replicates: int,
        slots: int,
        purpose: int,
        made_of: Callable[[Words], np.ndarray],
    ) -> None:
        """``made_of`` turns words (T, replicates, slots) into what is wanted, of the same shape."""
        self._arguments = seed, replicates, slots, purpose
        self._made_of = made_of
        self._window = max(2, AT_ONCE // (replicates * slots) // 2 * 2)
        self._start, self._made = 0, np.empty(0)

    def at(self, time: int, end: int) -> np.ndarray:
        """The draws of ``time``, (replicates, slots); none will be asked for at or after
        ``end``.
        """
        if not self._start <= time < self._start + len(self._made):
            seed, replicates, slots, purpose = self._arguments
            self._start = time - time % 2
            stop = min(self._start + self._window, end + end % 2)
            self._made = self._made_of(words(seed, self._start, stop, replicates, slots, purpose))
        return self._made[time - self._start]
