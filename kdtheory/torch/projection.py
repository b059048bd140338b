"""A random projection of gradients that keeps inner products on average, at O(d) cost and
memory.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import positive_int


@dataclass(frozen=True, eq=False)
class RandomProjection:
    """P: R^d -> R^k, (P a)_j = sum of s_i a_i over the coordinates i that fall in bucket j (a count
    sketch).

    With independent uniform buckets and signs, over the draw of P (source: the count sketch of
    Charikar, Chen and Farach-Colton; the moments are our own two-line derivation):

        E<Pa, Pb> = <a, b>,    Var<Pa, Pb> = (|a|^2 |b|^2 + <a,b>^2 - 2 sum a_i^2 b_i^2)/k <= 2
        |a|^2 |b|^2 / k.

    Averaged over samples with one and the same P, the estimates of V, sigma^2, C and |h|^2 have
    standard errors of at most sqrt(2/k) times V, sigma^2, sqrt(sigma^2 V) and |h|^2: the Frobenius
    norm of a covariance matrix is at most its trace, and usually far below it, so that the true
    error is smaller by the square root of the effective rank.

    Student and teacher must go through the same P.
    """

    buckets: Tensor  # (d,) in 0..k-1
    signs: Tensor  # (d,) of -1 and 1
    size: int

    @classmethod
    def draw(cls, dim: int, size: int, *, seed: int) -> RandomProjection:
        """A projection from ``dim`` = d to ``size`` = k coordinates.  Raises InvalidInput unless
        both are >= 1.
        """
        d, k = positive_int(dim, "dim"), positive_int(size, "size")
        generator = torch.Generator().manual_seed(positive_int(seed, "seed", minimum=0))
        buckets = torch.randint(k, (d,), generator=generator, dtype=torch.int32)
        signs = torch.randint(2, (d,), generator=generator, dtype=torch.int8) * 2 - 1
        return cls(buckets, signs, k)

    @property
    def dim(self) -> int:
        """d."""
        return int(self.buckets.numel())

    @property
    def relative_error(self) -> float:
        """sqrt(2/k): bound on the standard error of <Pa, Pb> in units of |a||b|."""
        return math.sqrt(2.0 / self.size)

    def variance(self, a: Tensor, b: Tensor) -> float:
        """Var<Pa, Pb> over the draw of P, exact; ``a`` and ``b`` (d,)."""
        a, b = a.double(), b.double()
        total = (a @ a) * (b @ b) + (a @ b) ** 2 - 2 * ((a * b) ** 2).sum()
        return float(total) / self.size

    def apply(self, blocks: Iterable[Tensor]) -> Tensor:
        """P of gradients given parameter by parameter: blocks (n, d_1), (n, d_2), ... of one matrix
        (n, d) -> (n, k).

        Raises InvalidInput unless the d_i add up to d.
        """
        found: Tensor | None = None
        start = 0
        for block in blocks:
            stop = start + block.shape[1]
            if stop > self.dim:
                break
            if found is None:
                found = block.new_zeros(block.shape[0], self.size)
            place = self.buckets[start:stop].to(block.device)
            found.index_add_(1, place, block * self.signs[start:stop].to(block))
            start = stop
        if found is None or stop != self.dim:
            raise InvalidInput(
                f"The projection is for gradients with d = {self.dim} entries; these have more or"
                " fewer. Draw it with RandomProjection.draw(parameter_count(model, parameters), k,"
                " seed=0)."
            )
        return found

    def __call__(self, gradients: Tensor) -> Tensor:
        """P of every row of ``gradients`` (n, d), as (n, k)."""
        return self.apply([gradients])
