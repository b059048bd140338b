"""What a statement needs, and how its letters are read: one step is written out here once more,
letter by letter, and not taken from where the certificates take it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.statements.theorem import Theorem

gamma, lam, s = sym.gamma, sym.lam, sym.s
ZERO, ONE = sp.Integer(0), sp.Integer(1)
GRAM = sym.GRAM
TINY = sp.Dummy("tiny", positive=True)
STATES = {"sq_distance": sym.distance_t, "gap": sym.gap_t, "average_gap": sym.average_gap}


@dataclass(frozen=True)
class Condition:
    """``expression`` >= 0, or > 0 where ``strict``: what a claim may rest on beyond the range."""

    expression: sp.Expr
    strict: bool = False


@dataclass(frozen=True)
class Need:
    """One fact: ``claim`` >= 0 (> 0 where ``strict``), to be made by a certificate; ``== 0`` where
    ``identity``.

    ``corner`` sets letters before comparing, ``limit`` sends Young's parameters to 0 or infinity
    (written in ``TINY``), so that an error term vanishes.  ``eliminations`` are the ways in which a
    letter may be written by others, beyond the common ones; ``uses`` are assumptions that the fact
    rests on in words.
    """

    what: str
    claim: sp.Expr
    conditions: tuple[Condition, ...] = ()
    corner: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    limit: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    eliminations: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    uses: tuple[Assumption, ...] = ()
    identity: bool = False
    strict: bool = False


class Unbound(ValueError):
    """The statement says something that no proof of this form can show; the text says what."""


Needs = Iterator[Need]


def one_direction(*, unbiased: bool) -> sp.Expr:
    """E|x+ - x*|^2 in Gram letters: |e - gamma g|^2, the cross terms with h, gamma^2 E|G' - lam
    H'|^2.
    """
    noise = GRAM["Gc", "Gc"] - 2 * lam * GRAM["Gc", "Hc"] + lam**2 * GRAM["Hc", "Hc"]
    total = GRAM["e", "e"] - 2 * gamma * GRAM["e", "g"] + gamma**2 * (GRAM["g", "g"] + noise)
    if unbiased:
        return total
    bias = lam**2 * GRAM["h", "h"] - 2 * lam * GRAM["g", "h"]
    return total + 2 * gamma * lam * GRAM["e", "h"] + gamma**2 * bias


def state(statement: Theorem) -> tuple[sp.Expr, sp.Expr]:
    """s(x) and E s(x+) in the letters of one step, before any compression."""
    if statement.quantity == "gap":
        return sym.F, sym.F_plus
    return GRAM["e", "e"], one_direction(unbiased=statement.unbiased)


def identity(what: str, expression: sp.Expr, **eliminations: sp.Expr) -> Need:
    """A fact that every checker is handed as it stands; ``what`` is a short name."""
    meanings = {sym.TABLE[name].symbol: meaning for name, meaning in eliminations.items()}
    return Need(what, expression, eliminations=meanings, identity=True)


def is_pl(statement: Theorem) -> bool:
    """Whether mu is a Polyak-Lojasiewicz constant."""
    return asm.polyak_lojasiewicz in statement.needs


def compresses(statement: Theorem) -> bool:
    """Whether the step ends with a compressor."""
    return asm.compressor in statement.needs
