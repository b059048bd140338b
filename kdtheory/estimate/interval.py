"""Confidence intervals for a weight: which weights do the data not contradict?

A weight w is optimal when the slope Z(w) of its criterion is 0, and Z is a function of four
estimated moments.  So w is kept unless the estimate of Z(w) is too far from 0, on either side, for
its own standard error (the idea of Fieller's interval for ratios; measured: where gradients have
heavy tails, the usual weight +- t * error covers 86 %, this one 95 %).

Critical values are the larger of two.  Student's t, with the degrees of freedom that the spread of
the squared deviations leaves (Satterthwaite: 2 n/(kurtosis - 1), at most n - 1): where a few
samples carry the variance, the error is known as badly as from a few samples.  And those of an
m-out-of-n bootstrap of the t-ratio, m = 1.5 sqrt(n), which stays right when |H'|^2 has no variance,
as for gradients with three finite moments (resampling n out of n does not), at 0.6 of the level.

Measured at 95 %, n = 50 and 200, 200 runs each (standard error 1.5 %;
``kdtheory.checks.coverage``): heavy tails 92.5 to 98.5 % (with plain t and the full level: 90 to
97.5 %), Gaussian 95 to 98 %, and 96 to 99 % for a teacher without bias, whose |h|^2 >= 0 is known
and not used up.  The price: with heavy tails up to 16 % of the intervals are unbounded, where one
sample carries most of the variance and nothing can be excluded.

Criterion "horizon" (400 runs, error 1.1 %): 92.5 to 99 %, and 98.5 to 99.5 % for a teacher without
bias or one lost in noise (d >> n).  What is beyond 95 % is so by construction.  Without bias, the
least possible |h|^2 gives the largest weight: no interval lies above the truth (0 of 400), while
its lower end must allow for the bias that the data do not exclude, and the charge V/n halves the
misses above (6 of 400 for 11).  Elsewhere the bootstrap takes it, of every criterion: m = 11, 22,
48 draws of n = 50, 200, 1000 have the tails of Student's t with m - 1 degrees, and 0.6 of the level
asks for its 98.5 % point.  For Gaussian gradients that is 2.7, 2.4 and 2.3 errors where 2.0 would
do: 98.1, 97.2 and 97.5 % (3,000 runs, error 0.3 %) where E<S,H> is all that is uncertain, a "nearly
noiseless" teacher, and Student's t alone has 95.1, 94.8 and 94.7 %.  Where gradients have heavy
tails the same values cover 92.5 %: smaller ones would cover too little there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.estimate.data import Array
from kdtheory.estimate.moments import Moments

RESAMPLES = 399  # 2.5 % of 400 is a whole number of order statistics, and so is 0.6 of it
BOOTSTRAP_LEVEL = (
    0.6  # a sample's bootstrap has not seen the outliers that it did not draw: measured, see above
)
SHAPE_SAMPLES = (
    20_000  # more do not change a kurtosis that matters, and it is computed at every weight tried
)
DOUBLINGS = 60  # beyond 10^15 times the first step the interval is called unbounded
HALVINGS = 40  # relative precision 10^-12 of a bracket, far below any sampling error
BIAS_ONLY = np.array([0.0, 0.0, 0.0, 1.0])
SEED = 20230517  # fixed: the same data give the same interval


def confidence_interval(
    criterion: Criterion, moments: Moments, weight: float, confidence: float
) -> tuple[float, float]:
    """(low, high) around ``weight``, the minimiser at ``moments``; an end is infinite where the
    data exclude nothing.

    Raises InvalidInput unless 0 < confidence < 1.
    """
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(
            f"confidence must lie strictly between 0 and 1, got confidence = {confidence}. Use"
            " 0.95."
        )
    test = _SlopeTest(criterion, moments, confidence)
    return _end(test, weight, -1), _end(test, weight, +1)


def reduction_interval(
    criterion: Criterion, moments: Moments, weight: float, confidence: float
) -> tuple[float, float]:
    """An interval for N(weight)/N(0) at this weight, by the delta method, within [0, inf).

    At its minimiser the ratio does not move with the weight to first order, so that the error of
    the weight need not be carried along.  NaN where there is no noise to compare with.
    """
    point = moments.vector(cautious=criterion.cautious)

    def ratio(m: Array) -> float:
        return criterion.value(weight, m) / criterion.value(0.0, m)

    if not criterion.value(0.0, point) > 0.0:
        return math.nan, math.nan
    # Central differences, as of the slope below.
    scale = 1e-5 * np.array([point[0], math.sqrt(point[0] * point[2]), point[2], point[3]])
    slopes = np.zeros(4)
    for k in range(4):
        if scale[k] > 0.0:
            shift = np.zeros(4)
            shift[k] = scale[k]
            slopes[k] = (ratio(point + shift) - ratio(point - shift)) / (2.0 * scale[k])
    here = max(ratio(point), 0.0)
    error = math.sqrt(max(float(slopes @ moments.errors @ slopes), 0.0))
    reach = _SlopeTest(criterion, moments, confidence)._student_t(slopes) * error
    return max(here - reach, 0.0), here + reach


def _end(test: _SlopeTest, weight: float, side: int) -> float:
    variance = test.moments.variance
    if variance <= 0.0:
        return weight
    step = 1e-3 * math.sqrt(test.moments.sigma_sq / variance)
    if step == 0.0:
        return weight
    inside = weight
    for _ in range(DOUBLINGS):
        outside = inside + side * step
        if test.rejects(outside, side):
            break
        inside, step = outside, 2.0 * step
    else:
        return side * math.inf
    for _ in range(HALVINGS):
        middle = 0.5 * (inside + outside)
        if test.rejects(middle, side):
            outside = middle
        else:
            inside = middle
    # Rejected however near: a weight on a kink has no room on this side.
    return outside if inside != weight else weight


@dataclass
class _SlopeTest:
    """One-sided tests of Z(weight) = 0, each at level (1 - confidence)/2."""

    criterion: Criterion
    moments: Moments
    confidence: float
    shape: Array = field(init=False)  # (4, at most SHAPE_SAMPLES)
    means: Array = field(init=False)  # (4, RESAMPLES)
    scatter: Array = field(init=False)  # (RESAMPLES, 4 * 4)

    def __post_init__(self) -> None:
        kept = self.moments.influence
        self.shape = kept[:, :: max(1, math.ceil(kept.shape[1] / SHAPE_SAMPLES))]
        size = min(kept.shape[1], max(10, math.ceil(1.5 * math.sqrt(self.moments.n))))
        rows = np.random.Generator(np.random.Philox(SEED)).integers(
            0, kept.shape[1], (RESAMPLES, size)
        )
        drawn = kept[:, rows]
        self.means = drawn.mean(axis=2)
        centred = drawn - self.means[:, :, None]
        scatter = np.einsum("irk,jrk->rij", centred, centred, optimize=True)
        self.scatter = scatter.reshape(RESAMPLES, 16) / (size * (size - 1))

    def rejects(self, weight: float, side: int) -> bool:
        """Whether the slope at ``weight`` is significantly positive (side +1) or negative (side
        -1).
        """
        m = self.moments
        outward = side * weight > 0
        # |h|^2 >= 0 pulls the optimum towards 0.  Going outward, a small bias is the doubtful case;
        # an optimum so far out also needs a feasible bias, so it is enough that bias 0 is rejected.
        # Going inward a large bias is.
        reach = self._student_t(BIAS_ONLY) * math.sqrt(max(float(m.errors[3, 3]), 0.0))
        bias = m.bias_sq if outward else m.bias_sq_clipped
        towards = bias - reach if outward else bias + reach
        gradient = self._gradient(weight)
        z = self._slope(weight, bias)
        gradient[3] = (self._slope(weight, towards) - z) / (towards - bias) if reach > 0 else 0.0
        if side * z > self._allowance(gradient, side):
            return True
        gradient[3] = 0.0
        return outward and side * self._slope(weight, 0.0) > self._allowance(gradient, side)

    def _allowance(self, gradient: Array, side: int) -> float:
        error = math.sqrt(max(float(gradient @ self.moments.errors @ gradient), 0.0))
        top = gradient @ self.means * side
        bottom = np.sqrt(np.maximum(self.scatter @ np.outer(gradient, gradient).ravel(), 0.0))
        ratios = np.divide(
            top, bottom, out=np.copysign(np.full_like(top, np.inf), top), where=bottom > 0
        )
        rank = RESAMPLES - max(
            1, round((RESAMPLES + 1) * (1.0 - self.confidence) / 2.0 * BOOTSTRAP_LEVEL)
        )
        critical = float(np.partition(ratios, rank)[rank])
        return max(self._student_t(gradient), critical) * error

    def _student_t(self, gradient: Array) -> float:
        """The quantile with the degrees of freedom of the combination's own squared deviations."""
        from scipy.special import stdtrit

        squares = (gradient @ self.shape) ** 2
        total, freedom = float(np.sum(squares)), self.moments.n - 1.0
        if total > 0.0:
            kurtosis = squares.size * float(np.sum((squares / total) ** 2))
            # squares that are all equal leave the n - 1
            freedom = min(freedom, 2.0 * self.moments.n / max(kurtosis - 1.0, 1e-9))
        return float(stdtrit(max(freedom, 1.0), 0.5 + 0.5 * self.confidence))

    def _slope(self, weight: float, bias: float) -> float:
        """The slope with another bias, continued to negative ones as an odd function (linear
        criteria: linearly).
        """
        m = self.moments
        at = self.criterion.slope(weight, m.with_bias(abs(bias)))
        return at if bias >= 0 else 2.0 * self.criterion.slope(weight, m.with_bias(0.0)) - at

    def _gradient(self, weight: float) -> Array:
        if isinstance(self.criterion, Quadratic):
            return np.array([0.0, -1.0, weight, 0.0])
        m = self.moments.vector()
        # Central differences: their error 1e-10 balances rounding 1e-11, both far below sampling
        # error.
        scale = 1e-5 * np.array([m[0], math.sqrt(m[0] * m[2]), m[2]])
        gradient = np.zeros(4)
        for k in range(3):
            shift = np.zeros(4)
            shift[k] = scale[k]
            rise = self.criterion.slope(weight, m + shift) - self.criterion.slope(weight, m - shift)
            gradient[k] = rise / (2 * scale[k])
        return gradient
