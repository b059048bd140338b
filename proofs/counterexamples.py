"""What is too much to claim of each statement, refuted by an explicit instance; the cases are those
of its family (``too_far``), and ``proofs.parts.too_far`` says where a statement first fails.
"""

from __future__ import annotations

from kdtheory.errors import unknown_name
from kdtheory.instances.counterexamples import Counterexample
from kdtheory.proofs import families
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorems import THEOREMS


def cases(theorem: str) -> tuple[Overclaim, ...]:
    """What is too much to claim, with the way to refute it; raises InvalidInput for an unknown
    key.
    """
    if theorem not in THEOREMS:
        raise unknown_name("theorem", theorem, THEOREMS)
    statement = THEOREMS[theorem]
    return families.of(statement).too_far(statement)


def counterexamples(theorem: str) -> tuple[Counterexample, ...]:
    """One instance for every case of a statement; raises InvalidInput for an unknown key,
    ArithmeticError when a case is not refuted."""
    found = []
    for case in cases(theorem):
        instance = case.find()
        if instance is None:
            raise ArithmeticError(
                f"{theorem}: no counterexample to {case.what!r} was found; this is a bug in the"
                " search."
            )
        found.append(instance)
    return tuple(found)
