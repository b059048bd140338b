"""The mutation score: wrong statements, rules, engines and weights, each with the oracle that must
refuse it.

A family of statements has its mutants in the module of its name: ``MUTANTS``, and ``TRUE`` for
changes that leave a true statement, with the reason; those are not counted, and a test holds that
they are accepted.  ``score`` first runs every unmutated original through the check its mutants are
killed by: a check that refuses everything would score 100 %.
"""

from __future__ import annotations

from importlib import import_module

from kdtheory.checks import engine_mutants as engines
from kdtheory.checks.mutant import Fate, Mutant
from kdtheory.statements import THEOREMS

FAMILIES = {
    family: import_module(f"kdtheory.checks.{family}")
    for family in dict.fromkeys(theorem.family for theorem in THEOREMS.values())
}
STATEMENTS: tuple[Mutant, ...] = tuple(
    mutant for module in FAMILIES.values() for mutant in module.MUTANTS
)
MUTANTS: tuple[Mutant, ...] = (
    *STATEMENTS,
    *engines.wrong_engines(),
    *engines.wrong_weights_and_bounds(),
)
TRUE: tuple[Mutant, ...] = tuple(mutant for module in FAMILIES.values() for mutant in module.TRUE)


def score(mutants: tuple[Mutant, ...] = MUTANTS) -> tuple[Fate, ...]:
    """Every mutant against its check, after every original has passed.

    Raises:
        AssertionError: an original is refused, which makes its check worthless.
    """
    passed: set[tuple[str, str]] = set()
    for mutant in mutants:
        key = (mutant.killed_by.__name__, mutant.name.split(":")[0])
        if key not in passed:
            wrong = mutant.killed_by(mutant.original())
            if wrong:  # raised, not asserted: it must hold under python -O as well
                raise AssertionError(f"the original of {mutant.name!r} fails {key[0]}: {wrong}")
            passed.add(key)
    return tuple(_outcome(mutant) for mutant in mutants)


def _outcome(mutant: Mutant) -> Fate:
    detail = mutant.killed_by(mutant.build())
    return Fate(mutant.name, detail != "", mutant.killed_by.__name__, detail or "accepted")
