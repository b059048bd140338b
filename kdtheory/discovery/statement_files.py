"""A statement from a TOML or JSON file: one of ours with some fields changed.

    base = "theorem-1"
    name = "sgd-decreasing"
    psi = "(1 - gamma mu) s + 2 gamma^2 sigma_star_sq"
    rhs = "(8 sigma_star_sq/mu^2 + 16 Lcal/mu s0)/(t + 16 Lcal/mu)"
    floor = "none"

    [definitions]
    lam = "0"
    gamma = "2/(mu (t + 16 Lcal/mu))"

Formulas are in the letters of ``kdtheory.algebra.symbols``; t may be an exponent.  What is not
given is as in ``base``; ``definitions`` are added to its own.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from kdtheory.algebra import symbols as sym
from kdtheory.discovery import grammar
from kdtheory.discovery.files import line_of, load
from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.statements.theorem import Theorem
from kdtheory.statements.theorems import THEOREMS

NONE = "none"
_FORMULAS = ("psi", "rhs", "floor", "step_size_max")
_KNOWN = {"base", "name", "strict", "definitions", *_FORMULAS}


def read_statement(path: Path) -> Theorem:
    """The statement in a file.

    Raises:
        InvalidInput: the line, and what was expected there.
    """
    found, text = load(path)

    def where(field: str) -> str:
        return f"{path.name}, line {line_of(text, field)}, {field}"

    strange = sorted(set(found) - _KNOWN)
    if strange:
        raise InvalidInput(
            f"{where(strange[0])}: unknown field. Fields: {', '.join(sorted(_KNOWN))}."
        )
    base, name = found.get("base"), found.get("name")
    if not isinstance(base, str) or base not in THEOREMS:
        raise unknown_name(f"{where('base')}: statement", base, THEOREMS)
    if not isinstance(name, str) or not name:
        raise InvalidInput(f"{where('name')}: expected a name in quotes for your statement.")
    names = grammar.Names({letter: row.symbol for letter, row in sym.TABLE.items()}, power=sym.t)
    changes: dict[str, Any] = {"name": name}
    for field in _FORMULAS:
        if field in found:
            given = found[field]
            if not isinstance(given, str):
                raise InvalidInput(
                    f"{where(field)}: expected a formula in quotes, found {given!r:.60}."
                )
            empty = given.strip() == NONE and field in ("floor", "step_size_max")
            changes[field] = None if empty else grammar.expression(given, names, where(field))
    if "strict" in found:
        if not isinstance(found["strict"], bool):
            raise InvalidInput(f"{where('strict')}: expected true or false.")
        changes["strict"] = found["strict"]
    own = found.get("definitions", {})
    if not isinstance(own, dict) or not all(isinstance(item, str) for item in own.values()):
        raise InvalidInput(f"{where('definitions')}: expected a table of formulas in quotes.")
    definitions = dict(THEOREMS[base].definitions)
    for letter, formula in own.items():
        if letter not in sym.TABLE:
            raise unknown_name(f"{where(letter)}: letter", letter, sym.TABLE)
        definitions[sym.TABLE[letter].symbol] = grammar.expression(formula, names, where(letter))
    return replace(THEOREMS[base], **changes, definitions=definitions)
