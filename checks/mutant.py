"""What a mutant is, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Check = Callable[[Any], str]


@dataclass(frozen=True)
class Mutant:
    """``build()`` is the wrong object, ``original()`` the right one; ``killed_by`` is the oracle
    that must refuse it: it returns what is wrong, or the empty string.
    """

    name: str
    what: str
    build: Callable[[], Any]
    killed_by: Check
    original: Callable[[], Any]


@dataclass(frozen=True)
class Fate:
    """``detail`` is what the check found wrong, or why nothing was found."""

    name: str
    killed: bool
    by: str
    detail: str
