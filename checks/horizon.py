"""The horizon theorem without strong convexity: exact moments of rank-deficient least squares stay
below it, and one flat valley comes within a factor; and the theorem misremembered.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.values import bound, step_size_limit
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.engines.exact import expected
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements import THEOREMS, Theorem

STEPS = 300


def flat(seed: int, *, rank: int = 1, n: int = 6, d: int = 3) -> LeastSquares:
    """Rank-deficient least squares without ridge: mu = 0."""
    rng = np.random.default_rng(seed)
    features = rng.standard_normal((n, rank)) @ rng.standard_normal((rank, d))
    return LeastSquares(features, rng.standard_normal(n))


def averages(gaps: Array) -> Array:
    """(1/t) sum_{i<t} of the gaps for t = 1, 2, ..."""
    return np.cumsum(gaps[:-1]) / np.arange(1, len(gaps))


def largest_ratio(theorem: Theorem, seed: int) -> float:
    """Of the exact mean gap to the claim, over t <= 300, at drawn weight, step size and teacher."""
    rng = np.random.default_rng([seed, 9])
    problem = flat(seed, rank=1 + seed % 2)
    theta, x0 = (
        problem.minimiser + 10 ** rng.uniform(-1.5, 1) * rng.standard_normal(3) for _ in range(2)
    )
    lam = rng.uniform(-1, 2)
    gamma = rng.uniform(0.02, 0.98) * step_size_limit(problem, theorem)
    run = {"step_size": gamma, "x0": x0, "steps": STEPS}
    truth = expected(problem, theta, DistilledSGD(lam), **run).gap
    claim = bound(problem, theta, theorem=theorem, weight=lam, **run)
    if not claim[1:].min() > 0:  # no bound on a mean of gaps
        return float("inf")
    return float((averages(truth) / claim[1:]).max())


def stays_below(theorem: Theorem) -> str:
    """Exact moments of 40 problems without strong convexity."""
    ratio = max(largest_ratio(theorem, seed) for seed in range(40))
    return "" if ratio <= 1.0 else f"the mean gap is {ratio:.4g} times the bound"


def _without(name: str, what: str, *letters: sp.Symbol) -> Mutant:
    """Letters set to 0 wherever the statement uses them."""
    gone = dict.fromkeys(letters, sp.Integer(0))
    theorem = THEOREMS[name]
    definitions = {key: value.subs(gone) for key, value in theorem.definitions.items()}
    rhs = theorem.rhs.subs(gone)
    return changing.statement(name, what, what, stays_below, rhs=rhs, definitions=definitions)


NOISE = (sym.sigma_star_sq, sym.teacher_variance, sym.covariance)
MUTANTS: tuple[Mutant, ...] = (
    *(
        mutant
        for name in ("horizon", "horizon-envelope")
        for mutant in (
            _without(name, "noise dropped", *NOISE),
            _without(name, "bias dropped", sym.bias_sq),
            _without(name, "start forgotten", sym.s0),
            changing.statement(
                name, "range doubled", "gamma < 1/Lcal", stays_below, step_size_max=1 / sym.Lcal
            ),
        )
    ),
    changing.defined("horizon", "no horizon", "kappa = 0", stays_below, {sym.kappa: sp.Integer(0)}),
)
TRUE: tuple[Mutant, ...] = ()
