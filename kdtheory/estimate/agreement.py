"""How far a temperature takes the distillation gradient from the control variate, measured on a
linear model.

The objective (1 - lambda) CE + lambda tau^2 KL has the gradient (1 - lambda)(p_1(z) - y) + lambda
tau (p_tau(z) - p_tau(u)) in the student's logits z (teacher u);
:mod:`kdtheory.problems.temperature` has the exact gap.  tau cannot be absorbed in lambda: the
directions differ. Evidence, no bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from kdtheory.problems.base import Array, positive_float, real_float
from kdtheory.problems.classification import SoftmaxRegression, softmax
from kdtheory.problems.datasets import bundled

STUDENTS, TEACHERS = (5, 50, 500), (100, 1000)  # gradient steps from two different starts
BATCH = 32
# every third of the 1,797 digits: the ranges are the same to two digits, and the answer takes a
# second
THINNING = 3


def gradient_in_logits(
    z: Array, u: Array, labels: Array, *, weight: float, temperature: float
) -> Array:
    """The distillation gradient in the student's logits, (n, K).

    Args:
        z: the student's logits, (n, K).
        u: the teacher's, (n, K).
        labels: probabilities, (n, K).
        weight: lambda.
        temperature: tau > 0.

    Raises:
        InvalidInput: a weight that is not finite, a temperature that is not > 0.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> z, u, y = np.zeros((1, 2)), np.array([[0.0, 9.0]]), np.array([[0.0, 1.0]])
    >>> kd.gradient_in_logits(z, u, y, weight=1.0, temperature=1.0).shape
    (1, 2)
    """
    lam, tau = real_float(weight, "weight"), positive_float(temperature, "temperature")
    return (1 - lam) * (softmax(z) - labels) + lam * tau * (softmax(z / tau) - softmax(u / tau))


@dataclass(frozen=True)
class Agreement:
    """Ranges over the students and teachers looked at: cosines of the two gradients, and the ratio
    of their lengths.
    """

    sample: tuple[float, float]  # mean cosine of single samples
    batch: tuple[float, float]  # mean cosine of batches of 32
    length: tuple[float, float]  # distillation gradient over control variate, batches


@lru_cache(maxsize=1)
def _trajectories() -> tuple[SoftmaxRegression, dict[int, Array], dict[int, Array]]:
    """Softmax regression on the bundled digits by full gradient steps, recorded for students and
    teachers.
    """
    source = bundled("digits")
    if not isinstance(source, SoftmaxRegression):
        raise TypeError("the bundled digits are a softmax regression")
    problem = SoftmaxRegression(source.features[::THINNING], source.labels[::THINNING], ridge=1e-3)
    step = 1.0 / float(
        problem.curvature
        * np.linalg.eigvalsh(problem.features.T @ problem.features / problem.n_terms)[-1]
    )
    found = []
    for seed, times in ((0, STUDENTS), (1, TEACHERS)):
        x = 0.01 * np.random.default_rng(seed).standard_normal(problem.dim)
        kept = {}
        for t in range(1, max(times) + 1):
            x = x - step * problem.gradient(x)
            if t in times:
                kept[t] = x
        found.append(kept)
    return problem, found[0], found[1]


def measured_agreement(weight: float, temperature: float) -> Agreement:
    """How far the two gradients agree on a linear model (softmax regression on digits), evidence
    and no bound.

    Args:
        weight: lambda.
        temperature: tau > 0.

    >>> import kdtheory as kd
    >>> type(kd.measured_agreement(0.5, 1.0)).__name__
    'Agreement'
    """
    problem, students, teachers = _trajectories()
    rng = np.random.default_rng(0)
    batches = rng.integers(0, problem.n_terms, (100, BATCH))
    rows = []
    for x in students.values():
        for theta in teachers.values():
            z, u = (problem.features @ w.reshape(problem.n_outputs, -1).T for w in (x, theta))
            kd = gradient_in_logits(z, u, problem.labels, weight=weight, temperature=temperature)
            ideal = gradient_in_logits(z, u, problem.labels, weight=weight, temperature=1.0)
            single = _cosine(kd, ideal)  # gradients r a^T of one sample: a cancels
            pair = [
                np.einsum("bnk,bnd->bkd", r[batches], problem.features[batches]).reshape(
                    len(batches), -1
                )
                for r in (kd, ideal)
            ]
            lengths = np.linalg.norm(pair[0], axis=1) / np.linalg.norm(pair[1], axis=1)
            rows.append((single.mean(), _cosine(*pair).mean(), np.median(lengths)))
    low, high = np.min(rows, axis=0), np.max(rows, axis=0)
    sample, batch, length = ((float(a), float(b)) for a, b in zip(low, high, strict=True))
    return Agreement(sample, batch, length)


def _cosine(a: Array, b: Array) -> Array:
    found: Array = np.einsum("ij,ij->i", a, b) / (
        np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    )
    return found
