"""The rigorous one-step worst case against the same statement in PEPit (n = 2, 5, 10 functions, and
every n) and AutoLyap (every n).

All solve: the largest E|x+ - x*|^2 - (1 - gamma mu)|x - x*|^2 of one step of SGD with distillation
under the assumptions of Theorem 1.  Ours lies between two rational certificates; the others' values
are floats without a certificate over Q.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

import kdtheory as kd
from benchmarks.measure import arguments, interleaved, on_cores, parsed, ratio, spread, table

FUNCTIONS = (2, 5, 10)
STEPS: dict[str, dict[str, float]] = {
    "bias and noise": {
        "step_size": 0.125,
        "mu": 0.25,
        "L": 1.0,
        "Lcal": 1.0,
        "bias": 0.3,
        "noise": 0.5,
    },
    "noise only": {
        "step_size": 0.125,
        "mu": 0.25,
        "L": 1.0,
        "Lcal": 1.0,
        "bias": 0.0,
        "noise": 1.0,
    },
    "condition 100": {
        "step_size": 0.125,
        "mu": 0.01,
        "L": 1.0,
        "Lcal": 1.0,
        "bias": 0.1,
        "noise": 0.1,
    },
}
# solvers of first use here are right to 1e-5 or so; two statements that differ are off by more
OFF = 1e-3
GOAL = "goals: 20 ms, width 1e-6"


def widths(rounds: int, clock: str) -> None:
    """Time and width of our interval, for every one-step statement."""
    rows = []
    for theorem in ("theorem-1", "unbiased", "theorem-2", "unbiased-pl"):
        for name, step in STEPS.items():
            numbers = {**step, **({"bias": 0.0} if kd.THEOREMS[theorem].unbiased else {})}
            if kd.THEOREMS[theorem].is_pl:
                numbers["step_size"] = numbers["mu"] / (4 * numbers["L"] * numbers["Lcal"])
            found = kd.worst_case_interval(theorem, **numbers)
            times = interleaved(
                {"ours": partial(kd.worst_case_interval, theorem, **numbers)},
                rounds=5 * rounds,
                clock=clock,
            )["ours"]
            width = float(found.upper - found.lower)
            rows.append(
                [
                    f"{theorem}, {name}",
                    f"{1e3 * np.median(times):.2f} {spread(times)}",
                    f"{float(found.upper):.6g}",
                    f"{width:.1e}",
                ]
            )
    table(f"Rigorous interval ({clock} time; {GOAL})", ["", "ms", "upper", "width"], rows)


def contenders(step: dict[str, float], functions: tuple[int, ...]) -> dict[str, Callable[[], Any]]:
    """Ours, then every other way that is installed."""
    found: dict[str, Callable[[], Any]] = {
        "kdtheory": partial(kd.worst_case_interval, "theorem-1", **step)
    }
    if find_spec("PEPit") is not None:
        from benchmarks.peers import pep

        found["PEPit, every n"] = pep.prepare_every(**step)
        found |= {f"PEPit, n={n}": pep.prepare(n, **step) for n in functions}
    if find_spec("autolyap") is not None:
        from benchmarks.peers import lyap

        found["AutoLyap, every n"] = lyap.prepare(**step)
    return found


def against_peers(functions: tuple[int, ...], rounds: int, clock: str) -> None:
    """The same statement by others, building included, as a user would call them."""
    rows = []
    for name, step in STEPS.items():
        value = kd.worst_case("theorem-1", **step)
        runs = contenders(step, functions)
        times = interleaved(runs, rounds=rounds, clock=clock)
        for peer in list(runs)[1:]:
            off = abs(runs[peer]() / value - 1)
            if off > OFF:
                raise SystemExit(
                    f"{peer}, {name}: solves something else, its value is off by {off:.1e} of ours."
                )
            rows.append(
                [
                    f"{name}: {peer}",
                    f"{1e3 * np.median(times['kdtheory']):.2f} {spread(times['kdtheory'])}",
                    f"{1e3 * np.median(times[peer]):.0f} {spread(times[peer])}",
                    ratio(times, peer, "kdtheory"),
                    f"{off:.0e}",
                ]
            )
    table(
        f"One step of Theorem 1 ({clock} time, model building included)",
        ["", "kdtheory ms", "peer ms", "times faster [quartiles]", "values apart by"],
        rows,
    )


def main() -> None:
    """Two tables."""
    options = parsed(arguments(__doc__, rounds=5))
    with on_cores(1):
        widths(options.rounds, options.clock)
        against_peers(FUNCTIONS[:2] if options.quick else FUNCTIONS, options.rounds, options.clock)


if __name__ == "__main__":
    main()
