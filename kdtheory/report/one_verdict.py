"""One statement on one problem, at the statement's own step size and weight."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.bounds.values import default_step_size
from kdtheory.evidence.verdict import Verdict
from kdtheory.evidence.verdicts import verify
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.compressors import Bernoulli, StochasticRounding
from kdtheory.rules.distilled import Compressor
from kdtheory.statements.theorems import THEOREMS

Row = dict[str, Any]
LONGEST = 200_000  # steps; the Python recursion of a bound takes a fifth of a second for it


def applicable(problem: FiniteSum) -> list[str]:
    """The statements whose assumptions the problem's constants satisfy."""
    found = []
    for name, theorem in THEOREMS.items():
        if theorem.quantity == "gradient":
            fits = hasattr(problem, "distillation_gradients")
        elif theorem.quantity == "law":
            fits = False  # it speaks of bounds, and is held against them in tests
        elif theorem.is_law or not theorem.has_curve:
            fits = isinstance(problem, LeastSquares)
        else:
            fits = float(getattr(problem.constants, theorem.modulus)) > 0
        if fits:
            found.append(name)
    return found


def mild_compressor(problem: FiniteSum, name: str) -> Compressor | None:
    """A compressor that the compressed statements allow at their default step size; None for the
    other statements.

    Least squares: Bernoulli at half the room, omega = gamma mu / (2 (1 - gamma mu)), whose moments
    are exact.  Elsewhere rounding to a grid whose error gamma^2 sigma_*^2 is that of one step's
    noise: it is bounded, and Monte Carlo cannot see events as rare as such a mask.
    """
    if not THEOREMS[name].compresses:
        return None
    gamma = default_step_size(problem, name)
    shrink = gamma * float(problem.constants.mu)
    if isinstance(problem, LeastSquares):
        return Bernoulli(1.0 / (1.0 + shrink / (2.0 * (1.0 - shrink))))
    noise = float(problem.constants.sigma_star_sq)
    return StochasticRounding(2.0 * gamma * math.sqrt((noise or 1.0) / problem.dim))


def check(
    problem: FiniteSum,
    theta: Array,
    name: str,
    *,
    steps: int,
    seed: int,
    at: np.ndarray | None = None,
) -> Verdict:
    """One verdict at the statement's own step size and weight."""
    return verify(
        problem,
        theta,
        theorem=name,
        steps=steps,
        seed=seed,
        at=at,
        compressor=mild_compressor(problem, name),
    )


def horizon(problem: FiniteSum, name: str) -> int:
    """5/(gamma mu) steps, after which exp(-5) of the start is left and the floor shows; exact
    engine only, where it costs nothing.
    """
    theorem = THEOREMS[name]
    rate = default_step_size(problem, name) * float(getattr(problem.constants, theorem.modulus))
    return min(math.ceil(5.0 / rate), LONGEST)
