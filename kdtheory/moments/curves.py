"""E|x^t - x*|^2 and E f(x^t) - f* over time: the cheapest of recursion, squaring and Lanczos."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import Diverged, InvalidInput, unknown_name
from kdtheory.moments.limits import way_out
from kdtheory.moments.recursion import Moments
from kdtheory.moments.reduced import complete_basis, curve, krylov_basis
from kdtheory.moments.results import Curve, WeightCurves
from kdtheory.problems.base import Array, FiniteSum, point, positive_int
from kdtheory.rules import DistilledSGD

QUANTITIES = ("sq_distance", "gap")
METHODS = ("auto", "recursion", "squaring", "lanczos")
COMPLETE_LIMIT = 2000  # rows of the whole map (d = 62): its matrix and two powers fit in 100 MB


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
    """E|x^t - x*|^2 and E f(x^t) - f* without Monte Carlo, at t = 0..steps or at the times ``at``; least squares.

    Any horizon: by recursion, by powers of the whole second-moment map ("squaring"), or by powers of its projection on
    a Krylov space ("lanczos", which bounds its own error by 1e-11 and is for contractions); "auto" takes the cheapest
    by a count of operations.

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
        InvalidInput: not least squares, wrong shapes or times, or a method that cannot serve.  Diverged: the moments
        left the range of floats; the message has the largest stable step size.
    """
    times, square, gap = _run(problem, theta, rule, step_size, x0, steps, at, method, quantities, in_weight=False)
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
    """:func:`expected` for every weight lam at once: E|x^t - x*|^2 is a quadratic polynomial in lam (theory, Section
    6).

    ``rule.weight`` plays no part.  The result's ``best()`` is lam(t), the weight with the least true error at each
    horizon.

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
    return WeightCurves(*_run(problem, theta, rule, step_size, x0, steps, at, method, quantities, in_weight=True))


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
    moments = Moments(problem, theta, rule, step_size, in_weight=in_weight)
    start = point(problem, x0, "x0")
    times = _times(at, positive_int(steps, "steps", minimum=0))
    last = int(times.max(initial=0))
    m, M = moments.start(start, problem.minimiser)
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by name
        found = None
        for name in _order(moments, last, len(times), method):
            if name == "recursion":
                found = _recursed(moments, m, M, times)[:, which]
            else:
                moving = Moments(problem, theta, rule, step_size, moving=True, in_weight=in_weight)
                found = _powered(moving, start, problem.minimiser, times, name, which)
            if found is not None:
                break
    if found is None:
        raise InvalidInput(
            f"method={method!r} cannot serve here (d = {moments.dim}, {last} steps): 'squaring' needs at most "
            f"{COMPLETE_LIMIT} second moments, 'lanczos' a mean-square stable step size. Use method='auto'."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        whole = bool(np.isfinite(found.sum()))
    if not whole:
        finite = np.isfinite(found).all(axis=(1, 2))
        raise Diverged(
            f"The second moment overflows by t = {times[~finite].min()} at step_size = {moments.gamma:.6g}. "
            + way_out(problem, rule, moments.gamma)
        )
    kept = dict(zip(which, found.transpose(1, 0, 2), strict=True))
    empty = np.empty((0, found.shape[2]))
    return times, np.ascontiguousarray(kept.get(0, empty)), np.ascontiguousarray(kept.get(1, empty))


def _times(at: ArrayLike | None, count: int) -> np.ndarray:
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if at is not None and (
        times.ndim != 1 or times.dtype.kind not in "iu" or (times < 0).any() or (times > count).any()
    ):
        raise InvalidInput(f"at must be whole times between 0 and steps = {count}, got {at!r}.")
    return times


def _order(moments: Moments, last: int, count: int, method: str) -> list[str]:
    """The methods to try, cheapest first (operations, rates of matrix products taken as equal)."""
    if method != "auto":
        return [method]
    step, size, q = moments.step_cost, moments.dim * (moments.dim + 1) // 2, len(moments.shift)
    bits = max(1, last).bit_length()

    def powers(rows: int) -> float:
        return 2.0 * bits * rows**3 + 2e6

    costs = {"recursion": last * (2 * q - 1) * step}
    if moments.scale is None or _multiplies(moments):
        if size <= COMPLETE_LIMIT:
            costs["squaring"] = size * (step - 1e6) + powers(size + q * moments.dim) + 2e6
        costs["lanczos"] = 50 * (step + 200 * size) + powers(50 + q * moments.dim) + 4e6
    return sorted(costs, key=lambda name: costs[name])


def _multiplies(moments: Moments) -> bool:
    """Whether the compressor's second moment is an entrywise product (rand-k and Bernoulli are), tried on one
    matrix."""
    assert moments.rule.compressor is not None and moments.scale is not None
    probe = np.arange(1.0, moments.dim + 1)
    M = np.outer(probe, probe)
    image = moments.rule.compressor.second_moment(M)
    return bool(np.allclose(image, moments.scale * M, rtol=1e-12, atol=0.0)) and float(moments.scale.min()) >= 0.0


def _recursed(moments: Moments, m: Array, M: Array, times: np.ndarray) -> Array:
    wanted = np.unique(times)
    found, now = {}, 0
    for time in wanted:
        while now < time:
            m, M = moments.step(m, M)
            now += 1
        found[int(time)] = moments.read(m, M)
    return np.array([found[int(time)] for time in times]).reshape(len(times), 2, -1)


def _powered(
    moments: Moments, start: Array, best: Array, times: np.ndarray, name: str, which: list[int]
) -> Array | None:
    """By powers of the whole map or of its projection; None where that one cannot serve."""
    size, last = moments.dim * (moments.dim + 1) // 2, int(times.max(initial=0))
    if name == "squaring" and size > COMPLETE_LIMIT:
        return None
    space = complete_basis(moments, which) if name == "squaring" else krylov_basis(moments, last, which)
    if space is None:
        return None
    m, M = moments.start(start, best)
    late = int(moments.scale is not None)  # after one step M vanishes where the compressor's factor does
    state = moments.step(m, M) if late else (m, M)
    found = curve(moments, space, *state, np.maximum(times - late, 0))
    found[times == 0] = moments.read(m, M)[which]
    return found
