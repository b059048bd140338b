"""What an experiment returns: numbers, the intervals they must lie in, a paragraph, a figure."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

from matplotlib.figure import Figure

DIGITS = 6  # kept in the JSON: further ones depend on the machine's BLAS


@dataclass(frozen=True)
class Interval:
    """Where a number must lie, ends included, and why: theory, or the spread over seeds."""

    low: float
    high: float
    why: str

    def holds(self, number: float) -> bool:
        """Whether ``number`` lies inside; NaN lies nowhere."""
        return self.low <= number <= self.high


SPREAD_WIDTH = 5.0


def spread(
    mean: float,
    deviation: float,
    *,
    seeds: int = 12,
    low: float = -math.inf,
    high: float = math.inf,
) -> Interval:
    """mean +- 5 standard deviations over seeds 1 to ``seeds`` (``kdtheory reproduce NAME --spread``
    prints both), cut at what is possible.

    The default seed 0 is not among them.  Twelve seeds give the deviation to a fifth, so that 5
    leaves less than 1 in 1,000 outside.
    """
    reach = SPREAD_WIDTH * deviation
    return Interval(
        max(low, mean - reach),
        min(high, mean + reach),
        f"spread: mean +- 5 standard deviations over seeds 1 to {seeds}",
    )


@dataclass(frozen=True)
class Reproduction:
    """``expected`` has an interval for every key of ``numbers``: what cannot fail is not
    measured.
    """

    numbers: dict[str, float]
    expected: dict[str, Interval]
    paragraph: str
    figure: Figure

    def __post_init__(self) -> None:
        """One interval per number."""
        assert self.numbers.keys() == self.expected.keys(), (
            self.numbers.keys() ^ self.expected.keys()
        )

    @property
    def outside(self) -> list[str]:
        """One sentence for every number that left its interval; empty when all is as expected."""
        return [
            f"{key} = {number:.6g} outside [{self.expected[key].low:.6g},"
            f" {self.expected[key].high:.6g}] ({self.expected[key].why})"
            for key, number in self.numbers.items()
            if not self.expected[key].holds(number)
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers with their intervals, the paragraph, the verdict."""
        return {
            "as_expected": not self.outside,
            "numbers": {
                key: {"value": _rounded(number), **asdict(self.expected[key])}
                for key, number in self.numbers.items()
            },
            "paragraph": self.paragraph,
        }


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")
