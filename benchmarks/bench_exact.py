"""The exact engine, side by side in one process: ``python benchmarks/bench_exact.py [--rounds 5]``.

Each row compares two ways to the same numbers, run alternately so that a busy machine slows both;
the column "ratio" is slow/fast.  The BLAS variables OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE distort
these figures and are refused.
"""

from __future__ import annotations

import os
import statistics
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import kdtheory as kd
from benchmarks.measure import arguments, interleaved, on_cores, parsed
from kdtheory.engines.exact.law import law_of
from kdtheory.engines.exact.methods import Ways
from kdtheory.rules.experiment import experiment

Job = Callable[[], Any]
FAR = 5000


def instance(
    n: int, d: int, condition: float
) -> tuple[kd.LeastSquares, np.ndarray, np.ndarray, float]:
    """Gaussian rows with a spectrum from 1 to 1/condition; teacher, start and gamma = 1/(8
    Lcal).
    """
    rng = np.random.default_rng(0)
    left, _, right = np.linalg.svd(rng.standard_normal((n, d)), full_matrices=False)
    problem = kd.LeastSquares(
        left * np.sqrt(n * np.geomspace(1.0, 1.0 / condition, d)) @ right, rng.standard_normal(n)
    )
    theta, start = (
        problem.minimiser + 0.1 * rng.standard_normal(d),
        problem.minimiser + rng.standard_normal(d),
    )
    return problem, theta, start, 1.0 / (8.0 * float(problem.constants.Lcal))


def row(title: str, jobs: dict[str, Job], repeats: int, clock: str, scale: float = 1.0) -> None:
    """One line: medians, least and largest times, and the ratio of the medians; ``scale``
    multiplies the first job's time."""
    seconds = interleaved(jobs, rounds=repeats, clock=clock)
    cells = []
    for index, (name, times) in enumerate(seconds.items()):
        factor = scale if index == 0 else 1.0
        cells.append(
            f"{name} {factor * statistics.median(times):.4g} s ({factor * min(times):.3g} to"
            f" {factor * max(times):.3g})"
        )
    slow, fast = (statistics.median(times) for times in seconds.values())
    print(f"{title}\n    {'   '.join(cells)}   ratio {scale * slow / fast:.3g}", flush=True)


def choices(repeats: int, clock: str, points: Sequence[tuple[int, int, float]]) -> None:
    """How much longer the method chosen takes than the faster of the two, at each point and
    horizon.
    """
    print(f"\nmethod chosen against the faster, time ratio (recursions of {FAR} steps are not run)")
    ratios = []
    for n, d, condition in points:
        problem, theta, x0, gamma = instance(n, d, condition)
        made = experiment(problem, theta, kd.DistilledSGD(0.5), step_size=gamma, x0=x0)
        ways = Ways(law_of(made))
        cells = []
        for times in (*(np.arange(steps + 1) for steps in (3, 30, 300, 5000)), np.array([10**6])):
            names = ways.order(times, [0, 1])
            chosen = names[0]
            if times.max() >= FAR:
                names = [name for name in names if name != "recursion" or name == chosen]
            jobs: dict[str, Job] = {name: partial(ways.run, name, times, [0, 1]) for name in names}
            medians = {
                name: statistics.median(t)
                for name, t in interleaved(jobs, rounds=repeats, clock=clock).items()
            }
            ratios.append(medians[chosen] / min(medians.values()))
            cells.append(f"{chosen} {ratios[-1]:.2f}")
        print(f"    N = {n}, d = {d}, condition {condition:g}:  {'   '.join(cells)}", flush=True)
    print(f"    {len(ratios)} points, largest ratio {max(ratios):.2f}", flush=True)


def main() -> None:
    """All rows; processor time on one core, where BLAS threads cannot wait for each other in busy
    loops.
    """
    options = parsed(arguments((__doc__ or "").split("\n")[0], rounds=5))
    repeats, clock = options.rounds, options.clock
    if {"OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"} & set(os.environ):
        sys.exit(
            "Unset OPENBLAS_CORETYPE and OPENBLAS_L2_SIZE first: they slow matrix products down."
        )
    with on_cores(1 if clock == "cpu" else os.cpu_count() or 1):
        rows(repeats, clock)
        small = [(12, 5, 10.0), (100, 20, 10.0), (300, 30, 1e4)]
        large = [
            (1000, 20, 1e3),
            (1000, 40, 1e4),
            (1000, 62, 100.0),
            (2000, 100, 10.0),
            (1000, 200, 10.0),
        ]
        choices(repeats, clock, small if options.quick else small + large)


def rows(repeats: int, clock: str) -> None:
    """Prints each as soon as it is known."""
    rule = kd.DistilledSGD(0.5)
    problem, theta, x0, gamma = instance(1000, 200, 10.0)
    setting: dict[str, Any] = {"step_size": gamma, "x0": x0}

    def curve(steps: int, **more: Any) -> Job:
        return lambda: kd.expected(problem, theta, rule, **setting, steps=steps, **more)

    row(
        "(1000, 200), condition 10: curve to T = 10^6, recursion (60 steps, scaled) against Krylov"
        " powers",
        {"recursion": curve(60, method="recursion"), "lanczos": curve(10**6)},
        repeats,
        clock,
        scale=10**6 / 60,
    )
    row(
        "both quantities against E|x - x*|^2 alone",
        {"both": curve(10**6), "one": curve(10**6, quantities=("sq_distance",))},
        repeats,
        clock,
    )
    row(
        "the same for all weights at once against one weight",
        {
            "all weights": lambda: kd.expected_in_weight(
                problem, theta, rule, **setting, steps=10**6
            ),
            "one": curve(10**6),
        },
        repeats,
        clock,
    )
    found = kd.expected_in_weight(problem, theta, rule, **setting, steps=10**4)
    row(
        "a sweep of 200 weights to T = 10^4 from the polynomial, against one more curve",
        {"one curve": curve(10**4), "sweep": lambda: found.sweep(np.linspace(-1, 2, 200))},
        repeats,
        clock,
    )
    limit = kd.stability_limit(problem, rule)
    row(
        "stationary law near the stability limit (0.999) against gamma = 1/(8 Lcal)",
        {
            "near": lambda: kd.stationary(problem, theta, rule, step_size=0.999 * limit),
            "usual": lambda: kd.stationary(problem, theta, rule, step_size=gamma),
        },
        repeats,
        clock,
    )
    problem, theta, x0, gamma = instance(1000, 200, 1e4)
    setting = {"step_size": gamma, "x0": x0}
    row(
        "condition 10^4: 50 times to T = 5000, recursion (60 steps, scaled) against Krylov powers",
        {
            "recursion": curve(60, method="recursion"),
            "lanczos": curve(5000, at=np.linspace(0, 5000, 50).astype(int)),
        },
        repeats,
        clock,
        scale=5000 / 60,
    )
    problem, theta, x0, gamma = instance(12, 5, 10.0)
    setting = {"step_size": gamma, "x0": x0}
    row(
        "(12, 5): curve to T = 200, recursion against powers of the whole map",
        {"recursion": curve(200, method="recursion"), "whole map": curve(200)},
        repeats,
        clock,
    )

    def check(**more: Any) -> Job:
        return lambda: kd.verify(problem, theta, theorem="theorem-1", weight=0.4, x0=x0, **more)

    row(
        "(12, 5): one verdict to t = 200, balls against floats",
        {"ball": check(method="ball"), "exact": check(method="exact")},
        repeats,
        clock,
    )
    row(
        "(12, 5): one verdict to t = 50, rationals against balls",
        {"rational": check(method="rational", steps=50), "ball": check(method="ball", steps=50)},
        repeats,
        clock,
    )


if __name__ == "__main__":
    main()
