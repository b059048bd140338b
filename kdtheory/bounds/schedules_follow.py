"""The law applied again and again, without a loop over the steps.

s_{t+1} = F(s_t) is solved for a whole block of steps at once by Newton's method on x_t = log s_t:
the residual r_t = F(x_t) - x_{t+1} is corrected by the linear recurrence d_{t+1} = F'(x_t) d_t +
r_t, which cumulative products and sums solve.  Blocks grow with t, as the curve flattens, and start
from an extrapolation of the last one.
"""

from __future__ import annotations

import numpy as np

from kdtheory.bounds.schedules_law import BestStep, StepLaw
from kdtheory.bounds.schedules_trade import Trade
from kdtheory.problems.base import Array

# Steps a block: arrays of this length stay in the processor's cache.
LONGEST = 16384
SHARE = 8  # a block is at most this part of the steps made before it
# A correction of this size leaves its square, which is rounding.
SMALL = 1e-8
TRIES = 60


def follow(law: StepLaw, trade: Trade, start: float, steps: int, *, down_to: float = 0.0) -> Array:
    """s_0 = ``start``, s_1, ..., at most ``steps`` of them; no more than needed to reach
    ``down_to``.
    """
    if start == 0.0:
        return np.zeros(steps + 1)
    x = np.empty(steps + 1)  # log(s_t/s_0)
    x[0] = 0.0
    end = np.log(down_to / start) if down_to > 0.0 else -np.inf
    first = float(law.signal(np.array([start]))[0])
    t = 0
    while t < steps and x[t] > end:
        block = min(steps - t, max(1, t // SHARE), LONGEST)
        made = _block(law, trade, first, x, t, block)
        if x[t + made] in (x[t], -np.inf):  # no step helps any more, or none is needed
            x[t + 1 :] = x[t + made]
            t = steps
        else:
            t += made
    return start * np.exp(x[: t + 1])


def _step(law: StepLaw, trade: Trade, first: float, x: Array, *, exact: bool) -> BestStep:
    u = first * np.exp(0.5 * x)
    return law.step(u, *trade.at(u, exact=exact))


def _block(law: StepLaw, trade: Trade, first: float, x: Array, t: int, length: int) -> int:
    """Fill x[t+1 : t+1+length], or one entry where that is safer; how many were filled."""
    if length > 1:
        y = _guess(x, t, length)
        exact = False
        for _ in range(TRIES):
            step = _step(law, trade, first, y[:-1], exact=exact)
            shrink = np.cumprod(step.slope)
            if not shrink[-1] > 1e-100:  # quotients by it would leave the range of floats
                break
            correction = shrink * np.cumsum((y[:-1] + step.log_gain - y[1:]) / shrink)
            y[1:] += correction
            size = float(np.abs(correction).max())
            if exact and size <= SMALL:
                x[t + 1 : t + 1 + length] = y[1:]
                return length
            if not np.isfinite(size):
                break
            exact = size <= 1e-3
    x[t + 1] = x[t] + _step(law, trade, first, x[t : t + 1], exact=True).log_gain[0]
    return 1


def _guess(x: Array, t: int, length: int) -> Array:
    """x_t, ..., x_{t+length} on the curve x_t - (d/e) log(1 + e i) through the last steps: a line
    while the error falls geometrically, the logarithm that 1/t needs later.
    """
    back = max(1, t // 16)
    last, before = x[t - back] - x[t], x[t - 2 * back] - x[t - back]
    bend = (before / last - 1.0) / back if last > 0.0 else 0.0
    pace, count = last / back, np.arange(length + 1.0)
    if bend * length < 1e-6:  # the logarithm is its tangent; Newton mends what a guess lacks
        return np.asarray(x[t] - pace * count)
    return np.asarray(x[t] - pace / bend * np.log1p(bend * count))
