"""The distillation gradient: both sides at drawn Jacobians, and the gap misremembered."""

from __future__ import annotations

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import ROUNDING
from kdtheory.statements import THEOREMS, Theorem

RIGHT = THEOREMS["distillation-gradient"].rhs
GAP = sym.lam * (sym.J_theta - sym.J_x).T * (sym.r_theta - sym.label)


def gradient_identity(theorem: Theorem) -> str:
    """lhs = rhs for drawn Jacobians, residuals and labels; of polynomials, one generic point
    decides up to chance.
    """
    letters = (sym.J_x, sym.J_theta, sym.r_x, sym.r_theta, sym.label, sym.lam)
    rng = np.random.default_rng(0)
    numbers = (
        [rng.standard_normal((2, 3)) for _ in range(2)]
        + [rng.standard_normal((2, 1)) for _ in range(3)]
        + [0.7]
    )
    left, right = (
        sp.lambdify(letters, side, modules="numpy")(*numbers) for side in (theorem.lhs, theorem.rhs)
    )
    off = float(np.abs(left - right).max())
    return "" if off < ROUNDING else f"the two gradients differ by {off:.4g} at a drawn point"


MUTANTS: tuple[Mutant, ...] = (
    changing.statement(
        "distillation-gradient",
        "gap term dropped",
        "only true for linear models",
        gradient_identity,
        rhs=RIGHT - GAP,
    ),
    changing.statement(
        "distillation-gradient",
        "gap term's sign",
        "J_x - J_theta",
        gradient_identity,
        rhs=RIGHT - 2 * GAP,
    ),
)
TRUE: tuple[Mutant, ...] = ()
