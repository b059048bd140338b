"""Unbiased compressors of the iterate: rand-k, Bernoulli, stochastic rounding (paper, Section 6;
constants in theory, Section 4).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, positive_float, positive_int

OUTCOME_LIMIT = (
    20_000  # enumerated outcomes of one compression; beyond it the closed forms or simulate() serve
)


def _refuse_enumeration(name: str, count: int) -> None:
    if count > OUTCOME_LIMIT:
        raise InvalidInput(
            f"{name} has {count} outcomes here, more than {OUTCOME_LIMIT}; use simulate() instead."
        )


@dataclass(frozen=True)
class RandK:
    """Keep ``k`` coordinates chosen uniformly, scaled by d/k; omega = d/k - 1.

    >>> import kdtheory as kd
    >>> kd.RandK(2).omega(6)
    2.0
    """

    k: int

    def __post_init__(self) -> None:
        """k >= 1."""
        object.__setattr__(self, "k", positive_int(self.k, "k"))

    def _kept(self, dim: int) -> int:
        if self.k > dim:
            raise InvalidInput(
                f"RandK keeps k <= d coordinates, got k = {self.k} in dimension d = {dim}."
            )
        return self.k

    def omega(self, dim: int) -> float:
        """d/k - 1."""
        return dim / self._kept(dim) - 1.0

    def absolute_error(self, dim: int) -> float:
        """0."""
        return 0.0

    def second_moment(self, moment: Array) -> Array:
        """Off the diagonal both coordinates survive with probability k(k-1)/(d(d-1)); on it one
        does, k/d.
        """
        on, off = self.factors(len(moment))
        return float(off) * moment + float(on - off) * np.diag(np.diag(moment))

    def factors(self, dim: int) -> tuple[Fraction, Fraction]:
        """What second moments are multiplied by, on and off the diagonal."""
        scale = Fraction(dim, self._kept(dim))
        return scale, Fraction(self.k - 1, dim - 1) * scale if dim > 1 else scale

    def compress(self, points: Array, uniforms: Array) -> Array:
        """Keep the k coordinates with the smallest uniforms."""
        dim = points.shape[1]
        kept = np.argsort(uniforms, axis=1) < 0
        order = np.argpartition(uniforms, self._kept(dim) - 1, axis=1)[:, : self.k]
        np.put_along_axis(kept, order, True, axis=1)
        return np.where(kept, points * (dim / self.k), 0.0)

    def outcomes(self, point: Array) -> tuple[Array, Array]:
        """All d-choose-k masks, equally likely."""
        dim = len(point)
        masks = list(
            itertools.islice(itertools.combinations(range(dim), self._kept(dim)), OUTCOME_LIMIT + 1)
        )
        _refuse_enumeration("RandK", len(masks))
        values = np.zeros((len(masks), dim))
        for row, mask in zip(values, masks, strict=True):
            row[list(mask)] = point[list(mask)] * (dim / self.k)
        return values, np.full(len(masks), 1.0 / len(masks))


@dataclass(frozen=True)
class Bernoulli:
    """Keep each coordinate independently with probability ``q``, scaled by 1/q; omega = 1/q - 1.

    >>> import kdtheory as kd
    >>> kd.Bernoulli(0.25).omega(3)
    3.0
    """

    q: float

    def __post_init__(self) -> None:
        """0 < q <= 1."""
        q = positive_float(self.q, "q")
        if q > 1.0:
            raise InvalidInput(f"Bernoulli needs a probability 0 < q <= 1, got q = {q}.")
        object.__setattr__(self, "q", q)

    def omega(self, dim: int) -> float:
        """1/q - 1."""
        return 1.0 / self.q - 1.0

    def absolute_error(self, dim: int) -> float:
        """0."""
        return 0.0

    def second_moment(self, moment: Array) -> Array:
        """The diagonal is divided by q, the rest is unchanged."""
        return moment + self.omega(len(moment)) * np.diag(np.diag(moment))

    def factors(self, dim: int) -> tuple[Fraction, Fraction]:
        """What second moments are multiplied by, on and off the diagonal; q is the dyadic rational
        that it is.
        """
        return 1 / Fraction(self.q), Fraction(1)

    def compress(self, points: Array, uniforms: Array) -> Array:
        """Keep where the uniform falls below q."""
        return np.where(uniforms < self.q, points / self.q, 0.0)

    def outcomes(self, point: Array) -> tuple[Array, Array]:
        """All 2^d masks with their probabilities."""
        dim = len(point)
        _refuse_enumeration("Bernoulli", 2**dim)
        masks = np.array(list(itertools.product((0.0, 1.0), repeat=dim)))
        kept = masks.sum(axis=1)
        return masks * point / self.q, self.q**kept * (1.0 - self.q) ** (dim - kept)


@dataclass(frozen=True)
class StochasticRounding:
    """Round each coordinate to a neighbour on the grid of spacing ``delta``, up with the
    probability that keeps the mean.

    omega = 0; the absolute error is at most d delta^2 / 4, attained half way between two grid
    points.

    >>> import kdtheory as kd
    >>> kd.StochasticRounding(0.5).absolute_error(4)
    0.25
    """

    delta: float

    def __post_init__(self) -> None:
        """delta > 0."""
        object.__setattr__(self, "delta", positive_float(self.delta, "delta"))

    def omega(self, dim: int) -> float:
        """0."""
        return 0.0

    def absolute_error(self, dim: int) -> float:
        """d delta^2 / 4."""
        return dim * self.delta**2 / 4.0

    def second_moment(self, moment: Array) -> Array:
        """Not a function of second moments."""
        raise InvalidInput(
            "StochasticRounding has no closed second moment: its error depends on where in a cell"
            " the iterate lies. Use one_step() in small dimension, or simulate()."
        )

    def compress(self, points: Array, uniforms: Array) -> Array:
        """Down, or up where the uniform falls below the fractional part."""
        cells = points / self.delta
        low = np.floor(cells)
        return self.delta * (low + (uniforms < cells - low))

    def outcomes(self, point: Array) -> tuple[Array, Array]:
        """All 2^d corners of the cell with their probabilities."""
        dim = len(point)
        _refuse_enumeration("StochasticRounding", 2**dim)
        cells = point / self.delta
        low = np.floor(cells)
        up = np.array(list(itertools.product((0.0, 1.0), repeat=dim)))
        part = cells - low
        return self.delta * (low + up), np.where(up == 1.0, part, 1.0 - part).prod(axis=1)
