"""Statements as MathML, which browsers draw without a script and a screen reader can read."""

from __future__ import annotations

import re

from latex2mathml.converter import convert

from kdtheory.algebra import symbols as sym
from kdtheory.statements.theorems import Theorem

KINDS = {
    "identity": "an identity, both sides are equal",
    "upper": "an upper bound",
    "tight": "an upper bound that an explicit instance attains",
}
# The bars of a norm, which would get the space of an operator.
_BAR = re.compile(r"<m[oi][^>]*>(?:&#x0007C;|&#x02223;|\|)</m[oi]>")
_TIGHT = '<mo stretchy="false" lspace="0" rspace="0">|</mo>'


def mathml(latex: str, *, display: bool = False) -> str:
    """One formula."""
    return _BAR.sub(_TIGHT, convert(latex, display="block" if display else "inline"))


def statement_parts(theorem: Theorem) -> tuple[str, list[tuple[str, str]]]:
    """The statement as LaTeX, with psi applied t times where that is what it says; and what its
    letters stand for, (letter, meaning).
    """
    right = r"\psi^{t}(s_0)" if theorem.psi is not None else sym.latex(theorem.rhs)
    if theorem.psi is not None and not theorem.is_curve:
        right = sym.latex(theorem.rhs)
    sign = "=" if theorem.kind == "identity" else r"\le"
    letters = [
        (sym.latex(letter), sym.latex(meaning)) for letter, meaning in theorem.definitions.items()
    ]
    if theorem.psi is not None:
        letters.insert(0, (r"\psi(s)", sym.latex(theorem.psi)))
    return f"{sym.latex(theorem.lhs)} {sign} {right}", letters


def step_sizes(theorem: Theorem) -> str:
    """The range as LaTeX; empty where there is none."""
    if theorem.step_size_max is None:
        return ""
    sign = "<" if theorem.strict else r"\le"
    return rf"\gamma {sign} {sym.latex(theorem.step_size_max)}"
