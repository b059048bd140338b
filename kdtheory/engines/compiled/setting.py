"""The coordinates in which a linear model runs.

The state is y = x - o (times the eigenvectors of the Hessian where that makes the gap a weighted
sum of squares), so that a distance is a norm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from kdtheory.engines.compiled.arrays import eigenvectors, kept_rows, outputs_at, padded
from kdtheory.engines.compiled.compress import NONE
from kdtheory.engines.compiled.pieces import IDENTITY, LOGISTIC, SOFTMAX
from kdtheory.engines.simulate.job import Job
from kdtheory.problems import LeastSquares, LogisticRegression
from kdtheory.problems.base import Array


@dataclass(frozen=True)
class LinearModel:
    """A linear model in the coordinates of a run: rows (N, width), what they give at the origin
    (N, K), labels (N, K), and the axes of the state, None for those of x.
    """

    problem: Any
    response: int
    outputs: int
    columns: int
    frame: str
    origin: Array
    axes: Array | None
    eigenvalues: Array
    rows: Array
    offsets: Array
    labels: Array

    @property
    def width(self) -> int:
        """Numbers a row, a multiple of eight."""
        return self.rows.shape[1]

    def turned(self, point: Array) -> Array:
        """Vectors (..., d) in the axes of the state."""
        return point if self.axes is None else point @ self.axes

    def spread_out(self, point: Array) -> Array:
        """A vector (d,) as the state of one replicate, each output's row padded."""
        return padded(self.turned(point).reshape(self.outputs, self.columns)).reshape(-1)


def setting_of(job: Job, code: int) -> LinearModel:
    """The coordinates in which a job runs."""
    problem: Any = job.made.problem
    square = isinstance(problem, LeastSquares)
    response = (
        IDENTITY if square else LOGISTIC if isinstance(problem, LogisticRegression) else SOFTMAX
    )
    outputs = 1 if square else problem.n_outputs
    # Compressors act on the coordinates of x, so that neither origin nor axes may move.
    turn = square and job.gap and code == NONE
    frame = "x" if code != NONE else "eigenvectors of H" if turn else "x - minimiser"
    origin = np.zeros(problem.dim) if frame == "x" else problem.minimiser
    axes, eigenvalues = None, np.empty(0)
    if turn:
        values, axes = eigenvectors(problem)
        turned_rows = axes
        rows = kept_rows(problem, frame, lambda: problem.features @ turned_rows)
        eigenvalues = padded(np.maximum(values, 0.0)[None, :] / 2)[0]
    else:
        rows = kept_rows(problem, "x", lambda: problem.features)
    return LinearModel(
        problem,
        response,
        outputs,
        problem.features.shape[1],
        frame,
        origin,
        axes,
        eigenvalues,
        rows,
        outputs_at(problem, origin, outputs),
        problem.targets[:, None] if square else problem.labels,
    )
