"""The envelope: its triple, its least rate, its curve and its fixed point, each misremembered."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import matches_instance, one_step_tight, unrolls
from kdtheory.statements import THEOREMS

PSI = changing.psi_of(THEOREMS["theorem-1-envelope"])


MUTANTS: tuple[Mutant, ...] = (
    changing.defined(
        "theorem-1-envelope",
        "A without the factor 2",
        "gamma mu (1 - gamma Lcal)",
        one_step_tight,
        {sym.A: sym.gamma * sym.mu * (1 - sym.gamma * sym.Lcal)},
    ),
    changing.defined(
        "theorem-1-envelope",
        "A with Lcal halved",
        "gamma mu (2 - gamma Lcal/2)",
        one_step_tight,
        {sym.A: sym.gamma * sym.mu * (2 - sym.gamma * sym.Lcal / 2)},
    ),
    changing.defined(
        "theorem-1-envelope",
        "below gamma mu",
        "rates from 0 where noise dominates",
        one_step_tight,
        {sym.rate_min: sp.Integer(0)},
    ),
    changing.defined(
        "theorem-1-envelope",
        "calm W everywhere",
        "noise-dominated W where bias dominates",
        one_step_tight,
        {sym.W: lambda w: w.args[0].expr},
    ),
    changing.defined(
        "theorem-2-envelope",
        "c for q",
        "q = sqrt(mu (Lcal - mu))",
        one_step_tight,
        {sym.q: lambda q: q * sym.mu},
    ),
    changing.defined(
        "theorem-2-envelope",
        "b is 1",
        "|1 - L gamma| forgotten",
        one_step_tight,
        {sym.b: sp.Integer(1)},
    ),
    changing.defined(
        "theorem-1-envelope",
        "lambda not absolute",
        "k = lam |h|",
        one_step_tight,
        {sym.k: sym.lam * sp.sqrt(sym.bias_sq)},
    ),
    changing.statement(
        "theorem-1-envelope",
        "root of W missing",
        "2 W sqrt(s) for 2 sqrt(W s)",
        one_step_tight,
        psi=PSI.xreplace({sp.sqrt(sym.W): sym.W}),
    ),
    changing.statement(
        "theorem-1-envelope",
        "wrong Phi",
        "sqrt(U A) + sqrt(W) for sqrt(U A + W) + sqrt(W)",
        unrolls,
        floor=((sp.sqrt(sym.U * sym.A) + sp.sqrt(sym.W)) / sym.A) ** 2,
    ),
    changing.statement(
        "theorem-2-envelope",
        "Phi not squared",
        "(..)/A in place of ((..)/A)^2",
        unrolls,
        floor=(sp.sqrt(sym.U * sym.A + sym.W) + sp.sqrt(sym.W)) / sym.A,
    ),
    changing.statement(
        "theorem-1-envelope",
        "gap for distance",
        "claims the same number for E f - f*",
        matches_instance,
        quantity="gap",
    ),
)
TRUE: tuple[Mutant, ...] = ()
