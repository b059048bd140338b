"""One step of SGD with distillation on a finite sum of n functions, as PEPit's semidefinite program for those n functions.

Points: e, the n gradients at x, n - 1 gradients at x* (they sum to 0), the n teacher gradients lam grad f_i(theta).  Constraints: A1, A1', A3,
|lam h| <= bias, E|S - lam H'|^2 <= noise^2.  Objective: E|x+ - x*|^2 - (1 - gamma mu)|e|^2.  The assumptions are the paper's, on sums,
so they are added as constraints; PEPit's own classes (every f_i smooth and convex) would make another, narrower statement.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PEPit import PEP, Expression, Point


def prepare(n: int, *, step_size: float, mu: float, L: float, Lcal: float, bias: float, noise: float) -> Callable[[], float]:
    """Builds and solves, like a user who asks once; ``L`` does not matter to this statement."""
    def mean(terms: list[Any]) -> Any:
        return sum(terms[1:], terms[0]) / n

    def run() -> float:
        problem = PEP()
        e, gap = Point(), Expression()
        g, h = [Point() for _ in range(n)], [Point() for _ in range(n)]
        s = [Point() for _ in range(n - 1)]
        s.append(-sum(s[1:], s[0]))
        if bias == 0:       # by elimination: |lam h|^2 <= 0 leaves no interior, and the solver then misses the value by half a per cent
            h[-1] = -sum(h[1:-1], h[0])
        k = mean(h)
        problem.add_constraint(e * mean(g) >= gap + mu / 2 * e**2)
        problem.add_constraint(gap >= mu / 2 * e**2)
        problem.add_constraint(mean([(a - b) ** 2 for a, b in zip(g, s, strict=True)]) <= 2 * Lcal * gap)
        if bias > 0:
            problem.add_constraint(k**2 <= bias**2)
        problem.add_constraint(mean([(b - (c - k)) ** 2 for b, c in zip(s, h, strict=True)]) <= noise**2)
        after = mean([(e - step_size * (a - c)) ** 2 for a, c in zip(g, h, strict=True)])
        problem.set_performance_metric(after - (1 - step_size * mu) * e**2)
        return float(problem.solve(wrapper="cvxpy", verbose=0))

    return run
