"""What an experiment returns: numbers, the intervals they must lie in, a paragraph, a figure."""

from __future__ import annotations

import json
import math
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

DIGITS = 6      # kept in the JSON: further ones depend on the machine's BLAS


@dataclass(frozen=True)
class Interval:
    """Where a number must lie, ends included, and why: theory, or the spread over seeds."""

    low: float
    high: float
    why: str

    def holds(self, number: float) -> bool:
        """Whether ``number`` lies inside; NaN lies nowhere."""
        return self.low <= number <= self.high


SPREAD_SEEDS, SPREAD_WIDTH = range(1, 13), 5.0


def spread(mean: float, deviation: float, *, low: float = -math.inf, high: float = math.inf) -> Interval:
    """mean +- 5 standard deviations over seeds 1 to 12 (``kdtheory reproduce NAME --spread`` prints both), cut at what is possible.

    The default seed 0 is not among them.  Twelve seeds give the deviation to a fifth, so that 5 leaves less than 1 in 1,000 outside.
    """
    reach = SPREAD_WIDTH * deviation
    return Interval(max(low, mean - reach), min(high, mean + reach), "spread: mean +- 5 standard deviations over seeds 1 to 12")


@dataclass(frozen=True)
class Result:
    """``expected`` has an interval for every key of ``numbers``: what cannot fail is not measured."""

    numbers: dict[str, float]
    expected: dict[str, Interval]
    paragraph: str
    figure: Figure

    def __post_init__(self) -> None:
        """One interval per number."""
        assert self.numbers.keys() == self.expected.keys(), self.numbers.keys() ^ self.expected.keys()

    @property
    def outside(self) -> list[str]:
        """One sentence for every number that left its interval; empty when all is as expected."""
        return [
            f"{key} = {number:.6g} outside [{self.expected[key].low:.6g}, {self.expected[key].high:.6g}] ({self.expected[key].why})"
            for key, number in self.numbers.items()
            if not self.expected[key].holds(number)
        ]

    def to_dict(self) -> dict[str, Any]:
        """For JSON: numbers with their intervals, the paragraph, the verdict."""
        return {
            "as_expected": not self.outside,
            "numbers": {
                key: {"value": _rounded(number), "low": self.expected[key].low, "high": self.expected[key].high, "why": self.expected[key].why}
                for key, number in self.numbers.items()
            },
            "paragraph": self.paragraph,
        }


def _rounded(number: float) -> float:
    return float(f"{number:.{DIGITS}g}")


def write_text(target: Path, text: str) -> None:
    """The whole text or nothing: a reader never sees half a file."""
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(part, 0o644)
        os.replace(part, target)
    except OSError:
        Path(part).unlink(missing_ok=True)
        raise


def as_json(value: Any) -> str:
    """Indented JSON with a final newline; infinite ends become null, as JSON has none."""
    def finite(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: finite(inner) for key, inner in item.items()}
        return None if isinstance(item, float) and item in (float("inf"), float("-inf")) else item

    return json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
