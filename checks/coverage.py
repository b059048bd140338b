"""How often the intervals for lambda* hold the truth: measured, on populations whose moments are
known exactly.

Run ``python -m kdtheory.checks.coverage`` for the table, or call ``coverage_table``.  Population: H
= h + H', G' = alpha H' + tau E with E an independent copy of H', so V = E|H'|^2, C = alpha V,
sigma^2 = (alpha^2 + tau^2) V.

Where the true weight of a sharp or envelope criterion is exactly 0 (a kink: "nearly noiseless",
whose bias outweighs its noise 10^11 times), the estimate is exactly 0 as well, with probability 1
up to rounding.  An interval that contains its own estimate then holds the truth always: coverage
100 % is right there, and no interval of any width can cover 95 %.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.estimate import lambda_star
from kdtheory.estimate.criteria import minimise
from kdtheory.estimate.statements import make_criterion

Array = NDArray[np.float64]
# gamma mu = 0.03 counts the bias 34 times, 40 steps to go 21 times; Lcal = 4 mu is a mild condition
# number, where the sharp weight is not just 0.
CONSTANTS: dict[str, Any] = {"step_size": 0.03, "mu": 1.0, "L": 3.0, "Lcal": 4.0, "horizon": 40}
CRITERIA = ("unbiased", "horizon", "theorem-1", "theorem-1-sharp", "theorem-1-envelope")
SIZES = (50, 200, 1000)


@dataclass(frozen=True)
class Population:
    """Gradients in d dimensions with known moments; ``law`` is that of H' per coordinate (unit
    variance times scale^2).
    """

    name: str
    law: str
    d: int = 10
    alpha: float = 0.6
    tau: float = 0.8
    bias: float = 1.0
    scale: float = 1.0

    def moments(self) -> Array:
        """(sigma^2, C, V, |h|^2), exact."""
        variance = self.d * self.scale**2
        return np.array(
            [
                (self.alpha**2 + self.tau**2) * variance,
                self.alpha * variance,
                variance,
                self.bias**2,
            ]
        )

    def sample(self, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        """n student and teacher gradients (n, d).  The student's mean is a nuisance, put where it
        would hurt: along h, whose entries have either sign.
        """
        teacher, own = self._noise(rng, n)
        h = np.where(np.arange(self.d) % 2, -1.0, 1.0) * (self.bias / math.sqrt(self.d))
        return self.alpha * teacher + self.tau * own + 0.5 * h, teacher + h

    def _noise(self, rng: np.random.Generator, n: int) -> tuple[Array, Array]:
        shape = (n, self.d)
        if self.law == "gaussian":
            pair = rng.standard_normal(shape), rng.standard_normal(shape)
        elif self.law == "t3-coordinates":  # variance 3
            pair = rng.standard_t(3, shape) / math.sqrt(3), rng.standard_t(3, shape) / math.sqrt(3)
        elif (
            self.law == "t3-common"
        ):  # a heavy sample is heavy in all coordinates of both: |H'|^2 has no variance
            size = 1.0 / np.sqrt(rng.chisquare(3, (n, 1)))
            pair = size * rng.standard_normal(shape), size * rng.standard_normal(shape)
        else:  # "skew": rank one, residual times features, residuals from a shifted exponential law
            features = rng.standard_normal(shape)
            pair = (
                (rng.exponential(1.0, (n, 1)) - 1) * features,
                (rng.exponential(1.0, (n, 1)) - 1) * features,
            )
        return self.scale * pair[0], self.scale * pair[1]


POPULATIONS = (
    Population("gaussian", "gaussian"),
    Population("gaussian, no bias", "gaussian", bias=0.0),
    Population("gaussian, little bias", "gaussian", bias=0.4),
    Population("t3, coordinates", "t3-coordinates"),
    Population("t3, samples", "t3-common"),
    Population("nearly collinear", "gaussian", alpha=0.7, tau=1e-3),
    Population("nearly collinear, t3", "t3-common", alpha=0.7, tau=1e-3),
    Population("nearly noiseless", "gaussian", scale=1e-6),
    Population("d >> n", "gaussian", d=3000, bias=3.0),
    Population("skew, rank one", "skew"),
)


@dataclass(frozen=True)
class Coverage:
    """Share of intervals that hold the true weight, with the misses on either side and the share of
    unbounded ones.
    """

    population: str
    n: int
    criterion: str
    truth: float
    too_high: int  # intervals wholly above the truth
    too_low: int
    unbounded: int
    runs: int
    width: float  # median

    @property
    def rate(self) -> float:
        """Estimated coverage."""
        return 1.0 - (self.too_high + self.too_low) / self.runs

    @property
    def error(self) -> float:
        """Its standard error at the nominal 0.95."""
        return math.sqrt(0.95 * 0.05 / self.runs)


def measure(population: Population, n: int, criterion: str, *, runs: int, seed: int) -> Coverage:
    """Coverage of the nominal 95 % interval over ``runs`` fresh samples of size n."""
    rng = np.random.default_rng([seed, n])
    truth = minimise(make_criterion(criterion, batch_size=1, **CONSTANTS), population.moments())
    low, high = np.empty((2, runs))
    for k in range(runs):
        found = lambda_star(*population.sample(rng, n), criterion=criterion, **CONSTANTS)
        low[k], high[k] = found.low, found.high
    # Rounding of a weight; one of exactly 0 (the sharp criterion's kink) is bracketed up to the
    # bisection's last step.
    slack = 1e-9 * abs(truth) if truth else 1e-11
    unbounded = ~np.isfinite(high - low)
    return Coverage(
        population.name,
        n,
        criterion,
        truth,
        int(np.sum(low > truth + slack)),
        int(np.sum(high < truth - slack)),
        int(np.sum(unbounded)),
        runs,
        float(np.median(high - low)),
    )


def coverage_table(
    populations: Iterable[Population] = POPULATIONS,
    *,
    sizes: Iterable[int] = SIZES,
    criteria: Iterable[str] = CRITERIA,
    runs: int = 400,
    seed: int = 0,
) -> Iterator[Coverage]:
    """All combinations, lazily.  400 runs have a standard error of 1.1 %."""
    for population in populations:
        for n in sizes:
            for criterion in criteria:
                yield measure(population, n, criterion, runs=runs, seed=seed)


def main() -> None:
    """Print the table."""
    print(f"{'gradients':22s} {'n':>5s}  " + "  ".join(f"{name:>24s}" for name in CRITERIA))
    print(
        f"{'':22s} {'':>5s}  " + "  ".join(f"{'% (above/below, inf) width':>24s}" for _ in CRITERIA)
    )
    cells: list[str] = []
    for row in coverage_table():
        text = (
            f"{100 * row.rate:5.1f} ({row.too_high}/{row.too_low}, {row.unbounded}) {row.width:.2g}"
        )
        cells.append(f"{text:>24s}")
        if len(cells) == len(CRITERIA):
            print(f"{row.population:22s} {row.n:5d}  " + "  ".join(cells), flush=True)
            cells.clear()


if __name__ == "__main__":
    main()
