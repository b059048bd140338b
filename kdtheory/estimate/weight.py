"""lambda* from per-sample gradients: the public function."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import open_rows, refuse_logits
from kdtheory.estimate.moments import from_scalars, scalars
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.estimate.several import WeightsEstimate, weights_of_several
from kdtheory.estimate.statements import make_criterion

if TYPE_CHECKING:
    from kdtheory.statements.theorems import Theorem

MINIMUM_SAMPLES = 3  # leaving one out must leave a variance


def lambda_star(
    student_gradients: Any,
    teacher_gradients: Any,
    *,
    criterion: str | Theorem = "unbiased",
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    horizon: float | None = None,
    batch_size: int = 1,
    confidence: float = 0.95,
    sgd_floor: float | None = None,
    teacher_distance_sq: float | None = None,
    blocks: Any = None,
) -> WeightEstimate | WeightsEstimate:
    """The distillation weight lambda* = E<S,H> / (V + B(1+kappa)|h|^2) estimated from n samples,
    with an interval.

    Source: paper, Theorems 1 and 2 (lambda*); interval, batch and sharp forms are our own
    derivation.

    Args:
        student_gradients: (n, d) array or path of a .npy file; row i is the student's gradient on
            sample i, undistilled.
        teacher_gradients: the same for the teacher, same samples, same order, same coordinates.
        criterion: what the weight is best for; its constants, their range and kappa are those of
            the statement of that name.
            "unbiased" (x - gamma(G - lam H + lam h)): E<S,H>/V, no constant needed, but the update
            needs the teacher's full gradient h.
            "horizon": for a distillation loss as it is, kappa = horizon/2; no constant of the
            problem is needed, and what the n samples leave unknown about |h|^2, V/n, is charged
            like a bias.
            "theorem-1" needs step_size and mu, "theorem-2" step_size and L (kappa = 1/(gamma mu),
            1/(L gamma)); "...-refined", "...-sharp" and "...-envelope" also Lcal (theorem-2 all
            four); "second-moment" (kappa = 0) counts the bias of one step only, the most favourable
            view of the biased update and no weight to train with; "exact" needs sgd_floor and
            teacher_distance_sq instead of estimates.
        horizon: T, the number of steps still to go (or (sum gamma)^2/sum gamma^2 for decreasing
            ones).  Too large is safe, too small is not.
        step_size: gamma, unit x^2/f.  mu, L, Lcal: strong convexity or PL, smoothness, expected
            smoothness, unit f/x^2.
            Lcal is that of the batch you train with; that of one sample is valid and a little
            pessimistic.
        batch_size: B, drawn with replacement: noise falls by B, bias does not.
        confidence: of the interval.  Measured coverage at 0.95: ``kdtheory.checks.coverage``.
        blocks: slices or index arrays into the d coordinates (layers), each with a weight of its
            own; a teacher of shape (m, n, d) (or a list of m arrays or .npy paths) gets m weights.
            Both return a ``WeightsEstimate``, for criteria with a kappa.
        sgd_floor: stationary E|x - x*|^2 of plain SGD ("exact" only).
        teacher_distance_sq: |theta - x*|^2 ("exact" only).

    Both gradients are centred at their sample means.  At the minimiser the student's mean is 0 and
    this changes nothing. Elsewhere it makes the "unbiased" weight the exact best one for the *next*
    step, and it leaves the distance to the weight at the minimiser bounded by ``student_error``
    (given mu and Lcal), which vanishes with |grad f(student)|.  For quadratics E<G',H'> is affine
    in the student, so averaging over iterates around x* (``LambdaEstimator``) removes even that.

    Raises InvalidInput for bad arrays, fewer than 3 samples, missing constants, or a teacher that
    no weight can use; StepSizeTooLarge outside the criterion's range.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> g = np.random.default_rng(0).standard_normal((50, 3))
    >>> round(kd.lambda_star(g, 2.0 * g).weight, 6)
    0.5
    """
    if criterion == "exact" and sgd_floor is not None and teacher_distance_sq is not None:
        return _exact(sgd_floor, teacher_distance_sq)
    rule = make_criterion(
        criterion,
        step_size=step_size,
        mu=mu,
        L=L,
        Lcal=Lcal,
        horizon=horizon,
        batch_size=batch_size,
    )
    if blocks is not None or _dimensions(teacher_gradients) == 3:
        return weights_of_several(student_gradients, teacher_gradients, blocks, rule, confidence)
    student = open_rows(student_gradients, "student_gradients", minimum_rows=MINIMUM_SAMPLES)
    teacher = open_rows(teacher_gradients, "teacher_gradients", minimum_rows=MINIMUM_SAMPLES)
    refuse_logits(student, teacher)
    moments = from_scalars(scalars(student, teacher))
    return estimate(rule, moments, confidence=confidence, mu=mu, Lcal=Lcal)


def _dimensions(teacher: Any) -> int:
    """3 for several teachers, as an array or a list of arrays or paths."""
    if isinstance(teacher, (list, tuple)):
        first = teacher[0] if teacher else 0.0
        return 3 if isinstance(first, (str, os.PathLike)) else 1 + np.ndim(first)
    return int(getattr(teacher, "ndim", 2))


def _exact(sgd_floor: float, distance_sq: float) -> WeightEstimate:
    for key, value in (("sgd_floor", sgd_floor), ("teacher_distance_sq", distance_sq)):
        if not (math.isfinite(value) and value >= 0):
            raise InvalidInput(f"{key} must be finite and >= 0, got {key} = {value}.")
    if sgd_floor + distance_sq == 0:
        raise InvalidInput(
            "sgd_floor = teacher_distance_sq = 0: SGD has no error left, so every weight is exact."
        )
    weight = sgd_floor / (sgd_floor + distance_sq)
    text = (
        f"Distil with λ = {weight:.3g}: the stationary error falls to {100 * (1 - weight):.3g} % of"
        " plain SGD's (least squares)."
    )
    nan = math.nan
    return WeightEstimate(weight, weight, weight, nan, nan, 1.0 - weight, text, "exact", nan, 1.0)
