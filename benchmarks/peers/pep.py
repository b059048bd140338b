"""One step of SGD with distillation as PEPit's semidefinite program, in two forms.

``prepare(n, ...)``, as one writes it first.  Points: e, the n gradients at x, n - 1 gradients at x*
(they sum to 0), the n teacher gradients lam grad f_i(theta).  Constraints: A1, A1', A3, |lam h| <=
bias, E|S - lam H'|^2 <= noise^2.  Objective: E|x+ - x*|^2 - (1 - gamma mu)|e|^2. The assumptions
are the paper's, on sums, so they are added as constraints.

``prepare_every(...)``, as small as it gets.  Points are random vectors and |.|^2 is E|.|^2: e, G -
S, Z = S - lam H' and lam h, where the centred Z is orthogonal to the fixed e and lam h.  One
program of four points for all n.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PEPit import PEP, Expression, Point


def prepare(
    n: int, *, step_size: float, mu: float, L: float, Lcal: float, bias: float, noise: float
) -> Callable[[], float]:
    """Builds and solves, like a user who asks once, with PEPit's own choice of solver; ``L`` does
    not matter to this statement.
    """

    def mean(terms: list[Any]) -> Any:
        return sum(terms[1:], terms[0]) / n

    def run() -> float:
        problem = PEP()
        e, gap = Point(), Expression()
        g, h = [Point() for _ in range(n)], [Point() for _ in range(n)]
        s = [Point() for _ in range(n - 1)]
        s.append(-sum(s[1:], s[0]))
        # By elimination: |lam h|^2 <= 0 leaves no interior, and the solver then misses the value by
        # half a per cent.
        if bias == 0:
            h[-1] = -sum(h[1:-1], h[0])
        k = mean(h)
        problem.add_constraint(e * mean(g) >= gap + mu / 2 * e**2)
        problem.add_constraint(gap >= mu / 2 * e**2)
        problem.add_constraint(
            mean([(a - b) ** 2 for a, b in zip(g, s, strict=True)]) <= 2 * Lcal * gap
        )
        if bias > 0:
            problem.add_constraint(k**2 <= bias**2)
        problem.add_constraint(
            mean([(b - (c - k)) ** 2 for b, c in zip(s, h, strict=True)]) <= noise**2
        )
        after = mean([(e - step_size * (a - c)) ** 2 for a, c in zip(g, h, strict=True)])
        problem.set_performance_metric(after - (1 - step_size * mu) * e**2)
        return float(problem.solve(wrapper="cvxpy", verbose=0))

    return run


def prepare_every(
    *, step_size: float, mu: float, L: float, Lcal: float, bias: float, noise: float
) -> Callable[[], float]:
    """The same for all n, by Clarabel: no slower here than PEPit's own choice (SCS) and closer to
    the value.
    """

    def run() -> float:
        problem = PEP()
        e, moved, z, gap = Point(), Point(), Point(), Expression()  # moved is G - S
        problem.add_constraint(e * moved >= gap + mu / 2 * e**2)
        problem.add_constraint(gap >= mu / 2 * e**2)
        problem.add_constraint(moved**2 <= 2 * Lcal * gap)
        problem.add_constraint(z**2 <= noise**2)
        problem.add_constraint(z * e == 0)
        after = e - step_size * (moved + z)
        if bias > 0:
            drift = Point()
            problem.add_constraint(drift**2 <= bias**2)
            problem.add_constraint(z * drift == 0)
            after += step_size * drift
        problem.set_performance_metric(after**2 - (1 - step_size * mu) * e**2)
        return float(problem.solve(wrapper="cvxpy", solver="CLARABEL", verbose=0))

    return run
