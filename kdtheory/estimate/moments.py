"""The four moments behind every distillation weight, unbiased, with the jackknife covariance of
their errors.

G_i, H_i are the student's and the teacher's gradients on sample i; g, h their means.  With primes
for "minus the mean":

    sigma^2 = E|G'|^2,    C = E<G',H'>,    V = E|H'|^2,    b = |h|^2.

Both gradients are centred.  At the minimiser E S = 0 and E<S,H> = E<S,H'>, so nothing is lost
there; at any other student centring removes <g,h>, which is not small when g is not, and has
nothing to do with noise (see ``student_gap``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.data import Array, Rows, same_shape

# Subtracting a mean leaves at most 4 rounding errors of the size of the entry: a variance below (4
# eps)^2 of the second moment is that of the rounding, not of the data.
ROUNDING_SQ = (4.0 * float(np.finfo(np.float64).eps)) ** 2

# Errors are of fourth powers, whose own products appear: float64 holds 1e-308 to 1e308.
SMALLEST_SQ = 1e-75


@dataclass(frozen=True)
class Moments:
    """Estimates (unit f^2/x^2) and their covariance; order (sigma_sq, covariance, variance,
    bias_sq).
    """

    sigma_sq: float
    covariance: float
    variance: float
    bias_sq: float  # unbiased for |h|^2, so it may be negative
    student_sq: float  # unbiased for |g|^2
    cross: float  # unbiased for <g, h>
    errors: Array  # (4, 4)
    n: float  # samples, or the effective number under exponential weights
    # (4, samples kept): centred jackknife pseudo-values, whose shape calibrates the intervals
    influence: Array

    @property
    def bias_sq_clipped(self) -> float:
        """max(|h|^2 estimate, 0): what a norm can be."""
        return max(self.bias_sq, 0.0)

    @property
    def rho(self) -> float:
        """Correlation of S and H, 0 if one of them does not vary."""
        scale = np.sqrt(self.sigma_sq) * np.sqrt(self.variance)
        return float(np.clip(self.covariance / scale, -1.0, 1.0)) if scale > 0 else 0.0

    @property
    def beta(self) -> float:
        """|h|^2 / V, the teacher's signal-to-noise ratio (inf for a teacher whose gradient does not
        vary).
        """
        if self.variance > 0:
            return self.bias_sq_clipped / self.variance
        return float("inf") if self.bias_sq_clipped > 0 else 0.0

    def vector(self, *, cautious: bool = False) -> Array:
        """The four estimates as an array, the bias clipped at 0.

        ``cautious`` charges V/n too: the estimate of |h|^2 is noise around 0 of that order, which a
        long horizon multiplies, and clipping at 0 makes the weight flicker.
        """
        unknown = self.variance / self.n if cautious else 0.0
        return self.with_bias(self.bias_sq_clipped + unknown)

    def with_bias(self, bias_sq: float) -> Array:
        """The same with another |h|^2."""
        return np.array([self.sigma_sq, self.covariance, self.variance, bias_sq])


@dataclass(frozen=True)
class Scalars:
    """What is left of n samples: inner products of centred gradients with each other and with the
    teacher's mean.
    """

    student: Array  # |G'_i|^2
    product: Array  # <G'_i, H'_i>
    teacher: Array  # |H'_i|^2
    along: Array  # <h, H'_i>
    student_sq: float  # |mean of G|^2
    cross: float  # <mean of G, mean of H>
    teacher_sq: float  # |mean of H|^2
    neighbours_sq: float = 0.0  # mean of <H'_i, H'_{i+1}>^2
    rounding: float = ROUNDING_SQ  # a variance below this share of the second moment is rounding


def scalars(student: Rows, teacher: Rows) -> Scalars:
    """Two passes over the rows: means, then centred inner products (one pass would cancel when
    |h|^2 >> V).
    """
    same_shape(student, teacher)
    n = student.shape[0]
    g, h = _mean(student), _mean(teacher)
    out = np.empty((4, n))
    neighbours, last = 0.0, np.zeros_like(h)
    for (rows, block), (_, other) in zip(student.chunks(), teacher.chunks(), strict=True):
        block = block - g
        other = other - h
        with np.errstate(over="ignore", invalid="ignore"):  # reported below, with the way out
            np.einsum("ij,ij->i", block, block, out=out[0, rows])
            np.einsum("ij,ij->i", block, other, out=out[1, rows])
            np.einsum("ij,ij->i", other, other, out=out[2, rows])
            np.matmul(other, h, out=out[3, rows])
            neighbours += float(other[0] @ last) ** 2
            neighbours += float(np.sum(np.einsum("ij,ij->i", other[:-1], other[1:]) ** 2))
        last = other[-1].copy()
    for source in (student, teacher):
        source.check_unchanged()
    with np.errstate(over="ignore"):  # told below
        means = float(g @ g), float(g @ h), float(h @ h)
    if not np.all(np.isfinite(out)) or not np.all(np.isfinite(means)):
        raise InvalidInput(
            "Squared gradients overflow float64: largest |mean| ="
            f" {max(abs(g).max(), abs(h).max()):.3g}. Divide both gradients by the same constant;"
            " the weight does not change."
        )
    return Scalars(out[0], out[1], out[2], out[3], *means, neighbours / (n - 1))


def from_scalars(parts: Scalars) -> Moments:
    """Unbiased moments and their jackknife covariance, O(n).

    The mean of n gradients has |mean|^2 too large by V/n in expectation, which is subtracted.
    Leaving sample i out changes a variance by n/(n-2) times (its own square minus the average), and
    the bias by 2<h,H'_i> - 2(|H'_i|^2 - average)/(n-2): exact, by expanding mean_{-i} = mean -
    H'_i/(n-1) (our own derivation; the jackknife is Tukey's).

    The jackknife counts the quadratic part of |mean|^2 twice: with K the covariance of H it expects
    4 hKh/n + 4 tr K^2/n^2, where the variance is 4 hKh/n + 2 tr K^2/n^2.  For neighbours
    E<H_i',H_j'>^2 = tr K^2 (centring adds about (V/n)^2), so that part is known and taken off: it
    matters for a teacher near its optimum and for d >> n.
    """
    n = parts.teacher.size
    for squares in (parts.student, parts.teacher):
        largest = float(squares.max())
        if largest > 0.0 and not SMALLEST_SQ < largest < 1.0 / SMALLEST_SQ:
            raise InvalidInput(
                f"Fourth powers of deviations of size {math.sqrt(largest):.3g} leave float64: scale"
                " both gradients by the same constant; the weight does not change."
            )
    sigma_sq, covariance, variance = (
        float(np.sum(x)) / (n - 1) for x in (parts.student, parts.product, parts.teacher)
    )
    if variance <= parts.rounding * (parts.teacher_sq + variance):
        variance, covariance = 0.0, 0.0
    if sigma_sq <= parts.rounding * (parts.student_sq + sigma_sq):
        sigma_sq, covariance = 0.0, 0.0
    deviations = np.empty((4, n))
    for row, x in zip(deviations[:3], (parts.student, parts.product, parts.teacher), strict=True):
        row[:] = (x - np.mean(x)) * (n / (n - 2))
    deviations[3] = 2.0 * parts.along - deviations[2] * (2.0 / n)
    jackknife = float(deviations[3] @ deviations[3]) / (n * (n - 1))
    if jackknife > 0:
        twice = 2.0 * max(parts.neighbours_sq - (variance / n) ** 2, 0.0) / n**2
        # At most half of it is the part counted twice.
        deviations[3] *= np.sqrt(max(1.0 - twice / jackknife, 0.5))
    return Moments(
        sigma_sq,
        covariance,
        variance,
        parts.teacher_sq - variance / n,
        parts.student_sq - sigma_sq / n,
        parts.cross - covariance / n,
        deviations @ deviations.T / (n * (n - 1)),
        float(n),
        deviations,
    )


def _mean(source: Rows) -> Array:
    # Deviations from the first row are summed: exact for equal rows, and no digit is lost to a
    # large common mean.
    total, origin = np.zeros(source.shape[1]), np.asarray(source.matrix[0], dtype=np.float64)
    with np.errstate(invalid="ignore", over="ignore"):
        for _, block in source.chunks():
            total += (block - origin).sum(axis=0)
    if not np.all(np.isfinite(total)):
        raise InvalidInput(
            f"{source.name} must be finite: {source.locate_bad_entry()}. Find the sample whose loss"
            " diverged (or a half-precision overflow above 65504) and drop or fix it."
        )
    return np.asarray(origin + total / source.shape[0])
