"""The main job: proofs, then every statement on random instances and on real data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kdtheory.bounds import default_step_size, noise_floor, optimal_weight
from kdtheory.compressors import RandK
from kdtheory.datasets import BUNDLED, load
from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.theorems import THEOREMS
from kdtheory.verdicts import Verdict, default_teacher, verify

Row = dict[str, Any]


def random_instances(seed: int, count: int) -> Iterator[tuple[str, FiniteSum, Array]]:
    """(kind, problem, teacher) over all problem classes; teachers at three distances from the optimum."""
    rng = np.random.default_rng(seed)
    for index in range(count):
        n, d = int(rng.integers(3, 13)), int(rng.integers(1, 5))
        features = rng.standard_normal((n, d))
        shifts = rng.standard_normal((n, d))
        weights = rng.uniform(0.2, 2.0, n)
        problem: FiniteSum
        match index % 4:
            case 0:
                kind, problem = "least-squares", LeastSquares(features, rng.standard_normal(n), ridge=float(rng.uniform(0.05, 1)))
            case 1:
                kind, problem = "logistic", LogisticRegression(features, rng.integers(0, 2, n), ridge=float(rng.uniform(0.05, 1)))
            case 2:
                kind, problem = "softmax", SoftmaxRegression(features, rng.integers(0, 3, n), ridge=float(rng.uniform(0.05, 1)))
            case _:
                directions = rng.standard_normal((min(2, d), d))
                kind, problem = "sinusoidal", SinusoidalSum(directions, weights / weights.mean(), shifts - shifts.mean(axis=0))
        distance = 10.0 ** rng.integers(-2, 1)
        yield kind, problem, problem.minimiser + distance * rng.standard_normal(problem.dim)


def applicable(problem: FiniteSum) -> list[str]:
    """The statements whose assumptions the problem's constants satisfy."""
    found = []
    for name, theorem in THEOREMS.items():
        if theorem.quantity == "gradient":
            fits = hasattr(problem, "distillation_gradients")
        elif name == "exact-quadratic":
            fits = isinstance(problem, LeastSquares)
        else:
            fits = float(getattr(problem.constants, theorem.modulus)) > 0
        if fits:
            found.append(name)
    return found


def check(problem: FiniteSum, theta: Array, name: str, *, steps: int, seed: int, replicates: int,
          at: Array | None = None) -> Verdict | None:
    """One verdict; None where compression does not contract at the statement's step size."""
    compressor = None
    if name.startswith("compressed") and problem.dim > 1:
        kept = RandK(problem.dim - 1)
        gamma = default_step_size(problem, name)
        shrink = gamma * float(problem.constants.mu)
        compressor = kept if (1 + kept.omega(problem.dim)) * (1 - shrink) < 1 else None
    return verify(problem, theta, theorem=name, steps=steps, seed=seed, replicates=replicates, compressor=compressor, at=at)


def on_random(count: int, seed: int, tick: Callable[[str], None]) -> list[Row]:
    """Every applicable statement on ``count`` random instances: per statement the number, the tightest ratio, the worst status."""
    rows: dict[str, Row] = {}
    for index, (kind, problem, theta) in enumerate(random_instances(seed, count)):
        tick(f"random {kind}")
        for name in applicable(problem):
            verdict = check(problem, theta, name, steps=100, seed=seed + index, replicates=4000)
            if verdict is None:
                continue
            row = rows.setdefault(name, {"statement": name, "instances": 0, "VERIFIED": 0, "VIOLATED": 0, "UNDECIDED": 0, "tightest": 0.0,
                                         "reasons": []})
            row["instances"] += 1
            row[verdict.status] += 1
            row["tightest"] = max(row["tightest"], verdict.ratio)
            if verdict.status == "VIOLATED":
                row["reasons"].append(f"instance {index} ({kind}), seed {seed}: {verdict.reason}")
    return [rows[name] for name in THEOREMS if name in rows]


def on_data(source: str, tick: Callable[[str], None], *, steps: int = 100) -> list[Row]:
    """Every applicable statement on one data set, with the default teacher."""
    problem = load(source)
    theta = default_teacher(problem)
    # f at every run and time costs a pass over the data: where the moments are not exact, ten times are looked at.
    at = None if isinstance(problem, LeastSquares) else np.unique(np.geomspace(1, steps, 10).astype(int))
    rows = []
    for name in applicable(problem):
        tick(f"{source} {name}")
        verdict = check(problem, theta, name, steps=steps, seed=0, replicates=4000, at=at)
        if verdict is None:
            continue
        row: Row = {"data": source, **verdict.to_dict()}
        if THEOREMS[name].psi is not None:
            row["floor"] = noise_floor(problem, theta, theorem=name, step_size=verdict.step_size, weight=verdict.weight)
        if isinstance(problem, LeastSquares) and verdict.step_size > 0:
            row["weight_exact"] = optimal_weight(problem, theta, step_size=verdict.step_size, criterion="exact")
        rows.append(row)
    return rows


def main_job(*, sources: tuple[str, ...] = BUNDLED, instances: int = 24, seed: int = 0,
             tick: Callable[[str], None] = lambda text: None) -> dict[str, Any]:
    """Proofs, random instances, real data; ``failed`` lists everything that is not as claimed."""
    from kdtheory.proofs import prove

    if instances < 1:
        raise InvalidInput(f"instances must be >= 1, got {instances}.")
    proofs = []
    for name in THEOREMS:
        tick(f"prove {name}")
        proof = prove(name)
        proofs.append({"statement": name, "status": proof.status, "reason": proof.reason})
    random_rows = on_random(instances, seed, tick)
    data_rows = [row for source in sources for row in on_data(source, tick)]
    failed = [f"proof of {row['statement']}: {row['status']}, {row['reason']}" for row in proofs if row["status"] != "PROVED"]
    failed += [reason for row in random_rows for reason in row["reasons"]]
    failed += [f"{row['data']} {row['theorem']}: {row['reason']}" for row in data_rows if row["status"] == "VIOLATED"]
    undecided = sum(row["UNDECIDED"] for row in random_rows) + sum(row["status"] == "UNDECIDED" for row in data_rows)
    return {"undecided": undecided, "proofs": proofs, "random": random_rows, "data": data_rows, "failed": failed}
