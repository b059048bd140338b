"""Every statement is proved, and no corrupted certificate is accepted."""

from __future__ import annotations

import copy
import importlib.util
import os
import pickle
import re
import shutil
from dataclasses import FrozenInstanceError, replace
from fractions import Fraction

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import assumptions
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.algebra.vectors import norm_sq
from kdtheory.cli import main
from kdtheory.proofs import OBLIGATIONS, in_coq, paper, prove, proving, seconds_spent
from kdtheory.proofs.parts import certificates, corners
from kdtheory.prover import signs, smt, solvers, sympy_checker
from kdtheory.prover.obligations import Certificate, Identity, Region, contents
from kdtheory.statements.closed_forms import batched_noise

AFFINE = (
    "theorem-1",
    "theorem-2",
    "theorem-1-refined",
    "theorem-2-refined",
    "unbiased",
    "unbiased-pl",
)


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_proved(name):
    assert kd.prove(name).status == "PROVED"


@pytest.mark.parametrize("name", AFFINE)
def test_the_certificate_uses_what_the_theorem_lists_and_nothing_else(name):
    used = set(paper.one_step(kd.THEOREMS[name]).multipliers)
    assert used <= set(kd.THEOREMS[name].needs)


def corruptions(certificate: Certificate):
    for key, weight in certificate.multipliers.items():
        for changed in (2 * weight, weight / 2, -weight, sp.Integer(0)):
            yield replace(certificate, multipliers={**certificate.multipliers, key: changed})
        yield replace(
            certificate,
            multipliers={
                other: value for other, value in certificate.multipliers.items() if other is not key
            },
        )
    for index, (weight, vector) in enumerate(certificate.squares):
        for changed in (
            (2 * weight, vector),
            (-weight, vector),
            (weight, {name: 2 * value for name, value in vector.items()}),
            *((weight, {**vector, name: -value}) for name, value in vector.items()),
        ):
            if sp.expand(changed[0] * norm_sq(changed[1]) - weight * norm_sq(vector)) == 0:
                # a lone letter of its block: the other sign is the same square, hence a valid proof
                continue
            yield replace(
                certificate,
                squares=(*certificate.squares[:index], changed, *certificate.squares[index + 1 :]),
            )
    for letter, meaning in certificate.region.slacks.items():
        yield replace(
            certificate,
            region=replace(
                certificate.region, slacks={**certificate.region.slacks, letter: 2 * meaning}
            ),
        )


def certificate(name: str) -> Certificate:
    return (
        certificates.compressed(paper.one_step(kd.THEOREMS["theorem-1"]))
        if name == "compressed"
        else paper.one_step(kd.THEOREMS[name])
    )


@pytest.mark.parametrize("name", [*AFFINE, "compressed"])
def test_corrupted_certificates_are_refused(name):
    tried = list(corruptions(certificate(name)))
    assert len(tried) > 20
    assert [bad for bad in tried if sympy_checker.accepted(bad)] == []


@pytest.mark.parametrize("name", AFFINE)
@pytest.mark.parametrize("letter", ["sigma_star_sq", "bias_sq", "C", "V"])
def test_weaker_noise_is_not_proved_by_the_same_certificate(name, letter):
    """Halving any letter of the claim breaks the identity (bias_sq is absent from unbiased claims
    and is added instead).
    """
    certificate = paper.one_step(kd.THEOREMS[name])
    symbol = next(
        row
        for row in certificate.claim.free_symbols
        | {kd.THEOREMS["theorem-1"].psi.free_symbols.pop()}
        | set(kd.THEOREMS["theorem-1"].psi.free_symbols)
        if str(row) == letter
    )
    assert not sympy_checker.accepted(replace(certificate, claim=certificate.claim - symbol / 2))


@pytest.mark.parametrize("solver", list(solvers.SOLVERS))
@pytest.mark.parametrize("name", ["theorem-1", "theorem-2", "unbiased"])
def test_smt_solvers_agree(name, solver):
    proof = kd.prove(name, checkers=(solver,))
    assert proof.status == "PROVED", proof.reason
    assert {step.checker for step in proof.steps} == {solver}


@pytest.mark.parametrize("name", ["theorem-1", "theorem-2"])
def test_smt_refuses_what_the_sympy_checker_refuses(name):
    for bad in corruptions(paper.one_step(kd.THEOREMS[name])):
        result = solvers.check(bad, "z3", timeout=5)
        assert result.status != "PROVED", bad
        # Refused because it is wrong, not because the solver was slow.
        assert "unknown" not in result.reason


@pytest.mark.parametrize("solver", list(solvers.SOLVERS))
def test_the_time_limit_is_hard(solver):
    """Neither solver looks at its own limit during this question: its process is ended, and the
    next question has another one.
    """
    letters = [f"x{i}" for i in range(5)]
    powers, product = " ".join(f"(* {' '.join([x] * 5)})" for x in letters), " ".join(letters)
    lines = [
        "(set-logic QF_NRA)",
        *(f"(declare-fun {x} () Real)(assert (> {x} 0.0))" for x in letters),
    ]
    # The means: unsat.
    hard = "\n".join([*lines, f"(assert (< (+ {powers}) (* 5.0 {product})))", "(check-sat)"])
    assert solvers.run(solver, hard, 0.3) == "unknown"
    assert solvers._solver(solver, os.getpid()).process is None
    easy = paper.one_step(kd.THEOREMS["theorem-1"])
    assert [
        solvers.check(easy, solver).status,
        solvers.check(easy, solver, timeout=0.0).status,
    ] == ["PROVED", "UNDECIDED"]
    # A solver that crashes is no answer either.
    assert solvers.run(solver, "no SMT-LIB") == "unknown"
    assert solvers.check(easy, solver).status == "PROVED"


def test_the_smt_file_announces_every_answer():
    asked = smt.queries(paper.one_step(kd.THEOREMS["theorem-1"]))
    text = kd.prove("theorem-1").to_smt2()
    assert {query.expected for query in asked} == {"sat", "unsat"}
    assert all(
        query.text in text and f"(set-info :status {query.expected})" in query.text
        for query in asked
    )
    assert text.count("(check-sat)") == text.count(smt.RESET) + 1


EMPTY = Region({sym.slack_quarter: sp.Integer(-1) - sym.gamma * sym.Lcal})
NOTHING = Certificate(
    "minus-one", sp.Integer(-1), {}, (), sym.slack_quarter + sym.gamma * sym.Lcal, EMPTY
)


def test_an_empty_region_is_noticed():
    """On 1 + gamma Lcal <= 0 one can show -1 >= 0; the identity and the signs are right, so only
    the vacuity check sees it.
    """
    assert sympy_checker.vanishes(sympy_checker.difference(NOTHING))
    found = sympy_checker.check(NOTHING)
    assert (found.status, "holds nowhere" in found.reason) == ("UNDECIDED", True)
    assert solvers.check(NOTHING, "z3").reason == "minus-one: vacuity: z3 says unsat, not sat"
    # Cvc5 finds neither a point nor a contradiction: refused as well.
    found = solvers.check(NOTHING, "cvc5")
    assert (found.status, "vacuity" in found.reason) == ("UNDECIDED", True)


def test_a_false_identity_is_refuted():
    wrong = Identity("square", (sym.a + sym.k) ** 2 - sym.a**2 - sym.k**2)
    found = sympy_checker.check(wrong)
    assert [found.status, solvers.check(wrong, "z3").status] == ["REFUTED", "REFUTED"]
    # 2 a k, by hand.
    value, k, a = map(
        Fraction, re.search(r"it is (\S+) at a = (\S+), k = (\S+)$", found.reason).groups()
    )
    assert value == 2 * k * a != 0


def test_signs_are_read_off_the_tree():
    assert signs.sign(sym.gamma + sym.omega) == "positive"
    assert signs.sign(sym.omega * sym.gamma) == "nonnegative"
    assert signs.sign((sym.gamma - sym.mu) ** 2) == "nonnegative"
    for unseen in (
        sym.gamma - sym.mu,
        sym.lam,
        -sym.omega,
        1 / sym.omega,
        1 / (sym.gamma - sym.mu) ** 2,
        (-sym.gamma) ** 3,
        sym.lam**3,
    ):
        assert signs.sign(unseen) is None


def test_a_missing_checker_is_never_a_pass(monkeypatch):
    monkeypatch.setattr(proving, "_ACCEPTED", {})  # whatever another test had accepted
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    for checker, way_out in (
        ("coq", "apt-get install"),
        ("z3", "pip install"),
        ("cvc5", "pip install"),
    ):
        proof = prove("distillation-gradient", checkers=("sympy", checker))
        assert proof.status == "UNDECIDED"
        assert way_out in proof.reason


@pytest.mark.parametrize(
    "options",
    [
        ("--checker", "z3"),
        ("--checker", "sympy", "--checker", "cvc5"),
        ("--checker", "coq"),
        ("--coqchk",),
    ],
)
def test_a_missing_checker_has_an_exit_code_of_its_own(monkeypatch, capsys, options):
    """2, a tool that is not installed, and the way to get it; an open proof is 1 whatever else is
    missing.
    """
    monkeypatch.setattr(proving, "_ACCEPTED", {})
    in_coq.compiled.cache_clear()
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert main(["prove", "distillation-gradient", *options]) == 2
    out = capsys.readouterr().out
    assert "UNDECIDED" in out and "not installed" in out
    in_coq.compiled.cache_clear()


def test_an_open_proof_and_a_refuted_one_exit_with_1(monkeypatch, capsys):
    first, *others = OBLIGATIONS["theorem-1"]()
    for bad in (
        replace(first, claim=first.claim - sym.gamma),
        Identity("square", (sym.a + sym.k) ** 2 - sym.a**2),
    ):
        monkeypatch.setattr(
            proving, "OBLIGATIONS", {**OBLIGATIONS, "theorem-1": lambda bad=bad: (bad, *others)}
        )
        assert main(["prove", "theorem-1"]) == 1
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    # REFUTED, whoever is missing.
    assert main(["prove", "theorem-1", "--checker", "sympy", "--checker", "z3"]) == 1


def mutants(item):
    """The same name, one thing changed: a checker has to look at each of them."""
    x = sym.gamma if sym.gamma not in item.region.substitutions else sym.nu
    yield replace(
        item, region=Region({**item.region.slacks, sym.tau: 1 - x}, item.region.substitutions)
    )
    yield replace(
        item, region=Region(item.region.slacks, {**item.region.substitutions, sym.tau: 1 - x})
    )
    if isinstance(item, Identity):
        yield replace(item, expression=item.expression + x)
        return
    yield replace(item, claim=item.claim - x)
    yield replace(item, remainder=item.remainder + x)
    yield replace(item, squares=(*item.squares, (x, vec.e)))
    yield replace(item, multipliers={**item.multipliers, assumptions.nonnegative_gap: x})
    for key, weight in item.multipliers.items():
        yield replace(item, multipliers={**item.multipliers, key: 2 * weight})
        # an assumption of the same name that says something else
        other = {replace(key, slack=key.slack + x): weight}
        yield replace(
            item,
            multipliers={**{k: v for k, v in item.multipliers.items() if k is not key}, **other},
        )


@pytest.mark.parametrize("checker", ["sympy", "z3"])
def test_a_mutant_is_not_taken_for_the_obligation_of_its_name(monkeypatch, checker):
    """What was accepted is remembered by contents: after the right ones, wrong ones under their
    names are still refused.
    """
    monkeypatch.setattr(proving, "_ACCEPTED", {})
    right = {"theorem-1": OBLIGATIONS["theorem-1"](), "unbiased": OBLIGATIONS["unbiased"]()}
    assert kd.prove("theorem-1", checkers=(checker,)).status == "PROVED"
    first = right["theorem-1"][0]
    for bad in (
        replace(first, claim=first.claim - sym.gamma),
        replace(first, multipliers={}),
        replace(first, squares=first.squares[1:]),
    ):
        monkeypatch.setattr(
            proving,
            "OBLIGATIONS",
            {**OBLIGATIONS, "theorem-1": lambda bad=bad: (bad, *right["theorem-1"][1:])},
        )
        found = kd.prove("theorem-1", checkers=(checker,))
        assert (found.status, first.name in found.reason) == ("UNDECIDED", True)
    monkeypatch.setattr(proving, "OBLIGATIONS", OBLIGATIONS)
    assert kd.prove("theorem-1", checkers=(checker,)).status == "PROVED"


def test_contents_tell_all_obligations_and_mutants_apart():
    """Equal for the same obligation built twice, different for everything else."""
    makes = [
        make
        for name, make in OBLIGATIONS.items()
        if name in ("theorem-1", "theorem-2-sharp", "exact-quadratic")
    ]
    items = {item.name: item for make in makes for item in make()}
    again = {item.name: item for make in makes for item in make()}
    seen = set()
    for name, item in items.items():
        assert contents(item) == contents(again[name])
        for one in (item, *mutants(item)):
            assert contents(one) not in seen
            seen.add(contents(one))


def test_shared_obligations_are_checked_once_and_counted_once(monkeypatch):
    monkeypatch.setattr(proving, "_ACCEPTED", {})
    asked = []
    right = sympy_checker.check
    monkeypatch.setattr(sympy_checker, "check", lambda item: asked.append(item.name) or right(item))
    found = [kd.prove(name) for name in ("theorem-1", "theorem-1-refined", "theorem-1")]
    assert len(asked) == len(set(asked)) < sum(len(proof.steps) for proof in found)
    each = {step.name: step.seconds for proof in found for step in proof.steps}
    assert seconds_spent(found) == {"sympy": pytest.approx(sum(each.values()))}


def test_unknown_names():
    with pytest.raises(kd.InvalidInput, match="Unknown checker"):
        kd.prove("theorem-1", checkers=("lean",))
    with pytest.raises(kd.InvalidInput, match="Did you mean 'theorem-1'"):
        kd.prove("theorem1")
    assert kd.prove("theorem-1", checkers=()).status == "UNDECIDED"
    assert set(OBLIGATIONS) == set(kd.THEOREMS)


@pytest.mark.parametrize("name", kd.THEOREMS)
def test_every_statement_is_exported(name):
    """Eleven laws had spaces in the names of their facts, and no Coq text."""
    proof = kd.prove(name, checkers=())
    text = proof.to_coq()
    assert text.count("Qed.") >= len(proof.obligations)


def test_closed_forms():
    n = batched_noise()
    weight, floor = kd.closed_form("lambda-star"), kd.closed_form("noise-floor")
    (lam,) = [row for row in n.free_symbols if str(row) == "lam"]
    (size,) = [row for row in n.free_symbols if str(row) == "B"]
    assert sp.simplify(sp.diff(n, lam).subs(lam, weight)) == 0
    assert sp.diff(n, lam, 2).is_nonnegative
    assert sp.simplify(n.subs(lam, weight) / size - floor) == 0
    at_zero, at_one = n.subs(lam, 0) / size, n.subs(lam, 1) / size
    curvature = sp.diff(n, lam, 2) / 2
    # N(0) - N(lam*) and N(1) - N(lam*) are curvature * (distance to lam*)^2 / B.
    assert sp.simplify(at_zero - floor - curvature * weight**2 / size) == 0
    assert sp.simplify(at_one - floor - curvature * (1 - weight) ** 2 / size) == 0


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_a_statement_cannot_be_changed(name):
    """Frozen all the way down, a copy of what it was given, and it travels between processes."""
    theorem = kd.THEOREMS[name]
    given = dict(theorem.definitions)
    again = replace(theorem, definitions=given)
    given[sym.U] = sym.U / 4
    assert again == theorem and hash(again) == hash(theorem)
    assert pickle.loads(pickle.dumps(theorem)) == copy.deepcopy(theorem) == theorem
    with pytest.raises(TypeError):
        theorem.definitions[sym.U] = sym.U / 4
    with pytest.raises(TypeError):
        pickle.loads(pickle.dumps(theorem)).definitions[sym.U] = sym.U / 4
    with pytest.raises(FrozenInstanceError):
        theorem.rhs = theorem.lhs


@pytest.mark.parametrize("solver", list(solvers.SOLVERS))
def test_a_pole_that_sympy_cancels_is_seen(solver):
    """b_pos wider by gamma, its uses narrower: alpha divides by b_pos - gamma, which may be 0, and
    the product in which it cancels does not hide it.
    """
    good = next(item for item in corners.obligations() if item.name == "pl-equal-constants-long")
    swap = {sym.b_pos: sym.b_pos - sym.gamma}
    slacks = {**good.region.slacks, sym.b_pos: good.region.slacks[sym.b_pos] + sym.gamma}
    bad = replace(
        good,
        region=replace(good.region, slacks=slacks),
        multipliers={key: weight.xreplace(swap) for key, weight in good.multipliers.items()},
        squares=tuple(
            (weight.xreplace(swap), {name: x.xreplace(swap) for name, x in vector.items()})
            for weight, vector in good.squares
        ),
    )
    assert solvers.check(good, solver).status == "PROVED"
    assert solvers.check(bad, solver, timeout=5).status != "PROVED"


def test_one_checker_may_be_a_string_and_a_list_is_no_theorem():
    assert kd.prove("theorem-1", checkers="sympy") == kd.prove("theorem-1", checkers=["sympy"])
    with pytest.raises(kd.InvalidInput, match="Unknown checker 'magic'"):
        kd.prove("theorem-1", checkers="magic")
    for wrong in (["theorem-1"], None, 1):
        with pytest.raises(kd.InvalidInput, match="Unknown theorem"):
            kd.prove(wrong)


def test_a_false_identity_about_a_logarithm_is_refuted_without_a_point():
    """Its values are not rational: there is none to print, and nothing crashes."""
    right = kd.THEOREMS["steps-needed"]
    wrong = replace(right, rhs=10 * right.rhs / 9)
    assert kd.prove(wrong).status != "PROVED"
