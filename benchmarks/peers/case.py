"""One least-squares run, as arrays that every peer takes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Case:
    """``taught`` are the teacher's residuals a_n.theta - b_n; ``best`` is the minimiser; mean |x -
    best|^2 is recorded every ``every`` steps.
    """

    features: np.ndarray
    targets: np.ndarray
    taught: np.ndarray
    theta: np.ndarray
    best: np.ndarray
    x0: np.ndarray
    replicates: int
    steps: int
    every: int
    gamma: float
    weight: float = 0.3

    @property
    def work(self) -> int:
        """Steps of all replicates together."""
        return self.replicates * self.steps


def make(n: int, d: int, replicates: int, steps: int, every: int) -> Case:
    """Gaussian features, a noisy linear target, a teacher near the minimiser."""
    rng = np.random.default_rng(0)
    features = rng.standard_normal((n, d))
    targets = features @ rng.standard_normal(d) / np.sqrt(d) + rng.standard_normal(n)
    gram = features.T @ features + 1e-9 * n * np.eye(d)  # solvable with fewer rows than columns too
    best = np.linalg.solve(gram, features.T @ targets)
    theta = best + 0.1 * rng.standard_normal(d)
    return Case(
        features,
        targets,
        features @ theta - targets,
        theta,
        best,
        best + rng.standard_normal(d) / np.sqrt(d),
        replicates,
        steps,
        every,
        0.1 / d,
    )
