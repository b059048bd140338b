"""How much every number varies with the seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.reproductions import reproduce


def over_seeds(names: tuple[str, ...], count: int) -> list[dict[str, Any]]:
    """One row per experiment and number: mean, standard deviation and range over seeds 1 to
    ``count``, and the expected interval."""
    rows = []
    for name in names:
        results = [reproduce(name, seed=seed) for seed in range(1, count + 1)]
        for key in results[0].numbers:
            interval = results[0].expected[key]
            values = np.array([result.numbers[key] for result in results])
            rows.append(
                {
                    "experiment": name,
                    "number": key,
                    "mean": float(values.mean()),
                    "deviation": float(values.std(ddof=1)),
                    "least": float(values.min()),
                    "largest": float(values.max()),
                    "low": interval.low,
                    "high": interval.high,
                }
            )
    return rows
