"""A sample of the attack on every run (``python -m kdtheory.checks.attack`` is the whole of it)."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from kdtheory.checks import attack
from kdtheory.checks.corruptions import KINDS, corruptions, obligations
from kdtheory.checks.harmless import argument

ALL = obligations()
SAMPLE = cache(lambda: attack.chosen(1))  # by the worker that has a test of it


def test_the_attack_is_broad() -> None:
    """At least 500 were asked for; every obligation and every kind is in it, and no name twice."""
    found = [change for item in ALL.values() for change in corruptions(item)]
    assert len(found) > 3500
    assert {change.kind for change in found} == set(KINDS)
    assert {change.good.name for change in found} == set(ALL)
    assert len({change.bad.name for change in found}) == len(found)


@pytest.mark.parametrize(("checker", "stride"), [("sympy", 2), ("z3", 1), ("cvc5", 4)])
def test_a_sample_is_refused(checker: str, stride: int) -> None:
    """Nothing survives without an argument; SymPy leaves nothing open either (solvers have a time
    limit).
    """
    check = attack.checkers()[checker]
    outcomes = [attack.judged(change, checker, check(change.bad)) for change in SAMPLE()[::stride]]
    assert [
        (change.good.name, change.what) for _, what, _, change in outcomes if what == "SURVIVED"
    ] == []
    assert sum(what == "refused" for _, what, _, _ in outcomes) > 0.8 * len(outcomes)
    assert checker != "sympy" or all(what != "undecided" for _, what, _, _ in outcomes)


@pytest.mark.parametrize("checker", ["sympy", "z3"])
def test_what_keeps_the_identity_is_refused_for_its_sign(checker: str) -> None:
    """Poles, empty regions, negative weights, idle assumptions: the expansion alone would accept
    them.
    """
    check = attack.checkers()[checker]
    kinds = ("compensated", "assumption")
    found = [change for change in corruptions(ALL["theorem-2-one-step"]) if change.kind in kinds]
    told = {change.what: check(change.bad) for change in found}
    assert all(result.status != "PROVED" for result in told.values())
    assert sum("identity" not in result.reason for result in told.values()) >= 8
    assert any("pole" in what for what in told) and any("empty region" in what for what in told)


def test_an_argument_is_given_only_where_there_is_one() -> None:
    """The sign of a lone vector leaves the same square; a weaker claim is another claim."""
    same, weaker = (
        next(change for change in corruptions(ALL[name]) if change.what.startswith(what))
        for name, what in (
            ("unbiased-one-step", "square 2: sign of e"),
            ("theorem-1-one-step", "weaker by"),
        )
    )
    assert argument(same).startswith("the same square")
    assert argument(weaker) == ""
    table = attack.table([("sympy", "SURVIVED", "", weaker), ("sympy", "refused", "", same)])
    assert "1/0/0/1" in table


def test_the_page_tells_of_this_attack() -> None:
    """docs/proof-attack.md: nothing survived, of about as much as there is now."""
    page = Path(__file__).parents[2] / "docs" / "proof-attack.md"
    rows = {line.split()[0]: line.split()[1:] for line in page.read_text().splitlines() if line}
    assert {*KINDS, "all"} <= rows.keys()
    cells = [cell.split("/") for kind in (*KINDS, "all") for cell in rows[kind]]
    assert len(cells) == 4 * (len(KINDS) + 1) and all(cell[3] == "0" for cell in cells)
    told, now = sum(map(int, rows["all"][0].split("/"))), len(attack.chosen(None))
    assert 0.8 * now < told < 1.2 * now
