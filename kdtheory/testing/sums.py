"""A user's own finite sum, as an assertion."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems import Constant, FiniteSum, check_finite_sum
from kdtheory.problems.base import Array

MOST_STEPS = 100


def check_problem(
    problem: object, *, polish: bool = False, probes: int = 8, seed: int = 0
) -> FiniteSum:
    """:func:`kdtheory.check_finite_sum` as an assertion; returns the problem that passed.

    Args:
        problem: an object with the members of :class:`kdtheory.FiniteSum`.
        polish: first improve its minimiser by Newton's method with differences of its gradient: for
            classes that solve for x* to their own tolerance only.
        probes: random points at which everything is compared.
        seed: of those points.

    Raises:
        AssertionError: the first thing that is wrong, with both numbers.

    >>> from kdtheory import LeastSquares
    >>> check_problem(LeastSquares([[1.0], [2.0]], [0.0, 1.0])).n_terms
    2
    """
    try:
        return check_finite_sum(Polished(problem) if polish else problem, probes=probes, seed=seed)
    except InvalidInput as error:
        raise AssertionError(str(error)) from error


class Polished:
    """A problem whose minimiser was improved to rounding; everything else is the problem's own.

    Raises:
        InvalidInput: Newton's method does not come nearer to a stationary point.
    """

    def __init__(self, problem: Any) -> None:
        """Improve the minimiser."""
        self._problem = problem
        self.minimiser = _polished(problem)
        self.minimum = float(problem.value(self.minimiser))
        self._noise = float((problem.gradients(self.minimiser) ** 2).sum() / problem.n_terms)

    @property
    def constants(self) -> Any:
        """The problem's constants, with sigma*^2 at the improved minimiser."""
        found = self._problem.constants
        noise = Constant(self._noise, exact=False, why="mean over the terms at the polished x*")
        return replace(found, sigma_star_sq=noise)

    def __getattr__(self, name: str) -> Any:
        """All that is not a minimiser's business."""
        return getattr(self._problem, name)


def _polished(problem: Any) -> Array:
    """Newton steps while they shrink the gradient."""
    x = np.array(problem.minimiser, dtype=float)
    gradient = np.asarray(problem.gradient(x), dtype=float)
    for _ in range(MOST_STEPS):
        width = np.finfo(float).eps ** (1 / 3) * max(1.0, float(np.abs(x).max()))
        shifts = width * np.eye(len(x))
        hessian = np.array(
            [(problem.gradient(x + s) - problem.gradient(x - s)) / (2 * width) for s in shifts]
        )
        step = np.linalg.lstsq((hessian + hessian.T) / 2, gradient, rcond=None)[0]
        further = np.asarray(problem.gradient(x - step), dtype=float)
        if not np.linalg.norm(further) < np.linalg.norm(gradient):
            break
        x, gradient = x - step, further
    if not np.isfinite(x).all():
        raise InvalidInput("Newton's method left the range of floats from problem.minimiser.")
    x.flags.writeable = False
    return x
