"""How the cost of a step grows with N, d, replicates and T, against what the machine can read and
multiply (a roofline).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numba
import numpy as np

import kdtheory as kd
from benchmarks.bench_simulator import ours
from benchmarks.measure import CLOCKS, arguments, interleaved, on_cores, parsed, table
from benchmarks.peers.case import make
from kdtheory.engines.compiled.narrow import FOUR

Clock = Callable[[], float]
BASE = {"n": 1000, "d": 50, "replicates": 400, "steps": 500}
GROWTH = {
    "n": (100, 1000, 10_000, 100_000),
    "d": (8, 16, 50, 128, 500, 2000),
    "replicates": (8, 80, 800, 8000),
    "steps": (50, 500, 5000),
}


@numba.njit(fastmath=True, nogil=True)
def _read(values: np.ndarray, times: int) -> float:
    whole = 0.0
    for _ in range(times):
        for j in range(len(values)):
            whole += values[j]
    return whole


def bandwidth(size: int, tick: Clock) -> float:
    """Bytes a second, reading ``size`` bytes again and again in order; the best of five."""
    values, best = np.ones(max(size // 8, 64)), 0.0
    times = max(1, 2**26 // values.nbytes)
    _read(values, 1)
    for _ in range(5):
        start = tick()
        _read(values, times)
        best = max(best, times * values.nbytes / (tick() - start))
    return best


def shared(size: int) -> float:
    """As ``bandwidth``, for two threads with an array of ``size`` / 2 bytes each, by the wall
    clock.
    """
    halves, best = [np.ones(size // 16) for _ in range(2)], 0.0
    times = max(1, 2**26 // size)
    _read(halves[0], 1)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(5):
            start = time.perf_counter()
            list(pool.map(_read, halves, [times] * 2))
            best = max(best, 2 * times * halves[0].nbytes / (time.perf_counter() - start))
    return best


def peak(tick: Clock) -> float:
    """Flops a second of a large matrix product; the best of five."""
    matrix, best = np.ones((768, 768)), 0.0
    for _ in range(5):
        start = tick()
        matrix @ matrix
        best = max(best, 2 * 768**3 / (tick() - start))
    return best


def limit(n: int, d: int, flops: float, tick: Clock) -> tuple[float, str]:
    """The least seconds a step can take: 4 d flops, one row read from where all rows fit, and what
    passes the first level.

    That is the row twice where the state lives in registers, else the state, read and written, and
    two rows.
    """
    passed = 16 if d <= 8 * FOUR else 32
    bounds = {
        "flops": 4 * d / flops,
        "rows": 8 * d / bandwidth(8 * n * d, tick),
        "first level": passed * d / bandwidth(16_000, tick),
    }
    name = max(bounds, key=lambda key: bounds[key])
    return bounds[name], name


def main() -> None:
    """One table for the machine, one for each thing that grows."""
    options = parsed(arguments(__doc__, rounds=5))
    tick = CLOCKS[options.clock]
    with on_cores(1):
        flops = peak(tick)
        sizes = {"16 kB": 16_000, "256 kB": 2**18, "4 MB": 2**22, "376 MB": 376 * 10**6}
        table(
            "This machine, one core",
            ["", "GB/s read"],
            [[name, f"{bandwidth(size, tick) / 1e9:.0f}"] for name, size in sizes.items()],
        )
        print(f"  large matrix product: {flops / 1e9:.0f} Gflop/s")
    alone, together = bandwidth(376 * 10**6, time.perf_counter) / 1e9, shared(376 * 10**6) / 1e9
    print(f"  376 MB, wall time: two threads together {together:.0f} GB/s, one alone {alone:.0f}")
    with on_cores(1):
        for what, values in GROWTH.items():
            rows = []
            for value in values[::2] if options.quick else values:
                size = {**BASE, what: value}
                case = make(size["n"], size["d"], size["replicates"], size["steps"], 10)
                times = interleaved(
                    {"ours": ours(case)}, rounds=options.rounds, clock=options.clock
                )["ours"]
                step = float(np.median(times)) / case.work
                least, name = limit(size["n"], size["d"], flops, tick)
                rows.append(
                    [
                        f"{what} = {value}",
                        f"{1e9 * step:.2f}",
                        f"{4 * size['d'] / step / 1e9:.1f}",
                        f"{1e9 * least:.2f}",
                        name,
                        f"{100 * least / step:.0f}%",
                    ]
                )
            fixed = ", ".join(f"{key} = {BASE[key]}" for key in BASE if key != what)
            table(
                f"Growth with {what} ({fixed}; {options.clock} time)",
                ["", "ns a step", "Gflop/s", "roofline ns", "bound by", "reached"],
                rows,
            )
    print(f"\nkdtheory {kd.__version__}, Numba {numba.__version__}")


if __name__ == "__main__":
    main()
