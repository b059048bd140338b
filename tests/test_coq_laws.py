"""The laws in proofs/coq are those of THEOREMS: the text of their second reading is read as formulas
and compared with the statements, letter by letter.
"""

from __future__ import annotations

import re

import pytest
import sympy as sp
from coq_text import Text, source

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import whole_in_coq

LAWS = [name for name in whole_in_coq() if kd.THEOREMS[name].quantity == "law"]


def meant(name: str, expression: sp.Expr, **letters: sp.Expr) -> sp.Expr:
    """An expression of the statement without the letters that it defines."""
    definitions = kd.THEOREMS[name].definitions
    for _ in definitions:
        expression = expression.xreplace(dict(definitions))
    return expression.subs(letters)


def equal(left: sp.Expr, right: sp.Expr) -> bool:
    """As functions of positive letters."""
    letters = (left - right).free_symbols
    positive = {letter: sp.Dummy(positive=True) for letter in letters}
    return sp.simplify((left - right).xreplace(positive)) == 0


def schedule_text(text: Text) -> list[tuple[sp.Expr, sp.Expr]]:
    """s_{t+1} and gamma deg, where 0 < delta: in Coq SNR is max(0, delta)/n."""
    said = text.statement("snr_schedule")
    law = re.search(r"s \(S j\) = (.*?)\) ->", said)
    assert law
    law_text = law[1].replace("(lam j) (s j)", "lam s").replace("s j", "s")
    plain = text.changed("Rmax 0 (delta lam s)", "(delta lam s)")
    letters = {"k": sym.k, "a": sym.a_pos, "c": sym.mu * sym.q}
    for name in ("k", "a"):
        law_text = law_text.replace(f"({name} lam)", name)
    read = {
        word: plain.read(found, lam=sym.lam, s=sym.s, **letters)
        for word, found in (("law", law_text), ("step", "best_gamma lam s"))
    }
    theorem = kd.THEOREMS["snr-schedule"]
    now = {sym.least_now: sym.s}
    return [
        (read["law"], meant("snr-schedule", theorem.rhs).subs(now)),
        (read["step"], meant("snr-schedule", sym.best_step).subs(now)),
    ]
