"""Campaigns: instances a second of the block engine, of the driver with 1 and 2 processes, and on a Dask LocalCluster of as many workers."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from multiprocessing import active_children
from pathlib import Path

import numpy as np

from benchmarks.measure import arguments, interleaved, on_cores, parsed, spread, table
from kdtheory.campaigns import campaign
from kdtheory.campaigns.batched import KEYS
from kdtheory.campaigns.blocks import SIZE
from kdtheory.campaigns.driver import work

LARGE = 100_000


def engine(blocks: int, rounds: int, clock: str) -> None:
    """Draw and judge, nothing stored."""
    number = iter(range(10**9))
    with on_cores(1):
        times = interleaved({"ours": lambda: [work(KEYS, 0, next(number)) for _ in range(blocks)]}, rounds=rounds, clock=clock)["ours"]
    rate = blocks * SIZE / np.median(times)
    table(f"Block engine, one core, all {len(KEYS)} statements, N <= 12, d <= 5 ({clock} time; goal: 2,000 a second)",
          ["", "instances a second"], [[f"{blocks} blocks of {SIZE}", f"{rate:,.0f} {spread(times)}"]])


def cost(run: Callable[[Path], None]) -> tuple[float, float]:
    """Wall seconds, and processor seconds of this process and all its children, of one run with a new store."""
    def used() -> float:
        parts = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(part.ru_utime + part.ru_stime for part in parts)

    with tempfile.TemporaryDirectory() as folder:
        before, start = used(), time.perf_counter()
        run(Path(folder) / "runs.sqlite")
        wall = time.perf_counter() - start
        for child in active_children():     # only children that have ended are counted
            child.join()
        return wall, used() - before


def on_dask(store: Path, instances: int, workers: int) -> None:
    """A cluster of its own, started and stopped within the time."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=None) as cluster:
        campaign(store=store, instances=instances, scheduler=cluster.scheduler_address)


def on_processes(store: Path, instances: int, workers: int) -> None:
    """The default."""
    campaign(store=store, instances=instances, workers=workers)


def drivers(instances: int, rounds: int, *, dask: bool) -> None:
    """Start of the processes, store and all, in turns."""
    ways: dict[str, tuple[int, Callable[[Path], None]]] = {
        f"{count} process{'es' if count > 1 else ''}": (count, partial(on_processes, instances=instances, workers=count)) for count in (1, 2)}
    if dask:
        ways["Dask LocalCluster, 2 workers"] = (2, partial(on_dask, instances=instances, workers=2))
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, (_, run) in ways.items():
            found[name].append(cost(run))
    usual = np.array(found["2 processes"])
    rows = []
    for name, pairs in found.items():
        times = np.array(pairs)
        over = [f"{100 * (np.median(times[:, k] / usual[:, k]) - 1):+.0f}%" for k in (0, 1)]
        rows.append([name, f"{instances / np.median(times[:, 0]):,.0f} {spread(times[:, 0])}",
                     f"{instances / np.median(times[:, 1]):,.0f} {spread(times[:, 1])}", *over])
    table(f"{instances:,} instances, store and start of workers included (goal: Dask at most +10% at 100,000)",
          ["", "a wall second", "a processor second", "wall against 2", "processor against 2"], rows)


def main() -> None:
    """Two tables."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument("--instances", type=int, help=f"of the second table (default {LARGE}; 10240 with --quick)")
    options = parsed(parser)
    engine(2 if options.quick else 10, options.rounds, options.clock)
    drivers(options.instances or (40 * SIZE if options.quick else LARGE), options.rounds, dask=find_spec("distributed") is not None)


if __name__ == "__main__":
    main()
