"""The exact law of quadratics in numbers: its curve and its floor (theory, Section 6)."""

from __future__ import annotations

import numpy as np

from kdtheory.algebra.arithmetic import ARRAYS
from kdtheory.algebra.evaluate import value_of
from kdtheory.engines.exact import expected, stationary
from kdtheory.engines.exact.powers import at_times
from kdtheory.errors import AssumptionFails
from kdtheory.problems.base import Array, moderate_float
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.problems.mixtures import weights_for
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import Experiment
from kdtheory.statements.theorem import Theorem


def sgd_floor(made: Experiment) -> float:
    """S_0, the stationary E|x - x*|^2 of plain SGD with the experiment's batches."""
    problem = made.problem
    gamma = moderate_float(made.step_size, "step_size")
    return stationary(problem, problem.minimiser, _plain(made), step_size=gamma).sq_distance


def _plain(made: Experiment) -> DistilledSGD:
    """SGD with the batches of the rule."""
    return DistilledSGD(batch_size=made.batch_size, replacement=made.replacement)


def _shifted(made: Experiment) -> tuple[Array, float]:
    """sum_j lam_j (theta_j - x*), (dim,), and sum_j lam_j: all that quadratics see of teachers."""
    lams = weights_for(made.weight, len(made.teachers))
    return lams @ (made.teachers - made.problem.minimiser), float(lams.sum())


def exact_floor(made: Experiment, statement: Theorem) -> float:
    """The statement's floor, the stationary E|x - x*|^2 of distillation.

    Several teachers are one at their affine combination; weights that add up to 0 are no such
    point, and move the centre of plain SGD.
    """
    letters = {"S0": sgd_floor(made), "lam": 0.0, "D_sq": 0.0}
    shift, total = _shifted(made)
    away = float(shift @ shift)
    if total:
        letters |= {"lam": total, "D_sq": away / total**2}
        away = 0.0
    return float(value_of(statement.floor, letters, ARRAYS)) + away


def exact_law(made: Experiment, statement: Theorem, steps: int) -> Array:
    """The statement's rhs from plain SGD around the shifted centre (theory, Section 6), (steps +
    1,), least squares only.  Several teachers are one at the shift, with the weight 1.
    """
    problem, (shift, total) = made.problem, _shifted(made)
    if not isinstance(problem, LeastSquares):
        raise AssumptionFails(
            f"The exact law holds for least squares, got {type(problem).__name__}. Use a theorem,"
            " or simulate()."
        )
    step_size = moderate_float(made.step_size, "step_size")
    # Y^0; y follows SGD with noise (1-lam) S: that of the targets (1-lam) b.
    origin = made.start - problem.minimiser - shift
    calm = LeastSquares(problem.features, (1.0 - total) * problem.targets, ridge=problem.ridge)
    square = expected(
        calm,
        calm.minimiser,
        _plain(made),
        step_size=step_size,
        x0=calm.minimiser + origin,
        steps=steps,
        quantities=("sq_distance",),
    ).sq_distance
    spectrum, basis = np.linalg.eigh(problem.hessian)
    one = len(made.teachers) == 1
    D, lam = (made.teachers[0] - problem.minimiser, total) if one else (shift, 1.0)
    drift = at_times(
        np.diag(1.0 - step_size * spectrum),
        (basis.T @ origin)[:, None],
        (D @ basis)[None],
        np.arange(steps + 1),
    )[:, 0, 0]
    letters = {"lam": lam, "D_sq": float(D @ D), "shifted_t": square, "drift_t": drift}
    return np.asarray(value_of(statement.rhs, letters, ARRAYS))
