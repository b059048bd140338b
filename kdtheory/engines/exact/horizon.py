"""The best weights of every step for a horizon: an exact quadratic programme (theory, Section 8).

With w_0 = S and w_j = - the control variates of the unit weight j, a step is e+ = (I - gamma A) e -
gamma sum_k mu_k w_k, mu = (1, lam).  Let P_T be the reading (I or H/2) and P_t = E (I - gamma A) P
(I - gamma A) at P = P_{t+1}.  Terms of different steps are independent, so that E <P_T, e e^T> at
T is

    <P_0, e e^T at 0> + sum_t gamma_t^2 mu_t.G_t mu_t - 2 sum_t gamma_t mu_t.U_t m_t,

G_t = E w_k P_{t+1} w_l over a batch, U_t the rows E (I - gamma_t A) P_{t+1} w_k, m_t = E e at t,
which is affine in the weights before t.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.engines.exact.law import least_squares
from kdtheory.engines.exact.varying import Varying
from kdtheory.errors import Diverged, InvalidInput, unknown_name
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.experiment import Experiment, experiment
from kdtheory.rules.protocol import Rule
from kdtheory.rules.schedule import Schedule, as_schedule

MOST = 4000  # unknowns: the matrix of the programme has as many rows and columns
QUANTITIES = ("sq_distance", "gap")
# Of the largest eigenvalue: directions below it change nothing that floats can see.
FLAT = 1e-12


@dataclass(frozen=True, eq=False)
class HorizonWeights:
    """The weights of every step with the least true error at the end.

    ``value`` is that error; as a function of all weights (raveled, T m of them) it is ``constant``
    + 2 ``linear`` . w + w . ``matrix`` w.  Where directions change nothing, the shortest solution.
    """

    schedule: Schedule
    value: float
    matrix: Array
    linear: Array
    constant: float

    def at(self, weights: ArrayLike) -> float:
        """The error at the horizon under other weights, (T,) or (T, m)."""
        w = np.ravel(np.asarray(weights, dtype=np.float64))
        return float(self.constant + 2 * self.linear @ w + w @ self.matrix @ w)


def best_weights_for_horizon(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Rule,
    *,
    step_sizes: Sequence[float] | Array,
    x0: ArrayLike,
    quantity: str = "sq_distance",
) -> HorizonWeights:
    """lam_0, ..., lam_{T-1} with the least E|x^T - x*|^2, or E f(x^T) - f*, among all, for given
    step sizes.

    Args:
        problem: least squares, N terms in R^d.
        theta: the teacher, (d,), or (m, d).
        rule: with a weight, which plays no part; no compressor.
        step_sizes: (T,), in units of x^2/f.
        x0: the start, (d,).
        quantity: "sq_distance" or "gap".

    Raises:
        InvalidInput: not least squares, a compressor, a rule without a weight, more than 4000
            weights.
        Diverged: a moment overflows.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {"step_sizes": [0.1] * 3, "x0": [2.0]}
    >>> best = kd.best_weights_for_horizon(problem, [0.5], kd.DistilledSGD(), **words)
    >>> best.value <= best.at([0.0, 0.0, 0.0])
    True
    """
    if quantity not in QUANTITIES:
        raise unknown_name("quantity", quantity, QUANTITIES)
    plan = as_schedule((step_sizes, None))
    made = replace(experiment(problem, theta, rule, schedule=plan, x0=x0), schedule=plan)
    least_squares(made.problem, "The best weights of every step", "Use optimal_weight().")
    if made.compressor is not None:
        raise InvalidInput(
            f"The best weights of every step know no compressor, got {made.compressor!r}. Use"
            " optimal_weight() with x0 and at for one weight."
        )
    count, parts = len(plan), len(made.parts)
    if count * parts > MOST:
        raise InvalidInput(
            f"{count} steps with {parts} weights are {count * parts} unknowns, more than {MOST}."
            " Use fewer steps."
        )
    with np.errstate(over="ignore", invalid="ignore"):
        matrix, linear, constant = _programme(made, plan.step_sizes, quantity)
    if not (np.isfinite(matrix).all() and np.isfinite(linear).all() and np.isfinite(constant)):
        raise Diverged(
            f"A moment overflows within {count} steps of up to {plan.step_sizes.max():.6g}. Use"
            " smaller step sizes."
        )
    found: Array = -np.linalg.lstsq(matrix, linear, rcond=FLAT)[0].astype(np.float64)
    own = made.weight
    weights = found.reshape(count, parts) if np.ndim(own) else found
    value = float(constant + linear @ found)
    return HorizonWeights(
        Schedule(plan.step_sizes, weights), max(value, 0.0), matrix, linear, constant
    )


def _programme(made: Experiment, gammas: Array, quantity: str) -> tuple[Array, Array, float]:
    """(matrix, linear, constant), going back from the horizon."""
    machine = Varying(made, weighted=True)
    f, h = made.factor, machine.curvature
    d, m, T = len(h), len(machine.parts), len(gammas)
    noises, drawn = machine.noises()
    means = np.array([np.zeros(d), *(-machine.means)])
    pairs = np.array([[a.T @ b / len(a) for b in noises] for a in drawn])
    P = np.eye(d) if quantity == "sq_distance" else np.diag(h / 2)
    rows, same = np.empty((T, m + 1, d)), np.empty((T, m + 1, m + 1))
    for t in range(T - 1, -1, -1):
        rates = 1.0 - gammas[t] * h
        seen = np.array([machine.meets(P, noise) for noise in noises])
        rows[t] = (means @ P) * rates - gammas[t] * f * seen
        same[t] = means @ P @ means.T + f * np.einsum("klij,ij->kl", pairs, P)
        moved = rates[:, None] * P * rates
        P = moved + gammas[t] ** 2 * f * machine.plain.fluctuation(P) if f else moved
    mean, M = machine.started(made.start)
    return _summed(gammas, h, rows, same, means[1:], (mean, float((P * M).sum())))


def _summed(
    gammas: Array,
    h: Array,
    rows: Array,
    same: Array,
    means: Array,
    start: tuple[Array, float],
) -> tuple[Array, Array, float]:
    """The sums over t, with m_t = mean + reach w for all weights w."""
    (T, m), (mean, constant) = (len(gammas), len(means)), start
    matrix, linear = np.zeros((T * m, T * m)), np.zeros(T * m)
    reach = np.zeros((len(h), T * m))
    for t, gamma in enumerate(gammas):
        here, G, u = slice(t * m, (t + 1) * m), gamma**2 * same[t], gamma * rows[t]
        constant += G[0, 0] - 2 * float(u[0] @ mean)
        linear[here] += G[0, 1:] - u[1:] @ mean
        linear -= u[0] @ reach
        matrix[here, here] += G[1:, 1:]
        across = u[1:] @ reach
        matrix[here] -= across
        matrix[:, here] -= across.T
        rates = 1.0 - gamma * h
        mean, reach = rates * mean, rates[:, None] * reach
        reach[:, here] = -gamma * means.T
    return matrix, linear, constant
