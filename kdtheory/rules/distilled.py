"""The update rule x+ = C(x - gamma (G - lam H)) and its variants: it knows neither the step size
nor randomness.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import KW_ONLY, dataclass
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, frozen_array, positive_int, real_float
from kdtheory.problems.teacher import teachers
from kdtheory.rules.combination import Combination
from kdtheory.rules.protocol import Compressor, batch_factor, check_compressor

__all__ = ["Compressor", "DistilledSGD"]
Weight = float | tuple[float, ...]


@dataclass(frozen=True)
class DistilledSGD:
    """x+ = C(x - gamma (G_B - lam H_B)), with + lam h inside the bracket when ``unbiased`` (paper,
    (7) and Section 6).

    With m teachers, theta (m, d), it is sum_j lam_j H_j; with ``blocks``, lam_b H on the
    coordinates of block b, and none outside of all blocks (theory, Section 9).

    Args:
        weight: the distillation weight lam, any real number; (m,) for m teachers or m blocks.
        unbiased: centre the teacher's gradient, H - h in place of H.
        batch_size: B >= 1 indices a step, averaged.
        replacement: draw the batch with replacement (independent indices) or without.
        compressor: ``RandK``, ``Bernoulli``, ``StochasticRounding`` or any :class:`Compressor`;
            None for none.
        blocks: coordinates that have a weight of their own, as arrays of indices or slices; None
            for one weight throughout.

    Raises:
        InvalidInput: a weight that is not finite, a batch size below 1, not one weight a block.

    >>> import kdtheory as kd
    >>> kd.DistilledSGD(0.5, unbiased=True).unbiased
    True
    """

    weight: Weight = 0.0
    _: KW_ONLY
    unbiased: bool = False
    batch_size: int = 1
    replacement: bool = True
    compressor: Compressor | None = None
    blocks: Sequence[ArrayLike | slice] | None = None

    def __post_init__(self) -> None:
        """Refuse what breaks the rules above."""
        object.__setattr__(self, "weight", _weight(self.weight))
        object.__setattr__(self, "batch_size", positive_int(self.batch_size, "batch_size"))
        check_compressor(self.compressor, "compressor")
        if self.blocks is not None:
            blocks = tuple(
                block if isinstance(block, slice) else tuple(np.asarray(block).ravel().tolist())
                for block in self.blocks
            )
            object.__setattr__(self, "blocks", blocks)
            if not isinstance(self.weight, tuple) or len(self.weight) != len(blocks):
                raise InvalidInput(
                    f"{len(blocks)} blocks need a weight of shape ({len(blocks)},), got"
                    f" {self.weight!r}. Give one weight a block."
                )

    def __hash__(self) -> int:
        """Of everything but the blocks' own hash: slices have none."""
        blocks = None if self.blocks is None else repr(self.blocks)
        own = (self.weight, self.unbiased, self.batch_size, self.replacement, self.compressor)
        return hash((type(self), *own, blocks))

    def noise_factor(self, n_terms: int) -> float:
        """What a batch divides centred second moments by: 1/B, or (N-B)/(B(N-1)) without
        replacement.

        Raises:
            InvalidInput: a batch larger than N without replacement.
        """
        return batch_factor(self.batch_size, n_terms, replacement=self.replacement)

    def with_weight(self, weight: ArrayLike) -> Self:
        """The same rule with another weight."""
        other = copy.copy(self)
        object.__setattr__(other, "weight", _weight(weight))
        return other

    def control_variates(self, problem: FiniteSum, theta: ArrayLike) -> Array:
        """What is subtracted from each term's gradient, (N, d).

        Args:
            problem: a finite sum.
            theta: the teacher, (d,), or (m, d) for m of them.

        Raises:
            InvalidInput: not one weight a teacher, blocks that overlap or lie outside.
        """
        points = teachers(problem, theta)
        self._check(points, problem.dim)
        if self.blocks is not None or not isinstance(self.weight, tuple):
            return self.corrections(problem.gradients(points[0]))
        return self.corrections(np.array([problem.gradients(point) for point in points]))

    def corrections(self, teacher_gradients: Array) -> Array:
        """The same from the teachers' gradients, (N, d), or (m, N, d) with a weight (m,); engines
        refuse what overflows.
        """
        own = teacher_gradients
        if self.unbiased:
            own = own - own.mean(axis=-2, keepdims=True)
        with np.errstate(over="ignore"):
            if self.blocks is not None:
                return self._spread(own.shape[-1]) * own
            if isinstance(self.weight, tuple):
                return np.asarray(np.tensordot(np.array(self.weight), own, axes=1))
            return self.weight * own

    def combination(self, problem: FiniteSum, theta: ArrayLike) -> Combination | None:
        """Weights and points whose gradients add up to the control variates; None where a subclass
        or blocks make them something else.
        """
        ours = type(self)
        if (
            self.blocks is not None
            or ours.control_variates is not DistilledSGD.control_variates
            or ours.corrections is not DistilledSGD.corrections
        ):
            return None
        points = teachers(problem, theta)
        self._check(points, problem.dim)
        return Combination(np.atleast_1d(np.array(self.weight)), points, self.unbiased)

    def _check(self, points: Array, dim: int) -> None:
        """That there is a weight for every teacher, and a place for every block."""
        if self.blocks is not None:
            if len(points) > 1:
                raise InvalidInput(
                    f"Blocks take one teacher, got theta of shape {points.shape}. Distil from the"
                    " teachers without blocks, or choose one of them."
                )
            self._spread(dim)
            return
        count = len(self.weight) if isinstance(self.weight, tuple) else 1
        if count != len(points):
            raise InvalidInput(
                f"theta of shape {points.shape} is {len(points)} teachers and needs a weight of"
                f" shape ({len(points)},), got {count} weights. Give one weight a teacher."
            )

    def _spread(self, dim: int) -> Array:
        """The weight of every coordinate, (dim,)."""
        assert self.blocks is not None and isinstance(self.weight, tuple)
        found, seen = np.zeros(dim), np.zeros(dim, dtype=int)
        for number, (block, weight) in enumerate(zip(self.blocks, self.weight, strict=True)):
            places = np.arange(dim)[block] if isinstance(block, slice) else np.array(block)
            if places.dtype.kind not in "iu" or (places < 0).any() or (places >= dim).any():
                raise InvalidInput(
                    f"Block {number} must hold coordinates between 0 and {dim - 1}, got {block!r}."
                )
            found[places] = weight
            np.add.at(seen, places, 1)
        if (seen > 1).any():
            raise InvalidInput(
                f"Blocks must not overlap: coordinate {int(np.argmax(seen > 1))} is in"
                f" {int(seen.max())} of them."
            )
        return found


def _weight(value: ArrayLike) -> Weight:
    """A float, or a tuple of floats for (m,)."""
    if np.ndim(value) == 0:
        return real_float(value, "weight")
    return tuple(frozen_array(value, "weight", ndim=1).tolist())
