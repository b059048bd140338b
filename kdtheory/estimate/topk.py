"""A teacher of which only the most likely classes are known, as providers give them:
log-probabilities of k classes out of K.

The rest of the mass, m_n on sample n, is spread evenly.  Wherever it really lies, the teacher's
residual is off by less than m_n in norm, so that its gradient H is off by d, d^2 = E m_n^2 |a_n|^2,
in the norm sqrt(E|H|^2): C moves by at most sigma d, and the root of the denominator by at most
sqrt(1 + B(1 + kappa)) d, both being norms (our own derivation).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Quadratic
from kdtheory.estimate.data import Array
from kdtheory.estimate.result import WeightEstimate

SURPLUS = 1e-2  # log-probabilities in half precision sum to at most 1 up to about that


@dataclass(frozen=True)
class TopK:
    """Log-probabilities (n, k) of the classes ``indices`` (n, k), out of ``classes`` = K.

    They must be normalised over all K classes: of bare logits the rest of the mass is not known.
    Raises InvalidInput for shapes, indices and masses that cannot be.
    """

    log_probabilities: NDArray[Any]
    indices: NDArray[Any]
    classes: int

    def __post_init__(self) -> None:
        """Arrays, checked."""
        values, places = np.asarray(self.log_probabilities), np.asarray(self.indices)
        if values.ndim != 2 or values.shape != places.shape or values.shape[1] >= self.classes:
            raise InvalidInput(
                "TopK needs log_probabilities and indices of one shape (n, k), k < classes, got"
                f" {values.shape}, {places.shape} and classes = {self.classes}."
            )
        if places.dtype.kind not in "iu" or places.min() < 0 or places.max() >= self.classes:
            raise InvalidInput(f"indices must be classes 0..{self.classes - 1}.")
        mass = np.exp(values.astype(np.float64)).sum(axis=1)
        if not np.all(mass <= 1.0 + SURPLUS):
            raise InvalidInput(
                f"The {values.shape[1]} probabilities of a row add up to {mass.max():.3g} > 1:"
                " these are logits, or not normalised over all classes. Pass log-probabilities."
            )
        object.__setattr__(self, "log_probabilities", values)
        object.__setattr__(self, "indices", places)

    @property
    def shape(self) -> tuple[int, ...]:
        """(n, K)."""
        return self.log_probabilities.shape[0], self.classes

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the rows as they are read."""
        return np.dtype(np.float64)

    @property
    def rest(self) -> Array:
        """m_n, the mass of the classes that are not given, (n,)."""
        given = np.exp(self.log_probabilities.astype(np.float64)).sum(axis=1)
        return np.asarray(np.maximum(1.0 - given, 0.0))

    def __getitem__(self, rows: Any) -> Array:
        """Rows of log-probabilities of all classes, the rest spread evenly."""
        values, places = self.log_probabilities[rows].astype(np.float64), self.indices[rows]
        others = self.classes - values.shape[1]
        # Where the given classes hold all the mass: a logarithm that is finite, of no probability.
        rest = np.maximum(1.0 - np.exp(values).sum(axis=1), 1e-300)
        found = np.repeat(np.log(rest / others)[:, None], self.classes, axis=1)
        np.put_along_axis(found, places.astype(np.intp), values, axis=1)
        return found


def widened(found: WeightEstimate, rule: Quadratic, top: TopK, sqnorm: Array) -> WeightEstimate:
    """The interval with all that the unknown mass could do, and a sentence that says so."""
    distance = math.sqrt(float(np.mean(top.rest**2 * sqnorm)))
    below = math.sqrt(found.variance + rule.bias_factor * max(found.bias_sq, 0.0))
    reach, stretch = math.sqrt(found.sigma_sq) * distance, math.sqrt(1.0 + rule.bias_factor)
    near = max(below - stretch * distance, 0.0)
    far = below + stretch * distance
    ends = [
        (found.covariance + side * reach) / root**2 if root > 0.0 else side * math.inf
        for side in (-1.0, 1.0)
        for root in (near, far)
    ]
    low = found.low - max(found.weight - min(ends), 0.0)
    high = found.high + max(max(ends) - found.weight, 0.0)
    share = 100.0 * float(np.mean(top.rest))
    text = (
        f"{found.advice.rstrip('.')}; {share:.2g} % of the teacher's mass is not among the"
        f" {top.indices.shape[1]} classes given: wherever it lies, λ is within [{low:.3g},"
        f" {high:.3g}]."
    )
    return replace(found, low=low, high=high, advice=text)
