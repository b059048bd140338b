"""Several teachers, or one teacher with a weight for each block of coordinates: lambda* by a linear
solve, with an interval for each weight.

theory, Section 9: x+ = x - gamma (G - sum lam_j H_j) has the noise term sigma^2 - 2 lam C + lam V
lam + m lam hh lam, C_j = E<S,H_j'>, V_ij = E<H_i',H_j'>, hh_ij = <h_i,h_j> and m = B(1 + kappa).
Blocks are teachers that vanish elsewhere, so that V and hh are then diagonal.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion, Quadratic
from kdtheory.estimate.data import CHUNK_ENTRIES, Array, Rows, open_rows
from kdtheory.estimate.gram import Several

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


@dataclass(frozen=True)
class Products:
    """Centred products of n samples: with each other, and with the teachers' means."""

    student: Array  # (n,)  |G'_i|^2
    cross: Array  # (m, n)  <G'_i, H_j,i'>
    teachers: Array  # (m, m, n)
    along: Array  # (m, m, n)  <h_j, H_k,i'>
    means: Array  # (m, m)  <mean of H_j, mean of H_k>

    def moments(self) -> Several:
        """Unbiased."""
        n = self.student.size
        variance = self.teachers.sum(axis=2) / (n - 1)
        return Several(
            float(self.student.sum()) / (n - 1),
            self.cross.sum(axis=1) / (n - 1),
            variance,
            self.means - variance / n,
            float(n),
        )


def weights_of_several(
    student: Any, teachers: Any, blocks: Any, rule: Criterion, confidence: float
) -> WeightsEstimate:
    """``lambda_star`` for teachers (m, n, d), or for blocks of one teacher (n, d).

    Raises InvalidInput.
    """
    mine = open_rows(student, "student_gradients", minimum_rows=MINIMUM_SAMPLES)
    products = (
        _by_teacher(mine, _teachers(teachers, mine))
        if blocks is None
        else _by_block(mine, open_rows(teachers, "teacher_gradients"), blocks)
    )
    return estimate_of_several(products, rule, confidence, "teacher" if blocks is None else "block")


def _teachers(given: Any, student: Rows) -> list[Rows]:
    parts = [open_rows(part, f"teacher_gradients[{place}]") for place, part in enumerate(given)]
    for part in parts:
        if part.shape != student.shape:
            raise InvalidInput(
                f"{part.name} and student_gradients must have the same shape (n, d), got"
                f" {part.shape} and {student.shape}."
            )
    return parts


def _by_teacher(student: Rows, teachers: Sequence[Rows]) -> Products:
    g, h = _mean(student), np.stack([_mean(one) for one in teachers])
    m, n = len(teachers), student.shape[0]
    found = Products(
        np.empty(n), np.empty((m, n)), np.empty((m, m, n)), np.empty((m, m, n)), h @ h.T
    )
    sources, means = [student, *teachers], [g, *h]
    share = CHUNK_ENTRIES // (m + 1)  # all of them together stay in the cache
    for blocks in zip(*(one.chunks(share) for one in sources), strict=True):
        rows = blocks[0][0]
        every = np.empty((len(blocks[0][1]), m + 1, g.size))
        for j, ((_, block), mean) in enumerate(zip(blocks, means, strict=True)):
            np.subtract(block, mean, out=every[:, j])
        gram = (every @ every.transpose(0, 2, 1)).transpose(1, 2, 0)
        found.student[rows] = gram[0, 0]
        found.cross[:, rows] = gram[0, 1:]
        found.teachers[:, :, rows] = gram[1:, 1:]
        found.along[:, :, rows] = (every[:, 1:] @ h.T).transpose(2, 1, 0)
    return found


def _by_block(student: Rows, teacher: Rows, blocks: Any) -> Products:
    places = _places(blocks, student.shape[1])
    g, h = _mean(student), _mean(teacher)
    m, n = len(places), student.shape[0]
    if teacher.shape != student.shape:
        raise InvalidInput(
            "student_gradients and teacher_gradients must have the same shape (n, d), got"
            f" {student.shape} and {teacher.shape}."
        )
    found = Products(
        np.zeros(n), np.zeros((m, n)), np.zeros((m, m, n)), np.zeros((m, m, n)), np.zeros((m, m))
    )
    for (rows, one), (_, other) in zip(student.chunks(), teacher.chunks(), strict=True):
        mine, theirs = one - g, other - h
        found.student[rows] = np.einsum("ip,ip->i", mine, mine)
        for j, place in enumerate(places):
            part = theirs[:, place]
            found.cross[j, rows] = np.einsum("ip,ip->i", mine[:, place], part)
            found.teachers[j, j, rows] = np.einsum("ip,ip->i", part, part)
            found.along[j, j, rows] = part @ h[place]
            found.means[j, j] = float(h[place] @ h[place])
    return found


def _places(blocks: Any, d: int) -> list[NDArray[np.intp]]:
    every = [np.atleast_1d(np.arange(d)[block]) for block in blocks]
    used = np.concatenate(every) if every else np.zeros(0, dtype=np.intp)
    if not every or any(place.size == 0 for place in every) or np.unique(used).size != used.size:
        raise InvalidInput(
            "blocks are slices or index arrays into the d coordinates, none empty, no coordinate"
            f" twice; got {len(every)} blocks with {used.size} coordinates, of which"
            f" {np.unique(used).size} differ (d = {d})."
        )
    return every


def _mean(source: Rows) -> Array:
    total = np.zeros(source.shape[1])
    for _, block in source.chunks():
        total += block.sum(axis=0)
    if not np.all(np.isfinite(total)):
        raise InvalidInput(f"{source.name} must be finite: {source.locate_bad_entry()}.")
    return np.asarray(total / source.shape[0])


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
    kurtosis = n * (centred**4).sum(axis=1) / np.maximum((centred**2).sum(axis=1), 1e-300) ** 2
    freedom = np.clip(2.0 * n / np.maximum(kurtosis - 1.0, 1e-9), 1.0, max(n - m, 1.0))
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
