"""lambda* during training: O(d) memory, exponentially forgetting, so it follows a moving
student.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion
from kdtheory.estimate.data import Array
from kdtheory.estimate.moments import ROUNDING_SQ, Moments
from kdtheory.estimate.result import WeightEstimate, estimate
from kdtheory.estimate.statements import HORIZON, make_criterion

if TYPE_CHECKING:
    from kdtheory.statements.theorems import Theorem

KEPT = 512  # influences (4 numbers each) kept for the shape of the interval
SETTLED = 2  # samples before a deviation from the mean so far says anything
MINIMUM = 5


class LambdaEstimator:
    """Weighted running moments of student and teacher gradients; sample t counts decay^(now - t).

    Welford's update with weights: with d = x - mean before the update and alpha = 1/(sum of
    weights), each sample adds (1 - alpha)<d_G, d_H> to the sum of products; these increments add up
    to it exactly and each has mean C. Unbiased under weights: C = sum/(W - W2/W), |h|^2 = |mean|^2
    - V W2/W^2, with W = sum w, W2 = sum w^2; the effective number of samples is W^2/W2, at most (1
    + decay)/(1 - decay).  decay = 1 forgets nothing and equals ``lambda_star``.

    A student that drifts by v per step shifts its running mean by about v/(1 - decay); the part of
    that in the covariance is of second order.  Averaging over iterates around x* is what removes
    the error of a student not at x*.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> seen = kd.LambdaEstimator(criterion='unbiased', decay=0.9)
    >>> rng = np.random.default_rng(0)
    >>> for _ in range(200):
    ...     g = rng.standard_normal(4)
    ...     _ = seen.update(g, g + 0.1 * rng.standard_normal(4))
    >>> 0.9 < seen.estimate().weight < 1.1
    True
    """

    def __init__(
        self,
        *,
        criterion: str | Theorem = HORIZON,
        decay: float = 0.99,
        step_size: float | None = None,
        mu: float | None = None,
        L: float | None = None,
        Lcal: float | None = None,
        horizon: float | None = None,
        batch_size: int = 1,
        confidence: float = 0.95,
    ) -> None:
        """Constants as in ``lambda_star``; decay in (0, 1].  ``horizon``, the steps still to go,
        may be given to ``estimate`` instead, since it falls as training proceeds.

        Raises InvalidInput and StepSizeTooLarge.
        """
        if not 0.0 < decay <= 1.0:
            raise InvalidInput(
                f"decay must lie in (0, 1], got decay = {decay}. 0.99 remembers about 200 samples."
            )
        self.decay = decay
        self._name, self._horizon = criterion, horizon
        self._constants: dict[str, Any] = {
            "step_size": step_size,
            "mu": mu,
            "L": L,
            "Lcal": Lcal,
            "batch_size": batch_size,
        }
        self._rule(horizon or 1.0)  # refuses what does not fit now, not when an estimate is wanted
        self._confidence, self._mu, self._Lcal = confidence, mu, Lcal
        self._student = self._teacher = self._last = np.zeros(0)
        self._count = 0
        self._weights = self._weights_sq = 0.0
        self._sums = np.zeros(3)  # weighted sums of |G'|^2, <G',H'>, |H'|^2
        # Weighted with w^2: number, sum and squares of the influences, sum of <d_i, d_{i-1}>^2, sum
        # of the mean's share.
        self._seen, self._seen_mean, self._seen_square = 0.0, np.zeros(4), np.zeros((4, 4))
        self._neighbours = self._noise = 0.0
        self._recent = np.zeros((4, KEPT))

    def update(self, student_gradient: Any, teacher_gradient: Any) -> LambdaEstimator:
        """Add one sample (d,), or a batch of samples (m, d) in order, each with its own per-sample
        gradient.

        Mean gradients of batches are fine too, if always of the same size: C and V then shrink
        alike. Raises InvalidInput for shapes that differ, from each other or from before, and for
        NaN or infinity.
        """
        pair = [
            _rows(student_gradient, "student_gradient"),
            _rows(teacher_gradient, "teacher_gradient"),
        ]
        if pair[0].shape != pair[1].shape:
            raise InvalidInput(
                "student_gradient and teacher_gradient must have the same shape, got"
                f" {pair[0].shape} and {pair[1].shape}."
            )
        if self._count and pair[0].shape[1] != self._student.size:
            raise InvalidInput(
                f"gradients must keep d = {self._student.size} entries, got d = {pair[0].shape[1]}."
            )
        for student, teacher in zip(*pair, strict=True):
            self._add(student, teacher)
        return self

    def _add(self, student: Array, teacher: Array) -> None:
        if self._count == 0:
            self._student, self._teacher, self._last = np.zeros((3, student.size))
        share, variance = self._share(), self._unbiased(2)
        weights = self.decay * self._weights + 1.0
        alpha = 1.0 / weights
        student = student - self._student
        teacher = teacher - self._teacher
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            # 2<h, H'> with the mean before this sample, whose own noise pulls it down by 2 V share
            along = 2.0 * (float(self._teacher @ teacher) + variance * share)
            neighbours = float(self._last @ teacher) ** 2
            increment = (1.0 - alpha) * np.array(
                [student @ student, student @ teacher, teacher @ teacher]
            )
        if not np.all(np.isfinite(increment)):
            raise InvalidInput(
                "Squared gradients overflow float64: divide both gradients by the same constant."
            )
        self._weights, self._weights_sq = weights, self.decay**2 * self._weights_sq + 1.0
        self._student += alpha * student
        self._teacher += alpha * teacher
        self._sums = self.decay * self._sums + increment
        self._last = teacher
        forget, new = self.decay**2, float(self._count >= SETTLED)
        influence = np.append(increment, along)
        self._seen = forget * self._seen + new
        self._seen_mean = forget * self._seen_mean + new * influence
        self._seen_square = forget * self._seen_square + new * np.outer(influence, influence)
        self._neighbours = forget * self._neighbours + new * neighbours
        self._noise = forget * self._noise + new * share
        if new:
            self._recent[:, (self._count - SETTLED) % KEPT] = influence
        self._count += 1

    def _share(self) -> float:
        """sum w^2 / (sum w)^2, one over the effective number of samples."""
        return self._weights_sq / self._weights**2 if self._count else 1.0

    def _unbiased(self, which: int) -> float:
        """sigma^2, C or V; 0 while there is one sample."""
        return (
            float(self._sums[which] / (self._weights * (1.0 - self._share())))
            if self._count > 1
            else 0.0
        )

    def moments(self) -> Moments:
        """The moments now. Raises InvalidInput before five samples."""
        if self._count < MINIMUM:
            raise InvalidInput(
                f"estimate() needs {MINIMUM} samples or more, got {self._count}. Call update first."
            )
        share = self._share()
        sigma_sq, covariance, variance = (self._unbiased(k) for k in range(3))
        student_sq, teacher_sq = (
            float(self._student @ self._student),
            float(self._teacher @ self._teacher),
        )
        if variance <= ROUNDING_SQ * (teacher_sq + variance):
            variance, covariance = 0.0, 0.0
        if sigma_sq <= ROUNDING_SQ * (student_sq + sigma_sq):
            sigma_sq, covariance = 0.0, 0.0
        mean = np.array([sigma_sq, covariance, variance, 0.0])
        total = np.outer(self._seen_mean, mean)
        scatter = self._seen_square - total - total.T + self._seen * np.outer(mean, mean)
        shrink = np.ones(4)
        shrink[3] = self._bias_scale(float(scatter[3, 3]), share)
        kept = self._recent[:, : min(self._count - SETTLED, KEPT)]
        kept = (kept - kept.mean(axis=1, keepdims=True)) * shrink[:, None]
        # The first samples have no influence of their own; (1 - share)^3 is n/(n-1) as in the
        # jackknife.
        scatter *= np.outer(shrink, shrink) * (self._weights_sq / self._seen)
        return Moments(
            sigma_sq,
            covariance,
            variance,
            teacher_sq - variance * share,
            student_sq - sigma_sq * share,
            float(self._student @ self._teacher) - covariance * share,
            scatter / (self._weights**2 * (1.0 - share) ** 3),
            1.0 / share,
            kept,
        )

    def _bias_scale(self, scatter: float, share: float) -> float:
        """Shrinks the error of |h|^2: early means were noisier than today's.

        With K the covariance of H, each squared influence is 4 hKh + 4 tr K^2 (share then); wanted
        is 4 hKh + 2 tr K^2 share.
        """
        trace = self._neighbours / self._seen
        wanted = max(scatter - 4.0 * trace * self._noise, 0.0) + 2.0 * trace * share * self._seen
        return math.sqrt(min(wanted / scatter, 1.0)) if scatter > 0 else 1.0

    def _rule(self, horizon: float | None) -> Criterion:
        return make_criterion(self._name, horizon=horizon, **self._constants)

    def estimate(self, *, horizon: float | None = None) -> WeightEstimate:
        """The weight now, its interval and advice; n_samples is the effective number.

        Args:
            horizon: steps still to go; default: the one given at the start.

        Raises InvalidInput before five samples, and where the criterion needs a horizon.
        """
        moments = self.moments()
        return estimate(
            self._rule(self._horizon if horizon is None else horizon),
            moments,
            confidence=self._confidence,
            mu=self._mu,
            Lcal=self._Lcal,
        )


def _rows(gradient: Any, name: str) -> Array:
    array = np.asanyarray(gradient)
    if array.dtype.kind not in "iuf":
        raise InvalidInput(
            f"{name} must hold real numbers, got dtype = {array.dtype}. Convert it to floats first."
        )
    rows: Array = np.atleast_2d(np.asarray(array, dtype=np.float64))
    if rows.ndim != 2 or rows.shape[1] == 0:
        raise InvalidInput(
            f"{name} must have shape (d,) or (m, d) with d >= 1, got shape {array.shape}."
        )
    if not math.isfinite(float(np.sum(rows))) and not np.all(np.isfinite(rows)):
        raise InvalidInput(
            f"{name} must be finite, got NaN or infinity. Skip this step: the loss diverged."
        )
    return rows
