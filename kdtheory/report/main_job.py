"""The main job: proofs, then every statement on random instances and on real data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import noise_floor
from kdtheory.evidence.starts import default_teacher
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import positive_int
from kdtheory.problems.datasets import BUNDLED, load
from kdtheory.report.one_verdict import Row, applicable, check, horizon, mild_compressor
from kdtheory.report.random_instances import merged, on_random
from kdtheory.statements.theorems import THEOREMS
from kdtheory.system.parallel import Job, run_all

FIRST = 10  # first steps that are looked at one by one on real data


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
        later = np.geomspace(1, length, 100 if closed else 10).astype(int)
        at = np.union1d(np.arange(FIRST + 1), later)
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
        plain = not theorem.unbiased and not theorem.compresses
        if closed and theorem.quantity == "sq_distance" and plain:
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
