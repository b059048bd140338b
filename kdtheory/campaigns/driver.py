"""The loop: hand out missing blocks, store each with what it found, say how far it is."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from kdtheory.campaigns import workers as pools
from kdtheory.campaigns.batched import KEYS, STEPS, Case, Finding, judge
from kdtheory.campaigns.blocks import SIZE, draw
from kdtheory.campaigns.cluster import dask
from kdtheory.campaigns.instances import written
from kdtheory.campaigns.seals import Row
from kdtheory.campaigns.store import Store
from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.problems.base import positive_int

MOST_BLOCKS = 2**53  # as large as a number in the store is exact, and beyond all machines together


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
        missing = pools.Missing(wanted, done)
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
    job: partial[Any], missing: pools.Missing, count: int, scheduler: str | None
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
