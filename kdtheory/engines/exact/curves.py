"""E|x^t - x*|^2 and E f(x^t) - f* over time: the cheapest of recursion, squaring and Lanczos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact.limits import way_out
from kdtheory.engines.exact.methods import COMPLETE_LIMIT, METHODS, Case
from kdtheory.engines.exact.results import Curve, WeightCurves
from kdtheory.errors import Diverged, InvalidInput, unknown_name
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, positive_int
from kdtheory.rules.distilled import DistilledSGD

QUANTITIES = ("sq_distance", "gap")


def expected(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: DistilledSGD,
    *,
    step_size: float,
    x0: ArrayLike,
    steps: int,
    at: ArrayLike | None = None,
    method: str = "auto",
    quantities: Sequence[str] = QUANTITIES,
) -> Curve:
    """E|x^t - x*|^2 and E f(x^t) - f* without Monte Carlo, at t = 0..steps or at the times ``at``;
    least squares.

    Any horizon: by recursion, by powers of the whole second-moment map ("squaring", or
    "eigendecomposition" of its symmetric part), or by powers of its projection on a Krylov space
    ("lanczos", which bounds its own error by 1e-11 of |x0 - x*|^2, for the gap of L |x0 - x*|^2,
    and of their growth where unstable); "auto" takes the cheapest by a count of operations.  Powers
    of eigenvalues near 1 are known to t eps: 1e-10 at t = 10^6.

    Args:
        problem: least squares, N terms in R^d.
        theta: the teacher, (d,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x0: the start, (d,).
        steps: horizon.
        at: whole times between 0 and ``steps``, (T,); None for all.
        method: one of ``METHODS``.
        quantities: what is wanted; the other array is empty, and one costs about half of both.

    Raises:
        InvalidInput: not least squares, wrong shapes or times, or a method that cannot serve.
            Diverged: the moments left the range of floats; the message has the largest stable step
            size.
    """
    times, square, gap = _run(
        problem, theta, rule, step_size, x0, steps, at, method, quantities, in_weight=False
    )
    return Curve(times, square[:, 0], gap[:, 0])


def expected_in_weight(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: DistilledSGD,
    *,
    step_size: float,
    x0: ArrayLike,
    steps: int,
    at: ArrayLike | None = None,
    method: str = "auto",
    quantities: Sequence[str] = QUANTITIES,
) -> WeightCurves:
    """:func:`expected` for every weight lam at once: E|x^t - x*|^2 is a quadratic polynomial in lam
    (theory, Section 6).

    ``rule.weight`` plays no part.  The result's ``best()`` is lam(t), the weight with the least
    true error at each horizon.

    Args:
        problem: least squares.
        theta: the teacher, (dim,).
        rule: the update.
        step_size: gamma, in units of x^2/f.
        x0: the start, (dim,).
        steps: horizon.
        at: times wanted, whole numbers (T,); None for 0..steps.
        method: as for :func:`expected`.
        quantities: "sq_distance", "gap", or both.

    Raises:
        InvalidInput, Diverged: as :func:`expected`.
    """
    return WeightCurves(
        *_run(problem, theta, rule, step_size, x0, steps, at, method, quantities, in_weight=True)
    )


def _run(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: DistilledSGD,
    step_size: float,
    x0: ArrayLike,
    steps: int,
    at: ArrayLike | None,
    method: str,
    quantities: Sequence[str],
    *,
    in_weight: bool,
) -> tuple[np.ndarray, Array, Array]:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    for quantity in quantities:
        if quantity not in QUANTITIES:
            raise unknown_name("quantity", quantity, QUANTITIES)
    which = [index for index, name in enumerate(QUANTITIES) if name in quantities]
    start = point(problem, x0, "x0")
    times = _times(at, positive_int(steps, "steps", minimum=0))
    gamma = positive_float(step_size, "step_size")
    case = Case(problem, point(problem, theta, "theta"), rule, gamma, start, in_weight=in_weight)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by name
        found = None
        for name in case.order(times, which) if method == "auto" else [method]:
            found = case.run(name, times, which)
            if found is not None:
                break
    if found is None:
        raise InvalidInput(
            f"method={method!r} cannot serve here (d = {problem.dim}, {int(times.max(initial=0))}"
            f" steps): 'squaring' and 'eigendecomposition' need at most {COMPLETE_LIMIT} second"
            " moments, 'lanczos' memory for its basis, and all three no compressor or one that"
            " multiplies entrywise. Use method='auto'."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        whole = bool(np.isfinite(found.sum()))
    if not whole:
        finite = np.isfinite(found).all(axis=(1, 2))
        raise Diverged(
            f"The second moment overflows by t = {times[~finite].min()} at step_size ="
            f" {gamma:.6g}. " + way_out(problem, rule, gamma)
        )
    kept = dict(zip(which, found.transpose(1, 0, 2), strict=True))
    empty = np.empty((0, found.shape[2]))
    return times, kept.get(0, empty), kept.get(1, empty)


def _times(at: ArrayLike | None, count: int) -> np.ndarray:
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if at is not None and (
        times.ndim != 1
        or times.dtype.kind not in "iu"
        or (times < 0).any()
        or (times > count).any()
    ):
        raise InvalidInput(f"at must be whole times between 0 and steps = {count}, got {at!r}.")
    return times
