"""The number behind every letter of one step: what joins the algebra of the proofs to gradients
(problem, x, theta).
"""

from __future__ import annotations

import math

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.bounds.letters import evaluate
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, real_float
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import Compressor

Numbers = dict[sp.Symbol, float]


def gram_letters(
    problem: FiniteSum,
    x: ArrayLike,
    theta: ArrayLike,
    *,
    step_size: float,
    weight: float,
    modulus: str = "mu",
    unbiased: bool = False,
    compressor: Compressor | None = None,
) -> Numbers:
    """Every letter that an assumption's slack may contain, at x (dim,) with the teacher theta
    (dim,), one index.

    ``modulus`` ("mu" or "mu_pl") says which constant the letter mu stands for, as in
    ``Theorem.modulus``. ``unbiased`` selects the step behind F_plus and out_sq, E f(x+) - f* and
    E|C(x+) - x*|^2; both are means over the N terms, not Monte Carlo. Source: the shorthand of the
    paper's Section 4, our own bookkeeping.

    Raises:
        InvalidInput: shapes or numbers that are not finite, or an unknown ``modulus``.
    """
    x, theta = point(problem, x, "x"), point(problem, theta, "theta")
    gamma, lam = positive_float(step_size, "step_size"), real_float(weight, "weight")
    if modulus not in ("mu", "mu_pl"):
        raise InvalidInput(f"modulus must be 'mu' or 'mu_pl', got {modulus!r}.")
    best, constants = np.asarray(problem.minimiser), problem.constants
    student, teacher, noise = (
        problem.gradients(x),
        problem.gradients(theta),
        problem.gradients(best),
    )
    g, h = student.mean(axis=0), teacher.mean(axis=0)
    fixed = {"e": x - best, "g": g, "h": h, "xstar": best}
    centred = {"Gc": student - g, "S": noise - noise.mean(axis=0), "Hc": teacher - h}
    numbers: Numbers = {}
    for (u, v), letter in sym.GRAM.items():
        # Blocks: deterministic vectors have a plain product, centred ones a mean over the terms.
        numbers[letter] = (
            float(fixed[u] @ fixed[v])
            if u in fixed
            else float((centred[u] * centred[v]).sum()) / problem.n_terms
        )
    ahead = x - gamma * (student - lam * (centred["Hc"] if unbiased else teacher))
    left = centred["S"] - lam * centred["Hc"]
    numbers |= {
        sym.gamma: gamma,
        sym.lam: lam,
        sym.mu: float(getattr(constants, modulus)),
        sym.L: float(constants.L),
        sym.Lcal: float(constants.Lcal),
        sym.F: gap_at(problem, x),
        sym.F_theta: gap_at(problem, theta),
        sym.F_plus: float(np.mean([gap_at(problem, row) for row in ahead])),
        sym.out_sq: float(np.mean([_squared_distance(row, best, compressor) for row in ahead])),
        sym.omega: compressor.omega(problem.dim) if compressor else 0.0,
        sym.rounding_sq: compressor.absolute_error(problem.dim) if compressor else 0.0,
        sym.k: abs(lam) * float(np.linalg.norm(h)),
        sym.a: math.sqrt(float((left**2).sum()) / problem.n_terms),
    }
    return numbers


def _squared_distance(y: Array, best: Array, compressor: Compressor | None) -> float:
    values, chances = (y[None, :], np.ones(1)) if compressor is None else compressor.outcomes(y)
    return float(chances @ ((values - best) ** 2).sum(axis=1))


def slack_at(assumption: Assumption, letters: Numbers) -> float:
    """The slack's number: >= 0 up to rounding where the assumption holds, 0 for an equality."""
    return evaluate(assumption.slack, {str(letter): value for letter, value in letters.items()})


def slack_size(assumption: Assumption, letters: Numbers) -> float:
    """The sum of the absolute values of the slack's terms: what its rounding error is relative to,
    never negative.
    """
    named = {str(letter): value for letter, value in letters.items()}
    return sum(abs(evaluate(term, named)) for term in sp.Add.make_args(sp.expand(assumption.slack)))
