"""A statement with one field changed is not proved, and its obligations add up to no other."""

from __future__ import annotations

import dataclasses

import pytest
import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.checks import edits, mutants, one_field
from kdtheory.proofs import OBLIGATIONS, examined, prove
from kdtheory.prover.binding import bind
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.statements import THEOREMS, Theorem

CHANGES = [change for good in THEOREMS.values() for change in one_field.changes(good)]


def test_every_field_is_changed() -> None:
    """Many changes of every statement, and every field that claims something in many of them."""
    assert len(CHANGES) > 2000 and {change.good.name for change in CHANGES} == set(THEOREMS)
    fields = [change.field for change in CHANGES]
    assert all(fields.count(name) > 15 for name in set(fields)) and len(set(fields)) == 12


@pytest.mark.parametrize("part", range(4))
def test_a_changed_field_is_noticed(part: int) -> None:
    """Every 60th change: no longer PROVED, or a consequence of what is proved."""
    found = [one_field.judged(change) for change in CHANGES[60 * part // 4 :: 60]]
    assert [
        (change.good.name, change.field, change.what)
        for change, what, _ in found
        if what == "SURVIVED"
    ] == []
    assert sum(what == "refused" for _, what, _ in found) > 0.9 * len(found)


@pytest.mark.slow
def test_every_changed_field_is_noticed() -> None:
    """All of them."""
    assert one_field.main() == 0


@pytest.mark.parametrize("name", list(THEOREMS))
def test_a_change_in_place_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object itself, its fields overwritten behind its back, is not what was proved."""
    theorem = dataclasses.replace(THEOREMS[name])
    object.__setattr__(theorem, "rhs", 9 * theorem.rhs)
    assert examined(theorem, ("sympy",))[1] != []
    # Another assumption is no weaker statement, but where there was none it is: implied, then.
    other = {"needs": (asm.teacher_smoothness,)} if THEOREMS[name].needs else {"rhs": theorem.rhs}
    wrong = dataclasses.replace(THEOREMS[name], **other)
    monkeypatch.setattr("kdtheory.statements.theorems.THEOREMS", {**THEOREMS, name: wrong})
    monkeypatch.setattr(
        "kdtheory.proofs.proving.refute", lambda theorem: None
    )  # slow, and not needed
    assert prove(name).status == "UNDECIDED"


@pytest.mark.parametrize(("module", "old", "new"), edits.EDITS)
def test_an_edited_line_is_noticed(module: str, old: str, new: str) -> None:
    """The statements' own source, one line changed: none that differs is still PROVED."""
    count, still = edits.missed(edits.edited(module, old, new))
    assert count > 0 and still == []


def test_no_edit_changes_nothing() -> None:
    assert edits.missed(edits.edited("parts", "pl", "pl")) == (0, [])


def test_a_wrong_reason_is_no_argument() -> None:
    """What is longer, stronger or said of more is argued away nowhere."""
    for change in CHANGES:
        if change.field in ("needs", "rhs", "lhs", "psi", "quantity", "unbiased"):
            assert one_field.argument(change) == "" or change.bad.floor is None


def shown(theorem: Theorem, obligations: list[Obligation]) -> tuple[str, ...]:
    return bind(theorem, obligations).complaints


@pytest.mark.parametrize("name", list(THEOREMS))
def test_obligations_add_up_to_the_statement(name: str) -> None:
    """Derived from the statement's own fields."""
    assert shown(THEOREMS[name], list(OBLIGATIONS[name]())) == ()


@pytest.mark.parametrize("index", range(0, len(mutants.STATEMENTS), 4))
def test_obligations_do_not_add_up_to_another_statement(index: int) -> None:
    """The right obligations beside a wrong statement."""
    assert examined(mutants.STATEMENTS[index].build(), ("sympy",))[1] != []


@pytest.mark.parametrize(
    "name", ["theorem-1", "theorem-2-sharp", "unbiased-envelope", "compressed"]
)
def test_a_missing_obligation_is_named(name: str) -> None:
    """Without its one-step certificates, or with one that needs more than the statement lists, a
    statement has gaps.
    """
    found = list(OBLIGATIONS[name]())
    scalar = [item for item in found if not getattr(item, "multipliers", {})]
    assert any("one step" in gap for gap in shown(THEOREMS[name], scalar))
    fewer = dataclasses.replace(
        THEOREMS[name],
        needs=tuple(x for x in THEOREMS[name].needs if x is not asm.expected_smoothness),
    )
    assert any("does not list" in gap for gap in shown(fewer, found))
    wider = dataclasses.replace(THEOREMS[name], step_size_max=9 * THEOREMS[name].step_size_max)
    assert any("whole range" in gap for gap in shown(wider, found))
    more = dataclasses.replace(
        THEOREMS[name], needs=(*THEOREMS[name].needs, asm.teacher_smoothness)
    )
    assert any("nothing uses it" in gap for gap in shown(more, found))


@pytest.mark.parametrize("name", list(THEOREMS))
def test_no_certificate_is_there_for_nothing(name: str) -> None:
    """Dropping the certificates of one step one by one leaves a gap each."""
    found = list(OBLIGATIONS[name]())
    alone = [
        item for item in found if item.name == f"{name}-one-step" and isinstance(item, Certificate)
    ]
    for item in alone:
        assert shown(THEOREMS[name], [other for other in found if other is not item]) != ()


def test_a_compression_that_may_expand_or_another_p_is_noticed() -> None:
    """Mutants of the compressed statement: its contraction condition not listed, half of p*, p*
    with a pole, and no obligation for the rate at p*.
    """
    theorem, found = THEOREMS["compressed"], list(OBLIGATIONS["compressed"]())
    silent = dataclasses.replace(
        theorem, needs=tuple(need for need in theorem.needs if need is not asm.contraction)
    )
    assert any(
        "contraction, which the statement does not list" in gap for gap in shown(silent, found)
    )
    (best, where), otherwise = theorem.definitions[sym.young].args
    for pieces in ((best / 2, where), (best, sym.minimiser_sq > 0)):
        other = sp.Piecewise(pieces, otherwise)
        changed = dataclasses.replace(
            theorem, definitions={**theorem.definitions, sym.young: other}
        )
        assert "compressed-p" in examined(changed, ("sympy",))[1][0]
    unproved = [item for item in found if item.name != "compressed-rate-positive"]
    assert shown(theorem, unproved) == ("nothing claims: the rate at p* is positive",)
