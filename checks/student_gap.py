"""What it costs to take S at the current student instead of the minimiser: measured on least
squares, without sampling.

Run ``python -m kdtheory.checks.student_gap``.  Rows: students at growing distance from x*.
Columns: the "unbiased" weight at that student, centred (ours) and not centred, their errors, and
the bound that ``lambda_star`` reports from mu and Lcal.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kdtheory.estimate import lambda_star

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ridge:
    """f_n(x) = (a_n x - b_n)^2/2 + ridge |x|^2/2 with all that the comparison needs."""

    features: Array
    targets: Array
    ridge: float

    def gradients(self, x: Array) -> Array:
        """(N, d)."""
        return self.features * (self.features @ x - self.targets)[:, None] + self.ridge * x

    @property
    def hessian(self) -> Array:
        """(d, d)."""
        n, d = self.features.shape
        return np.asarray(self.features.T @ self.features / n + self.ridge * np.eye(d))

    @property
    def minimiser(self) -> Array:
        """(d,)."""
        return np.linalg.solve(
            self.hessian, self.features.T @ self.targets / self.features.shape[0]
        )

    def constants(self) -> tuple[float, float]:
        """(mu, Lcal): smallest eigenvalue of H = E A, and the largest of the pencil (E A^2, H);
        both exact.
        """
        n, d = self.features.shape
        values, vectors = np.linalg.eigh(self.hessian)
        norms = np.einsum("ij,ij->i", self.features, self.features)
        # A_n = a a^T + ridge I, so A_n^2 = (|a|^2 + 2 ridge) a a^T + ridge^2 I
        square = (
            self.features * (norms + 2 * self.ridge)[:, None]
        ).T @ self.features / n + self.ridge**2 * np.eye(d)
        root = vectors / np.sqrt(values)
        return float(values[0]), float(np.linalg.eigvalsh(root.T @ square @ root)[-1])


@dataclass(frozen=True)
class Gap:
    """Weights at one student; ``bound`` is on |centred - truth|."""

    distance: float
    gradient: float
    truth: float
    centred: float
    raw: float
    bound: float


def random_ridge(seed: int, n: int = 200, d: int = 6) -> Ridge:
    """A noisy instance with mixed feature scales."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, d)) * np.linspace(0.5, 1.5, d)
    return Ridge(features, features @ rng.standard_normal(d) + rng.standard_normal(n), 0.1)


def gaps(problem: Ridge, distances: tuple[float, ...], *, seed: int) -> list[Gap]:
    """Weights for a teacher at distance 1 from x* and students in one random direction."""
    rng = np.random.default_rng(seed)
    mu, Lcal = problem.constants()
    centre, d = problem.minimiser, problem.features.shape[1]
    steps = [v / np.linalg.norm(v) for v in rng.standard_normal((2, d))]
    teacher = problem.gradients(centre + steps[0])
    truth = lambda_star(problem.gradients(centre), teacher).weight
    spread = teacher - teacher.mean(axis=0)
    rows = []
    for distance in distances:
        student = problem.gradients(centre + distance * steps[1])
        found = lambda_star(student, teacher, mu=mu, Lcal=Lcal)
        raw = float(np.sum(student * teacher) / np.sum(spread * spread))
        slope = float(np.linalg.norm(student.mean(axis=0)))
        rows.append(
            Gap(distance, slope, truth, found.weight, raw, float(found.student_error or 0.0))
        )
    return rows


def main() -> None:
    """Print one table."""
    print("distance |grad f|   lambda*(x*)  centred   error     not centred  error     bound")
    for row in gaps(random_ridge(1), (0.01, 0.03, 0.1, 0.3, 1.0, 3.0), seed=2):
        centred, raw = row.centred - row.truth, row.raw - row.truth
        print(
            f"{row.distance:8.2f} {row.gradient:8.3g}   {row.truth:11.4f}  {row.centred:8.4f} "
            f" {centred:8.2g}  {row.raw:11.4f}  {raw:8.2g}  {row.bound:8.2g}"
        )


if __name__ == "__main__":
    main()
