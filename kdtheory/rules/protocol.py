"""What an update rule is: a table of control variates, a sampling law and a compressor (theory,
Section 9).
"""

from __future__ import annotations

from typing import Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, frozen_array, positive_int

MEMBERS = ("control_variates", "batch_size", "replacement", "compressor")
# Sums of N float64 numbers, as people write probabilities down.
SUMS_TO_ONE = 1e-9


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


@runtime_checkable
class Rule(Protocol):
    """x+ = C(x - gamma mean over the batch of (G_n - c_n)/(N p_n)), c = control_variates.

    Any object with these four members; a fifth, ``probabilities`` (N,), is optional and None, its
    default, is uniform.  Engines read nothing else of a rule.  A rule whose control variates are
    linear in a weight may say so with ``weight`` and ``with_weight(weight)``: schedules of weights
    need it.

    >>> import kdtheory as kd
    >>> isinstance(kd.DistilledSGD(0.5), kd.Rule)
    True
    """

    @property
    def batch_size(self) -> int:
        """Indices a step, averaged."""

    @property
    def replacement(self) -> bool:
        """Whether the batch is drawn with replacement."""

    @property
    def compressor(self) -> Compressor | None:
        """What is done to the iterate after the step."""

    def control_variates(self, problem: FiniteSum, theta: Array) -> Array:
        """What is subtracted from each term's gradient, (N, d); ``theta`` (d,), or (m, d)."""


def batch_factor(batch_size: int, n_terms: int, *, replacement: bool) -> float:
    """What a batch divides centred second moments by: 1/B, or (N-B)/(B(N-1)) without replacement.

    Raises:
        InvalidInput: a batch larger than N without replacement.
    """
    if replacement:
        return 1.0 / batch_size
    if batch_size > n_terms:
        raise InvalidInput(
            f"A batch without replacement has at most N = {n_terms} indices, got batch_size ="
            f" {batch_size}. Use replacement=True or a smaller batch."
        )
    if n_terms == 1:
        return 0.0
    return (n_terms - batch_size) / (batch_size * (n_terms - 1))


def check_compressor(value: object, name: str) -> None:
    """``InvalidInput`` unless ``value`` is None or compresses."""
    if value is not None and not hasattr(value, "compress"):
        raise InvalidInput(
            f"{name} must be None or a Compressor, got {value!r}. Use RandK(k), Bernoulli(q) or"
            " StochasticRounding(delta)."
        )


def check_rule(rule: object, n_terms: int) -> Rule:
    """``rule`` itself, once its members are there and its batch can be drawn from ``n_terms``.

    Raises:
        InvalidInput: a member is missing or of the wrong kind, or a batch larger than N.
    """
    missing = [name for name in MEMBERS if not hasattr(rule, name)]
    if missing or not callable(getattr(rule, "control_variates", None)):
        raise InvalidInput(
            f"{type(rule).__name__} is no rule here: missing {', '.join(missing or MEMBERS[:1])}."
            " A rule has control_variates(problem, theta) -> (N, d), batch_size, replacement and"
            " compressor."
        )
    known = cast(Rule, rule)  # isinstance() of a protocol costs as much as a small step
    positive_int(known.batch_size, "rule.batch_size")
    if not isinstance(known.replacement, (bool, np.bool_)):
        raise InvalidInput(f"rule.replacement must be True or False, got {known.replacement!r}.")
    check_compressor(known.compressor, "rule.compressor")
    batch_factor(known.batch_size, n_terms, replacement=known.replacement)
    return known


def check_probabilities(values: ArrayLike, n_terms: int) -> Array:
    """Probabilities (N,) as they are drawn: >= 0 and divided by their sum, which is 1 to 1e-9.

    Raises:
        InvalidInput: another shape, a negative one, another sum.
    """
    found = frozen_array(values, "probabilities", ndim=1)
    if len(found) != n_terms:
        raise InvalidInput(
            f"probabilities must have one entry for each of N = {n_terms} terms, got {len(found)}."
        )
    if (found < 0.0).any():
        n = int(np.argmin(found))
        raise InvalidInput(
            f"probabilities must be >= 0, got {found[n]:.6g} for term {n}. Use 0 for a term whose"
            " gradient vanishes, and norms of gradients divided by their sum for the others."
        )
    total = float(found.sum())
    if abs(total - 1.0) > SUMS_TO_ONE:
        raise InvalidInput(
            f"probabilities must sum to 1, got {total:.9g}. Divide them by their sum."
        )
    found = found / total
    found.flags.writeable = False
    return found


def ratios_of(probabilities: Array | None) -> Array | None:
    """1/(N p_n), 0 where p_n is; None for uniform sampling."""
    if probabilities is None:
        return None
    mean = len(probabilities) * probabilities
    return np.divide(1.0, mean, out=np.zeros_like(mean), where=mean > 0.0)
