"""The names of the checkers."""

from __future__ import annotations

from collections.abc import Sequence

from kdtheory.errors import unknown_name

CHECKERS = ("sympy", "z3", "cvc5", "coq")


def named(checkers: str | Sequence[str]) -> tuple[str, ...]:
    """The checkers asked for, one or several; ``InvalidInput`` for a name that is not known."""
    asked = (checkers,) if isinstance(checkers, str) else tuple(checkers)
    for checker in asked:
        if checker not in CHECKERS:
            raise unknown_name("checker", checker, CHECKERS)
    return asked
