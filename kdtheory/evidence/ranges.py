"""Where x^t can be at all: almost sure bounds on |x^t - x*|^2 and f(x^t) - f*, from the curvature
of the single terms.

A step with term n is a map of Lipschitz constant q = max(|1 - gamma lo|, |1 - gamma hi|), lo and hi
bounding the Hessian of every f_n.  Hence, around any path of centres z_t, |x^t - z_t| <= r_t over
all N^t index paths, where r_{t+1} = q r_t + max_n |z_t - gamma d_n(z_t) - z_{t+1}| and d_n is the
direction of term n; means over a batch obey it too.  Two paths are tried, z = x* (with ridge, q < 1
keeps r bounded) and full gradient descent from x^0 (tight at first), or x^0 itself where N
gradients a step are too much.  Our own derivation.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.memory import remembered
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.protocol import Compressor

ABOVE = 1.0 + 1e-9  # rounding of the recursions: a few units a step, for millions of steps
FULL_GRADIENTS = (
    3e7  # numbers in all the gradients of a descent path; beyond it the centre stays at x^0
)


def almost_sure(made: Experiment, steps: int, quantity: str) -> Array:
    """The bound at t = 0..steps, (steps + 1,); inf where the problem does not know the curvature of
    its terms (``term_curvature``)."""
    problem, gamma, x0 = made.problem, made.gamma, made.start
    curvature = getattr(problem, "term_curvature", None)
    stretch = _stretch(made.compressor, problem.dim)
    if curvature is None or stretch is None:
        return np.append(0.0, np.full(steps, np.inf))
    q = max(abs(1.0 - gamma * curvature[0]), abs(1.0 - gamma * curvature[1]))
    corrections = made.control_variates

    def answer() -> Array:
        with np.errstate(over="ignore"):
            found = _around_optimum(problem, corrections, stretch, q, gamma, x0, steps, quantity)
            if made.compressor is None:
                descent = _around_descent(problem, corrections, q, gamma, x0, steps, quantity)
                found = np.minimum(found, descent)
        found = np.asarray(found * ABOVE)
        found.flags.writeable = False
        return found

    if made.compressor is not None:
        return answer()
    # Statements with the same weight and step size speak of the same iterates.
    asked = ("almost sure", corrections.tobytes(), gamma, x0.tobytes(), steps, quantity)
    return remembered(problem, asked, answer)


def almost_sure_along(
    made: Experiment, step: Callable[[int], tuple[float, Array]], steps: int, quantity: str
) -> Array:
    """The same for steps that change: ``step(t)`` is the step size and the control variates (N, d)
    of step t.
    """
    problem = made.problem
    curvature = getattr(problem, "term_curvature", None)
    stretch = _stretch(made.compressor, problem.dim)
    if curvature is None or stretch is None:
        return np.append(0.0, np.full(steps, np.inf))
    noise = problem.gradients(problem.minimiser)
    moves = []
    for t in range(steps):
        gamma, corrections = step(t)
        q = max(abs(1.0 - gamma * curvature[0]), abs(1.0 - gamma * curvature[1]))
        moves.append((q, gamma * float(np.linalg.norm(noise - corrections, axis=1).max())))
    with np.errstate(over="ignore"):
        return np.asarray(_radii(problem, stretch, moves, made.start, quantity) * ABOVE)


def _around_optimum(
    problem: FiniteSum,
    corrections: Array,
    stretch: tuple[float, float],
    q: float,
    gamma: float,
    x0: Array,
    steps: int,
    quantity: str,
) -> Array:
    noise = problem.gradients(problem.minimiser) - corrections
    push = gamma * float(np.linalg.norm(noise, axis=1).max())
    return _radii(problem, stretch, [(q, push)] * steps, x0, quantity)


def _radii(
    problem: FiniteSum,
    stretch: tuple[float, float],
    moves: list[tuple[float, float]],
    x0: Array,
    quantity: str,
) -> Array:
    """r_{t+1} = q_t r_t + push_t around x*, and what compression adds."""
    best, steps = problem.minimiser, len(moves)
    lost, (factor, added) = float(np.linalg.norm(best)), stretch
    radius = np.empty(steps + 1)
    radius[0] = np.linalg.norm(x0 - best)
    for t, (q, push) in enumerate(moves):
        # C(y) = factor y where y is kept and 0 elsewhere: |C(y) - x*| <= factor |y - x*| +
        # max(factor - 1, 1)|x*| if there is compression.
        extra = max(factor - 1.0, 1.0) * lost if factor > 1.0 else 0.0
        radius[t + 1] = factor * (q * radius[t] + push) + extra + added
    return np.asarray(
        radius**2 if quantity == "sq_distance" else float(problem.constants.L) / 2 * radius**2
    )


def _around_descent(
    problem: FiniteSum,
    corrections: Array,
    q: float,
    gamma: float,
    x0: Array,
    steps: int,
    quantity: str,
) -> Array:
    moves = problem.n_terms * problem.dim * steps <= FULL_GRADIENTS
    centre, radius, found = x0, 0.0, np.empty(steps + 1)
    push, mean = 0.0, np.zeros(problem.dim)
    for t in range(steps + 1):
        if moves or t == 0:
            gradients = problem.gradients(centre)
            directions = gradients - corrections
            mean = directions.mean(axis=0) if moves else mean
            apart = directions - mean
            push = gamma * math.sqrt(np.einsum("nd,nd->n", apart, apart).max())
            distance = float(np.linalg.norm(centre - problem.minimiser))
            if quantity == "gap":
                level = gap_at(problem, centre)
                slope = float(np.linalg.norm(gradients.mean(axis=0)))
        found[t] = (
            (distance + radius) ** 2
            if quantity == "sq_distance"
            else (level + slope * radius + float(problem.constants.L) / 2 * radius**2)
        )
        radius = q * radius + push
        centre = centre - gamma * mean
    return found


def _stretch(compressor: Compressor | None, dim: int) -> tuple[float, float] | None:
    """(factor, added) with |C(y)| <= factor |y| and |C(y) - y| <= added where factor is 1; None for
    a compressor of unknown range."""
    if compressor is None:
        return 1.0, 0.0
    factors = getattr(compressor, "factors", None)
    if factors is not None:
        return float(factors(dim)[0]), 0.0
    delta = getattr(compressor, "delta", None)
    return None if delta is None else (1.0, float(delta) * dim**0.5)
