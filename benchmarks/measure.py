"""Interleaved repeats and tables.  Every contender runs once per round, so that what else the machine does falls on all of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

Times = dict[str, np.ndarray]


@contextmanager
def on_cores(count: int):
    """This process on ``count`` cores, with as many BLAS threads: more would wait for each other in busy loops."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(sorted(before)[:count]))
    try:
        with threadpool_limits(count):
            yield
    finally:
        os.sched_setaffinity(0, before)


def interleaved(contenders: Mapping[str, Callable[[], Any]], *, rounds: int = 7, clock: str = "wall", warm: bool = True) -> Times:
    """Seconds per round of each contender, (rounds,); ``clock`` "cpu" counts this process alone, for single-threaded work on a busy machine."""
    tick = {"wall": time.perf_counter, "cpu": time.process_time}[clock]
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
    return min((name for name in times if name.startswith(prefix)), key=lambda name: float(np.median(times[name])))


def spread(times: np.ndarray) -> str:
    """Half the interquartile range as a percentage of the median."""
    low, middle, high = np.percentile(times, [25, 50, 75])
    return f"±{50 * (high - low) / middle:.0f}%"


def ratio(times: Times, other: str, ours: str) -> str:
    """How many times faster ``ours`` is: median over rounds of the ratio in one round, and its quartiles."""
    low, middle, high = np.percentile(times[other] / times[ours], [25, 50, 75])
    return f"{middle:.2f} [{low:.2f}, {high:.2f}]"


def table(title: str, header: list[str], rows: list[list[str]]) -> None:
    """A plain table on standard output."""
    cells = [header, *rows]
    widths = [max(len(row[k]) for row in cells) for k in range(len(header))]
    print(f"\n{title}", flush=True)
    for row in cells:
        padded = [cell.rjust(width) if k else cell.ljust(width) for k, (cell, width) in enumerate(zip(row, widths, strict=True))]
        print("  " + "  ".join(padded), flush=True)
