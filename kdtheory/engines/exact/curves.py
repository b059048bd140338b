"""E|x^t - x*|^2 and E f(x^t) - f* over time: by recursion, or by powers of a projection."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact import renewed
from kdtheory.engines.exact.law import Law, law_of, least_squares
from kdtheory.engines.exact.methods import METHODS, Ways
from kdtheory.engines.exact.results import Curve, WeightCurves
from kdtheory.engines.exact.scheduled import varied
from kdtheory.engines.exact.stability import way_out
from kdtheory.errors import Diverged, InvalidInput, unknown_name
from kdtheory.problems.base import Array, FiniteSum, positive_int
from kdtheory.rules.experiment import Experiment, Planned, experiment
from kdtheory.rules.protocol import Rule
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.rules.schedule import horizon

QUANTITIES = ("sq_distance", "gap")


def expected(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Rule | RenewedTeacher,
    *,
    step_size: float | None = None,
    x0: ArrayLike,
    steps: int | None = None,
    at: ArrayLike | None = None,
    schedule: Planned | None = None,
    method: str = "auto",
    quantities: Sequence[str] = QUANTITIES,
) -> Curve:
    """E|x^t - x*|^2 and E f(x^t) - f* without Monte Carlo, at t = 0..steps or at the times ``at``;
    least squares.

    Any horizon: by recursion, or by powers of the second-moment map's projection on a Krylov space
    ("lanczos", which bounds its own error by 1e-11 of |x0 - x*|^2, for the gap of L |x0 - x*|^2,
    and of their growth where unstable); "auto" takes what applies the map less often.  Powers of
    eigenvalues near 1 are known to t eps: 1e-10 at t = 10^6.  A schedule, and a renewed teacher,
    are followed step by step.

    Args:
        problem: least squares, N terms in R^d.
        theta: the teacher, (d,), or (m, d) for m of them.
        rule: the update: any rule, or a renewed teacher.
        step_size: gamma, in units of x^2/f.
        x0: the start, (d,).
        steps: horizon; may be left out with a schedule.
        at: whole times between 0 and ``steps``, (T,); None for all.
        schedule: step sizes and weights of every step, in place of ``step_size`` and of the rule's
            weight.
        method: one of ``METHODS``; schedules know the recursion alone.
        quantities: what is wanted; the other array is empty, and one costs about half of both.

    Raises:
        InvalidInput: not least squares, wrong shapes or times, a schedule of another length, or a
            method that cannot serve.
        Diverged: the moments left the range of floats; the message has the largest stable step
            size.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> rule = kd.DistilledSGD(0.5)
    >>> kd.expected(problem, [0.5], rule, step_size=0.1, x0=[1.0], steps=3).sq_distance.shape
    (4,)
    """
    count = horizon(schedule, steps)
    made = experiment(
        problem, theta, rule, step_size=step_size, schedule=schedule, x0=x0, renewable=True
    )
    return moments(made, _times(at, count), method=method, quantities=quantities)


def moments(
    made: Experiment,
    times: np.ndarray,
    *,
    method: str = "auto",
    quantities: Sequence[str] = QUANTITIES,
) -> Curve:
    """:func:`expected` of an experiment at whole ``times``."""
    which = _wanted(method, quantities)
    stepwise = made.schedule is not None or made.renewal is not None
    if stepwise and method not in ("auto", "recursion"):
        raise InvalidInput(
            f"method={method!r} needs one step size and a teacher that stays. Use method='auto'."
        )
    if not stepwise:
        found = _run(law_of(made), method, times, which)
    else:
        least_squares(made.problem, "Exact moments", "Use one_step() or simulate().")
        with np.errstate(over="ignore", invalid="ignore"):
            found = (varied if made.renewal is None else renewed.followed)(made, times)[:, which]
        _refuse_overflow(found, times, _last_words(made))
    square, gap = _apart(found, which)
    return Curve(times, square[:, 0], gap[:, 0])


def expected_in_weight(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Rule,
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
        rule: the update; one with a single weight.
        step_size: gamma, in units of x^2/f.
        x0: the start, (dim,).
        steps: horizon.
        at: times wanted, whole numbers (T,); None for 0..steps.
        method: as for :func:`expected`.
        quantities: "sq_distance", "gap", or both.

    Raises:
        InvalidInput, Diverged: as :func:`expected`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {'step_size': 0.1, 'x0': [1.0], 'steps': 3}
    >>> found = kd.expected_in_weight(problem, [0.5], kd.DistilledSGD(), **words)
    >>> type(found).__name__
    'WeightCurves'
    """
    made = experiment(problem, theta, rule, step_size=step_size, x0=x0)
    which, times = _wanted(method, quantities), _times(at, horizon(None, steps))
    found = _run(law_of(made, in_weight=True), method, times, which)
    return WeightCurves(times, *_apart(found, which))


def _wanted(method: str, quantities: Sequence[str]) -> list[int]:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    for quantity in quantities:
        if quantity not in QUANTITIES:
            raise unknown_name("quantity", quantity, QUANTITIES)
    return [index for index, name in enumerate(QUANTITIES) if name in quantities]


def _run(law: Law, method: str, times: np.ndarray, which: list[int]) -> Array:
    """The readings ``which``, (T, readings, 2q+1)."""
    ways, found = Ways(law), None
    with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below, by name
        for name in ways.order(times, which) if method == "auto" else [method]:
            found = ways.run(name, times, which)
            if found is not None:
                break
    if found is None:
        raise InvalidInput(
            f"method={method!r} cannot serve here (d = {law.dim}, {int(times.max(initial=0))}"
            " steps): 'lanczos' needs memory for its basis, and no compressor or one that"
            " multiplies entrywise. Use method='auto'."
        )
    _refuse_overflow(found, times, f"step_size = {law.gamma:.6g}. ", law)
    return found


def _refuse_overflow(found: Array, times: np.ndarray, setting: str, law: Law | None = None) -> None:
    with np.errstate(over="ignore", invalid="ignore"):
        if np.isfinite(found.sum()):
            return
    finite = np.isfinite(found).all(axis=(1, 2))
    raise Diverged(
        f"The second moment overflows by t = {times[~finite].min()} at {setting}"
        + ("Use smaller step sizes." if law is None else way_out(law))
    )


def _last_words(made: Experiment) -> str:
    if made.schedule is None:
        return f"step_size = {made.gamma:.6g}. "
    return f"step sizes up to {made.schedule.step_sizes.max():.6g}. "


def _apart(found: Array, which: list[int]) -> tuple[Array, Array]:
    """The two quantities, each (T, 2q+1); one that was not asked for is empty."""
    kept = dict(zip(which, found.transpose(1, 0, 2), strict=True))
    empty = np.empty((0, found.shape[2]))
    return kept.get(0, empty), kept.get(1, empty)


def _times(at: ArrayLike | None, count: int) -> np.ndarray:
    positive_int(count, "steps", minimum=0)
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if at is not None and (
        times.ndim != 1
        or times.dtype.kind not in "iu"
        or (times < 0).any()
        or (times > count).any()
    ):
        raise InvalidInput(f"at must be whole times between 0 and steps = {count}, got {at!r}.")
    return times
