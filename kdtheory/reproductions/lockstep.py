"""Many rules on the same random indices, and what SGD's floor is before anything is run.

Sharing the indices cancels most of the Monte Carlo error between two weights, which is what a
minimum over weights needs. ``simulate`` draws afresh for every rule, as an estimate of a single one
should.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kdtheory.problems import LogisticRegression, SoftmaxRegression
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD

Classifier = LogisticRegression | SoftmaxRegression


def batch_gradients(problem: Classifier, points: Array, batch: np.ndarray) -> Array:
    """The mean gradient over one ``batch`` (B,) at every row of ``points`` (R, dim), by two matrix
    products, (R, dim)."""
    rows = problem.features[batch]
    weights = points.reshape(len(points) * problem.n_outputs, -1)
    outputs = (
        (weights @ rows.T).reshape(len(points), problem.n_outputs, len(batch)).transpose(0, 2, 1)
    )
    residuals = (
        (problem.response(outputs) - problem.labels[batch])
        .transpose(0, 2, 1)
        .reshape(len(weights), len(batch))
    )
    return (residuals @ rows / len(batch)).reshape(points.shape) + problem.ridge * points


def time_averages(
    problem: Classifier,
    teachers: Array,
    runs: Sequence[tuple[int, DistilledSGD]],
    *,
    step_size: float,
    x0: Array,
    burn_in: int,
    steps: int,
    every: int,
    seed: int,
) -> Array:
    """The mean of f(x^t) - f* over t = burn_in, burn_in + every, ..., < steps for each run,
    (len(runs),).

    ``runs`` pairs a row of ``teachers`` (T, dim) with a rule; all rules have the batch size of the
    first, drawn with replacement.
    """
    size = runs[0][1].batch_size
    assert all(rule.batch_size == size and rule.compressor is None for _, rule in runs)
    which = np.array([teacher for teacher, _ in runs])
    weights = np.array([rule.weight for _, rule in runs])[:, None]
    centres = (
        np.array([problem.gradient(theta) for theta in teachers])[which]
        * np.array([rule.unbiased for _, rule in runs])[:, None]
    )
    rng = np.random.default_rng(seed)
    # The teachers' gradients on the batch come from the same call.
    points = np.vstack([np.tile(x0, (len(runs), 1)), teachers])
    students = points[: len(runs)]  # a view
    total, taken = np.zeros(len(runs)), 0
    for t in range(steps):
        if t >= burn_in and (t - burn_in) % every == 0:
            total += problem.values(students) - problem.minimum
            taken += 1
        found = batch_gradients(problem, points, rng.integers(problem.n_terms, size=size))
        students -= step_size * (
            found[: len(runs)] - weights * (found[len(runs) :][which] - centres)
        )
    return total / taken


def local_floor(problem: Classifier, *, step_size: float, batch_size: int) -> float:
    """F_0, the stationary E f(x) - f* of SGD with a quadratic model of f at x*; nothing is
    simulated.

    M = (I - gamma H) M (I - gamma H) + (gamma^2/B) E S S^T, solved in the basis of H, and F_0 =
    tr(H M)/2.  What is left out, the noise that multiplies x - x*, is of relative order gamma Lcal
    / B.
    """
    eigenvalues, vectors = np.linalg.eigh(problem.hessian_at(problem.minimiser))
    noise = problem.gradients(problem.minimiser) @ vectors
    kept = 1 - step_size * eigenvalues
    return float(
        step_size**2
        / batch_size
        * (eigenvalues * (noise**2).mean(axis=0) / (1 - kept**2)).sum()
        / 2
    )
