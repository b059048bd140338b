"""What an estimate says: numbers, an interval, and one sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from kdtheory.estimate.advice import GRADIENTS, Found, Subject, advice, away
from kdtheory.estimate.criteria import Criterion, Quadratic, minimise
from kdtheory.estimate.interval import confidence_interval, reduction_interval
from kdtheory.estimate.moments import Moments


@dataclass(frozen=True)
class WeightEstimate:
    """An estimated distillation weight; the raw value, never clipped to [0, 1].

    ``low`` and ``high`` bound the weight at the given confidence; an end is infinite where a few
    samples dominate so much that nothing is excluded.  ``variance_reduction`` is N(weight)/N(0),
    the noise floor in units of plain SGD's: 1 is no gain; ``reduction_low`` and ``reduction_high``
    are its own interval. ``student_error`` bounds |weight at this
    student - weight at the minimiser| (None unless mu and Lcal are known, and for sharp criteria);
    ``bias_sq`` is the unbiased estimate of |h|^2 and may be negative.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> g = np.random.default_rng(0).standard_normal((50, 3))
    >>> found = kd.lambda_star(g, g)
    >>> found.low <= found.weight <= found.high
    True
    """

    weight: float
    low: float
    high: float
    rho: float
    beta: float
    variance_reduction: float
    advice: str
    criterion: str
    n_samples: float
    confidence: float
    sigma_sq: float = field(default=math.nan, repr=False)
    covariance: float = field(default=math.nan, repr=False)
    variance: float = field(default=math.nan, repr=False)
    bias_sq: float = field(default=math.nan, repr=False)
    student_error: float | None = None
    reduction_low: float = field(default=math.nan, repr=False)
    reduction_high: float = field(default=math.nan, repr=False)

    def to_dict(self) -> dict[str, Any]:
        """The fields for JSON; infinite and undefined numbers become None, which JSON has a word
        for.
        """
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


@dataclass(frozen=True)
class Line:
    """One criterion of a diagnosis: its best weight, and N(weight in use)/N(0)."""

    best: WeightEstimate
    now: float
    criterion: Criterion


def estimate(
    criterion: Criterion,
    moments: Moments,
    *,
    confidence: float,
    mu: float | None = None,
    Lcal: float | None = None,
    subject: Subject = GRADIENTS,
) -> WeightEstimate:
    """The weight that minimises ``criterion`` at the estimated moments, with its interval and
    advice.

    A cautious criterion charges V/n for what is not known about |h|^2; its weight may then lie
    below all that the data support, and the interval is widened to hold it.
    """
    plain = minimise(criterion, moments.vector())
    point = moments.vector(cautious=criterion.cautious)
    weight = minimise(criterion, point)
    low, high = confidence_interval(criterion, moments, plain, confidence)
    low, high = min(low, weight), max(high, weight)
    at_zero = criterion.value(0.0, point)
    # Rounding can put N(weight)/N(0) below 0 by an epsilon where student and teacher gradients
    # coincide.
    reduction = max(criterion.value(weight, point) / at_zero, 0.0) if at_zero > 0 else 1.0
    gap = student_gap(criterion, moments, mu, Lcal)
    ends = reduction_interval(criterion, moments, weight, confidence)
    found = Found(weight, low, high, reduction, *ends)
    text = advice(criterion, found, moments, subject) + away(moments, gap, high - low)
    return WeightEstimate(
        weight,
        low,
        high,
        moments.rho,
        moments.beta,
        reduction,
        f"{text}.",
        criterion.name,
        moments.n,
        confidence,
        moments.sigma_sq,
        moments.covariance,
        moments.variance,
        moments.bias_sq,
        gap,
        *ends,
    )


def student_gap(
    criterion: Criterion, moments: Moments, mu: float | None, Lcal: float | None
) -> float | None:
    """Bound on |weight(x) - weight(x*)|, from S taken at the student x and not at the minimiser
    (our own derivation).

    Centred covariances differ by |E<G'-S, H'>| <= D sqrt(V), where D^2 = E|G'-S|^2 <= 2 Lcal F -
    |g|^2 by expected smoothness and F <= |g|^2/(2 mu) by PL, so D <= |g| sqrt(Lcal/mu - 1): it
    vanishes with the student's own gradient. |g|^2 is the squared mean as it is, too large by
    sigma^2/n on average: a bound must not be corrected downwards.
    """
    if mu is None or Lcal is None or not isinstance(criterion, Quadratic):
        return None
    denominator = moments.variance + criterion.bias_factor * moments.bias_sq_clipped
    if denominator <= 0:
        return None
    seen = max(moments.student_sq + moments.sigma_sq / moments.n, 0.0)
    distance = math.sqrt(seen * max(Lcal / mu - 1.0, 0.0))
    return distance * math.sqrt(moments.variance) / denominator
