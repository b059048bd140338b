"""The main job: proofs, then every statement on random instances and on real data."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import default_step_size, noise_floor
from kdtheory.evidence.starts import default_teacher
from kdtheory.evidence.verdict import Verdict
from kdtheory.evidence.verdicts import verify
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import Array, FiniteSum, positive_int
from kdtheory.problems.datasets import BUNDLED, load
from kdtheory.rules.compressors import Bernoulli, StochasticRounding
from kdtheory.rules.distilled import Compressor
from kdtheory.statements.theorems import THEOREMS
from kdtheory.system.parallel import Job, run_all

Row = dict[str, Any]
STATUSES = ("VERIFIED", "VIOLATED", "UNDECIDED")
FIRST = 10  # first steps that are looked at one by one on real data
LONGEST = 200_000  # steps; the Python recursion of a bound takes a fifth of a second for it


def random_instances(seed: int, count: int) -> Iterator[tuple[str, FiniteSum, Array]]:
    """(kind, problem, teacher) over all problem classes; teachers at three distances from the
    optimum.
    """
    rng = np.random.default_rng(seed)
    for index in range(count):
        n, d = int(rng.integers(3, 13)), int(rng.integers(1, 5))
        features = rng.standard_normal((n, d))
        shifts = rng.standard_normal((n, d))
        weights = rng.uniform(0.2, 2.0, n)
        problem: FiniteSum
        match index % 4:
            case 0:
                kind, problem = (
                    "least-squares",
                    LeastSquares(
                        features, rng.standard_normal(n), ridge=float(rng.uniform(0.05, 1))
                    ),
                )
            case 1:
                kind, problem = (
                    "logistic",
                    LogisticRegression(
                        features, rng.integers(0, 2, n), ridge=float(rng.uniform(0.05, 1))
                    ),
                )
            case 2:
                kind, problem = (
                    "softmax",
                    SoftmaxRegression(
                        features, rng.integers(0, 3, n), ridge=float(rng.uniform(0.05, 1))
                    ),
                )
            case _:
                directions = rng.standard_normal((min(2, d), d))
                kind, problem = (
                    "sinusoidal",
                    SinusoidalSum(
                        directions, weights / weights.mean(), shifts - shifts.mean(axis=0)
                    ),
                )
        distance = 10.0 ** rng.integers(-2, 1)
        yield kind, problem, problem.minimiser + distance * rng.standard_normal(problem.dim)


def applicable(problem: FiniteSum) -> list[str]:
    """The statements whose assumptions the problem's constants satisfy."""
    found = []
    for name, theorem in THEOREMS.items():
        if theorem.quantity == "gradient":
            fits = hasattr(problem, "distillation_gradients")
        elif theorem.quantity == "law":
            fits = False  # it speaks of bounds, and is held against them in tests
        elif theorem.is_law or not theorem.has_curve:
            fits = isinstance(problem, LeastSquares)
        else:
            fits = float(getattr(problem.constants, theorem.modulus)) > 0
        if fits:
            found.append(name)
    return found


def mild_compressor(problem: FiniteSum, name: str) -> Compressor | None:
    """A compressor that the compressed statements allow at their default step size; None for the
    other statements.

    Least squares: Bernoulli at half the room, omega = gamma mu / (2 (1 - gamma mu)), whose moments
    are exact.  Elsewhere rounding to a grid whose error gamma^2 sigma_*^2 is that of one step's
    noise: it is bounded, and Monte Carlo cannot see events as rare as such a mask.
    """
    if not THEOREMS[name].compresses:
        return None
    gamma = default_step_size(problem, name)
    shrink = gamma * float(problem.constants.mu)
    if isinstance(problem, LeastSquares):
        return Bernoulli(1.0 / (1.0 + shrink / (2.0 * (1.0 - shrink))))
    noise = float(problem.constants.sigma_star_sq)
    return StochasticRounding(2.0 * gamma * math.sqrt((noise or 1.0) / problem.dim))


def check(
    problem: FiniteSum,
    theta: Array,
    name: str,
    *,
    steps: int,
    seed: int,
    at: np.ndarray | None = None,
) -> Verdict:
    """One verdict at the statement's own step size and weight."""
    return verify(
        problem,
        theta,
        theorem=name,
        steps=steps,
        seed=seed,
        at=at,
        compressor=mild_compressor(problem, name),
    )


def horizon(problem: FiniteSum, name: str) -> int:
    """5/(gamma mu) steps, after which exp(-5) of the start is left and the floor shows; exact
    engine only, where it costs nothing.
    """
    theorem = THEOREMS[name]
    rate = default_step_size(problem, name) * float(getattr(problem.constants, theorem.modulus))
    return min(math.ceil(5.0 / rate), LONGEST)


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
            row = rows.setdefault(
                name,
                {
                    "statement": name,
                    "instances": 0,
                    "VERIFIED": 0,
                    "VIOLATED": 0,
                    "UNDECIDED": 0,
                    "tightest": 0.0,
                    "reasons": [],
                },
            )
            row["instances"] += 1
            row[verdict.status] += 1
            row["tightest"] = max(row["tightest"], verdict.ratio)
            if verdict.status == "VIOLATED":
                row["reasons"].append(
                    f"{name} on random instance {index} ({kind}), seed {seed}: {verdict.reason}"
                )
    return list(rows.values())


def merged(parts: list[list[Row]]) -> list[Row]:
    """The rows of all shares, added up by statement, in paper order."""
    rows: dict[str, Row] = {}
    for row in (row for part in parts for row in part):
        total = rows.setdefault(
            row["statement"],
            {**row, **dict.fromkeys(("instances", *STATUSES, "tightest"), 0), "reasons": []},
        )
        for field in ("instances", *STATUSES):
            total[field] += row[field]
        total["tightest"] = max(total["tightest"], row["tightest"])
        total["reasons"] = [*total["reasons"], *row["reasons"]]
    return [rows[name] for name in THEOREMS if name in rows]


def on_data(source: str, *, steps: int = 100) -> list[Row]:
    """Every applicable statement on one data set, with the default teacher; ``steps`` is the
    horizon of simulations.
    """
    problem = load(source)
    theta = default_teacher(problem)
    rows = []
    for name in applicable(problem):
        theorem = THEOREMS[name]
        iterates = theorem.quantity != "gradient"
        closed = isinstance(problem, LeastSquares) and iterates
        length = horizon(problem, name) if closed and theorem.has_curve else steps
        # Every one of the first steps, where noise hides how little a step gains, then the whole
        # horizon; f at every run and time costs a pass over the data, so that a simulation is
        # looked at rarely.
        at = np.unique(
            np.append(
                np.arange(FIRST + 1), np.geomspace(1, length, 100 if closed else 10).astype(int)
            )
        )
        verdict = check(problem, theta, name, steps=length, seed=0, at=at[at <= length])
        row: Row = {"data": source, **verdict.to_dict()}
        if theorem.has_curve and iterates:
            row["floor"] = noise_floor(
                problem,
                theta,
                theorem=name,
                step_size=verdict.step_size,
                weight=verdict.weight,
                compressor=mild_compressor(problem, name),
            )
        # What lambda° is about.
        if (
            closed
            and theorem.quantity == "sq_distance"
            and not theorem.unbiased
            and not theorem.compresses
        ):
            row["weight_exact"] = optimal_weight(
                problem, theta, step_size=verdict.step_size, criterion="exact"
            )
        rows.append(row)
    return rows


def proofs_of(names: tuple[str, ...]) -> list[Row]:
    """What the SymPy checker says of these statements; in one process, since they share
    obligations.
    """
    from kdtheory.proofs import prove

    found = [prove(name) for name in names]
    return [
        {"statement": proof.theorem, "status": proof.status, "reason": proof.reason}
        for proof in found
    ]


def check_arguments(sources: tuple[str, ...], *, instances: int, seed: int, workers: int) -> None:
    """What is wrong with the arguments of :func:`main_job` is said before anything is done, and
    before a folder is made for it.

    Raises:
        InvalidInput: unreadable data, a number below its least value.
    """
    positive_int(instances, "instances")
    positive_int(seed, "seed", minimum=0)
    positive_int(workers, "workers")
    for source in sources:
        if source not in BUNDLED:
            load(source)


def main_job(
    *,
    sources: tuple[str, ...] = BUNDLED,
    instances: int = 24,
    seed: int = 0,
    workers: int = 1,
    tick: Callable[[str, int], None] = lambda done, total: None,
) -> dict[str, Any]:
    """Proofs, random instances, real data; ``failed`` lists everything that is not as claimed.

    Args:
        sources: bundled names or files, see :func:`kdtheory.problems.datasets.load`.
        instances: random instances, at least 1.
        seed: seed of the random instances.
        workers: processes; with more than one, a script that calls this needs the ``__main__``
            guard of ``multiprocessing``.
        tick: called with what is done and the number of parts in all, after every part.

    Raises:
        InvalidInput: unreadable data, a number below its least value.
    """
    check_arguments(sources, instances=instances, seed=seed, workers=workers)
    shares = min(instances, 6)
    # The longest parts come first, so that two processes end together.
    jobs: list[Job] = [(f"data: {source}", on_data, (source,), {}) for source in reversed(sources)]
    jobs += [("proofs", proofs_of, (tuple(THEOREMS),), {})]
    jobs += [
        (
            f"random instances, part {k + 1} of {shares}",
            on_random,
            (instances, seed),
            {"share": k, "shares": shares},
        )
        for k in range(shares)
    ]
    results = run_all(jobs, workers, lambda label: tick(label, len(jobs)))
    data_rows = [row for rows in reversed(results[: len(sources)]) for row in rows]
    proofs, *parts = results[len(sources) :]
    random_rows = merged(parts)
    failed = [
        f"proof of {row['statement']}: {row['status']}, {row['reason']}"
        for row in proofs
        if row["status"] != "PROVED"
    ]
    failed += [reason for row in random_rows for reason in row["reasons"]]
    failed += [
        f"{row['data']} {row['theorem']}: {row['reason']}"
        for row in data_rows
        if row["status"] == "VIOLATED"
    ]
    undecided = sum(row["UNDECIDED"] for row in random_rows) + sum(
        row["status"] == "UNDECIDED" for row in data_rows
    )
    return {
        "undecided": undecided,
        "proofs": proofs,
        "random": random_rows,
        "data": data_rows,
        "failed": failed,
    }
