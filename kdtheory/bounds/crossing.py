"""Where a function changes its sign.  SciPy's ``brentq`` finds the same number, and to import it
costs half a second: a third of what a command takes to start.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

EXACT = 4.0 * float(np.finfo(float).eps)  # relative; an evaluation rounds more than that
MOST = 2000  # 1075 halvings lead from any float to any other


def crossing(f: Callable[[float], float], low: float, high: float) -> float:
    """A point where ``f`` goes through 0 between two points where its signs differ, good to
    rounding (Chandrupatla, Adv. Eng. Software 28, 1997: inverse quadratic steps where they are
    safe, else halves).
    """
    new, other = high, low
    f_new, f_other = f(new), f(other)
    share = 0.5
    for _ in range(MOST):
        if f_new == 0.0 or f_other == 0.0:
            break
        point = new + share * (other - new)
        value = f(point)
        old, f_old = new, f_new
        if (value > 0.0) != (f_new > 0.0):
            old, f_old, other, f_other = other, f_other, new, f_new
        new, f_new = point, value
        least = EXACT * abs(new) / abs(other - new) if other != new else 1.0
        if least > 0.5:
            break
        place, height = (new - other) / (old - other), (f_new - f_other) / (f_old - f_other)
        share = 0.5
        if height**2 < place and (1.0 - height) ** 2 < 1.0 - place:
            share = f_new / (f_other - f_new) * f_old / (f_other - f_old)
            share += (
                (old - new) / (other - new) * f_new / (f_old - f_new) * f_other / (f_old - f_other)
            )
        share = min(1.0 - least, max(least, share))
    return new if abs(f_new) < abs(f_other) else other
