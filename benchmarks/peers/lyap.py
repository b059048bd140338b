"""One step of SGD with distillation as an AutoLyap inequality V_1 <= c V_0, for every number of
functions at once.

AutoLyap knows neither expectations nor conditions on sums, so the statement lives in the Hilbert
space of random vectors, where fixed vectors are a closed subspace and |G|^2 means E|G|^2.
Component 1 is E f_xi: at x its gradient is G, at x* it is S (with lam H' taken off both, a shift).
Component 2 is the indicator of the subspace of fixed vectors; being minus its normal at x*, S is
orthogonal to e and to the drift lam h. StronglyConvex(mu) between x and x* then reads A1 and A1',
SmoothConvex(Lcal) reads A3 and its mirror image E|G - S|^2 <= 2 Lcal (<e, g> - F), which the worst
case satisfies: the values agree.  With V_0 = |S|^2, c a^2 is the worst case; with a drift V_0 needs
a ratio of two multipliers, found by a search over one number.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from autolyap import IterationDependent, SolverOptions
from autolyap.algorithms import Algorithm
from autolyap.problemclass import (
    InclusionProblem,
    IndicatorFunctionOfClosedConvexSet,
    SmoothConvex,
    StronglyConvex,
)
from scipy.optimize import minimize_scalar

# of the searched ratio; the value is flat there, so this costs less than the solver's tolerance
RATIO = 1e-3


class Step(Algorithm):
    """States x (kept), x+ and, where there is one, the drift lam h (kept); the subspace is asked at
    x, or at x + lam h and x - lam h.
    """

    def __init__(self, gamma: float, *, drift: bool) -> None:
        super().__init__(2 + drift, 2, [1, 1 + drift], [1, 2], [])
        self.gamma, self.drift = gamma, drift

    def get_ABCD(self, k: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """The same at every iteration: states to states, gradients to states, states to points,
        gradients to points.
        """
        n, m = self.n, self.m_bar
        states, gradients, points = np.zeros((n, n)), np.zeros((n, m)), np.zeros((m, n))
        states[:2, 0] = points[:, 0] = 1.0
        gradients[1, 0] = -self.gamma
        if self.drift:
            states[1:, 2] = self.gamma, 1.0
            points[1:, 2] = 1.0, -1.0
        return states, gradients, points, np.zeros((m, m))


def prepare(
    *, step_size: float, mu: float, L: float, Lcal: float, bias: float, noise: float
) -> Callable[[], float]:
    """Builds and solves with the free solver AutoLyap recommends (its default needs a licence);
    ``L`` does not matter to this statement.
    """

    def run() -> float:
        problem = InclusionProblem(
            [[StronglyConvex(mu), SmoothConvex(Lcal)], IndicatorFunctionOfClosedConvexSet()]
        )
        step, solver = (
            Step(step_size, drift=bias > 0),
            SolverOptions(backend="cvxpy", cvxpy_solver="CLARABEL"),
        )
        before, linear = IterationDependent.get_parameters_state_component_distance_to_solution(
            step, 1, ell=1
        )
        after, _ = IterationDependent.get_parameters_state_component_distance_to_solution(
            step, 1, ell=2
        )
        at_best, drift = (np.diag(np.eye(len(after))[k]) for k in (step.n + step.m_bar, 2))

        def value(share: float) -> float:
            start = (1 - share) * at_best / noise**2 + (
                share * drift / bias**2 if bias > 0 else 0.0
            )
            found = IterationDependent.search_lyapunov(
                problem,
                step,
                1,
                start,
                after - (1 - step_size * mu) * before,
                linear,
                linear,
                solver_options=solver,
                verbosity=0,
            )
            return np.inf if found["c_K"] is None else float(found["c_K"])

        if bias == 0:
            return value(0.0)
        return float(
            minimize_scalar(value, bounds=(0, 1), method="bounded", options={"xatol": RATIO}).fun
        )

    return run
