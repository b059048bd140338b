"""A sample of the attack on every run (``python -m kdtheory.checks.attack`` is the whole of it);
claims against statements; no empty hypotheses.
"""

from __future__ import annotations

import dataclasses
import random
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest
import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.checks import attack, edits, mutants, one_field
from kdtheory.checks.corruptions import KINDS, argument, corruptions, obligations
from kdtheory.proofs import OBLIGATIONS, examined, prove
from kdtheory.prover.binding import bind
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.prover.regions import evaluate
from kdtheory.statements import THEOREMS, Theorem

ALL = obligations()
SAMPLE = cache(lambda: attack.chosen(1))  # by the worker that has a test of it
MUTANTS = mutants.STATEMENTS


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


@pytest.mark.parametrize("index", range(0, len(MUTANTS), 4))
def test_obligations_do_not_add_up_to_another_statement(index: int) -> None:
    """The right obligations beside a wrong statement."""
    assert examined(MUTANTS[index].build(), ("sympy",))[1] != []


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


def instance(item: Certificate, draw: random.Random) -> dict[sp.Symbol, Fraction]:
    """f_n(x) = (mu + c w_n) y^2/2 + s w_n y with y = x - x*, w = 1 or -1: the letters of one step,
    exactly; free letters at random.
    """

    def some() -> Fraction:
        return Fraction(draw.randint(1, 20), draw.choice((1, 3, 20, 200)))

    at = {row.symbol: some() for row in sym.TABLE.values()}
    # The certificate of the compressed rate divides by 1 - gamma mu.
    if at[sym.gamma] * at[sym.mu] == 1:
        at[sym.gamma] /= 2
    at[sym.L] = at[sym.mu] * draw.choice((1, 1, 2))
    if sym.gamma in item.region.substitutions:
        at[sym.gamma] = evaluate(item.region.substitutions[sym.gamma], at)
    mu, gamma, lam, best, y, far, s = (
        at[sym.mu],
        at[sym.gamma],
        at[sym.lam],
        some(),
        some(),
        some(),
        some(),
    )
    equal = item.region.substitutions.get(sym.Lcal) == sym.mu
    c = at[sym.c] = Fraction(0) if equal else at[sym.c]
    at |= {
        sym.q: c / mu,
        sym.Lcal: mu + c**2 / mu,
        sym.b: abs(1 - at[sym.L] * gamma),
    }
    vectors = {
        "e": y,
        "g": mu * y,
        "h": mu * far,
        "xstar": best,
        "Gc": c * y + s,
        "S": s,
        "Hc": c * far + s,
    }
    at |= {letter: vectors[u] * vectors[v] for (u, v), letter in sym.GRAM.items()}
    unbiased = (
        asm.descent_lemma_unbiased in item.multipliers
        or asm.compressor_unbiased in item.multipliers
    )
    mean = y - gamma * (vectors["g"] - (0 if unbiased else lam * vectors["h"]))
    after = mean**2 + gamma**2 * (vectors["Gc"] - lam * vectors["Hc"]) ** 2
    at |= {
        sym.F: mu * y**2 / 2,
        sym.F_theta: mu * far**2 / 2,
        sym.F_plus: mu * after / 2,
        sym.out_sq: after,
        sym.k: abs(lam * vectors["h"]),
        sym.a: abs(s - lam * vectors["Hc"]),
    }
    for letter, meaning in (*item.region.substitutions.items(), *item.region.slacks.items()):
        at[letter] = evaluate(meaning, at)
    return at


@pytest.mark.parametrize(
    "name",
    [name for name, item in ALL.items() if isinstance(item, Certificate) and item.multipliers],
)
def test_hypotheses_hold_together_at_a_rational_finite_sum(name: str) -> None:
    """Every condition and assumption of a certificate holds at a finite sum with gap, noise and
    bias, and there its claim is true.
    """
    item, draw = ALL[name], random.Random(name)
    assert isinstance(item, Certificate)
    for _ in range(20_000):
        at = instance(item, draw)
        letters = (*item.region.slacks, *item.region.substitutions)
        strict = [key.slack for key in item.multipliers if key.strict]
        if all(at[x] > 0 if x.is_positive else at[x] >= 0 for x in letters) and all(
            evaluate(slack, at) > 0 for slack in strict
        ):
            break
    else:
        raise AssertionError("no instance found")
    assert at[sym.F] > 0 and at[sym.sigma_star_sq] > 0 and at[sym.bias_sq] > 0
    for key in item.multipliers:
        slack = evaluate(key.slack, at)
        assert slack == 0 if key.equality else slack >= 0, key
    claim = evaluate(item.claim, at)
    total = evaluate(item.remainder, at) + sum(
        (evaluate(m, at) * evaluate(key.slack, at) for key, m in item.multipliers.items()),
        Fraction(0),
    )
    assert claim >= total >= 0  # the squares make up the difference
