"""The best constant at the rate gamma mu: less is false, and more is not the best."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import one_step_tight
from kdtheory.statements import THEOREMS

PSI = changing.psi_of(THEOREMS["theorem-1-sharp"])


MUTANTS: tuple[Mutant, ...] = (
    changing.statement(
        "theorem-1-sharp", "range x2", "gamma < 2/Lcal", one_step_tight, step_size_max=2 / sym.Lcal
    ),
    changing.statement(
        "theorem-1-sharp", "W dropped", "T = U", one_step_tight, psi=PSI.subs(sym.W, 0)
    ),
    changing.statement(
        "theorem-1-sharp",
        "T a little large",
        "1 % above the best constant",
        one_step_tight,
        psi=(1 - sym.gamma * sym.mu) * sym.s + sp.Rational(101, 100) * PSI.subs(sym.s, 0),
    ),
    changing.defined(
        "theorem-2-sharp", "U halved", "L gamma^2/4", one_step_tight, {sym.U: lambda u: u / 2}
    ),
)
TRUE: tuple[Mutant, ...] = (
    changing.affine(
        "theorem-1-sharp",
        "nothing changed",
        "true: the same statement rebuilt",
        one_step_tight,
        lambda f: f,
    ),
)
