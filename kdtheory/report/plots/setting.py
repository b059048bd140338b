"""What is plotted: a problem with a teacher, a step size and a horizon, and the family of
statements that fits it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import bound, step_size_limit
from kdtheory.engines.simulate.simulation import Simulation
from kdtheory.evidence.starts import default_teacher
from kdtheory.problems import LeastSquares, SinusoidalSum
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.datasets import load
from kdtheory.statements.theorems import THEOREMS

RANDOM = ("random-least-squares", "random-sinusoidal")
# In units of 1/(gamma mu).  Bounds, and what is exact, are drawn until exp(-12) of the start is
# left, beside which floors show even where they are small; simulations, which forget faster than
# the bounds, end at 8.
HORIZON, SIMULATED = 12.0, 8.0


@dataclass(frozen=True)
class Scene:
    """``paper`` is "theorem-1" (strongly convex) or "theorem-2" (PL), ``unbiased`` its twin; gamma
    the paper's limit.

    The state is E|x - x*|^2 for the first and E f - f* for the second.
    """

    name: str
    problem: FiniteSum
    theta: Array
    gamma: float
    steps: int
    simulated_steps: int
    paper: str
    unbiased: str

    @property
    def closed(self) -> bool:
        """Whether exact moments exist."""
        return isinstance(self.problem, LeastSquares)

    @property
    def gap(self) -> bool:
        """Whether the state is E f - f*."""
        return THEOREMS[self.paper].quantity == "gap"

    def weight(self, criterion: str) -> float:
        """The best weight of a statement."""
        found = optimal_weight(self.problem, self.theta, step_size=self.gamma, criterion=criterion)
        return float(found)

    def bound(self, theorem: str, weight: float, x0: Array) -> Array:
        """What a statement says of the state, at every step."""
        words: dict[str, Any] = {"theorem": theorem, "step_size": self.gamma, "weight": weight}
        return bound(self.problem, self.theta, **words, x0=x0, steps=self.steps)

    def seen(self, run: Simulation) -> tuple[Array, Array, Array]:
        """The state of a simulation, and its 95 % interval."""
        low, high = run.gap_interval(0.95) if self.gap else run.interval(0.95)
        return run.gap if self.gap else run.sq_distance, low, high

    @property
    def state(self) -> str:
        """The state in mathtext."""
        return r"$\mathbf{E}f(x^t)-f^{\ast}$" if self.gap else r"$\mathbf{E}|x^t-x^{\ast}|^2$"

    @property
    def title(self) -> str:
        """Name, sizes and step size."""
        limit = r"\mu/(4L\mathcal{L})" if self.gap else r"1/(8\mathcal{L})"
        size = f"$N={self.problem.n_terms}$, $d={self.problem.dim}$"
        return f"{plain(self.name)}: {size}, $\\gamma={limit}={tex(self.gamma)}$"


def plain(name: str) -> str:
    """A file's name for a title: no mathtext in it, nothing that cannot be printed."""
    shown = "".join(letter if letter.isprintable() else "?" for letter in name)
    return (shown if len(shown) <= 40 else f"{shown[:37]}...").replace("$", r"\$")


def picture_names(sources: Sequence[str]) -> list[str]:
    """How the pictures of each source begin: different for each, and safe in file systems and
    links whatever the source is called.
    """
    found: list[str] = []
    for source in sources:
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", source.rsplit("/", 1)[-1])[:60].strip("-.")
        name = name or "data"
        taken, count = {other.lower() for other in found}, 2
        unique = name
        while unique.lower() in taken:
            unique, count = f"{name}-{count}", count + 1
        found.append(unique)
    return found


def tex(value: float) -> str:
    """Three digits, with a power of ten outside [0.01, 1000)."""
    if value == 0.0 or 0.01 <= abs(value) < 1000:
        return f"{value:.3g}"
    exponent = math.floor(math.log10(abs(value)))
    return rf"{value / 10.0**exponent:.2g}\cdot 10^{{{exponent}}}"


@lru_cache(maxsize=2)
def setting_of(source: str, seed: int) -> Scene:
    """The setting of a data set, or of one of ``RANDOM``, with its default teacher."""
    if source == "random-least-squares":
        rng = np.random.default_rng(seed)
        # Columns of different size: a condition number as real data has it.
        features = rng.standard_normal((50, 4)) * [2.0, 1.0, 0.7, 0.5]
        problem: FiniteSum = LeastSquares(
            features, features @ [1.0, -1.0, 0.5, 0.5] + rng.standard_normal(50)
        )
        theta = problem.minimiser + 0.1 * rng.standard_normal(4)
    elif source == "random-sinusoidal":
        rng = np.random.default_rng(seed)
        weights, shifts = rng.uniform(0.7, 1.3, 12), rng.standard_normal((12, 2))
        turned = np.linalg.qr(rng.standard_normal((2, 2)))[0]
        problem = SinusoidalSum(turned, weights / weights.mean(), shifts - shifts.mean(axis=0))
        theta = np.array([0.02, -0.03])
    else:
        problem = load(source)
        theta = default_teacher(problem)
    convex = float(problem.constants.mu) > 0.0
    paper, unbiased = ("theorem-1", "unbiased") if convex else ("theorem-2", "unbiased-pl")
    modulus = float(problem.constants.mu if convex else problem.constants.mu_pl)
    gamma = step_size_limit(problem, paper)
    name = source if source in RANDOM else source.rsplit("/", 1)[-1]
    return Scene(
        name,
        problem,
        theta,
        gamma,
        math.ceil(HORIZON / (gamma * modulus)),
        math.ceil(SIMULATED / (gamma * modulus)),
        paper,
        unbiased,
    )
