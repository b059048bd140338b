"""Mutants of statements: copies of the right ones with one thing changed, as somebody who
misremembers them would write.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks.mutant import Check, Mutant
from kdtheory.checks.statement_oracles import one_step_tight
from kdtheory.statements import THEOREMS, Theorem


def psi_of(theorem: Theorem) -> sp.Expr:
    """The recursion of a statement that has one."""
    assert theorem.psi is not None
    return theorem.psi


def floor_of(theorem: Theorem) -> sp.Expr:
    """The floor of a statement that has one."""
    assert theorem.floor is not None
    return theorem.floor


def left_over(left: sp.Expr, right: sp.Expr) -> str:
    """What an oracle says of two expressions that should be one."""
    rest = sp.expand(left - right)
    return "" if rest == 0 else f"rhs - lhs - (assumptions and squares) = {rest}, not 0"


def statement(theorem: str, name: str, what: str, killed_by: Check, **changes: Any) -> Mutant:
    """Some fields are replaced."""
    original = THEOREMS[theorem]
    return Mutant(
        f"{theorem}: {name}",
        what,
        lambda: dataclasses.replace(original, **changes),
        killed_by,
        lambda: original,
    )


def affine(
    theorem: str, name: str, what: str, killed_by: Check, change: Callable[[sp.Expr], sp.Expr]
) -> Mutant:
    """The floor is changed, and psi and rhs with it, as somebody who misremembers the statement
    would.
    """
    original, rate = THEOREMS[theorem], sym.gamma * sym.mu
    floor = change(original.floor)
    power = (1 - rate) ** sym.t
    return statement(
        theorem,
        name,
        what,
        killed_by,
        floor=floor,
        psi=(1 - rate) * sym.s + rate * floor,
        rhs=power * sym.s0 + floor * (1 - power),
    )


def defined(
    theorem: str, name: str, what: str, killed_by: Check, changes: dict[sp.Symbol, Any]
) -> Mutant:
    """Some definitions are replaced (by an expression, or by a function of the right one)."""
    right = THEOREMS[theorem].definitions
    wrong = {
        letter: new(right[letter]) if callable(new) and not isinstance(new, sp.Basic) else new
        for letter, new in changes.items()
    }
    return statement(theorem, name, what, killed_by, definitions={**right, **wrong})


_g, _m, _L, _LC, _t = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.t
_V, _C, _h, _S, _lam = sym.teacher_variance, sym.covariance, sym.bias_sq, sym.sigma_star_sq, sym.lam


def paper_form(name: str, certificate: Check) -> tuple[Mutant, ...]:
    """What may be misremembered of a statement in the paper's form; ``certificate`` is its own."""
    V, C, h, lam = sym.teacher_variance, sym.covariance, sym.bias_sq, sym.lam
    return (
        affine(name, "half the noise", "floor halved", one_step_tight, lambda f: f / 2),
        affine(name, "kappa missing", "N(lam; 0)", one_step_tight, lambda f: f.subs(sym.kappa, 0)),
        affine(
            name, "bias dropped", "|h|^2 = 0 in the floor", one_step_tight, lambda f: f.subs(h, 0)
        ),
        affine(
            name,
            "lambda not squared on V",
            "lam V in place of lam^2 V",
            certificate,
            lambda f: f.expand().subs(lam**2 * V, lam * V),
        ),
        affine(
            name, "lambda not squared on h", "lam |h|^2", certificate, lambda f: f.subs(h, h / lam)
        ),
        affine(name, "sign of E<S,H>", "+2 lam E<S,H>", certificate, lambda f: f.subs(C, -C)),
        defined(
            name, "half of kappa", "kappa halved", certificate, {sym.kappa: lambda kappa: kappa / 2}
        ),
    )
