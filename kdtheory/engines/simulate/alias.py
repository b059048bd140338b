"""Terms drawn with probabilities of their own, by one random word each (Walker, 1977; Vose, 1991).

The word w of 64 bits gives the column floor(w N / 2^64) and, as the rest of that product, a uniform
number: below the column's threshold it is the term, else the term is the column's partner.  Both
engines compare the same integers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.engines.simulate.streams import Words, below
from kdtheory.problems.base import Array


@dataclass(frozen=True, eq=False)
class Alias:
    """``thresholds`` (N,) of 2^64, and who is drawn at or above them, ``partners`` (N,)."""

    thresholds: np.ndarray
    partners: np.ndarray

    def drawn(self, bits: Words) -> np.ndarray:
        """The term of every word."""
        columns = below(bits, len(self.partners))
        rest = bits * np.uint64(len(self.partners))
        return np.where(rest < self.thresholds[columns], columns, self.partners[columns])


def alias(probabilities: Array) -> Alias:
    """The table of ``probabilities`` (N,)."""
    n = len(probabilities)
    left = n * probabilities
    keep, partners = np.ones(n), np.arange(n)
    small = [int(i) for i in np.flatnonzero(left < 1.0)]
    large = [int(i) for i in np.flatnonzero(left >= 1.0)]
    while small and large:
        low, high = small.pop(), large[-1]
        keep[low], partners[low] = left[low], high
        left[high] -= 1.0 - left[low]
        if left[high] < 1.0:
            small.append(large.pop())
    # What rounding leaves in either list is 1, unless it is never to be drawn.
    whole = keep >= 1.0
    thresholds = np.where(whole, 0.0, keep * 2.0**64).astype(np.uint64)
    thresholds[whole] = np.iinfo(np.uint64).max
    rest = np.flatnonzero(whole & (probabilities == 0.0))
    thresholds[rest], partners[rest] = 0, int(np.argmax(probabilities))
    return Alias(thresholds, partners)
