"""The mutation score: wrong statements, rules, engines and weights, each with the named check that
must refuse it.

``score`` first runs every unmutated original through the check its mutants are killed by: a check
that refuses everything would score 100 %.  ``TRUE`` lists changes that leave a true statement, with
the reason; they are not counted, and a test holds that they are accepted.
"""

from __future__ import annotations

from kdtheory.checks import engine_mutants as engines
from kdtheory.checks import statement_mutants as statements
from kdtheory.checks.mutant import CHECKS, Mutant, Outcome

MUTANTS: tuple[Mutant, ...] = (
    *statements.paper(),
    *statements.own(),
    *statements.compressed(),
    *statements.identities(),
    *engines.wrong_engines(),
    *engines.wrong_weights_and_bounds(),
)
TRUE: tuple[Mutant, ...] = tuple(statements.true_ones())


def score(mutants: tuple[Mutant, ...] = MUTANTS) -> tuple[Outcome, ...]:
    """Every mutant against its check, after every original has passed.

    Raises:
        AssertionError: an original is refused, which makes its check worthless.
    """
    passed: set[tuple[str, str]] = set()
    for mutant in mutants:
        original = mutant.original()
        key = (mutant.killed_by, mutant.name.split(":")[0])
        if key not in passed:
            wrong = CHECKS[mutant.killed_by](original)
            if wrong:  # raised, not asserted: it must hold under python -O as well
                raise AssertionError(
                    f"the original of {mutant.name!r} fails {mutant.killed_by}: {wrong}"
                )
            passed.add(key)
    return tuple(_outcome(mutant) for mutant in mutants)


def _outcome(mutant: Mutant) -> Outcome:
    detail = CHECKS[mutant.killed_by](mutant.build())
    return Outcome(mutant.name, detail != "", mutant.killed_by, detail or "accepted")
