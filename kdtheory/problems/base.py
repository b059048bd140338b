"""What a finite sum is: the protocol, its constants, and the checks on the only way in."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from kdtheory.errors import InvalidInput
from kdtheory.problems.constants import Constants

Array = NDArray[np.float64]
# entries of arrays: products of four are still floats, and none of our moments has more factors
LARGEST = 1e75
# constants, up or down: what divides by two of them and multiplies with two moments is still a
# float
MODERATE = 1e50
# Bytes that one array of ours may take; beyond it a clear error beats the kernel's.
MEMORY_LIMIT = 4 * 2**30


@runtime_checkable
class FiniteSum(Protocol):
    """f(x) = mean of f_n(x), n < n_terms, x in R^dim: what a user's own problem must offer.

    Shapes: ``value(x)`` a float, ``gradient(x)`` (dim,), ``gradients(x)`` (n_terms, dim),
    ``minimiser`` (dim,). Pass the object through :func:`check_finite_sum` once; every engine then
    takes it.

    Three members are optional, and :func:`check_finite_sum` checks them where they are there:
    ``term_curvature``, a pair of bounds on the Hessian of every single f_n, without which no
    simulation can verify a bound; ``sampled_gradients(points (R, dim), indices (R, B))``, the mean
    gradient over each row's indices, (R, dim), for speed; ``gap(points (R, dim))``, f - f* without
    the cancellation of a difference, (R,).

    >>> import kdtheory as kd
    >>> isinstance(kd.LeastSquares([[1.0]], [0.0]), kd.FiniteSum)
    True
    """

    @property
    def n_terms(self) -> int:
        """Number of terms N."""

    @property
    def dim(self) -> int:
        """Dimension d."""

    @property
    def minimiser(self) -> Array:
        """One minimiser x*, (dim,)."""

    @property
    def minimum(self) -> float:
        """f* = f(x*)."""

    @property
    def constants(self) -> Constants:
        """The constants of the assumptions."""

    def value(self, x: Array) -> float:
        """f(x)."""

    def gradient(self, x: Array) -> Array:
        """The full gradient at x, (dim,)."""

    def gradients(self, x: Array) -> Array:
        """Every term's gradient at x, (n_terms, dim)."""


def frozen_array(value: ArrayLike, name: str, *, ndim: int) -> Array:
    """A read-only float64 copy of ``value``; ``InvalidInput`` when it is no array with ``ndim``
    axes of numbers within ``LARGEST``.
    """
    try:
        if np.iscomplexobj(value):  # a cast would drop the imaginary part with a mere warning
            raise TypeError("complex numbers have no order")
        if np.ma.is_masked(value):  # a cast would take what is under the mask
            raise TypeError("entries are masked; remove or impute them")
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput(
            f"{name} must be an array of real numbers with {ndim} axes: {error}."
        ) from error
    if array.ndim != ndim:
        raise InvalidInput(f"{name} must have {ndim} axes, got shape {array.shape}.")
    if array.size == 0:
        raise InvalidInput(
            f"{name} is empty (shape {array.shape}); at least one sample and one coordinate are"
            " needed."
        )
    finite = np.isfinite(array)
    if not finite.all():
        first = tuple(int(i) for i in np.argwhere(~finite)[0])
        raise InvalidInput(
            f"{name} must be finite, got {array[first]} at index {first}. Remove or impute such"
            " entries."
        )
    if np.abs(array).max() > LARGEST:
        first = tuple(int(i) for i in np.argwhere(np.abs(array) > LARGEST)[0])
        raise InvalidInput(
            f"{name} must lie within {LARGEST:g}, got {array[first]:g} at index {first}: products"
            " would overflow. Use other units."
        )
    array.flags.writeable = False
    return array


def axes_of(value: ArrayLike, name: str) -> int:
    """How many axes ``value`` has; ``InvalidInput`` where its rows differ in length."""
    try:
        return np.ndim(value)
    except ValueError as error:
        raise InvalidInput(f"{name} must be an array of real numbers: {error}.") from error


def as_given(value: ArrayLike, stored: Array) -> NDArray[Any]:
    """A read-only copy of ``value`` where it holds objects (fractions, which ``stored`` rounds),
    else ``stored`` itself.
    """
    if np.asarray(value).dtype != object:
        return stored
    array = np.array(value, dtype=object)
    array.flags.writeable = False
    return array


def dimension(problem: FiniteSum) -> int:
    """The problem's dimension; ``InvalidInput`` for what is no problem at all."""
    if not (hasattr(problem, "dim") and hasattr(problem, "gradients")):
        raise InvalidInput(
            f"problem must be a finite sum, got {type(problem).__name__}. Use LeastSquares,"
            " LogisticRegression, SoftmaxRegression, SinusoidalSum, or a class with the members of"
            " kdtheory.FiniteSum."
        )
    return problem.dim


def point(problem: FiniteSum, value: ArrayLike, name: str) -> Array:
    """``value`` as a frozen point of the problem's space, (dim,); ``InvalidInput`` names both
    dimensions.
    """
    dim, array = dimension(problem), frozen_array(value, name, ndim=1)
    if array.shape != (dim,):
        raise InvalidInput(
            f"{name} must have dimension {dim} like the problem, got {array.shape[0]}. "
            "Self-distillation needs a teacher and a student of the same model."
        )
    return array


def positive_float(value: object, name: str, *, allow_zero: bool = False) -> float:
    """``value`` as a finite float > 0 (>= 0 with ``allow_zero``)."""
    number = real_float(value, name)
    if number < 0.0 or (number == 0.0 and not allow_zero):
        raise InvalidInput(
            f"{name} must be {'>= 0' if allow_zero else '> 0'}, got {name} = {number}."
        )
    return number


def moderate_float(value: object, name: str) -> float:
    """``value`` as a float > 0 that is neither so large nor so small that a formula with it leaves
    the range of floats.
    """
    number = positive_float(value, name)
    if not 1.0 / MODERATE <= number <= MODERATE:
        raise InvalidInput(
            f"{name} must lie between {1.0 / MODERATE:g} and {MODERATE:g}, got {name} = {number:g}."
            " Use other units."
        )
    return number


def real_float(value: Any, name: str) -> float:
    """``value`` as a finite float."""
    if isinstance(value, (str, bytes)):
        raise InvalidInput(f"{name} must be a real number, got {value!r}.")
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"{name} must be a real number, got {value!r}.") from error
    if not np.isfinite(number):
        raise InvalidInput(f"{name} must be finite, got {name} = {number}.")
    return number


def positive_int(value: object, name: str, *, minimum: int = 1) -> int:
    """``value`` as an int >= ``minimum``; floats and booleans are refused."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise InvalidInput(f"{name} must be a whole number >= {minimum}, got {value!r}.")
    if value < minimum:
        raise InvalidInput(f"{name} must be >= {minimum}, got {name} = {value}.")
    return int(value)


def refuse_long(steps: int, what: str) -> None:
    """``InvalidInput`` when a number for each of ``steps`` would not fit in memory."""
    _refuse_large(
        steps,
        f"{what} holds one number a step: {steps} steps need",
        "Use fewer steps, or noise_floor() for the limit.",
    )


def refuse_wide(dim: int, what: str) -> None:
    """``InvalidInput`` when a (dim, dim) matrix would not fit in memory."""
    _refuse_large(
        dim * dim,
        f"{what} holds a {dim} x {dim} matrix: it needs",
        "Reduce the number of features (projection, selection) first.",
    )


def refuse_many(replicates: int, dim: int, what: str) -> None:
    """``InvalidInput`` when an iterate (dim,) for each of ``replicates`` would not fit in
    memory.
    """
    _refuse_large(
        replicates * dim,
        f"{what} holds {dim} numbers a replicate: {replicates} replicates need",
        "Use fewer replicates.",
    )


def _refuse_large(numbers: int, what: str, way_out: str) -> None:
    if 8 * numbers > MEMORY_LIMIT:
        raise InvalidInput(
            f"{what} {8 * numbers / 2**30:.1f} GiB, more than the limit of"
            f" {MEMORY_LIMIT / 2**30:.0f} GiB. {way_out}"
        )
