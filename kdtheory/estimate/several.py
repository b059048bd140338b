"""Several teachers, or one teacher with a weight for each block of coordinates: lambda* by a linear
solve, with an interval for each weight.

theory, Section 9: x+ = x - gamma (G - sum lam_j H_j) has the noise term sigma^2 - 2 lam C + lam V
lam + m lam hh lam, C_j = E<S,H_j'>, V_ij = E<H_i',H_j'>, hh_ij = <h_i,h_j> and m = B(1 + kappa).
Blocks are teachers that vanish elsewhere, so that V and hh are then diagonal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.estimate.data import Array, open_rows
from kdtheory.estimate.gram import Several
from kdtheory.estimate.several_products import Products, by_block, by_teacher, open_teachers

EQUAL = 1e-10  # eigenvalues below this share of the largest are equal teachers, not information
MINIMUM_SAMPLES = 3


@dataclass(frozen=True)
class WeightsEstimate:
    """Weights (m,), the least-norm ones where teachers repeat each other; never clipped.

    ``r_squared`` is the multiple correlation of the student's noise with the teachers', ``alone``
    the share of the noise that each would remove by itself, ``adds`` what is lost without it, by
    this criterion.  The rest as in ``WeightEstimate``.
    """

    weight: Array
    low: Array
    high: Array
    r_squared: float
    alone: Array
    adds: Array
    variance_reduction: float
    advice: str
    criterion: str
    n_samples: float
    confidence: float
    moments: Several

    def table(self) -> str:
        """One line for each weight: it, its interval, what it would do alone and what it adds."""
        lines = [
            f"R^2 = {self.r_squared:.4g}   n = {self.n_samples:.0f}   N(lambda*)/N(0) ="
            f" {self.variance_reduction:.4g}",
            f"{'':>3} {'lambda*':>9}  {'interval':23} {'alone':>8} {'adds':>8}",
        ]
        for j, weight in enumerate(self.weight):
            span = f"[{self.low[j]:.4g}, {self.high[j]:.4g}]"
            lines.append(
                f"{j:3d} {weight:9.4g}  {span:23} {100 * self.alone[j]:6.3g} %"
                f" {100 * self.adds[j]:6.3g} %"
            )
        return "\n".join([*lines, self.advice])

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        lists = {key: getattr(self, key).tolist() for key in ("weight", "low", "high")}
        lists |= {key: getattr(self, key).tolist() for key in ("alone", "adds")}
        return lists | {
            "r_squared": self.r_squared,
            "variance_reduction": self.variance_reduction,
            "advice": self.advice,
            "criterion": self.criterion,
            "n_samples": self.n_samples,
            "confidence": self.confidence,
        }


def weights_of_several(
    student: Any, teachers: Any, blocks: Any, rule: Criterion, confidence: float
) -> WeightsEstimate:
    """``lambda_star`` for teachers (m, n, d), or for blocks of one teacher (n, d).

    Raises InvalidInput.
    """
    mine = open_rows(student, "student_gradients", minimum_rows=MINIMUM_SAMPLES)
    products = (
        by_teacher(mine, open_teachers(teachers, mine))
        if blocks is None
        else by_block(mine, open_rows(teachers, "teacher_gradients"), blocks)
    )
    return estimate_of_several(products, rule, confidence, "teacher" if blocks is None else "block")


def estimate_of_several(
    products: Products, rule: Criterion, confidence: float, word: str
) -> WeightsEstimate:
    """Weights with intervals from influences, one for each sample: (V + m hh) dlam = dC - (dV + m
    dhh) lam.

    Raises InvalidInput.
    """
    from scipy.special import stdtrit

    if not isinstance(rule, Quadratic):
        raise InvalidInput(
            f"criterion {rule.name!r} is no quadratic in the weights, and several are solved for by"
            " a linear system. Use 'unbiased', 'horizon', 'theorem-1' or another with a kappa."
        )
    if not 0.0 < confidence < 1.0:
        raise InvalidInput(f"confidence must lie strictly between 0 and 1, got {confidence}.")
    found = products.moments()
    n, m = products.student.size, found.covariance.size
    factor = rule.bias_factor
    charged = found.matrix(factor, rule.cautious)
    values, vectors = np.linalg.eigh((charged + charged.T) / 2.0)
    if values[-1] <= 0.0:
        raise InvalidInput(
            f"No {word} varies from sample to sample (V = 0), so no weight is better than another."
        )
    kept = values > EQUAL * values[-1]
    inverse = (vectors[:, kept] / values[kept]) @ vectors[:, kept].T
    weight = inverse @ found.covariance
    # Each sample's share in (V + m hh) lam; V's and hh's own values leave with the mean.
    along = np.tensordot(weight, products.along, 1) + np.einsum("jki,k->ji", products.along, weight)
    spread = np.tensordot(weight, products.teachers, 1) + factor * along
    influence = inverse @ (products.cross - spread)
    centred = influence - influence.mean(axis=1, keepdims=True)
    error = np.sqrt((centred**2).sum(axis=1) / (n * (n - 1)))
    # Degrees of freedom as known from the squared influences (Satterthwaite), as for one teacher.
    # Influences that are all 0, or squares that are all equal: the clip below decides.
    kurtosis = n * (centred**4).sum(axis=1) / np.maximum((centred**2).sum(axis=1), 1e-300) ** 2
    freedom = np.clip(2.0 * n / np.maximum(kurtosis - 1.0, 1e-9), 1.0, max(n - m, 1.0))  # of n - m
    reach = stdtrit(freedom, 0.5 + 0.5 * confidence) * error
    plain = found.reduction(weight, factor, cautious=rule.cautious)
    alone, adds = np.zeros(m), np.zeros(m)
    for j, rest in enumerate(_without(m)):
        alone[j] = 1.0 - _best([j], found, charged)
        adds[j] = (_best(rest, found, charged) if rest else 1.0) - plain
    r_squared = 1.0 - found.reduction(found.weights(0.0, cautious=False), 0.0, cautious=False)
    equal = int((~kept).sum())
    text = _advice(word, weight, reach, plain, adds, equal, rule)
    return WeightsEstimate(
        weight,
        weight - reach,
        weight + reach,
        r_squared,
        alone,
        adds,
        plain,
        text,
        rule.name,
        float(n),
        confidence,
        found,
    )


def _without(m: int) -> Iterator[list[int]]:
    for j in range(m):
        yield [k for k in range(m) if k != j]


def _best(places: list[int], found: Several, charged: Array) -> float:
    """N/N(0) with these teachers only."""
    part = charged[np.ix_(places, places)]
    c = found.covariance[places]
    gain = float(c @ np.linalg.pinv(part, rcond=EQUAL, hermitian=True) @ c)
    return max(1.0 - gain / found.sigma_sq, 0.0) if found.sigma_sq > 0.0 else 1.0


def _advice(
    word: str,
    weight: Array,
    reach: Array,
    reduction: float,
    adds: Array,
    equal: int,
    rule: Quadratic,
) -> str:
    shown = [
        str(j) for j in range(weight.size) if abs(weight[j]) > reach[j] and math.isfinite(reach[j])
    ]
    if not shown:
        return (
            f"No gain can be shown for any {word}: every interval holds 0, so use λ = 0 or measure"
            " on more samples."
        )
    numbers = ", ".join(f"{x:.3g}" for x in weight)
    most = int(np.argmax(adds))
    same = (
        f"; {equal} of them repeat others, and the weights are the smallest that do the same"
        if equal
        else ""
    )
    how = " and unbiased=True" if rule.unbiased else ""
    return (
        f"Distil with λ = ({numbers}){how}: the noise floor falls to {100 * reduction:.3g} % of"
        f" plain SGD's; {word} {most} adds most ({100 * adds[most]:.2g} % of the noise), intervals"
        f" exclude 0 for {', '.join(shown)}{same}; about the noise of the training loss now, not"
        " generalisation."
    )
