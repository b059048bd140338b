"""Wrong statements and engines are refused by the check that is named for them; right and true ones
pass.
"""

from __future__ import annotations

import json

import pytest

from kdtheory.checks.mutant import Mutant
from kdtheory.checks.mutants import FAMILIES, MUTANTS, TRUE, score
from kdtheory.cli import main
from kdtheory.statements import THEOREMS


def test_every_mutant_is_killed(capsys: pytest.CaptureFixture[str]) -> None:
    """100 %, and at least the thirty that were asked for, by the command of the README: score(),
    which raises if an original is refused, then what data alone sees.
    """
    assert main(["mutate", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    scored = [row for row in rows if row["by"] != "verify on data"]
    assert [row["mutant"] for row in scored] == [mutant.name for mutant in MUTANTS]
    assert len(scored) >= 30 and len(rows) > len(scored)
    assert [row for row in scored if not row["killed"]] == []


def test_names_are_unique() -> None:
    """A score over duplicates would count twice."""
    assert len({mutant.name for mutant in MUTANTS}) == len(MUTANTS)


@pytest.mark.parametrize("name", THEOREMS)
def test_every_statement_has_a_mutant(name: str) -> None:
    """In the module of its family, for forgetting one must be noticed by name."""
    family = FAMILIES[THEOREMS[name].family]
    assert [one for one in family.MUTANTS if one.original() is THEOREMS[name]]


@pytest.mark.parametrize("mutant", TRUE, ids=lambda mutant: mutant.name)
def test_true_changes_are_accepted(mutant: Mutant) -> None:
    """A check that refuses them refuses too much."""
    assert mutant.killed_by(mutant.build()) == ""


def test_a_survivor_is_reported() -> None:
    """The score is not 100 % by construction: an unchanged object survives."""
    (outcome,) = score((TRUE[0],))
    assert not outcome.killed and outcome.detail == "accepted"


def test_a_broken_check_is_noticed() -> None:
    """An original that its check refuses stops the score."""
    first = FAMILIES["theorem_1"].MUTANTS[0]
    with pytest.raises(AssertionError, match="fails one_step_tight"):
        score((Mutant("swapped: original", "", first.build, first.killed_by, first.build),))
