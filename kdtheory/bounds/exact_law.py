"""The exact law of quadratics in numbers: its curve and its floor (theory, Section 6)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra.evaluate import ARRAYS, value_of
from kdtheory.engines.exact import expected, stationary
from kdtheory.engines.exact.powers import at_times
from kdtheory.errors import AssumptionFails
from kdtheory.problems.base import Array, FiniteSum, moderate_float
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.problems.mixtures import weights_for
from kdtheory.problems.teacher import teachers
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorem import Theorem


def sgd_floor(problem: FiniteSum, step_size: float, batch_size: int) -> float:
    """S_0, the stationary E|x - x*|^2 of plain SGD."""
    gamma = moderate_float(step_size, "step_size")
    plain = DistilledSGD(batch_size=batch_size)
    return stationary(problem, problem.minimiser, plain, step_size=gamma).sq_distance


def shifted(problem: FiniteSum, theta: ArrayLike, weight: ArrayLike) -> tuple[Array, float]:
    """sum_j lam_j (theta_j - x*), (dim,), and sum_j lam_j: all that quadratics see of teachers."""
    points = teachers(problem, theta)
    lams = weights_for(weight, len(points))
    return lams @ (points - problem.minimiser), float(lams.sum())


def exact_floor(
    statement: Theorem,
    problem: FiniteSum,
    theta: ArrayLike,
    step_size: float,
    weight: ArrayLike,
    batch_size: int,
) -> float:
    """The statement's floor, the stationary E|x - x*|^2 of distillation.

    Several teachers are one at their affine combination; weights that add up to 0 are no such
    point, and move the centre of plain SGD.
    """
    letters = {"S0": sgd_floor(problem, step_size, batch_size), "lam": 0.0, "D_sq": 0.0}
    shift, total = shifted(problem, theta, weight)
    away = float(shift @ shift)
    if total:
        letters |= {"lam": total, "D_sq": away / total**2}
        away = 0.0
    return float(value_of(statement.floor, letters, ARRAYS)) + away


def exact_law(
    statement: Theorem,
    problem: FiniteSum,
    theta: ArrayLike,
    plain: DistilledSGD,
    *,
    step_size: float,
    weight: ArrayLike,
    x0: Array,
    steps: int,
) -> Array:
    """The statement's rhs from plain SGD around the shifted centre (theory, Section 6), (steps +
    1,), least squares only.  Several teachers are one at the shift, with the weight 1.  ``plain``
    is SGD with the batches of the rule.
    """
    shift, total = shifted(problem, theta, weight)
    if not isinstance(problem, LeastSquares):
        raise AssumptionFails(
            f"The exact law holds for least squares, got {type(problem).__name__}. Use a theorem,"
            " or simulate()."
        )
    step_size = moderate_float(step_size, "step_size")
    # Y^0; y follows SGD with noise (1-lam) S: that of the targets (1-lam) b.
    origin = x0 - problem.minimiser - shift
    calm = LeastSquares(problem.features, (1.0 - total) * problem.targets, ridge=problem.ridge)
    square = expected(
        calm,
        calm.minimiser,
        plain,
        step_size=step_size,
        x0=calm.minimiser + origin,
        steps=steps,
        quantities=("sq_distance",),
    ).sq_distance
    spectrum, basis = np.linalg.eigh(problem.hessian)
    points = teachers(problem, theta)
    one = len(points) == 1
    D, lam = (points[0] - problem.minimiser, total) if one else (shift, 1.0)
    drift = at_times(
        np.diag(1.0 - step_size * spectrum),
        (basis.T @ origin)[:, None],
        (D @ basis)[None],
        np.arange(steps + 1),
    )[:, 0, 0]
    letters = {"lam": lam, "D_sq": float(D @ D), "shifted_t": square, "drift_t": drift}
    return np.asarray(value_of(statement.rhs, letters, ARRAYS))
