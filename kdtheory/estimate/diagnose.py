"""Is the weight in use any good?  One table over all criteria the given constants allow, and one
recommendation.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from kdtheory.errors import InvalidInput, StepSizeTooLarge
from kdtheory.estimate.advice import GRADIENTS, LAYER, Subject
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.estimate.data import open_rows, refuse_logits
from kdtheory.estimate.diagnosis import Diagnosis
from kdtheory.estimate.logits import logit_moments
from kdtheory.estimate.moments import Moments, from_scalars, scalars
from kdtheory.estimate.residuals import open_residuals
from kdtheory.estimate.result import Line, estimate
from kdtheory.estimate.squared_norms import norm_moments, residual_products, without_features
from kdtheory.estimate.statements import EXACT, criteria, make_criterion, needed_constants

LARGEST = (
    1e100  # weights are squared and multiplied by moments: beyond it nothing but overflow is seen
)


def diagnose(
    student: Any,
    teacher: Any,
    weight: float,
    *,
    labels: Any = None,
    features: Any = None,
    features_sqnorm: Any = None,
    loss: str = "auto",
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    horizon: float | None = None,
    batch_size: int = 1,
    confidence: float = 0.95,
) -> Diagnosis:
    """Judge the distillation weight in use.

    Args:
        student, teacher: per-sample gradients (n, d), arrays or .npy paths; or, with ``labels`` and
        ``features`` (or
            ``features_sqnorm``), logits (n, K).
        weight: the lambda in use; any real number.  Outside [0, 1] it is judged like any other.
            labels, features, features_sqnorm, loss: as in ``lambda_star_from_logits``; squared
            norms alone allow "unbiased" only. step_size, mu, L, Lcal, horizon, batch_size,
            confidence: as in ``lambda_star``; each constant given adds the criteria it allows.

    "second-moment" needs no constant and is the most favourable view of the biased update: a weight
    that raises it raises every theorem's noise term.  Raises InvalidInput as ``lambda_star`` does,
    and for a weight that is not finite.

    >>> import kdtheory as kd
    >>> import numpy as np
    >>> g = np.random.default_rng(0).standard_normal((50, 3))
    >>> found = kd.diagnose(g, g, 0.5)
    >>> '0.5' in str(found)
    True
    """
    if not abs(weight) <= LARGEST:
        raise InvalidInput(
            f"weight must be a number between -{LARGEST:g} and {LARGEST:g}, got weight = {weight}."
        )
    if labels is None and (features is not None or features_sqnorm is not None):
        raise InvalidInput(
            "features belong to logits: pass labels too, or gradients without features."
        )
    if labels is not None and features is None:
        return _from_norms(student, teacher, labels, features_sqnorm, loss, weight, confidence)
    if labels is not None:
        moments = logit_moments(
            student, teacher, labels, features=features, features_sqnorm=features_sqnorm, loss=loss
        )
    else:
        pair = (
            open_rows(student, "student", minimum_rows=3),
            open_rows(teacher, "teacher", minimum_rows=3),
        )
        refuse_logits(*pair)
        moments = from_scalars(scalars(*pair))
    given = {"step_size": step_size, "mu": mu, "L": L, "Lcal": Lcal, "horizon": horizon}
    subject = GRADIENTS if labels is None else LAYER
    lines: dict[str, Line] = {}
    skipped: dict[str, str] = {}
    seen: list[dict[str, Any]] = []
    for name in _by_need():
        missing = [key for key in needed_constants(name) if given[key] is None]
        if missing:
            skipped[name] = f"needs {', '.join(missing)}"
            continue
        try:
            rule = make_criterion(name, batch_size=batch_size, **given)
        except StepSizeTooLarge as error:
            skipped[name] = str(error)
            continue
        # Statements with the same kappa have the same weight: the first speaks for all.
        unnamed = {**vars(rule), "name": ""}
        if unnamed in seen:
            continue
        seen.append(unnamed)
        best = estimate(rule, moments, confidence=confidence, mu=mu, Lcal=Lcal, subject=subject)
        lines[name] = Line(best, _ratio(rule, weight, moments), rule)
    draft = Diagnosis(weight, moments.rho, moments.beta, moments.n, lines, skipped, "", moments)
    return replace(draft, recommendation=_recommend(draft, subject))


def _by_need() -> list[str]:
    """The criteria that need nothing first, those of most constants last."""
    return sorted(
        (name for name in criteria() if name != EXACT), key=lambda name: len(needed_constants(name))
    )


def _from_norms(
    student: Any,
    teacher: Any,
    labels: Any,
    features_sqnorm: Any,
    loss: str,
    weight: float,
    confidence: float,
) -> Diagnosis:
    if features_sqnorm is None:
        raise InvalidInput(
            "diagnose from logits needs features (n, d), or features_sqnorm (n,) for the unbiased"
            " update alone."
        )
    norms = residual_products(open_residuals(student, teacher, labels, loss), features_sqnorm)
    rule, moments = make_criterion("unbiased"), norm_moments(norms, None)
    assert isinstance(rule, Quadratic)
    found = without_features(rule, norms, None, confidence)
    now = _ratio(rule, weight, moments)
    skipped = {name: "needs features, for |h|^2" for name in _by_need() if name != rule.name}
    text = (
        f"λ = {weight:g} reaches {now:.3g} times plain SGD's noise floor if unbiased and"
        f" stationary. {found.advice}"
    )
    lines = {rule.name: Line(found, now, rule)}
    return Diagnosis(weight, moments.rho, math.nan, moments.n, lines, skipped, text, moments)


def _ratio(rule: Criterion, weight: float, moments: Moments) -> float:
    point = moments.vector(cautious=rule.cautious)
    at_zero = rule.value(0.0, point)
    if at_zero > 0:
        return max(rule.value(weight, point) / at_zero, 0.0)
    return 1.0 if rule.value(weight, point) == 0 else math.inf


def _recommend(found: Diagnosis, subject: Subject) -> str:
    """One sentence: what the weight in use does under the biased update, and what to use
    instead.
    """
    every = list(found.lines.values())
    unbiased = next((line for line in every if line.criterion.unbiased), None)
    plain = [
        line
        for line in every
        if isinstance(line.criterion, Quadratic) and not line.criterion.unbiased
    ]
    # The horizon's if it is there; else a theorem's, which comes after the one without constants.
    biased = next(
        (line for line in plain if line.criterion.cautious), plain[min(1, len(plain) - 1)]
    )
    if unbiased is None:  # the step size is beyond the range of every unbiased statement
        return biased.best.advice
    if unbiased.best.variance_reduction == 1.0:
        return unbiased.best.advice
    effect = "raises" if biased.now > 1 else "lowers"
    outside = "" if 0 <= found.weight <= 1 else ", allowed although outside [0, 1],"
    once = (
        ""
        if len(plain) > 1
        else ", which counts the bias of one step only (horizon: the steps left, counts all)"
    )
    reached = f"{biased.best.variance_reduction:.3g} times"
    if unbiased.best.low <= 0 <= unbiased.best.high:
        way = "no gain can be shown for any weight: use λ = 0 or measure on more samples"
    elif (
        not subject.has_unbiased
        or biased.best.variance_reduction <= 1.1 * unbiased.best.variance_reduction
    ):
        way = f"best is λ = {biased.best.weight:.3g}, which reaches {reached}"
    else:
        free = unbiased.best
        way = (
            f"use unbiased=True with λ = {free.weight:.3g} ({free.variance_reduction:.3g} times),"
            f" else λ = {biased.best.weight:.2g} reaches {reached}"
        )
    return (
        f"λ = {found.weight:g}{outside} {effect} the noise floor to {biased.now:.3g} times plain"
        f" SGD's by {biased.criterion.name}{once}, {unbiased.now:.3g} times if unbiased; {way}."
        f" This is about the noise of the training loss in {subject.name} now, not generalisation."
    )
