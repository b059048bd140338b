"""What an estimate says: numbers, an interval, and one sentence."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any

from kdtheory.estimate.criteria import UNBIASED, Criterion, Quadratic, minimise
from kdtheory.estimate.interval import confidence_interval
from kdtheory.estimate.moments import Moments

# |g|^2 in units of sigma^2.  The bound of ``student_gap`` relative to the weight is |g|/sigma *
# sqrt(Lcal/mu - 1)/rho: two thirds at 0.05 for a condition number of 10, so from here on the weight
# at x* may well be another one.
FAR = 0.05
LITTLE_GAIN = 0.9  # a floor above 90 % of SGD's is not worth a teacher: the advice says so


@dataclass(frozen=True)
class WeightEstimate:
    """An estimated distillation weight; the raw value, never clipped to [0, 1].

    ``low`` and ``high`` bound the weight at the given confidence; an end is infinite where a few
    samples dominate so much that nothing is excluded.  ``variance_reduction`` is N(weight)/N(0),
    the noise floor in units of plain SGD's: 1 is no gain. ``student_error`` bounds |weight at this
    student - weight at the minimiser| (None unless mu and Lcal are known, and for sharp criteria);
    ``bias_sq`` is the unbiased estimate of |h|^2 and may be negative.
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

    def to_dict(self) -> dict[str, Any]:
        """The fields for JSON; infinite and undefined numbers become None, which JSON has a word
        for.
        """
        return {
            key: None if isinstance(value, float) and not math.isfinite(value) else value
            for key, value in asdict(self).items()
        }


def estimate(
    criterion: Criterion,
    moments: Moments,
    *,
    confidence: float,
    mu: float | None = None,
    Lcal: float | None = None,
) -> WeightEstimate:
    """The weight that minimises ``criterion`` at the estimated moments, with its interval and
    advice.
    """
    point = moments.vector()
    weight = minimise(criterion, point)
    low, high = confidence_interval(criterion, moments, weight, confidence)
    at_zero = criterion.value(0.0, point)
    # Rounding can put N(weight)/N(0) below 0 by an epsilon where student and teacher gradients
    # coincide.
    reduction = max(criterion.value(weight, point) / at_zero, 0.0) if at_zero > 0 else 1.0
    gap = student_gap(criterion, moments, mu, Lcal)
    text = advice(criterion, weight, low, high, moments, reduction) + _away(
        moments, gap, high - low
    )
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


def _away(moments: Moments, gap: float | None, width: float) -> str:
    """What a student away from its minimiser adds to the advice: the bound where it exceeds the
    sampling error.
    """
    if moments.sigma_sq == 0.0 or moments.variance == 0.0:
        return ""
    if gap is not None:
        return f" (at x* the weight may differ by up to {gap:.2g})" if gap > 0.5 * width else ""
    if moments.student_sq <= FAR * moments.sigma_sq:
        return ""
    share = 100 * moments.student_sq / moments.sigma_sq
    return (
        f" (for this student, whose |g|² is {share:.0f} % of its noise; at x* the weight differs:"
        " pass mu and Lcal for a bound with a closed-form criterion, or average over iterates)"
    )


def advice(
    criterion: Criterion, weight: float, low: float, high: float, moments: Moments, reduction: float
) -> str:
    """One sentence, without its period: distil or not, how, and with which weight."""
    if moments.sigma_sq == 0.0:
        return (
            "The student's gradients carry no noise, so there is nothing to reduce: train without"
            " distillation (λ = 0)"
        )
    if moments.variance == 0.0:
        return (
            "The teacher's gradient is the same on every sample, a pure bias: do not distil (λ = 0)"
        )
    if low <= 0.0 <= high and not (weight == 0.0 and moments.covariance != 0.0):
        return (
            f"No gain is certain: the interval {span(low, high)} holds 0 (ρ = {moments.rho:.2g}),"
            f" so use λ = 0 or measure on more than {moments.n:.0f} samples"
        )
    more = (
        "; a weight outside [0, 1] is allowed: it only rescales the correction"
        if not 0 <= weight <= 1
        else ""
    )
    if criterion.name in UNBIASED:
        return (
            f"Distil with unbiased=True and λ = {weight:.3g} {span(low, high)}: the noise floor"
            f" falls to {100 * reduction:.3g} % of plain SGD's (ρ = {moments.rho:.2g}){more}"
        )
    if reduction > LITTLE_GAIN:
        end = f"{_harmless(criterion, weight, moments):.2g}"
        small = (
            "do not distil (λ = 0)"
            if weight == 0.0
            else f"0 < λ < {end}"
            if weight > 0
            else f"{end} < λ < 0"
        )
        counted = (
            f", counted {criterion.bias_factor:.3g} times"
            if isinstance(criterion, Quadratic)
            else ""
        )
        cause = f"its bias dominates (β = {moments.beta:.2g}{counted})"
        if moments.rho**2 < 1 - LITTLE_GAIN:
            cause = (
                f"its noise is hardly correlated with the student's (ρ = {moments.rho:.2g}, β ="
                f" {moments.beta:.2g})"
            )
        if weight == 0.0:
            return (
                "Distilling with this teacher raises the noise floor, whatever the weight:"
                f" {cause}. Use unbiased=True, or {small}"
            )
        gain = f"{100 * (1 - reduction):.2g} % at best, at λ = {weight:.2g}"
        return (
            f"Distilling with this teacher lowers the noise floor by {gain}, and raises it unless"
            f" {small}: {cause}. Use unbiased=True"
        )
    worst = _harmless(criterion, weight, moments)
    return (
        f"Distil with λ = {weight:.3g} {span(low, high)}: the noise floor falls to"
        f" {100 * reduction:.3g} % of plain SGD's; λ {'>' if weight > 0 else '<'} {worst:.3g} would"
        f" raise it, and unbiased=True would reach {100 * (1 - moments.rho**2):.3g} %{more}"
    )


def _harmless(criterion: Criterion, weight: float, moments: Moments) -> float:
    """The weight beyond which distilling is worse than not: twice the best one for a parabola, else
    by bisection.
    """
    if isinstance(criterion, Quadratic):
        return 2.0 * weight
    point = moments.vector()
    at_zero = criterion.value(0.0, point)
    # Noise is back at sigma^2 there, bias is not.
    inside, outside = (
        weight,
        2.0 * moments.covariance / moments.variance,
    )
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        if criterion.value(middle, point) <= at_zero:
            inside = middle
        else:
            outside = middle
    return inside


def span(low: float, high: float) -> str:
    """An interval as text."""
    return f"[{low:.3g}, {high:.3g}]"
