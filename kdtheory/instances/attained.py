"""One step at which each statement of kind "tight" is an equality, in exact arithmetic, and what
attains it.

``equality`` works with any exact numbers: ``Fraction``, or SymPy's algebraic numbers where c =
sqrt(mu (Lcal - mu)) is irrational. Where noise dominates (always, for unbiased statements) a finite
sum attains the bound; where bias dominates, the gradients at the three points x, x*, theta do (a
Gram matrix), and no function is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from kdtheory.algebra import envelope
from kdtheory.errors import unknown_name
from kdtheory.instances import gram as matching_gram
from kdtheory.instances import matching
from kdtheory.statements.theorems import THEOREMS

FINITE_SUM, GRAM_MATRIX = "finite sum", "Gram matrix"
TIGHT = tuple(name for name, theorem in THEOREMS.items() if theorem.kind == "tight")


@dataclass(frozen=True)
class Equality:
    """``step`` = E|x+ - x*|^2 at the worst point, ``bound`` = what the statement allows there;
    ``by``: what attains it.
    """

    step: Any
    bound: Any
    by: str


def equality(
    theorem: str, *, mu: Any, c: Any, gamma: Any, bias: Any, noise: Any, share: Any
) -> Equality:
    """The worst point of a noise-dominated step; ``share`` in [0, 1) places the rate between gamma
    mu and A.

    Sharp statements: the bound at the rate gamma mu + share (A - gamma mu), of which share = 0 is
    the statement's own.  Envelopes: psi(|x|^2) at the same point, which that rate attains.  Needs
    a(1 - gamma mu) >= gamma k c; unbiased statements ignore ``bias`` in the bound.

    Raises:
        InvalidInput: an unknown theorem, or one that is not tight.
    """
    if theorem not in TIGHT:
        raise unknown_name("tight theorem", theorem, TIGHT)
    unbiased = THEOREMS[theorem].unbiased
    k = 0 * bias if unbiased else bias
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=mu + c**2 / mu, c=c, k=k, a=noise)
    rate = gamma * mu + share * (triple.A - gamma * mu)
    case = matching.noise_dominated(mu=mu, c=c, gamma=gamma, bias=bias, noise=noise, rate=rate)
    root = gamma * (k * (1 - gamma * mu) + gamma * noise * c)  # sqrt(W)
    x = root / (triple.A - rate)
    step, _ = case.problem.exact_step(x, case.theta, case.weight, gamma, unbiased=unbiased)
    if THEOREMS[theorem].is_curve:
        return Equality(step, (1 - triple.A) * x**2 + 2 * root * x + triple.U, FINITE_SUM)
    return Equality(step, (1 - rate) * x**2 + triple.constant(rate), FINITE_SUM)


def equality_where_bias_dominates(theorem: str, **numbers: Any) -> Equality:
    """The same in the other regime; ``numbers`` are those of ``matching_gram.bias_dominated``.

    Raises:
        InvalidInput: a theorem that is not tight or has no bias; numbers out of range.
    """
    if theorem not in TIGHT[:2]:
        raise unknown_name("tight theorem with a bias", theorem, TIGHT[:2])
    point = matching_gram.bias_dominated(**numbers)
    triple = envelope.bias_dominated(
        gamma=point.gamma, mu=point.mu, Lcal=point.Lcal, k=point.bias, a=point.noise
    )
    size = matching_gram.dot(point.e, point.e)  # 1
    line = (1 - point.rate) * size + triple.constant(point.rate)
    return Equality(point.step(), line, GRAM_MATRIX)
