"""Logistic and softmax regression with the gap recorded, against the time of their matrix products
and exponentials alone.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import kdtheory as kd
from benchmarks.measure import arguments, interleaved, on_cores, parsed, ratio, table

SIZES = [
    ("logistic", 1000, 30, 1, 200, 200),
    ("logistic", 5000, 200, 1, 64, 50),
    ("softmax", 1000, 30, 5, 200, 100),
    ("softmax", 1797, 64, 10, 64, 50),
]


def problem_of(kind: str, n: int, d: int, k: int) -> kd.LogisticRegression | kd.SoftmaxRegression:
    """Gaussian features and random labels."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, d))
    if kind == "logistic":
        return kd.LogisticRegression(features, rng.integers(0, 2, n), ridge=0.1)
    return kd.SoftmaxRegression(features, np.arange(n) % k, ridge=0.1)


def ours(
    problem: kd.LogisticRegression | kd.SoftmaxRegression, replicates: int, steps: int, every: int
) -> Callable[[], object]:
    """One thread."""
    theta = problem.minimiser + 0.1
    return lambda: kd.simulate(
        problem,
        theta,
        kd.DistilledSGD(0.3),
        step_size=0.01,
        x0=theta,
        steps=steps,
        replicates=replicates,
        seed=1,
        record_every=every,
        engine="numba",
        threads=1,
    )


def least(n: int, d: int, k: int, replicates: int, steps: int, every: int) -> Callable[[], None]:
    """The products and exponentials: X A^T and exp of it at every record; a product and an update
    of rank one a step, exp of the outputs.

    The products of a step are counted at the speed of one large product, which no batch of small
    ones reaches.
    """
    rng = np.random.default_rng(0)
    features, points = rng.standard_normal((n, d)), rng.standard_normal((replicates * k, d))
    out, step_in, step_out = (
        np.empty((replicates * k, n)),
        np.zeros(replicates * k),
        np.empty(replicates * k),
    )
    # A product with so many rows has the flops of all steps.
    rows = max(1, round(2 * steps * replicates * k / (replicates * k)))
    block, wide = rng.standard_normal((min(rows, n), d)), np.empty((replicates * k, min(rows, n)))

    def run() -> None:
        for _ in range(steps // every + 1):
            np.matmul(points, features.T, out=out)
            np.exp(out, out=out)
        for _ in range(max(1, rows // len(block))):
            np.matmul(points, block.T, out=wide)
        for _ in range(steps):
            np.exp(step_in, out=step_out)

    return run


def main() -> None:
    """One table."""
    options = parsed(arguments(__doc__))
    rows = []
    with on_cores(1):
        for kind, n, d, k, replicates, steps in SIZES[::3] if options.quick else SIZES:
            problem = problem_of(kind, n, d, k)
            for every in (1, 10):
                times = interleaved(
                    {
                        "kdtheory": ours(problem, replicates, steps, every),
                        "least": least(n, d, k, replicates, steps, every),
                    },
                    rounds=options.rounds,
                    clock=options.clock,
                )
                rows.append(
                    [
                        f"{kind} N={n} d={d} K={k} R={replicates}, gap every {every}",
                        f"{1e3 * np.median(times['kdtheory']):.3g}",
                        f"{1e3 * np.median(times['least']):.3g}",
                        ratio(times, "kdtheory", "least"),
                    ]
                )
    table(
        f"Classifiers on one core ({options.clock} time; goal: at most 1.5)",
        ["", "kdtheory ms", "products and exp ms", "ratio [quartiles]"],
        rows,
    )


if __name__ == "__main__":
    main()
