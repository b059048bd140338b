"""All that is said of a statement stands in one place of each room: here it is the module of its
family.

``obligations``: what has to be shown.  ``ARGUMENTS``: why it is true, in words, for each statement
of the family.  ``too_far``: what is too much to claim.  ``exported``: the certificates whose Coq
file is committed.  A family without one of them does not load.  Where there is something to say:
``SHOWN``, the certificates that a statement's page prints (else the first), and ``NOT_WHOLE``, the
statements that are no one theorem in Coq, with those that speak of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from kdtheory.statements.theorems import THEOREMS, Theorem

FIELDS = ("ARGUMENTS", "exported", "obligations", "too_far")


def _loaded(theorem: Theorem) -> Any:
    module = import_module(f"kdtheory.proofs.{theorem.family}")
    missing = [name for name in FIELDS if not hasattr(module, name)]
    if not missing and theorem.name not in module.ARGUMENTS:
        missing = [f"ARGUMENTS[{theorem.name!r}]"]
    if missing:
        raise ImportError(
            f"proofs/{theorem.family}.py says nothing of {theorem.name}: {', '.join(missing)}"
            f" {'is' if len(missing) == 1 else 'are'} missing. kdtheory.proofs.families says what"
            " each is."
        )
    return module


FAMILIES: Mapping[str, Any] = {theorem.family: _loaded(theorem) for theorem in THEOREMS.values()}
# Statements that ``prove`` calls UNDECIDED by Coq: its theorems that speak of them, none for some.
NOT_WHOLE: Mapping[str, tuple[str, ...]] = {
    name: parts
    for module in FAMILIES.values()
    for name, parts in getattr(module, "NOT_WHOLE", {}).items()
}


def of(statement: Theorem) -> Any:
    """The module of its family."""
    return FAMILIES[statement.family]


def words(statement: Theorem) -> tuple[str, ...]:
    """Why it is true, in LaTeX between dollar signs; of other people's statements nothing."""
    if statement.name not in THEOREMS:
        return ()
    found: tuple[str, ...] = of(THEOREMS[statement.name]).ARGUMENTS[statement.name]
    return found
