"""Is the weight in use any good?  One table over all criteria the given constants allow, and one recommendation."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.errors import InvalidInput, StepSizeTooLarge
from kdtheory.estimate.criteria import Criterion, make_criterion
from kdtheory.estimate.data import open_rows
from kdtheory.estimate.logits import logit_moments
from kdtheory.estimate.moments import Moments, from_scalars, scalars
from kdtheory.estimate.result import WeightEstimate, estimate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Which constants a criterion cannot do without; the order is that of the table.
NEEDS: dict[str, tuple[str, ...]] = {
    "unbiased": (),
    "second-moment": (),
    "theorem-1": ("step_size", "mu"),
    "theorem-1-refined": ("step_size", "mu", "Lcal"),
    "theorem-1-sharp": ("step_size", "mu", "Lcal"),
    "theorem-2": ("step_size", "L"),
    "theorem-2-refined": ("step_size", "mu", "L", "Lcal"),
    "theorem-2-sharp": ("step_size", "mu", "L", "Lcal"),
}


@dataclass(frozen=True)
class Line:
    """One criterion: its best weight, and N(weight in use)/N(0)."""

    best: WeightEstimate
    now: float
    criterion: Criterion


@dataclass(frozen=True)
class Diagnosis:
    """What two sets of gradients say about the weight in use; ``lines`` by criterion, ``skipped`` with the reason."""

    weight: float
    rho: float
    beta: float
    n_samples: float
    lines: dict[str, Line]
    skipped: dict[str, str]
    recommendation: str
    moments: Moments

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "weight": self.weight,
            "rho": self.rho,
            "beta": self.beta if math.isfinite(self.beta) else None,
            "n_samples": self.n_samples,
            "criteria": {key: line.best.to_dict() | {"now": line.now} for key, line in self.lines.items()},
            "skipped": dict(self.skipped),
            "recommendation": self.recommendation,
        }

    def plot(self) -> Figure:
        """N(weight)/N(0) against the weight for every criterion, as a matplotlib figure (``.savefig(path)``)."""
        from kdtheory.estimate.plot import noise_curves

        return noise_curves(self)


def diagnose(
    student: Any,
    teacher: Any,
    weight: float,
    *,
    labels: Any = None,
    features: Any = None,
    loss: str = "auto",
    step_size: float | None = None,
    mu: float | None = None,
    L: float | None = None,
    Lcal: float | None = None,
    batch_size: int = 1,
    confidence: float = 0.95,
) -> Diagnosis:
    """Judge the distillation weight in use.

    Args:
        student, teacher: per-sample gradients (n, d), arrays or .npy paths; or, with ``labels`` and ``features``,
        logits (n, K).
        weight: the lambda in use; any real number.  Outside [0, 1] it is judged like any other.
        labels, features, loss: as in ``lambda_star_from_logits``.
        step_size, mu, L, Lcal, batch_size, confidence: as in ``lambda_star``; each constant given adds the criteria it
        allows.

    "second-moment" needs no constant and is the most favourable view of the biased update: a weight that raises it
    raises every theorem's noise term.  Raises InvalidInput as ``lambda_star`` does, and for a weight that is not
    finite.
    """
    if not math.isfinite(weight):
        raise InvalidInput(f"weight must be finite, got weight = {weight}.")
    if labels is not None:
        if features is None:
            raise InvalidInput("diagnose from logits needs features (n, d): |h|^2 cannot be had from logits alone.")
        moments = logit_moments(student, teacher, labels, features=features, loss=loss)
    else:
        pair = (open_rows(student, "student", minimum_rows=3), open_rows(teacher, "teacher", minimum_rows=3))
        moments = from_scalars(scalars(*pair))
    given = {"step_size": step_size, "mu": mu, "L": L, "Lcal": Lcal}
    point = moments.vector()
    lines: dict[str, Line] = {}
    skipped: dict[str, str] = {}
    for name, needed in NEEDS.items():
        missing = [key for key in needed if given[key] is None]
        if missing:
            skipped[name] = f"needs {', '.join(missing)}"
            continue
        try:
            rule = make_criterion(name, step_size=step_size, mu=mu, L=L, Lcal=Lcal, batch_size=batch_size)
        except StepSizeTooLarge as error:
            skipped[name] = str(error)
            continue
        found = estimate(rule, moments, confidence=confidence, mu=mu, Lcal=Lcal)
        lines[name] = Line(found, _ratio(rule, weight, point), rule)
    draft = Diagnosis(weight, moments.rho, moments.beta, moments.n, lines, skipped, "", moments)
    return replace(draft, recommendation=_recommend(draft))


def _ratio(rule: Criterion, weight: float, point: np.ndarray[Any, np.dtype[np.float64]]) -> float:
    at_zero = rule.value(0.0, point)
    if at_zero > 0:
        return max(rule.value(weight, point) / at_zero, 0.0)
    return 1.0 if rule.value(weight, point) == 0 else math.inf


def _recommend(found: Diagnosis) -> str:
    """One sentence: what the weight in use does under the biased update, and what to use instead."""
    unbiased = found.lines["unbiased"]
    biased_name = next(name for name in ("theorem-1", "theorem-2", "second-moment") if name in found.lines)
    biased = found.lines[biased_name]
    if unbiased.best.variance_reduction == 1.0:
        return unbiased.best.advice
    effect = "raises" if biased.now > 1 else "lowers"
    outside = "" if 0 <= found.weight <= 1 else ", allowed although outside [0, 1],"
    if unbiased.best.low <= 0 <= unbiased.best.high:
        way = "whether any weight helps is not certain: use λ = 0 or measure on more samples"
    elif biased.best.variance_reduction <= 1.1 * unbiased.best.variance_reduction:
        way = (
            f"use λ = {biased.best.weight:.3g}, which reaches {biased.best.variance_reduction:.3g} times "
            "without any correction"
        )
    else:
        plain = f"else λ = {biased.best.weight:.2g} reaches {biased.best.variance_reduction:.3g} times"
        reached = f"{unbiased.best.variance_reduction:.3g} times"
        way = f"use unbiased=True with λ = {unbiased.best.weight:.3g} ({reached}), {plain}"
    return (
        f"λ = {found.weight:g}{outside} {effect} the noise floor to {biased.now:.3g} times plain SGD's by "
        f"{biased_name}, "
        f"{unbiased.now:.3g} times if unbiased; {way}."
    )
