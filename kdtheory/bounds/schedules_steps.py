"""How many steps the best schedule takes, and the error below which it drops a biased teacher
(theory, Section 8).

Without bias the number t of steps from s_0 to s lies between T(q^2) and T(q^2 + 1) + 1,

    T(m) = [m log(s_0/s) + 4 q a (1/u - 1/u_0) + a^2 (1/u^2 - 1/u_0^2)] / eta,

eta = 1 (strongly convex) or mu/L (PL): one proof serves both.  Its three parts are three phases:
conditioning, interaction, noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds.schedules import Scheduling, setting
from kdtheory.bounds.schedules_follow import follow
from kdtheory.bounds.schedules_trade import Best, FixedWeight
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import FiniteSum, moderate_float
from kdtheory.statements.theorems import Theorem

# Steps that are counted one by one; an array of them is what a schedule() of that length takes.
COUNTED = 10**8


@dataclass(frozen=True, eq=False)
class StepsNeeded:
    """Steps of the best schedule from ``start`` to ``target``, both in the criterion's units.

    ``low`` <= ``steps`` <= ``high``, in closed form, and ``phases``, the three parts of ``low``:
    conditioning, interaction, noise.  With bias they bracket what the best weights can do: low from
    the least noise that any weight reaches, had it no bias, down to the error at which a biased
    teacher is dropped, and from plain SGD below; high from plain SGD throughout, inf for a biased
    weight that is kept.  ``steps`` counts by the law itself, when it is first asked
    for; ``InvalidInput`` above 10^8.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {'criterion': 'unbiased-envelope', 'x0': [2.0], 'target': 0.01}
    >>> found = kd.steps_needed(problem, [0.5], **words)
    >>> found.low <= found.steps <= found.high
    True
    """

    start: float
    target: float
    low: float
    high: float
    phases: tuple[float, float, float]
    setting: Scheduling = field(repr=False)

    @cached_property
    def steps(self) -> int:
        """The first t with s_t <= target."""
        if self.low > COUNTED:
            raise InvalidInput(
                f"More than {self.low:.4g} steps are needed to reach {self.target:.6g}; counting"
                f" them one by one ends at {COUNTED:.0e}. Use .low and .high, or a larger target."
            )
        at, most = self.setting, min(self.high, 4.0 * COUNTED)
        length = max(1024, int(1.1 * self.low) + 16)
        while True:
            s = follow(at.law, at.trade, self.start, length, down_to=self.target)
            if s[-1] <= self.target:
                return int(np.argmax(s <= self.target))
            if length >= most:
                raise InvalidInput(
                    f"The target {self.target:.6g} is not reached within {length} steps (error"
                    f" {s[-1]:.6g}). Use a larger target, or weight=None."
                )
            length *= 4


def steps_needed(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    criterion: str | Theorem,
    x0: ArrayLike,
    target: float,
    weight: ArrayLike | None = None,
    batch_size: int = 1,
) -> StepsNeeded:
    """How many steps :func:`schedule` takes to bring the criterion's bound from x0 down to
    ``target``.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        criterion: an envelope, as for :func:`schedule`.
        x0: the start, (dim,).
        target: the error wanted, > 0, in units of x^2 (of f for PL).
        weight: kept for all steps, a number or (m,); None chooses it at each step.
        batch_size: indices a step; they make ``batch_size`` samples each.

    Raises:
        InvalidInput: a target that the bias of a fixed weight keeps out of reach, or as
            :func:`schedule`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {'criterion': 'unbiased-envelope', 'x0': [2.0], 'target': 0.01}
    >>> few = kd.steps_needed(problem, problem.minimiser, **words).steps
    >>> many = kd.steps_needed(problem, problem.minimiser, weight=0.0, **words).steps
    >>> few < many
    True
    """
    at = setting(problem, theta, criterion, weight, batch_size)
    wanted, start = moderate_float(target, "target"), at.start(problem, x0)
    if wanted >= start:
        return StepsNeeded(start, wanted, 0.0, 0.0, (0.0, 0.0, 0.0), at)
    law, trade = at.law, at.trade
    if isinstance(trade, FixedWeight):
        most = trade.noise if trade.bias == 0.0 else math.inf
        phases = _phases(at, trade.noise, start, wanted)
        stuck = float(law.error(np.array([trade.bias]))[0])
        if wanted <= stuck:
            raise InvalidInput(
                f"{at.statement.title} stays above {stuck:.6g} with this weight, whatever the step"
                f" sizes: the teacher's bias is k = {trade.bias:.6g}. Got target = {wanted:.6g}."
                " Use a larger one, weight=None, or an unbiased criterion."
            )
    else:
        assert isinstance(trade, Best)
        most = math.sqrt(at.taught.sigma_sq)
        phases = _phases_of_best(at, trade, most, start, wanted)
    high = math.inf
    if math.isfinite(most):
        again, *rest = _phases(at, most, start, wanted)
        high = again + sum(rest) + math.log(start / wanted) / law.eta + 1.0
    return StepsNeeded(start, wanted, sum(phases), high, phases, at)


def _phases_of_best(
    at: Scheduling, trade: Best, plain: float, start: float, target: float
) -> tuple[float, float, float]:
    """Of the best weights: T with the least noise down to the signal at which they vanish, and with
    the ``plain`` noise from there; or T with the least noise throughout, whichever is more.

    One step crosses that signal u.  It starts at u or above, so that 1/s grows by at most mu^2/(q u
    + least)^2 (PL alike), which is worth ((q u + plain)/(q u + least))^2 steps of plain SGD: those
    may be missing behind it.  Our own derivation.
    """
    least, stop = math.sqrt(trade.front.least_noise_sq), float(trade.stop)
    dropped = float(at.law.error(np.array([stop]))[0]) if math.isfinite(stop) else math.inf
    if dropped >= start:
        return _phases(at, plain, start, target)
    throughout = _phases(at, least, start, target)
    if dropped <= target:
        return throughout
    before = _phases(at, least, start, dropped)
    after = _phases(at, plain, dropped, target)
    both = sum(before) + sum(after)
    kept = 1.0 - ((at.law.q * stop + plain) / (at.law.q * stop + least)) ** 2 / both
    if not kept * both > sum(throughout):  # NaN where neither noise nor q is left
        return throughout
    first, second, third = (kept * (x + y) for x, y in zip(before, after, strict=True))
    return first, second, third


def _phases(
    at: Scheduling, noise: float, start: float, target: float
) -> tuple[float, float, float]:
    """The three parts of T(q^2)."""
    law = at.law
    first, last = (float(u) for u in law.signal(np.array([start, target])))
    return (
        law.q**2 * math.log(start / target) / law.eta,
        4.0 * law.q * noise * (1.0 / last - 1.0 / first) / law.eta,
        noise**2 * (1.0 / last**2 - 1.0 / first**2) / law.eta,
    )


def stop_distilling(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    criterion: str | Theorem = "theorem-1-envelope",
    batch_size: int = 1,
) -> float:
    """The error s below which the best weight is 0, in the criterion's units; inf: never distil.

    For one teacher u_stop = |h| sigma_*^2/(|E<S,H>| - |h| sigma_* q).  0 where the weight is never
    0: an unbiased criterion, or teachers whose biases can be made to cancel.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        criterion: an envelope, as for :func:`schedule`.
        batch_size: indices a step.

    Raises:
        InvalidInput, AssumptionFails: as :func:`schedule`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> kd.stop_distilling(problem, problem.minimiser) < 1e-12
    True
    """
    at = setting(problem, theta, criterion, None, batch_size)
    if isinstance(at.trade, FixedWeight):
        return 0.0 if at.trade.weight.any() else math.inf
    assert isinstance(at.trade, Best)
    return float(at.law.error(np.array([at.trade.stop]))[0])
