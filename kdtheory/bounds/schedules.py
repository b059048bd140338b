"""The best schedule of step sizes and weights, how many steps it takes, and when to stop distilling
(theory, Section 8).

psi is increasing, so that choosing (gamma_t, lam_t) to make psi(s_t) least is best for every
horizon at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.constants import constants_for, evaluate
from kdtheory.bounds.front import Front
from kdtheory.bounds.letters import state_of
from kdtheory.bounds.schedules_follow import follow
from kdtheory.bounds.schedules_law import StepLaw
from kdtheory.bounds.schedules_trade import Best, FixedWeight, Trade
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import FiniteSum, point, positive_int, refuse_long
from kdtheory.problems.mixtures import Mixture, mixture, weights_for
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.schedule import Schedule
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named

# Ranges are open; the law reaches the end of one only where neither bias nor noise is left.
INSIDE = 1.0 - 1e-12


@dataclass(frozen=True)
class Scheduling:
    """A statement's law on a problem with its teachers: what schedules are made from."""

    statement: Theorem
    law: StepLaw
    taught: Mixture
    trade: Trade
    limit: float

    def start(self, problem: FiniteSum, x0: ArrayLike) -> float:
        """s(x^0) in the statement's units."""
        return state_of(self.statement, problem, point(problem, x0, "x0"))


def is_envelope(statement: Theorem) -> bool:
    """Whether its psi is the envelope of all rates, of which the law is the minimum over gamma."""
    return (
        sym.W in statement.definitions
        and statement.psi is not None
        and sym.omega not in statement.psi.free_symbols
        and statement.is_curve
    )


def setting(
    problem: FiniteSum,
    theta: ArrayLike,
    criterion: str | Theorem,
    weight: ArrayLike | None = None,
    batch_size: int = 1,
) -> Scheduling:
    """The law that ``criterion`` follows.

    Raises:
        InvalidInput: a criterion that is no envelope, shapes that do not fit.
        AssumptionFails: the problem lacks what the statement needs.
    """
    statement = theorem_named(criterion)
    if not is_envelope(statement):
        names = ", ".join(name for name, known in THEOREMS.items() if is_envelope(known))
        raise InvalidInput(
            f"criterion={statement.name!r} has no best schedule in closed form. Use one of {names},"
            " or bound(schedule=...) for a schedule of your own."
        )
    factor = DistilledSGD(batch_size=batch_size).noise_factor(problem.n_terms)
    letters = constants_for(problem, statement, factor)
    pl = statement.modulus == "mu_pl"
    mu = letters["mu"]
    law = StepLaw(mu, letters["L"], float(np.sqrt(max(letters["Lcal"] / mu - 1.0, 0.0))), pl)
    taught = mixture(problem, theta).batched(factor)
    front = Front.of(taught)
    if weight is not None or statement.unbiased or not (front.p > 0.0).any():
        lams = taught.best(-1.0) if weight is None else weights_for(weight, len(taught.covariance))
        bias = 0.0 if statement.unbiased else float(np.sqrt(taught.bias_sq(lams)))
        trade: Trade = FixedWeight(lams, bias, float(np.sqrt(taught.noise_sq(lams))))
    else:
        trade = Best(front, law.q, pl)
    assert statement.step_size_max is not None
    return Scheduling(statement, law, taught, trade, evaluate(statement.step_size_max, letters))


def schedule(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    criterion: str | Theorem,
    x0: ArrayLike,
    steps: int,
    weight: ArrayLike | None = None,
    batch_size: int = 1,
) -> Schedule:
    """The step sizes and weights that make the criterion's bound least, at every horizon up to
    ``steps`` at once, with the bound itself and the signal-to-noise ratio of each step.

    A step size of 0 means that no step helps: the error is at the bias of a fixed ``weight``.

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        criterion: an envelope: "theorem-1-envelope", "theorem-2-envelope", "unbiased-envelope" or
            "unbiased-pl-envelope".
        x0: the start, (dim,).
        steps: T.
        weight: kept for all steps, a number or (m,); None chooses it at each step.
        batch_size: indices a step.

    Raises:
        InvalidInput: another criterion, shapes that do not fit.  AssumptionFails: the problem lacks
            what the statement needs.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> plan = kd.schedule(problem, [0.5], criterion='theorem-1-envelope', x0=[2.0], steps=10)
    >>> bool((plan.bound[1:] <= plan.bound[:-1]).all())
    True
    """
    count = positive_int(steps, "steps")
    refuse_long(count, "schedule()")
    at = setting(problem, theta, criterion, weight, batch_size)
    s = follow(at.law, at.trade, at.start(problem, x0), count)
    gammas, ratios = np.zeros(count), np.zeros(count)
    lams = np.zeros((count, len(at.taught.covariance)))
    for begin in range(0, count, 16384):
        part = slice(begin, min(begin + 16384, count))
        u = at.law.signal(s[part])
        some = u > 0.0
        k, a = at.trade.at(u, exact=True)
        lams[part] = at.trade.weights(u)
        ratios[part] = at.law.snr(u, k, a)
        gammas[part][some] = at.law.step(u[some], k[some], a[some]).step_size
    np.minimum(gammas, at.limit * INSIDE, out=gammas)
    return Schedule(gammas, lams if np.ndim(theta) == 2 else lams[:, 0], s, ratios)
