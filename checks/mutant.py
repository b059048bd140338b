"""What a mutant is, and the named checks that may refuse one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kdtheory.checks import engine_oracles as engines
from kdtheory.checks import statement_oracles as statements

Check = Callable[[Any], str]
CHECKS: dict[str, Check] = {
    function.__name__: function
    for function in (
        statements.one_step_tight,
        statements.certificate_closes,
        statements.unrolls,
        statements.matches_instance,
        statements.gradient_identity,
        statements.survives_compression,
        engines.matches_enumeration,
        engines.near_enumeration,
        engines.attained_with_batches,
        engines.minimises,
        engines.law_holds,
    )
}


@dataclass(frozen=True)
class Mutant:
    """``build()`` is the wrong object, ``original()`` the right one; ``killed_by`` names the check
    in ``CHECKS``.
    """

    name: str
    what: str
    build: Callable[[], Any]
    killed_by: str
    original: Callable[[], Any]


@dataclass(frozen=True)
class Outcome:
    """``detail`` is what the check found wrong, or why nothing was found."""

    name: str
    killed: bool
    by: str
    detail: str
