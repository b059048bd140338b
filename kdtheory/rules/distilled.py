"""The update rule x+ = C(x - gamma (G - lam H)) and its variants: it knows neither the step size
nor randomness.
"""

from __future__ import annotations

from dataclasses import KW_ONLY, dataclass
from typing import Protocol

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, positive_int, real_float


class Compressor(Protocol):
    """A random map C with E C(y) = y and E|C(y) - y|^2 <= omega(d) |y|^2 + absolute_error(d)."""

    def omega(self, dim: int) -> float:
        """Relative variance in dimension ``dim``."""

    def absolute_error(self, dim: int) -> float:
        """Absolute variance bound in dimension ``dim``, in units of x squared."""

    def second_moment(self, moment: Array) -> Array:
        """E[C(y) C(y)^T] from E[y y^T] (d, d); ``InvalidInput`` where it is not a function of
        it.
        """

    def compress(self, points: Array, uniforms: Array) -> Array:
        """C at every row of ``points`` (R, d), using ``uniforms`` (R, d) in [0, 1)."""

    def outcomes(self, point: Array) -> tuple[Array, Array]:
        """All values of C(point) (M, d) and their probabilities (M,); ``InvalidInput`` where there
        are too many.
        """


@dataclass(frozen=True)
class DistilledSGD:
    """x+ = C(x - gamma (G_B - lam H_B)), with + lam h inside the bracket when ``unbiased`` (paper,
    (7) and Section 6).

    Args:
        weight: the distillation weight lam, any real number.
        unbiased: centre the teacher's gradient, H - h in place of H.
        batch_size: B >= 1 indices a step, averaged.
        replacement: draw the batch with replacement (independent indices) or without.
        compressor: ``RandK``, ``Bernoulli``, ``StochasticRounding`` or any :class:`Compressor`;
            None for none.

    Raises:
        InvalidInput: a weight that is not finite, a batch size below 1.
    """

    weight: float = 0.0
    _: KW_ONLY
    unbiased: bool = False
    batch_size: int = 1
    replacement: bool = True
    compressor: Compressor | None = None

    def __post_init__(self) -> None:
        """Refuse what breaks the rules above."""
        object.__setattr__(self, "weight", real_float(self.weight, "weight"))
        object.__setattr__(self, "batch_size", positive_int(self.batch_size, "batch_size"))

    def noise_factor(self, n_terms: int) -> float:
        """What a batch divides centred second moments by: 1/B, or (N-B)/(B(N-1)) without
        replacement.

        Raises:
            InvalidInput: a batch larger than N without replacement.
        """
        if self.replacement:
            return 1.0 / self.batch_size
        if self.batch_size > n_terms:
            raise InvalidInput(
                f"A batch without replacement has at most N = {n_terms} indices, got batch_size ="
                f" {self.batch_size}. Use replacement=True or a smaller batch."
            )
        if n_terms == 1:
            return 0.0
        return (n_terms - self.batch_size) / (self.batch_size * (n_terms - 1))

    def corrections(self, teacher_gradients: Array) -> Array:
        """What is subtracted from each term's gradient, lam H_n or lam (H_n - h), (N, d); engines
        refuse what overflows.
        """
        own = (
            teacher_gradients - teacher_gradients.mean(axis=0)
            if self.unbiased
            else teacher_gradients
        )
        with np.errstate(over="ignore"):
            return self.weight * own
