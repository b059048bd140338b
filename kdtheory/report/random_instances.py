"""Every statement on random instances of all problem classes."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.report.one_verdict import Row, applicable, check
from kdtheory.statements.theorems import THEOREMS

STATUSES = ("VERIFIED", "VIOLATED", "UNDECIDED")


def random_instances(seed: int, count: int) -> Iterator[tuple[str, FiniteSum, Array]]:
    """(kind, problem, teacher) over all problem classes; teachers at three distances from the
    optimum.
    """
    rng = np.random.default_rng(seed)

    def ridge() -> float:
        return float(rng.uniform(0.05, 1))

    for index in range(count):
        n, d = int(rng.integers(3, 13)), int(rng.integers(1, 5))
        features, shifts = rng.standard_normal((n, d)), rng.standard_normal((n, d))
        weights = rng.uniform(0.2, 2.0, n)
        problem: FiniteSum
        match index % 4:
            case 0:
                kind = "least-squares"
                problem = LeastSquares(features, rng.standard_normal(n), ridge=ridge())
            case 1:
                kind = "logistic"
                problem = LogisticRegression(features, rng.integers(0, 2, n), ridge=ridge())
            case 2:
                kind = "softmax"
                problem = SoftmaxRegression(features, rng.integers(0, 3, n), ridge=ridge())
            case _:
                kind, directions = "sinusoidal", rng.standard_normal((min(2, d), d))
                centred = shifts - shifts.mean(axis=0)
                problem = SinusoidalSum(directions, weights / weights.mean(), centred)
        distance = 10.0 ** rng.integers(-2, 1)
        yield kind, problem, problem.minimiser + distance * rng.standard_normal(problem.dim)


def on_random(count: int, seed: int, *, share: int = 0, shares: int = 1) -> list[Row]:
    """Every applicable statement on ``count`` random instances: per statement the number, the
    tightest ratio, the worst status.

    Only instances share, share + shares, ... are looked at, so that processes can divide the work.
    """
    rows: dict[str, Row] = {}
    for index, (kind, problem, theta) in enumerate(random_instances(seed, count)):
        if index % shares != share:
            continue
        for name in applicable(problem):
            at = None if isinstance(problem, LeastSquares) else np.arange(0, 101, 5)
            verdict = check(problem, theta, name, steps=100, seed=seed + index, at=at)
            row = rows.setdefault(name, _nothing(name))
            row["instances"] += 1
            row[verdict.status] += 1
            row["tightest"] = max(row["tightest"], verdict.ratio)
            if verdict.status == "VIOLATED":
                row["reasons"].append(
                    f"{name} on random instance {index} ({kind}), seed {seed}: {verdict.reason}"
                )
    return list(rows.values())


def _nothing(name: str) -> Row:
    counts = dict.fromkeys(("instances", *STATUSES), 0)
    return {"statement": name, **counts, "tightest": 0.0, "reasons": []}


def merged(parts: list[list[Row]]) -> list[Row]:
    """The rows of all shares, added up by statement, in paper order."""
    rows: dict[str, Row] = {}
    for row in (row for part in parts for row in part):
        total = rows.setdefault(row["statement"], _nothing(row["statement"]))
        for field in ("instances", *STATUSES):
            total[field] += row[field]
        total["tightest"] = max(total["tightest"], row["tightest"])
        total["reasons"] = [*total["reasons"], *row["reasons"]]
    return [rows[name] for name in THEOREMS if name in rows]
