"""The letters that a statement defines: k, a, c, q and b must be what the certificates take them
for; every other letter is replaced by what it stands for, so that a claim has no private words.
"""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding.need import GRAM, Unbound
from kdtheory.prover.sympy_checker import vanishes
from kdtheory.statements.theorem import Theorem

lam, mu, L, Lcal, gamma = sym.lam, sym.mu, sym.L, sym.Lcal, sym.gamma
# What a root stands for, squared; it is written sqrt(Max(x, 0)), for rounding may make x negative.
SQUARED = {
    sym.a: GRAM["S", "S"] - 2 * lam * GRAM["S", "Hc"] + lam**2 * GRAM["Hc", "Hc"],
    sym.c: mu * (Lcal - mu),
    sym.q: (Lcal - mu) / mu,
}
SIZES = {sym.k: sp.Abs(lam) * sp.sqrt(GRAM["h", "h"]), sym.b: sp.Abs(1 - L * gamma)}
# Read by the forms of statements themselves.
KEPT = {*SQUARED, *SIZES, sym.A, sym.U, sym.W, sym.rate_min, sym.young, sym.young_inverse}


def spelt_out(statement: Theorem) -> Theorem:
    """The statement with every letter of its own replaced by its definition.

    Raises:
        Unbound: k, a, c, q or b is not what it should be, or a definition is used nowhere.
    """
    kept = {x: value for x, value in statement.definitions.items() if x in KEPT}
    own = {x: value for x, value in statement.definitions.items() if x not in KEPT}
    parts = [x for x in (statement.psi, statement.rhs, statement.floor) if x is not None]
    for letter in own:
        users = [*parts, *(value for x, value in statement.definitions.items() if x is not letter)]
        if not any(letter in part.free_symbols for part in users):
            raise Unbound(f"{letter} is defined and never used")

    def said(part: sp.Expr | None) -> sp.Expr | None:
        for _ in own:  # a definition may use another
            part = part if part is None else part.xreplace(own)
        return part

    plain = replace(
        statement,
        rhs=said(statement.rhs),
        psi=said(statement.psi),
        floor=said(statement.floor),
        definitions={letter: said(value) for letter, value in kept.items()},
    )
    _check(plain)
    return plain


def _check(plain: Theorem) -> None:
    """Every letter kept has its one meaning, and is defined where it is used."""
    for letter, meaning in plain.definitions.items():
        root = letter in SQUARED and not _is_root(meaning, SQUARED[letter])
        size = letter in SIZES and meaning != SIZES[letter]
        if root or (size and not (letter == sym.k and meaning == 0)):
            raise Unbound(f"{letter} is defined as {meaning}")
    if sym.k in plain.definitions and plain.unbiased != (plain.definitions[sym.k] == 0):
        raise Unbound(f"k is defined as {plain.definitions[sym.k]}, the step is the other one")
    parts = (plain.psi, plain.rhs, plain.floor, *plain.definitions.values())
    used = set().union(*(part.free_symbols for part in parts if part is not None))
    for letter in sorted(used & KEPT - plain.definitions.keys(), key=str):
        raise Unbound(f"{letter} is used and not defined")


def _is_root(meaning: sp.Expr, square: sp.Expr) -> bool:
    """sqrt(x) or sqrt(Max(x, 0)) with x the square."""
    if not (meaning.is_Pow and meaning.exp == sp.Rational(1, 2)):
        return False
    inside = meaning.base
    if isinstance(inside, sp.Max):
        others = [part for part in inside.args if part != 0]
        if len(inside.args) != 2 or len(others) != 1:
            return False
        (inside,) = others
    return bool(inside == square) or vanishes(sp.sympify(inside - square))
