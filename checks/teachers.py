"""The laws of several teachers and of sampling held against linear systems, exact moments and
searches; and each law misremembered.
"""

from __future__ import annotations

import itertools

import numpy as np
import sympy as sp
from scipy.optimize import minimize_scalar

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.law import ROUNDING, SEARCH, Numbers, nearly, right, right_side
from kdtheory.checks.mutant import Check, Mutant
from kdtheory.engines.exact import stationary
from kdtheory.problems import LeastSquares
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.statements import Theorem, teachers


def renewed_moments(theorem: Theorem) -> str:
    """The stationary E|x - x*|^2 of the exact engine, for one curvature and additive noise."""
    problem = LeastSquares([[1.5], [1.5]], [1.0, -1.0])  # h = 2.25, sigma^2 = 2.25
    for lam, alpha, gamma in itertools.product((-0.5, 0.3, 0.9), (0.01, 0.4, 1.0), (0.01, 0.3)):
        rule = RenewedTeacher(lam, renewal=alpha)
        found = stationary(problem, [0.0], rule, step_size=gamma).sq_distance
        law = right(theorem, {"lam": lam, "alpha_r": alpha, "y_h": gamma * 2.25, "a": gamma * 1.5})
        if not abs(law - found) <= ROUNDING * found:
            return f"rhs = {law:.9g}, stationary E|x-x*|^2 = {found:.9g}, lam = {lam}"
    return ""


def _gram(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A positive definite 2 x 2 matrix, and two numbers."""
    rng = np.random.default_rng(seed)
    root = rng.standard_normal((2, 2))
    return root @ root.T + 0.1 * np.eye(2), rng.standard_normal(2)


def _letters(gram: np.ndarray, best: np.ndarray) -> Numbers:
    names = (sym.gram_11, sym.gram_12, sym.gram_22, sym.best_1, sym.best_2)
    values = (gram[0, 0], gram[0, 1], gram[1, 1], *best)
    return {letter.name: float(x) for letter, x in zip(names, values, strict=True)}


def _least_criterion(theorem: Theorem, gram: np.ndarray, best: np.ndarray) -> str:
    """sigma^2 + lam^T M lam - 2 lam^T C at the solution of M lam = C, and at no other lam less."""
    C, sigma = gram @ best, 7.0
    solved = np.linalg.solve(gram, C)
    found = sigma + solved @ gram @ solved - 2 * solved @ C
    law = right(theorem, {**_letters(gram, best), sym.sigma_star_sq.name: sigma})
    far = abs(sigma) + abs(solved @ C)
    return "" if abs(law - found) <= ROUNDING * far else f"rhs = {law:.9g}, least {found:.9g}"


def least_for_two(theorem: Theorem) -> str:
    """Two teachers, by the linear system of their Gram matrix."""
    return next(filter(None, (_least_criterion(theorem, *_gram(seed)) for seed in range(20))), "")


def least_by_block(theorem: Theorem) -> str:
    """Two blocks: a diagonal matrix."""
    wrong = (
        _least_criterion(theorem, np.diag(np.diag(gram)), best)
        for gram, best in map(_gram, range(20))
    )
    return next(filter(None, wrong), "")


def nearest_of_the_hull(theorem: Theorem) -> str:
    """The least of (1 - Lambda)^2 S_0 + |lam_1 D_1 + lam_2 D_2|^2 by its 2 x 2 linear system."""
    for seed in range(20):
        gram, _ = _gram(seed)
        S0 = 0.5 + seed
        ones = np.ones(2)
        solved = np.linalg.solve(gram + S0 * np.outer(ones, ones), S0 * ones)
        found = (1 - solved.sum()) ** 2 * S0 + solved @ gram @ solved
        apart = gram[0, 0] - 2 * gram[0, 1] + gram[1, 1]
        n = {
            sym.gram_11.name: gram[0, 0],
            sym.gram_12.name: gram[0, 1],
            sym.spread_of_two.name: apart,
            sym.sgd_floor_pos.name: S0,
        }
        law = right(theorem, n)
        if not abs(law - found) <= ROUNDING * found:
            return f"rhs = {law:.9g}, the least over weights is {found:.9g}"
    return ""


def best_probabilities(theorem: Theorem) -> str:
    """N^-2 (r_1^2/p + r_2^2/(1 - p)) searched over p."""
    for r, w in ((0.3, 1.0), (2.5, 0.1), (1.0, 1.0)):
        found = minimize_scalar(
            lambda p, r=r, w=w: (r**2 / p + w**2 / (1 - p)) / 4,
            bounds=(1e-9, 1 - 1e-9),
            method="bounded",
            options={"xatol": 1e-12},
        ).fun
        law = right(theorem, {sym.size_1.name: r, sym.size_2.name: w})
        if not found * (1 - SEARCH) <= law <= found * (1 + ROUNDING):
            return f"rhs = {law:.9g}, the least over probabilities is {found:.9g}"
    return ""


HELD_BY: dict[str, Check] = {
    teachers.SEVERAL.name: least_for_two,
    teachers.HULL.name: nearest_of_the_hull,
    teachers.BLOCKS.name: least_by_block,
    teachers.RENEWED.name: renewed_moments,
    teachers.IMPORTANCE.name: best_probabilities,
}
MUTANTS: tuple[Mutant, ...] = (
    *nearly(HELD_BY),
    right_side(
        HELD_BY,
        "several-teachers",
        "teachers uncorrelated",
        lambda rhs: rhs.xreplace({sym.gram_12: sp.Integer(0)}),
    ),
    changing.defined(
        "affine-hull",
        "the nearer teacher for the hull",
        "|D_1|^2",
        nearest_of_the_hull,
        {sym.distance_theta: sym.gram_11},
    ),
    right_side(HELD_BY, "renewed-teacher", "1 - lam squared", lambda rhs: rhs * (1 - sym.lam)),
    right_side(
        HELD_BY,
        "importance-sampling",
        "uniform probabilities",
        lambda rhs: (sym.size_1**2 + sym.size_2**2) / 2,
    ),
)
TRUE: tuple[Mutant, ...] = ()
