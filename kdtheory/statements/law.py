"""What laws have in common: they speak of no single curve E s(x^t), so that they name the facts
that they rest on themselves (theory, Sections 8 and 9).
"""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from kdtheory.statements.theorem import Claim, Theorem


def law(name: str, title: str, lhs: sp.Expr, rhs: sp.Expr, **more: object) -> Theorem:
    """An equality, or another kind if ``more`` says so."""
    fields = {"kind": "identity", **more}
    return Theorem(
        name=name,
        title=title,
        source="our own derivation",
        needs=(),
        quantity="law",
        lhs=lhs,
        rhs=rhs,
        **fields,  # type: ignore[arg-type]  # fields of Theorem by name
    )


def speaks_of(statement: Theorem, letter: sp.Expr) -> Claim:
    """The left-hand side is this letter."""
    return Claim("lhs", statement.lhs - letter, identity=True)


def spelt(statement: Theorem, expression: sp.Expr, letters: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression without the statement's own letters; then ``letters`` are replaced."""
    for _ in statement.definitions:
        expression = expression.xreplace(dict(statement.definitions))
    return expression.xreplace(dict(letters))


def means(
    what: str,
    statement: Theorem,
    meaning: Mapping[sp.Symbol, sp.Expr],
    letters: Mapping[sp.Symbol, sp.Expr] | None = None,
) -> Claim:
    """The statement's own letter (one) is defined as this: sign and all, where a claim made with it
    would not see the sign.
    """
    ((letter, value),) = meaning.items()
    return Claim(what, spelt(statement, letter, letters or {}) - value, identity=True)
