"""Wrong statements and engines are refused by the check that is named for them; right and true ones
pass.
"""

from __future__ import annotations

import pytest

from kdtheory.checks.mutant import CHECKS, Mutant
from kdtheory.checks.mutants import MUTANTS, TRUE, score


def test_every_mutant_is_killed() -> None:
    """100 %, and at least the thirty that were asked for; score() raises if an original is
    refused.
    """
    outcomes = score()
    assert len(outcomes) == len(MUTANTS) >= 30
    assert [(one.name, one.by) for one in outcomes if not one.killed] == []


def test_names_are_unique_and_checks_exist() -> None:
    """A score over duplicates would count twice; a check that kills nothing is not in the list."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)
    assert {mutant.killed_by for mutant in MUTANTS} == set(CHECKS)


@pytest.mark.parametrize("mutant", TRUE, ids=lambda mutant: mutant.name)
def test_true_changes_are_accepted(mutant: Mutant) -> None:
    """A check that refuses them refuses too much."""
    assert CHECKS[mutant.killed_by](mutant.build()) == ""


def test_a_survivor_is_reported() -> None:
    """The score is not 100 % by construction: an unchanged object survives."""
    (outcome,) = score((TRUE[0],))
    assert not outcome.killed and outcome.detail == "accepted"


def test_a_broken_check_is_noticed() -> None:
    """An original that its check refuses stops the score."""
    first = MUTANTS[0]
    with pytest.raises(AssertionError, match="fails one_step_tight"):
        score((Mutant("swapped: original", "", first.build, first.killed_by, first.build),))
