"""What SGD's floor is before anything is run."""

from __future__ import annotations

import numpy as np

from kdtheory.problems import LogisticRegression, SoftmaxRegression

Classifier = LogisticRegression | SoftmaxRegression


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
