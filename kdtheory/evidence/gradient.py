"""The distillation gradient: an identity between gradients of single terms, at one point."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.evidence.bounded import TINY, UNIT
from kdtheory.evidence.starts import default_start
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import LARGEST, FiniteSum, point, real_float
from kdtheory.problems.teacher import teachers


def verify_gradient(
    problem: FiniteSum, theta: ArrayLike, x0: ArrayLike | None, weight: Any, seed: int
) -> Verdict:
    """The KD objective's own gradients against grad f_n(x) - lam grad f_n(theta), term by term,
    at ``x0`` or a default start.

    Both sides are differences of the gradients at x and theta, made of products of d entries: they
    are known to a few units of the larger of these, not of what is left of them.
    """
    teacher = teachers(problem, theta)[0]
    x = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
    weight = 0.5 if weight is None else real_float(weight, "weight")
    own = getattr(problem, "distillation_gradients", None)
    if own is None:
        raise AssumptionFails(
            "The distillation gradient needs a model with a KD objective (least squares, logistic,"
            f" softmax), got {type(problem).__name__}, whose terms are no losses of a model."
        )
    if abs(weight) > LARGEST:
        raise InvalidInput(
            f"weight must lie within {LARGEST:g}, got weight = {weight:g}: the gradients would"
            " overflow."
        )
    objective = own(x, teacher, weight)
    student, taught = problem.gradients(x), weight * problem.gradients(teacher)
    claimed = student - taught
    origin = np.abs(problem.gradients(np.zeros(problem.dim))).max()
    apart = float(max(origin * (1.0 + abs(weight)), np.abs(student).max(), np.abs(taught).max()))
    unit = 8 * (problem.dim + 8) * UNIT
    size = float(np.abs(claimed).max())
    off = float(np.abs(objective - claimed).max())
    fine = off <= max(unit * apart, ROUNDING * size, TINY)
    seen = "" if size > unit * apart else "; nothing but rounding is left of both sides here"
    return Verdict(
        "distillation-gradient",
        "VERIFIED" if fine else "VIOLATED",
        1.0 if fine else 1.0 + off / max(size, TINY),
        "exact",
        f"largest difference {off:.3g} of {size:.3g} over {problem.n_terms} terms{seen}",
        0.0,
        weight,
        0,
    )
