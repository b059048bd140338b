"""Minimisers of smooth convex finite sums by damped Newton, to the accuracy that rounding
allows.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array

MAX_ITERATIONS = 200
FLAT = 1e-12  # of the largest eigenvalue: smaller ones are rounding of a flat direction's 0
UNSEEN = 1e-14  # of f: smaller decreases are rounding of f
LEAST = 1e-6  # shortest step of a search; a shorter one is no progress, and the gradient judges it
CONVERGED = 1e-9  # of the first gradient: well above where Newton's steps end, far below a stall
FADED = 1e-6  # of the first curvature: along a ray to infinity it falls with the gradient


class TwiceDifferentiable(Protocol):
    """What the method needs."""

    @property
    def dim(self) -> int:
        """Dimension."""

    @property
    def ridge(self) -> float:
        """Weight of the quadratic penalty."""

    def value(self, x: Array) -> float:
        """f(x)."""

    def gradient(self, x: Array) -> Array:
        """The gradient, (dim,)."""

    def hessian_at(self, x: Array) -> Array:
        """The Hessian, (dim, dim)."""


def newton_minimiser(problem: TwiceDifferentiable) -> Array:
    """The minimiser reached from 0, (dim,), read-only.

    Iterates until the gradient stops shrinking, which is at rounding level; directions are
    least-norm solutions, so flat directions (softmax without ridge) are left at 0.

    Raises:
        InvalidInput: no minimiser was found (the infimum is not attained, as for separable classes
            without ridge).
    """
    x = np.zeros(problem.dim)
    gradient = problem.gradient(x)
    start = best = float(np.linalg.norm(gradient))
    for _ in range(MAX_ITERATIONS):
        if best == 0.0:
            break
        hessian = problem.hessian_at(x)
        regular = problem.ridge > 0.0
        direction = (
            np.linalg.solve(hessian, gradient)
            if regular
            else np.linalg.lstsq(hessian, gradient, rcond=FLAT)[0]
        )
        size, value, slope = 1.0, problem.value(x), float(gradient @ direction)
        # A decrease below the rounding of f cannot be seen: there the full step is taken, and the
        # gradient judges it.
        if slope > UNSEEN * abs(value):
            while problem.value(x - size * direction) > value - size * slope / 4 and size > LEAST:
                size /= 2
        candidate = x - size * direction
        gradient_there = problem.gradient(candidate)
        norm = float(np.linalg.norm(gradient_there))
        if norm >= best and best <= CONVERGED * start:
            break  # rounding level: the step no longer helps
        x, gradient, best = candidate, gradient_there, norm
    if best > CONVERGED * start or (problem.ridge == 0.0 and not _attained(problem, x, start)):
        raise InvalidInput(
            f"No minimiser found: the gradient is still {best:.3g} of {start:.3g} at the start"
            f" after {MAX_ITERATIONS} Newton steps, |x| = {np.linalg.norm(x):.3g}. Separable"
            " classes without ridge have none; use ridge > 0."
        )
    x.flags.writeable = False
    return x


def _attained(problem: TwiceDifferentiable, x: Array, start: float) -> bool:
    """Whether curvature remains where the gradient does not vanish; along a ray to infinity both
    fade together.
    """
    curvature = np.linalg.eigvalsh(problem.hessian_at(x))[-1]
    initial = np.linalg.eigvalsh(problem.hessian_at(np.zeros(problem.dim)))[-1]
    return bool(curvature > FADED * initial or start == 0.0)
