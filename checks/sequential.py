"""How often the sequential Monte Carlo tests err, and how soon they see a wrong bound: ``python -m
kdtheory.checks.sequential``.

False alarms are counted where they are most likely, at E Z = b exactly, for laws with skew, heavy
tails and rare large values; beside them the alarms of Student's t interval at the same level, which
is what such tests are often made of. Both tests are looked at after every batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from kdtheory.evidence.sequential import Below, Exceeds

Draw = Callable[[np.random.Generator, tuple[int, int]], np.ndarray]
CELLS = 4  # times watched by the same runs: Z times 1, 2, 3, 4, fully dependent


@dataclass(frozen=True)
class Distribution:
    """A law of Z >= 0 with mean 1; ``most`` bounds it, inf where nothing does."""

    name: str
    draw: Draw
    most: float = math.inf


def _two_points(most: float) -> Distribution:
    return Distribution(
        f"{most:g} with probability 1/{most:g}, else 0",
        lambda rng, shape: most * (rng.random(shape) < 1 / most),
        most,
    )


LAWS = (
    Distribution("constant", lambda rng, shape: np.ones(shape), 2.0),
    Distribution("uniform on [0, 2]", lambda rng, shape: 2 * rng.random(shape), 2.0),
    Distribution(
        "beta(0.05, 0.95) times 20", lambda rng, shape: 20 * rng.beta(0.05, 0.95, shape), 20.0
    ),
    _two_points(30.0),
    _two_points(3000.0),
    Distribution(
        "1.001 nearly always, else 0",
        lambda rng, shape: 1.001 * (rng.random(shape) < 1 / 1.001),
        1.001,
    ),
    Distribution("exponential", lambda rng, shape: rng.exponential(size=shape)),
    Distribution("chi-square(1)", lambda rng, shape: rng.standard_normal(shape) ** 2),
    Distribution(
        "log-normal, sigma = 3", lambda rng, shape: np.exp(3 * rng.standard_normal(shape) - 4.5)
    ),
    Distribution(
        "Pareto, tail 1.2 (infinite variance)",
        lambda rng, shape: (0.2 / 1.2) * (1 + rng.pareto(1.2, shape)),
    ),
)


@dataclass(frozen=True)
class Rates:
    """Shares of ``trials`` in which each test rejects; nan where it does not apply."""

    law: str
    trials: int
    exceeds: float
    below: float
    student: float


def rejections(
    law: Distribution, *, claim: float, alpha: float, trials: int, runs: int, seed: int
) -> Rates:
    """How often "E Z <= claim" and "E Z >= claim" are rejected, looking every 50 of ``runs``
    samples of mean 1.
    """
    rng, needed = np.random.default_rng(seed), math.log(1 / alpha)
    over = under = naive = 0
    scale = np.arange(1.0, CELLS + 1)
    for _ in range(trials):
        samples = law.draw(rng, (runs, 1)) * scale
        above, below = Exceeds(claim * scale), Below(claim * scale, law.most * scale)
        seen_over = seen_under = False
        for start in range(0, runs, 50):
            batch = samples[start : start + 50]
            above.watch(batch)
            seen_over = seen_over or above.log_evidence() >= needed
            if math.isfinite(law.most):
                below.watch(batch)
                seen_under = seen_under or bool((below.log_evidence() >= needed).all())
        over, under = over + seen_over, under + seen_under
        column = samples[:, 0]
        half = stats.t.isf(alpha, runs - 1) * column.std(ddof=1) / math.sqrt(runs)
        # "the interval lies below the bound": VERIFIED, the old way.
        naive += column.mean() + half < claim
    bounded = math.isfinite(law.most)
    return Rates(
        law.name, trials, over / trials, under / trials if bounded else math.nan, naive / trials
    )


def false_alarms(
    *, alpha: float = 0.05, trials: int = 2000, runs: int = 500, seed: int = 0
) -> list[Rates]:
    """At E Z = b, where both rejections are wrong."""
    return [
        rejections(law, claim=1.0, alpha=alpha, trials=trials, runs=runs, seed=seed) for law in LAWS
    ]


def power(
    *, alpha: float = 1e-4, trials: int = 200, runs: int = 500, seed: int = 1
) -> list[tuple[str, Rates, Rates]]:
    """The bound halved (mutant: "E Z <= b/2" must be refuted) and doubled ("E Z <= 2b" must be
    verified).
    """
    found = []
    for law in LAWS:
        halved, doubled = (
            rejections(law, claim=claim, alpha=alpha, trials=trials, runs=runs, seed=seed)
            for claim in (0.5, 2.0)
        )
        found.append((law.name, halved, doubled))
    return found


def allowed(alpha: float, trials: int) -> float:
    """A share of rejections that a test of level alpha exceeds with probability below 1e-4 only."""
    return float(stats.binom.isf(1e-4, trials, alpha)) / trials


def main() -> None:
    """Both tables."""
    alpha, trials = 0.05, 2000
    print(
        f"False alarms at E Z = b, level {alpha}, {trials} trials of up to 500 runs "
        f"(must stay below {allowed(alpha, trials):.3f})"
    )
    print(f"{'law of Z':40} refuted  verified  Student's t")
    for row in false_alarms(alpha=alpha, trials=trials):
        print(f"{row.law:40} {row.exceeds:7.4f}  {row.below:8.4f}  {row.student:8.4f}")
    print(
        "\nPower at level 1e-4, 200 trials of up to 500 runs: "
        "the bound halved is refuted, the bound doubled is verified"
    )
    for name, halved, doubled in power():
        print(f"{name:40} {halved.exceeds:7.3f}  {doubled.below:8.3f}")


if __name__ == "__main__":
    main()
