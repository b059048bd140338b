"""Sequential tests for E Z <= b with Z >= 0: capital of bets that are fair or worse under the
hypothesis (e-processes).

``Exceeds`` tests "E Z <= b" by the capital prod (1 + c (Z_i/b - 1)), 0 <= c < 1: never negative,
expectation at most 1 for every law of Z >= 0 whatever its tails.  ``Below`` tests "E Z >= b" by
prod (1 + c (b - Z_i)/(B - b)), 0 <= c < 1, which needs Z <= B almost surely: without such a B no
sample can bound a mean, since a rare large value may carry it. Both average the capital over a grid
of c, and by Ville's inequality reach 1/alpha with probability at most alpha, at any stopping time.
(Waudby-Smith and Ramdas, Estimating means of bounded random variables by betting, JRSSB 2024; the
wording and the combination over cells are ours.)

Cells are times (and weights) watched by the same runs.  A violation anywhere is claimed on the
average of the cells' capitals, an e-process for "all cells hold" under any dependence; "all cells
hold" is claimed only when every cell's own test rejects, which errs with probability at most alpha
as whichever cell fails has to be rejected wrongly.  So each of the two claims has level alpha over
all cells and all sample sizes at once.  Weak where Z is nearly constant and b barely above it (a
bet of c < 1 cannot grow fast), and where B is far above b.
"""

from __future__ import annotations

import math

import numpy as np

from kdtheory.problems.base import Array

STAKES = 0.99 * 2.0 ** -np.arange(14)  # c from 0.99 to 1e-4: within a factor 2 of the best one


class Exceeds:
    """Evidence against "E Z <= b in every cell", Z >= 0."""

    def __init__(self, claimed: Array) -> None:
        self.claimed = claimed
        self.capital = np.zeros((len(STAKES), *claimed.shape))  # logarithms

    def watch(self, samples: Array) -> None:
        """Independent samples (n, cells)."""
        with np.errstate(divide="ignore", invalid="ignore"):
            excess = (
                np.where(
                    self.claimed > 0.0, samples / self.claimed, np.where(samples > 0.0, np.inf, 1.0)
                )
                - 1.0
            )
        for row, stake in enumerate(STAKES):
            self.capital[row] += np.log1p(stake * excess).sum(axis=0)

    def log_evidence(self) -> float:
        """log of the e-value of the whole: the mean over cells and stakes."""
        return float(np.logaddexp.reduce(self.capital, axis=None) - math.log(self.capital.size))


class Below:
    """Evidence against "E Z >= b", cell by cell, for 0 <= Z <= most."""

    def __init__(self, claimed: Array, most: Array) -> None:
        self.claimed, self.most = claimed, most
        self.capital = np.zeros((len(STAKES), *claimed.shape))
        self.best = np.where(most <= claimed, np.inf, 0.0)  # b above the range: nothing to test

    def watch(self, samples: Array) -> None:
        """Independent samples (n, cells)."""
        room = np.where(self.most > self.claimed, self.most - self.claimed, np.inf)
        gain = (self.claimed - samples) / room
        for row, stake in enumerate(STAKES):
            self.capital[row] += np.log1p(stake * gain).sum(axis=0)
        now = np.logaddexp.reduce(self.capital, axis=0) - math.log(len(STAKES))
        self.best = np.maximum(self.best, now)

    def log_evidence(self) -> Array:
        """log of the largest capital so far, per cell; inf where b exceeds the range."""
        return self.best

    def fastest(self) -> Array:
        """The most that one sample can add to the logarithm of a cell's capital, the one where Z =
        0.
        """
        sure = self.most <= self.claimed
        room = np.where(sure, 1.0, self.most - self.claimed)
        return np.where(sure, np.inf, np.log1p(STAKES[0] * self.claimed / room))
