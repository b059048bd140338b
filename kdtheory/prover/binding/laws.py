"""Identities: the distillation gradient, and the exact law of quadratics, from both of their sides.

A statement about matrices is one about the entries of a row: every side is linear in the rows of
J, so three outputs and one parameter show it for any number of each.  The law of quadratics is
bilinear in the coordinates of y and D, so one coordinate shows it.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding.need import ZERO, Needs, Unbound, identity
from kdtheory.statements.theorem import Theorem

lam, gamma = sym.lam, sym.gamma


def needs(statement: Theorem) -> Needs:
    """The two sides are equal, and are what they are said to be."""
    if statement.psi is not None:
        raise Unbound("an identity makes no step of its own: it has no psi")
    if statement.quantity == "gradient":
        yield from _gradient(statement)
    else:
        yield from _law(statement)


def _entry(side: sp.Expr) -> sp.Expr:
    """One parameter's entry, with three outputs."""
    columns = {
        sym.J_x: sym.slopes,
        sym.J_theta: sym.slopes_theta,
        sym.r_x: sym.logits,
        sym.r_theta: sym.outputs,
        sym.label: sym.labels,
    }
    values = {name: sp.ImmutableMatrix(3, 1, letters) for name, letters in columns.items()}
    found = side.xreplace(values).doit()
    if not isinstance(found, sp.MatrixBase) or found.shape != (1, 1):
        raise Unbound(f"{side} is no gradient")
    return found[0, 0]


def _gradient(statement: Theorem) -> Needs:
    if statement.unbiased or statement.floor is not None or statement.definitions:
        raise Unbound("a gradient has no floor, no letters of its own and no correction")
    left, right = _entry(statement.lhs), _entry(statement.rhs)
    mixed = [
        J * ((1 - lam) * (r - b) + lam * (r - q))
        for J, r, b, q in zip(sym.slopes, sym.logits, sym.labels, sym.outputs, strict=True)
    ]
    yield identity("objective", left - sp.Add(*mixed))
    yield identity("two-sides", left - right)


def _law(statement: Theorem) -> Needs:
    """e = y + lam D, where y runs as SGD around the shifted centre with its noise scaled by 1 -
    lam.
    """
    if statement.lhs != sym.distance_t or sym.shifted_t not in statement.rhs.free_symbols:
        raise Unbound("an identity of another kind than a gradient or the law of quadratics")
    y, D, Ay, AD, S = sym.y_one, sym.D_one, sym.Ay_one, sym.AD_one, sym.S_one
    mean = sym.h_one if statement.unbiased else ZERO
    step = Ay + lam * AD + S - lam * (AD + S - mean)
    yield identity(
        "shifted-step", (y + lam * D - gamma * step) - lam * D - (y - gamma * (Ay + (1 - lam) * S))
    )
    values = {sym.shifted_t: y**2, sym.drift_t: D * y, sym.distance_theta: D**2}
    yield identity("square", (y + lam * D) ** 2 - statement.rhs.xreplace(values))
    if statement.floor is not None:
        faded = {sym.shifted_t: (1 - lam) ** 2 * sym.sgd_floor, sym.drift_t: ZERO}
        yield identity("stationary", statement.rhs.xreplace(faded) - statement.floor)
