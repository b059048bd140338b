"""The loop: hand out missing blocks, store each with what it found, say how far it is."""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kdtheory.bounds.values import bound
from kdtheory.campaigns import workers as pools
from kdtheory.campaigns.batched import KEYS, STEPS, Case, Finding, judge
from kdtheory.campaigns.blocks import SIZE, draw
from kdtheory.campaigns.cluster import dask
from kdtheory.campaigns.instances import read, written
from kdtheory.campaigns.records import read_record
from kdtheory.campaigns.seals import Row
from kdtheory.campaigns.store import Store
from kdtheory.engines.exact import expected
from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.evidence.verdict import Verdict
from kdtheory.evidence.verdicts import verify
from kdtheory.problems.base import positive_int
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import theorem_named

MOST_BLOCKS = 2**53  # as large as a number in the store is exact, and beyond all machines together
# Sums of the two recursions differ by rounding, most where noise cancels.
REPLAYED = 1e-6


@dataclass(frozen=True)
class Progress:
    """How far a campaign is: instances done and wanted, instances a second, the tightest noisy
    ratio so far and its theorem.
    """

    done: int
    wanted: int
    rate: float
    tightest: float
    theorem: str

    @property
    def eta(self) -> float:
        """Seconds to go at the present rate."""
        return (self.wanted - self.done) / self.rate if self.rate > 0 else float("inf")


@dataclass(frozen=True)
class Campaign:
    """What a store holds: ``rows`` per theorem (instances, noisy, violated, tightest, record),
    instances done, wanted, seconds.
    """

    rows: tuple[Row, ...]
    instances: int
    wanted: int
    seconds: float
    interrupted: bool

    @property
    def violations(self) -> int:
        """Over all theorems."""
        return sum(row["violated"] for row in self.rows)


class Missing:
    """Numbers of the blocks that are wanted and not done, counted out one by one: a list of them
    may not fit in memory.
    """

    def __init__(self, wanted: int, done: set[int]) -> None:
        """Below ``wanted``, without ``done``."""
        self._wanted, self._done, self._next = wanted, done, 0
        self.count = wanted - sum(number < wanted for number in done)
        self._left = self.count

    def __iter__(self) -> Missing:
        """Itself: what was given out is not given out again."""
        return self

    def __next__(self) -> int:
        """The least that is left."""
        while self._next in self._done:
            self._next += 1
        if self._next >= self._wanted:
            raise StopIteration
        self._next += 1
        self._left -= 1
        return self._next - 1

    def __length_hint__(self) -> int:
        """How many are left, for whoever shares them out."""
        return self._left


def work(keys: tuple[str, ...], seed: int, number: int) -> list[Finding]:
    """One block; what a worker does."""
    return [outcome.finding() for outcome in judge(draw(seed, number), keys)]


def campaign(
    *,
    store: str | Path,
    instances: int = 10_000,
    theorems: Sequence[str] | None = None,
    seed: int = 0,
    workers: int | None = None,
    scheduler: str | None = None,
    resume: bool = False,
    tick: Callable[[Progress], None] = lambda progress: None,
) -> Campaign:
    """Check statements on random least squares instances (N <= 12, d <= 5), exactly, and keep the
    result in ``store``.

    Whatever interrupts it, running it again goes on with the blocks that are missing; every
    violation and every new tightest instance is stored as fractions, to be played again by
    :func:`replay`.

    Args:
        store: an SQLite file, made when it is not there.
        instances: how many are wanted in all, rounded up to blocks of 256.
        theorems: keys; None for all.
        seed: fixes the instances.
        workers: processes; None for one a core.
        scheduler: address of a Dask scheduler, instead of processes.  Its workers need this version
            of kdtheory; the scheduler needs none.
        resume: take seed and theorems from the store, which must exist.
        tick: called after every block.

    Raises:
        InvalidInput: unknown theorem, a store begun with other settings, no scheduler there,
            workers with another kdtheory.
        StoreFailure: the store is locked or the disk is full.  WorkerFailure: workers keep dying,
            the cluster is lost or stays empty.
        MissingTool: Dask is not installed.

    >>> import kdtheory as kd
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     found = kd.campaign(instances=16, store=f'{folder}/runs.sqlite')
    """
    wanted = -(-positive_int(instances, "instances") // SIZE)
    if wanted > MOST_BLOCKS:
        raise InvalidInput(
            f"instances must be at most {MOST_BLOCKS * SIZE:,}, got instances = {instances:,}."
        )
    if positive_int(seed, "seed", minimum=0) >= 2**64:
        raise InvalidInput(f"seed must be below 2**64, got seed = {seed}.")
    if workers is not None and scheduler is not None:
        raise InvalidInput(
            f"workers = {workers} are processes here, scheduler = {scheduler!r} is a cluster. Give"
            " one of the two."
        )
    count = positive_int(workers, "workers") if workers is not None else (os.cpu_count() or 1)
    _known(theorems or ())
    chosen = (
        None
        if resume
        else {
            "seed": seed,
            "theorems": [name for name in KEYS if not theorems or name in theorems],
            "steps": STEPS,
            "block": SIZE,
        }
    )
    with Store(store, chosen, create=not resume) as base:
        settings = base.settings
        _sound(settings, str(store))
        if (settings.get("steps"), settings.get("block")) != (STEPS, SIZE):
            raise InvalidInput(
                f"{str(store)!r} has blocks of {settings.get('block')} and {settings.get('steps')}"
                f" steps; this kdtheory uses {SIZE} and {STEPS}. Use the kdtheory that made it, or"
                " another file."
            )
        _known(settings["theorems"])
        start, done = time.perf_counter(), base.done()
        missing = Missing(wanted, done)
        job = partial(work, tuple(settings["theorems"]), settings["seed"])
        found = _run(job, missing, count, scheduler)
        tightest = base.tightest()
        interrupted = False
        try:
            for fresh, (number, findings) in enumerate(found, start=1):
                _keep(base, settings["seed"], number, findings, tightest)
                theorem = max(tightest, key=tightest.__getitem__, default="")
                tick(
                    Progress(
                        SIZE * (wanted - missing.count + fresh),
                        SIZE * wanted,
                        SIZE * fresh / (time.perf_counter() - start),
                        tightest.get(theorem, 0.0),
                        theorem,
                    )
                )
        except KeyboardInterrupt:
            interrupted = True
        finally:
            found.close()
        return Campaign(
            tuple(base.summary()),
            SIZE * len(base.done()),
            SIZE * wanted,
            time.perf_counter() - start,
            interrupted,
        )


def _sound(settings: Row, name: str) -> None:
    """A sealed store has what was once written into it, by whatever wrote it."""
    seed, theorems = settings.get("seed"), settings.get("theorems")
    if (
        not isinstance(seed, int)
        or isinstance(seed, bool)
        or not 0 <= seed < 2**64
        or not isinstance(theorems, list)
        or not theorems
        or not all(isinstance(key, str) for key in theorems)
        or len(set(theorems)) < len(theorems)
    ):
        raise InvalidInput(
            f"{name!r} was begun with seed = {seed!r}, theorems = {theorems!r}, which is no"
            " campaign of this kdtheory. Choose another file."
        )


def _known(theorems: Sequence[str]) -> None:
    for name in theorems:
        if name not in KEYS:
            raise unknown_name("theorem", name, KEYS)


def _run(
    job: partial[Any], missing: Missing, count: int, scheduler: str | None
) -> Generator[tuple[int, Any], None, None]:
    if scheduler is not None:
        return dask(job, missing, scheduler)
    if count == 1 or missing.count <= 1:
        return pools.here(job, missing)
    return pools.processes(job, missing, count)


def _keep(
    base: Store, seed: int, number: int, findings: Sequence[Finding], tightest: dict[str, float]
) -> None:
    """Store a block; its violations and new tightest instances are written out, drawn again from
    the seed.
    """
    results: list[Row] = []
    kept: list[tuple[str, float, Case]] = []
    better: dict[str, float] = {}
    for found in findings:
        results.append(
            {
                "theorem": found.theorem,
                "violated": found.violated,
                "noisy": found.noisy,
                "ratio": found.best,
            }
        )
        kept += [("violation", ratio, case) for ratio, case in found.violations]
        if found.best > tightest.get(found.theorem, 0.0):
            better[found.theorem] = found.best
            kept.append(("tightest", found.best, found.tightest))
    block = draw(seed, number) if kept else None
    records = [
        {"theorem": case.theorem, "kind": kind, "ratio": ratio, "instance": written(block, case)}
        for kind, ratio, case in kept
        if block
    ]
    base.add(number, SIZE, results, records)
    tightest |= better


def replay(identity: int, *, store: str | Path, method: str = "exact") -> tuple[Row, Verdict]:
    """A stored instance and its verdict now, by :func:`kdtheory.verify`, which shares no arithmetic
    with the campaign's blocks.

    The record says under ``"now"`` what the ratio on record is today (None for identities, which
    have other ratios), and under ``"agrees"`` whether that is the same.  The store is only read,
    also while a campaign writes it.

    Args:
        identity: the record's number.
        store: the campaign's file.
        method: as in :func:`kdtheory.verify`.

    Raises:
        InvalidInput: no such record, or a store or an instance that was tampered with.

    >>> import kdtheory as kd
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     store = f'{folder}/runs.sqlite'
    ...     done = kd.campaign(instances=16, store=store)
    ...     record, verdict = kd.replay(1, store=store)
    >>> verdict.status
    'VERIFIED'
    """
    record = read_record(Path(store), positive_int(identity, "ID"))
    arguments = read(record["instance"])
    now = ratio_now(record["kind"], arguments)
    agrees = now is None or math.isclose(now, record["ratio"], rel_tol=REPLAYED)
    verdict = verify(arguments.pop("problem"), arguments.pop("theta"), method=method, **arguments)
    return {**record, "now": now, "agrees": agrees}, verdict


def ratio_now(kind: str, arguments: Row) -> float | None:
    """The number that a record keeps, from :func:`kdtheory.expected` and :func:`kdtheory.bound`:
    the largest lhs/rhs, for the tightest ones among the times at which noise is at least half of
    the bound.
    """
    statement = theorem_named(arguments["theorem"])
    if statement.psi is None or statement.kind == "identity":
        return None
    problem, theta, x0 = (arguments[name] for name in ("problem", "theta", "x0"))
    common = {name: arguments[name] for name in ("step_size", "steps")}
    draws = {name: arguments[name] for name in ("batch_size", "replacement", "compressor")}
    rule = DistilledSGD(arguments["weight"], unbiased=statement.unbiased, **draws)
    run = expected(problem, theta, rule, x0=x0, **common)
    seen = run.gap if statement.quantity == "gap" else run.sq_distance
    claimed = bound(
        problem,
        theta,
        theorem=statement,
        weight=arguments["weight"],
        x0=x0,
        **common,
        **draws,
    )
    left = 1.0 - arguments["step_size"] * float(problem.constants.mu)
    noisy = claimed > 2.0 * left ** np.arange(len(claimed)) * claimed[0]
    looked = (np.arange(len(claimed)) > 0) & (noisy if kind == "tightest" else True)
    return float((seen[looked] / claimed[looked]).max()) if looked.any() else 0.0
