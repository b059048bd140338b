"""Campaigns: instances a second of the block engine, of the driver with 1 and 2 processes, and on a
Dask LocalCluster of as many workers.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from multiprocessing import active_children
from pathlib import Path

import numpy as np
import psutil  # distributed needs it too

from benchmarks.measure import arguments, interleaved, on_cores, parsed, spread, table
from kdtheory.campaigns import Progress, campaign
from kdtheory.campaigns.batched import KEYS
from kdtheory.campaigns.blocks import SIZE
from kdtheory.campaigns.driver import work

LARGE = 100_000
Tick = Callable[[Progress], None]


def engine(blocks: int, rounds: int, clock: str) -> None:
    """Draw and judge, nothing stored."""
    number = iter(range(10**9))
    with on_cores(1):
        times = interleaved(
            {"ours": lambda: [work(KEYS, 0, next(number)) for _ in range(blocks)]},
            rounds=rounds,
            clock=clock,
        )["ours"]
    rate = blocks * SIZE / np.median(times)
    table(
        f"Block engine, one core, all {len(KEYS)} statements, N <= 12, d <= 5 ({clock} time; goal:"
        " 2,000 a second)",
        ["", "instances a second"],
        [[f"{blocks} blocks of {SIZE}", f"{rate:,.0f} {spread(times)}"]],
    )


def used() -> float:
    """Processor seconds so far of this process and all its children, the ended and the living."""
    me = psutil.Process()
    spent = me.cpu_times()
    total = spent.user + spent.system + spent.children_user + spent.children_system
    return float(
        total
        + sum(
            child.cpu_times().user + child.cpu_times().system
            for child in me.children(recursive=True)
        )
    )


def cost(run: Callable[[Path, Tick, Callable[[], None]], None]) -> np.ndarray:
    """Wall and processor seconds of one run with a new store, (3, 2).

    Of it all; from ``ready``, which the run calls before its campaign, to the last block; of the
    last nine tenths, when all workers work.
    """
    marks: dict[str, np.ndarray] = {}

    def mark(name: str) -> None:
        marks[name] = np.array([time.perf_counter(), used()])

    def tick(progress: Progress) -> None:
        if progress.done == progress.wanted:
            mark("last")
        elif "warm" not in marks and 10 * progress.done >= progress.wanted:
            mark("warm")
            marks["left"] = np.array(1 - progress.done / progress.wanted)

    with tempfile.TemporaryDirectory() as folder:
        mark("begin")
        run(Path(folder) / "runs.sqlite", tick, partial(mark, "ready"))
        for child in active_children():
            child.join()
        mark("end")
    return np.array(
        [
            marks["end"] - marks["begin"],
            marks["last"] - marks["ready"],
            (marks["last"] - marks["warm"]) / marks["left"],
        ]
    )


def on_dask(
    store: Path, tick: Tick, ready: Callable[[], None], *, instances: int, workers: int
) -> None:
    """A cluster of its own, as Dask starts it."""
    from distributed import LocalCluster

    with LocalCluster(n_workers=workers, threads_per_worker=1, dashboard_address=":0") as cluster:
        ready()
        campaign(store=store, instances=instances, scheduler=cluster.scheduler_address, tick=tick)


def on_processes(
    store: Path, tick: Tick, ready: Callable[[], None], *, instances: int, workers: int
) -> None:
    """The default."""
    ready()
    campaign(store=store, instances=instances, workers=workers, tick=tick)


PARTS = (
    "start and stop of pool and cluster included",
    "from the command to its last block, the cluster running before",
    "the last nine tenths, when all workers work",
)


def drivers(instances: int, rounds: int) -> None:
    """Whole runs in turns."""
    import_module("distributed")  # or the first round alone would pay for it

    ways = {
        f"{count} process{'es' if count > 1 else ''}": partial(
            on_processes, instances=instances, workers=count
        )
        for count in (1, 2)
    }
    ways["Dask LocalCluster, 2 workers"] = partial(on_dask, instances=instances, workers=2)
    found: dict[str, list[np.ndarray]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, run in ways.items():
            found[name].append(cost(run))
    for part, title in enumerate(PARTS):
        rows = []
        for name, runs in found.items():
            wall, processor = (np.array(runs)[:, part, k] for k in (0, 1))
            over = [
                np.array(runs)[:, part, k] / np.array(found["2 processes"])[:, part, k] - 1
                for k in (0, 1)
            ]
            rows.append(
                [
                    name,
                    *(
                        f"{instances / np.median(times):,.0f} {spread(times)}"
                        for times in (wall, processor)
                    ),
                    f"{np.median(processor):.1f}",
                    *(
                        f"{100 * np.median(extra):+.0f}% [{100 * extra.min():+.0f},"
                        f" {100 * extra.max():+.0f}]"
                        for extra in over
                    ),
                ]
            )
        table(
            f"{instances:,} instances, {title}: instances a second, {rounds} round(s) (goal: Dask"
            " at most +10% at 100,000)",
            [
                "",
                "a wall second",
                "a processor second",
                "processor seconds",
                "wall against 2",
                "processor against 2",
            ],
            rows,
        )


def main() -> None:
    """Two kinds of tables."""
    parser = arguments(__doc__, rounds=3)
    parser.add_argument(
        "--instances", type=int, help=f"of the second table (default {LARGE}; 10240 with --quick)"
    )
    options = parsed(parser)
    engine(2 if options.quick else 10, options.rounds, options.clock)
    drivers(options.instances or (40 * SIZE if options.quick else LARGE), options.rounds)


if __name__ == "__main__":
    main()
