"""What goes wrong, and how it is said: who, which rule, the numbers, the way out."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class KdtheoryError(Exception):
    """Every error that kdtheory raises on purpose."""


class InvalidInput(KdtheoryError, ValueError):
    """An argument breaks a rule; the message names the rule, the numbers and the way out."""


class StepSizeTooLarge(InvalidInput):
    """The step size lies outside the range in which the statement is made."""


class AssumptionFails(InvalidInput):
    """The problem does not satisfy what the statement needs (say, strong convexity)."""


class Diverged(KdtheoryError, ArithmeticError):
    """The iterates left every bounded set; no number is returned in their place."""


class MissingTool(KdtheoryError, RuntimeError):
    """An optional checker or package is not installed; the message says how to get it."""


class StoreFailure(KdtheoryError, OSError):
    """A campaign's store cannot be read or written now; what it holds is intact."""


class WorkerFailure(KdtheoryError, RuntimeError):
    """Workers of a campaign keep dying; what the store holds is intact."""


def unknown_name(kind: str, name: object, known: Iterable[str]) -> InvalidInput:
    """The error for a name outside a list, with the nearest known name."""
    names = list(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return InvalidInput(f"Unknown {kind} {name!r}.{hint} Known: {', '.join(names)}.")
