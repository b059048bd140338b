"""Unbiased distillation: the same three forms with k = 0, misremembered."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import matches_instance, one_step_tight

MUTANTS: tuple[Mutant, ...] = (
    changing.affine("unbiased", "half the noise", "floor halved", one_step_tight, lambda f: f / 2),
    changing.affine(
        "unbiased-pl", "half the noise", "floor halved", one_step_tight, lambda f: f / 2
    ),
    *(
        changing.defined(name, "U halved", "U/2", one_step_tight, {sym.U: lambda u: u / 2})
        for name in ("unbiased-sharp", "unbiased-pl-sharp", "unbiased-pl-envelope")
    ),
    changing.defined(
        "unbiased-envelope",
        "below gamma mu",
        "rates from 0 with k = 0",
        one_step_tight,
        {sym.rate_min: sp.Integer(0)},
    ),
    changing.defined(
        "unbiased-envelope",
        "q for c",
        "c = sqrt((Lcal - mu)/mu)",
        one_step_tight,
        {sym.c: lambda c: c / sym.mu},
    ),
    changing.defined(
        "unbiased-envelope",
        "bias kept",
        "k = |lam||h| for the unbiased rule",
        matches_instance,
        {sym.k: sp.Abs(sym.lam) * sp.sqrt(sym.bias_sq)},
    ),
)
TRUE: tuple[Mutant, ...] = ()
