"""One sentence about a weight: distil or not, how, with which weight, and what the number is about.

It is computed from the interval and not from the point: where the data do not exclude that nothing
is gained, it says so.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from kdtheory.algebra.envelope import noise_sq
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.estimate.moments import Moments

# |g|^2 in units of sigma^2.  The bound of ``student_gap`` relative to the weight is |g|/sigma *
# sqrt(Lcal/mu - 1)/rho: two thirds at 0.05 for a condition number of 10, so from here on the weight
# at x* may well be another one.
FAR = 0.05
LITTLE_GAIN = 0.9  # a floor above 90 % of SGD's is not worth a teacher: the advice says so
UNRELATED = 0.02  # at most this share of the noise could go: another initialisation looks like it
# E|G' - H'|^2 in units of sigma^2: below it the teacher is hardly another model than the student
CLOSE, SAME = 0.1, 1e-12


@dataclass(frozen=True)
class Subject:
    """Whose gradients these are: named in the sentence, which recommends only what can be done."""

    name: str
    has_unbiased: bool = True  # an API adds lambda h back: DistilledSGD, UnbiasedDistillation


GRADIENTS = Subject("these parameters")
LAYER = Subject("this layer", has_unbiased=False)


@dataclass(frozen=True)
class Found:
    """What the sentence is about: the weight, its interval, and N(weight)/N(0) with its own."""

    weight: float
    low: float
    high: float
    reduction: float
    reduction_low: float
    reduction_high: float


def advice(criterion: Criterion, found: Found, moments: Moments, subject: Subject) -> str:
    """One sentence, without its period."""
    if moments.sigma_sq == 0.0:
        return (
            "The student's gradients carry no noise, so there is nothing to reduce: train without"
            " distillation (λ = 0)"
        )
    if moments.variance == 0.0:
        return (
            "The teacher's gradient is the same on every sample, a pure bias: do not distil (λ = 0)"
        )
    distance = _distance(moments)
    if distance <= SAME and not criterion.unbiased:
        return (
            "Student and teacher have the same gradients: λ = 1 would freeze the student, whose"
            " every step is then 0. Train without distillation (λ = 0) until they differ"
        )
    best = _largest_correlation(moments) ** 2
    if best < UNRELATED:
        return (
            f"Do not distil for this: the teacher's noise is unrelated to the student's (ρ ="
            f" {moments.rho:.2g}), as between different initialisations, and at most"
            f" {100 * best:.2g} % of the noise of the training loss could go"
        )
    no_use = found.weight == 0.0 and moments.covariance != 0.0
    if found.low <= 0.0 <= found.high and not no_use:
        return (
            f"No gain can be shown: the interval {span(found.low, found.high)} holds 0 (ρ ="
            f" {moments.rho:.2g}), so use λ = 0 or measure on more than {moments.n:.0f} samples"
        )
    told = _unbiased if criterion.unbiased else _little if found.reduction > LITTLE_GAIN else _much
    text = told(criterion, found, moments, subject)
    if not 0 <= found.weight <= 1:
        text += "; a weight outside [0, 1] is allowed: it only rescales the correction"
    if distance < CLOSE and not criterion.unbiased:
        text += (
            f"; self-confirming: student and teacher are close (ρ = {moments.rho:.2g}), and"
            " distilling brings them closer, which raises this number and not the gain"
        )
    return f"{text}; about the noise of the training loss in {subject.name} now, not generalisation"


def _distance(moments: Moments) -> float:
    """E|G' - H'|^2 / sigma^2."""
    sigma_sq, covariance, variance, _ = moments.vector()
    left = noise_sq(1.0, sigma_sq=sigma_sq, covariance=covariance, variance=variance)
    return max(float(left), 0.0) / moments.sigma_sq


def _largest_correlation(moments: Moments) -> float:
    """|rho| and two standard errors of the covariance more; the gain is at most its square."""
    error = math.sqrt(max(float(moments.errors[1, 1]), 0.0))
    scale = math.sqrt(moments.sigma_sq * moments.variance)
    return min((abs(moments.covariance) + 2.0 * error) / scale, 1.0)


def _unbiased(criterion: Criterion, found: Found, moments: Moments, subject: Subject) -> str:
    how = (
        "Distil with unbiased=True and"
        if subject.has_unbiased
        else "With the unbiased update, which needs the teacher's full gradient in this layer,"
    )
    return (
        f"{how} λ = {found.weight:.3g} {span(found.low, found.high)}: the noise floor falls to"
        f" {share(found)} of plain SGD's (ρ = {moments.rho:.2g}); a distillation loss alone is"
        " biased, and its weight is that of criterion='horizon' with the steps left as horizon"
    )


def _little(criterion: Criterion, found: Found, moments: Moments, subject: Subject) -> str:
    other = ". Use unbiased=True" if subject.has_unbiased else ""
    weight = found.weight
    end = f"{harmless(criterion, weight, moments):.2g}"
    small = (
        "do not distil (λ = 0)"
        if weight == 0.0
        else f"0 < λ < {end}"
        if weight > 0
        else f"{end} < λ < 0"
    )
    counted = (
        f", counted {criterion.bias_factor:.3g} times" if isinstance(criterion, Quadratic) else ""
    )
    cause = f"its bias dominates (β = {moments.beta:.2g}{counted})"
    if moments.rho**2 < 1 - LITTLE_GAIN:
        cause = (
            f"its noise is hardly correlated with the student's (ρ = {moments.rho:.2g}, β ="
            f" {moments.beta:.2g})"
        )
    elif criterion.cautious and moments.bias_sq_clipped < moments.variance / moments.n:
        cause = (
            f"its bias is not known to better than V/n (n = {moments.n:.0f}){counted}, so that more"
            " samples may allow more"
        )
    if weight == 0.0:
        way = f"{other} or {small}" if other else f". So {small}"
        return (
            "Distilling with this teacher raises the noise floor, whatever the weight:"
            f" {cause}{way}"
        )
    gain = f"{100 * (1 - found.reduction):.2g} % at best, at λ = {weight:.2g}"
    return (
        f"Distilling with this teacher lowers the noise floor by {gain}, and raises it unless"
        f" {small}: {cause}{other}"
    )


def _much(criterion: Criterion, found: Found, moments: Moments, subject: Subject) -> str:
    worst = harmless(criterion, found.weight, moments)
    sign = ">" if found.weight > 0 else "<"
    unbiased = (
        f", and unbiased=True would reach {100 * (1 - moments.rho**2):.3g} %"
        if subject.has_unbiased
        else ""
    )
    once = (
        ""
        if criterion.cautious or not isinstance(criterion, Quadratic)
        else f", with the bias counted {criterion.bias_factor:.3g} times"
    )
    return (
        f"Distil with λ = {found.weight:.3g} {span(found.low, found.high)}: the noise floor falls"
        f" to {share(found)} of plain SGD's{once}; λ {sign} {worst:.3g} would raise it{unbiased}"
    )


def harmless(criterion: Criterion, weight: float, moments: Moments) -> float:
    """The weight beyond which distilling is worse than not: twice the best one for a parabola, else
    by bisection.
    """
    if isinstance(criterion, Quadratic):
        return 2.0 * weight
    point = moments.vector()
    at_zero = criterion.value(0.0, point)
    # Noise is back at sigma^2 there, bias is not.
    inside, outside = weight, 2.0 * moments.covariance / moments.variance
    for _ in range(60):
        middle = 0.5 * (inside + outside)
        if criterion.value(middle, point) <= at_zero:
            inside = middle
        else:
            outside = middle
    return inside


def away(moments: Moments, gap: float | None, width: float) -> str:
    """What a student away from its minimiser adds to the advice: the bound where it exceeds the
    sampling error.
    """
    if moments.sigma_sq == 0.0 or moments.variance == 0.0:
        return ""
    if gap is not None:
        return f" (at x* the weight may differ by up to {gap:.2g})" if gap > 0.5 * width else ""
    if moments.student_sq <= FAR * moments.sigma_sq:
        return ""
    part = 100 * moments.student_sq / moments.sigma_sq
    return (
        f" (for this student, whose |g|² is {part:.0f} % of its noise; at x* the weight differs:"
        " pass mu and Lcal for a bound with a closed-form criterion, or average over iterates)"
    )


def share(found: Found) -> str:
    """N(weight)/N(0) in per cent with its interval."""
    text = f"{100 * found.reduction:.3g} %"
    if not math.isfinite(found.reduction_high):
        return text
    return f"{text} ({100 * found.reduction_low:.3g} to {100 * found.reduction_high:.3g})"


def span(low: float, high: float) -> str:
    """An interval as text."""
    return f"[{low:.3g}, {high:.3g}]"
