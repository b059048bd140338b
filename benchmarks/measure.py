"""Interleaved repeats and tables.  Every contender runs once per round, so that what else the
machine does falls on all of them.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

Times = dict[str, np.ndarray]
CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}


def arguments(doc: str | None, *, rounds: int = 7) -> argparse.ArgumentParser:
    """What every benchmark takes: rounds, clock, and ``--quick`` for a first look (its own smaller
    sizes, one round unless given).
    """
    parser = argparse.ArgumentParser(description=doc)
    parser.add_argument(
        "--rounds", type=int, help=f"interleaved repeats (default {rounds}; 1 with --quick)"
    )
    parser.add_argument(
        "--clock", choices=("wall", "cpu"), default="wall", help="cpu where others use the machine"
    )
    parser.add_argument("--quick", action="store_true", help="smaller and fewer measurements")
    parser.set_defaults(usual=rounds)
    return parser


def parsed(parser: argparse.ArgumentParser, line: list[str] | None = None) -> argparse.Namespace:
    """The options, with the number of rounds filled in."""
    options = parser.parse_args(line)
    options.rounds = options.rounds or (1 if options.quick else options.usual)
    return options


@contextmanager
def on_cores(count: int):
    """This process on ``count`` cores, with as many BLAS threads: more would wait for each other in
    busy loops.
    """
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        with threadpool_limits(count):
            yield
    finally:
        os.sched_setaffinity(0, before)


def interleaved(
    contenders: Mapping[str, Callable[[], Any]],
    *,
    rounds: int = 7,
    clock: str = "wall",
    warm: bool = True,
) -> Times:
    """Seconds per round of each contender, (rounds,); ``clock`` "cpu" counts this process alone,
    for single-threaded work on a busy machine.
    """
    tick = CLOCKS[clock]
    if warm:
        for run in contenders.values():
            run()
    found: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, run in contenders.items():
            start = tick()
            run()
            found[name].append(tick() - start)
    return {name: np.array(times) for name, times in found.items()}


def fastest(times: Times, prefix: str) -> str:
    """The contender of several forms (``prefix form``) with the smallest median."""
    return min(
        (name for name in times if name.startswith(prefix)),
        key=lambda name: float(np.median(times[name])),
    )


def spread(times: np.ndarray) -> str:
    """Half the interquartile range as a percentage of the median."""
    low, middle, high = np.percentile(times, [25, 50, 75])
    return f"±{50 * (high - low) / middle:.0f}%"


def ratio(times: Times, other: str, ours: str) -> str:
    """How many times faster ``ours`` is: median over rounds of the ratio in one round, and its
    quartiles.
    """
    low, middle, high = np.percentile(times[other] / times[ours], [25, 50, 75])
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """A plain table on standard output."""
    cells = [header, *rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    print(f"\n{title}", flush=True)
    for row in cells:
        padded = [
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        print("  " + "  ".join(padded), flush=True)
