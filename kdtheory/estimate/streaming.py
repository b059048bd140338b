"""lambda* during training: O(d) memory, exponentially forgetting, so it follows a moving student."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import make_criterion
from kdtheory.estimate.data import Array
from kdtheory.estimate.moments import ROUNDING_SQ, Moments
from kdtheory.estimate.result import WeightEstimate, estimate

KEPT = 512  # influences (4 numbers each) kept for the shape of the interval


class LambdaEstimator:
    """Weighted running moments of student and teacher gradients; sample t counts decay^(now - t).

    Welford's update with weights: with d = x - mean before the update and alpha = 1/(sum of weights), each sample adds
    (1 - alpha)<d_G, d_H> to the sum of products; these increments add up to it exactly and each has mean C.
    Unbiased under weights: C = sum/(W - W2/W), |h|^2 = |mean|^2 - V W2/W^2, with W = sum w, W2 = sum w^2; the effective
    number of samples is W^2/W2, at most (1 + decay)/(1 - decay).  decay = 1 forgets nothing and equals ``lambda_star``.

    A student that drifts by v per step shifts its running mean by about v/(1 - decay); the part of that in the
    covariance is of second order.  Averaging over iterates around x* is what removes the error of a student not at x*.
    """

    def __init__(
        self,
        *,
        criterion: str = "unbiased",
        decay: float = 0.99,
        step_size: float | None = None,
        mu: float | None = None,
        L: float | None = None,
        Lcal: float | None = None,
        batch_size: int = 1,
        confidence: float = 0.95,
    ) -> None:
        """Constants as in ``lambda_star``; decay in (0, 1]. Raises InvalidInput and StepSizeTooLarge."""
        if not 0.0 < decay <= 1.0:
            raise InvalidInput(f"decay must lie in (0, 1], got decay = {decay}. 0.99 remembers about 200 samples.")
        self.decay = decay
        self._criterion = make_criterion(criterion, step_size=step_size, mu=mu, L=L, Lcal=Lcal, batch_size=batch_size)
        self._confidence, self._mu, self._Lcal = confidence, mu, Lcal
        self._student = self._teacher = np.zeros(0)
        self._count = 0
        self._weights = self._weights_sq = 0.0
        self._sums = np.zeros(3)  # weighted sums of |G'|^2, <G',H'>, |H'|^2
        self._shape_mean, self._shape_square = np.zeros(4), np.zeros((4, 4))  # weighted with w^2
        self._recent = np.zeros((4, KEPT))

    def update(self, student_gradient: Any, teacher_gradient: Any) -> LambdaEstimator:
        """Add one sample (d,), or a batch of samples (m, d) in order, each with its own per-sample gradient.

        Mean gradients of batches are fine too, if always of the same size: C and V then shrink alike.
        Raises InvalidInput for shapes that differ, from each other or from before, and for NaN or infinity.
        """
        pair = [_rows(student_gradient, "student_gradient"), _rows(teacher_gradient, "teacher_gradient")]
        if pair[0].shape != pair[1].shape:
            raise InvalidInput(
                f"student_gradient and teacher_gradient must have the same shape, got {pair[0].shape} and "
                f"{pair[1].shape}."
            )
        if self._count and pair[0].shape[1] != self._student.size:
            raise InvalidInput(f"gradients must keep d = {self._student.size} entries, got d = {pair[0].shape[1]}.")
        for student, teacher in zip(*pair, strict=True):
            self._add(student, teacher)
        return self

    def _add(self, student: Array, teacher: Array) -> None:
        if self._count == 0:
            self._student, self._teacher = np.zeros(student.size), np.zeros(student.size)
        self._weights = self.decay * self._weights + 1.0
        self._weights_sq = self.decay**2 * self._weights_sq + 1.0
        alpha = 1.0 / self._weights
        student = student - self._student
        teacher = teacher - self._teacher
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            along = 2.0 * float(self._teacher @ teacher)
            increment = (1.0 - alpha) * np.array([student @ student, student @ teacher, teacher @ teacher])
        if not np.all(np.isfinite(increment)):
            raise InvalidInput("Squared gradients overflow float64: divide both gradients by the same constant.")
        self._student += alpha * student
        self._teacher += alpha * teacher
        self._sums = self.decay * self._sums + increment
        self._shape_mean *= self.decay**2
        self._shape_square *= self.decay**2
        if self._count:  # the first sample has no mean to deviate from
            seen = np.append(increment, along)
            self._shape_mean += seen
            self._shape_square += np.outer(seen, seen)
            self._recent[:, (self._count - 1) % KEPT] = seen
        self._count += 1

    def moments(self) -> Moments:
        """The moments now. Raises InvalidInput before three samples."""
        if self._count < 3:
            raise InvalidInput(f"estimate() needs 3 samples or more, got {self._count}. Call update first.")
        share = self._weights_sq / self._weights**2  # 1 / effective number
        sigma_sq, covariance, variance = (float(x) for x in self._sums / (self._weights * (1.0 - share)))
        student_sq, teacher_sq = float(self._student @ self._student), float(self._teacher @ self._teacher)
        if variance <= ROUNDING_SQ * (teacher_sq + variance):
            variance, covariance = 0.0, 0.0
        if sigma_sq <= ROUNDING_SQ * (student_sq + sigma_sq):
            sigma_sq, covariance = 0.0, 0.0
        mean = np.array([sigma_sq, covariance, variance, 0.0])
        total, square = self._shape_mean, self._shape_square
        weight = self._weights_sq - self.decay ** (2 * (self._count - 1))  # without the first sample
        centred = square - np.outer(total, mean) - np.outer(mean, total) + weight * np.outer(mean, mean)
        # Divided by (1 - share)^2 and once more, as n/(n-1) and the jackknife's inflation would.
        errors = centred / (self._weights**2 * (1.0 - share) ** 3)
        kept = self._recent[:, : min(self._count - 1, KEPT)]
        kept = kept - kept.mean(axis=1, keepdims=True)
        return Moments(
            sigma_sq, covariance, variance, teacher_sq - variance * share, student_sq - sigma_sq * share,
            float(self._student @ self._teacher) - covariance * share, errors, 1.0 / share, kept,
        )  # fmt: skip

    def estimate(self) -> WeightEstimate:
        """The weight now, its interval and advice; n_samples is the effective number."""
        return estimate(self._criterion, self.moments(), confidence=self._confidence, mu=self._mu, Lcal=self._Lcal)


def _rows(gradient: Any, name: str) -> Array:
    array = np.asanyarray(gradient)
    if array.dtype.kind not in "iuf":
        raise InvalidInput(f"{name} must hold real numbers, got dtype = {array.dtype}. Convert it to floats first.")
    rows: Array = np.atleast_2d(np.asarray(array, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise InvalidInput(f"{name} must have shape (d,) or (m, d) with d >= 1, got shape {array.shape}.")
    if not math.isfinite(float(np.sum(rows))) and not np.all(np.isfinite(rows)):
        raise InvalidInput(f"{name} must be finite, got NaN or infinity. Skip this step: the loss diverged.")
    return rows
