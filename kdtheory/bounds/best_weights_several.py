"""Weights of several teachers, or of several blocks: one for each, found together (theory, Section
9).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.constants import Letters
from kdtheory.bounds.crossing import crossing
from kdtheory.bounds.curves import floor_of
from kdtheory.bounds.exact_law import sgd_floor
from kdtheory.bounds.front import Front
from kdtheory.bounds.letters import complete
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, moderate_float
from kdtheory.problems.mixtures import Blocks, Mixture, least_norm, mixture
from kdtheory.rules.experiment import Experiment
from kdtheory.statements.theorems import Theorem

# The share of the way along the curve at which the search ends: at 1 the bias counts for nothing.
END = 1.0 - 1e-9
# From the border between two regimes, relative: its rounding is eps, and sqrt(eps) where two roots
# meet.
KEEP_OFF = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6)


def exact_weights(made: Experiment) -> Any:
    """argmin of (1 - sum lam_j)^2 S_0 + |sum lam_j D_j|^2: for several teachers the point of their
    affine hull nearest to x* takes the place of theta.
    """
    far, plain = made.teachers - made.problem.minimiser, sgd_floor(made)
    if made.theta.ndim != 2:
        total = plain + float(far[0] @ far[0])
        return plain / total if total > 0.0 else 0.0
    ones = np.ones(len(far))
    return least_norm(far @ far.T + plain * np.outer(ones, ones), plain * ones)


def horizon_weight(made: Experiment, horizon: float | None, blocks: Blocks | None = None) -> Any:
    """The minimiser of N(lam; T/2) for T = ``horizon`` steps, a float or (m,)."""
    if horizon is None:
        raise InvalidInput(
            "criterion='horizon' needs horizon=, the number of steps still to go: the bias of a"
            " teacher adds up over them."
        )
    length = moderate_float(horizon, "horizon")
    found = mixture(made.problem, made.theta, blocks).batched(made.factor).best(length / 2.0)
    return found if made.theta.ndim == 2 or blocks is not None else float(found[0])


def several_weights(statement: Theorem, letters: Letters, taught: Mixture) -> Array:
    """The weights (m,) that minimise the floor of a statement."""
    if statement.unbiased:
        return taught.best(-1.0)
    if sym.kappa in statement.definitions:
        return taught.best(letters["kappa"])
    front = Front.of(taught)

    def completed(share: float) -> Letters:
        z = np.array([front.scale * share / (1.0 - share)])
        bias, noise = float(front.bias(z)[0]), float(front.noise(z)[0])
        # A teacher with |h| = bias and H' = 0 puts the same into the floor, with the weight 1.
        known = letters | {"lam": 1.0, "V": 0.0, "C": 0.0, "bias_sq": bias**2}
        return complete(statement, known | {"noise_sq": noise**2})

    def value(share: float) -> float:
        return floor_of(statement, completed(share))

    def slack(share: float) -> float:
        """a (1 - gamma mu) - gamma k c: it falls along the curve, and below 0 bias dominates."""
        z = np.array([front.scale * share / (1.0 - share)])
        calm = float(front.noise(z)[0]) * (1.0 - letters["gamma"] * letters["mu"])
        return calm - letters["gamma"] * letters["c"] * float(front.bias(z)[0])

    pieces = [(0.0, END)]
    if sym.rate_min in statement.definitions and statement.modulus == "mu" and slack(END) < 0.0:
        # The floor jumps where its least rate does, so that each regime is searched apart.
        border = crossing(slack, 0.0, END)
        before, beyond = sides(lambda share: completed(share)[sym.rate_min.name], border)
        pieces = [(0.0, before), (min(beyond, END), END)]
    best = min((golden(value, *piece) for piece in pieces), key=value)
    return front.weights(np.array([front.scale * best / (1.0 - best)]))[0]


def sides(rate: Callable[[float], float], border: float) -> tuple[float, float]:
    """The points nearest to ``border`` that are on both sides of it: the least rate falls there.
    The border itself belongs to either regime by rounding.
    """
    gap = next(
        (gap for gap in KEEP_OFF if rate(border * (1.0 - gap)) > rate(border * (1.0 + gap))),
        KEEP_OFF[-1],
    )
    return border * (1.0 - gap), border * (1.0 + gap)


def golden(value: Callable[[float], float], start: float, end: float) -> float:
    """Golden section on a quasi-convex function between ``start`` and ``end``, the ends
    included.
    """
    low, high, ratio = 0.0, 1.0, (math.sqrt(5.0) - 1.0) / 2.0

    def at(u: float) -> float:
        return start + (end - start) * u

    left, right = high - ratio, low + ratio
    at_left, at_right = value(at(left)), value(at(right))
    for _ in range(70):
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - ratio * (high - low)
            at_left = value(at(left))
        else:
            low, left, at_left = left, right, at_right
            right = low + ratio * (high - low)
            at_right = value(at(right))
    return min((start, end, at((low + high) / 2)), key=value)
