"""Coq compiles every statement, rests on the axioms of Reals only, and refuses corrupted certificates.

These tests fail where ``coqc`` is absent: a checker that did not run has checked nothing.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.proofs import OBLIGATIONS, paper
from kdtheory.proofs.coq_exports import certificates
from kdtheory.prover import coq, coq_build

FOLDER = Path(__file__).parents[1] / "proofs" / "coq"


@pytest.fixture(scope="module")
def report():
    return coq_build.compile(FOLDER, timeout=900, expected=list(kd.THEOREMS))


def test_everything_compiles_and_rests_on_the_axioms_of_reals(report):
    assert report.status == "PROVED", report.reason
    assert set(report.axioms) <= coq_build.AXIOMS_OF_REALS


def test_every_statement_has_its_theorem(report):
    assert {coq.identifier(key) for key in kd.THEOREMS} <= set(report.theorems)


def test_generated_files_have_not_drifted():
    assert coq.drift(FOLDER, certificates()) == []


def test_drift_is_seen(tmp_path):
    coq.write(tmp_path, certificates()[:3])
    (tmp_path / coq.FOLDER / "theorem_1_one_step.v").write_text("", encoding="utf-8")
    (tmp_path / coq.FOLDER / "theorem_2_one_step.v").unlink()
    (tmp_path / coq.FOLDER / "stranger.v").write_text("", encoding="utf-8")
    assert coq.drift(tmp_path, certificates()[:3]) == [
        "theorem_2_one_step.v is missing", "theorem_1_one_step.v differs from its certificate", "stranger.v belongs to no certificate",
    ]


def corrupted():
    """One change each: multiplier, its sign, a square's vector, a square dropped, the range, an assumption dropped, the claim."""
    good = paper.one_step("theorem-1")
    (first, weight), *others = good.multipliers.items()
    (factor, vector), *squares = good.squares
    (slack, meaning), = good.region.slacks.items()
    changed = {
        "multiplier": replace(good, multipliers={first: 2 * weight, **dict(others)}),
        "sign": replace(good, multipliers={first: -weight, **dict(others)}),
        "square": replace(good, squares=((factor, {**vector, "S": sp.Integer(-1)}), *squares)),
        "dropped-square": replace(good, squares=tuple(squares)),
        "range": replace(good, region=replace(good.region, slacks={slack: 2 * meaning})),
        "dropped-assumption": replace(good, multipliers=dict(others)),
        "claim": replace(good, claim=good.claim - kd.symbols.sigma_star_sq / 1000),
    }
    return [replace(bad, name=f"bad-{what}") for what, bad in changed.items()] + [good]


def test_corrupted_certificates_do_not_compile():
    reports = coq_build.check(FOLDER, corrupted(), timeout=200)
    assert [name for name, one in reports.items() if one.status == "PROVED"] == ["theorem-1-one-step"]
    assert all("Error" in one.reason for name, one in reports.items() if name.startswith("bad"))


def test_identities_are_translated_too():
    names = ("distillation-gradient", "theorem-2-refined-unrolled", "lambda-star-minimises", "floor-is-fixed-point")
    found = {item.name: item for make in OBLIGATIONS.values() for item in make()}
    reports = coq_build.check(FOLDER, [found[name] for name in names], timeout=200)
    assert {one.status for one in reports.values()} == {"PROVED"}
    wrong = replace(found["distillation-gradient"], expression=found["distillation-gradient"].expression + 1)
    assert coq_build.check(FOLDER, [wrong], timeout=200)[wrong.name].status == "UNDECIDED"


def test_conditional_or_missing_theorems_are_noticed(tmp_path):
    """A theorem that assumes more than Reals, or that Audit.v does not name, is not PROVED."""
    for name in coq_build.BASE:
        shutil.copy(FOLDER / name, tmp_path / name)
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nOneStep.v\nAudit.v\n", encoding="utf-8")
    audit = "Require Import KDTheory.OneStep.\n{}\nDefinition final_theorems := (\n  square,\n  {}\n).\nPrint Assumptions final_theorems.\n"
    (tmp_path / "Audit.v").write_text(audit.format("", "jensen_like").replace("jensen_like", "cauchy_schwarz"), encoding="utf-8")
    assert coq_build.compile(tmp_path, expected=["square"]).status == "PROVED"
    missing = coq_build.compile(tmp_path, expected=["theorem-1"])
    assert missing.status == "UNDECIDED"
    assert "theorem_1" in missing.reason
    (tmp_path / "Audit.v").write_text(audit.format("Axiom easy : 1 = 2.", "easy"), encoding="utf-8")
    conditional = coq_build.compile(tmp_path)
    assert conditional.status == "UNDECIDED"
    assert "easy" in conditional.reason
    (tmp_path / "Stray.v").write_text("", encoding="utf-8")
    assert "Stray.v is not listed" in coq_build.compile(tmp_path).reason


@pytest.mark.slow
def test_coqchk_accepts_the_whole_development():
    """Coq's separate kernel re-checks every file, and loads no axiom that Reals does not load."""
    found = coq_build.compile(FOLDER, timeout=1200, expected=list(kd.THEOREMS), coqchk=True)
    print(f"\n{found.reason}; coqchk lists {', '.join(found.loaded)}; {found.seconds:.0f} s")
    assert found.status == "PROVED", found.reason
    assert set(found.loaded) == coq_build.LOADED_WITH_REALS


@pytest.mark.slow
def test_every_obligation_compiles():
    """Each obligation of every statement, translated and compiled on its own."""
    found = list({item.name: item for make in OBLIGATIONS.values() for item in make()}.values())
    reports = coq_build.check(FOLDER, found, timeout=1200)
    assert {name: one.reason for name, one in reports.items() if one.status != "PROVED"} == {}


SUMMARY = "CONTEXT SUMMARY\n===\n\n* Theory: Set is predicative\n  \n* Axioms:\n    {}\n  \n* Constants/Inductives relying on type-in-type: <none>\n"


def test_coqchk_names_its_axioms():
    """Its list is read, and one axiom more than Reals loads is noticed."""
    reals = "Coq.Reals.ClassicalDedekindReals.sig_not_dec\n    Coq.Logic.Classical_Prop.classic"
    assert set(coq_build.axioms_of_coqchk(SUMMARY.format(reals))) <= coq_build.LOADED_WITH_REALS
    assert coq_build.axioms_of_coqchk(SUMMARY.format("<none>")) == ()
    assert set(coq_build.axioms_of_coqchk(SUMMARY.format(f"{reals}\n    KDTheory.Sharp.easy"))) - coq_build.LOADED_WITH_REALS == {"Sharp.easy"}
    with pytest.raises(ValueError, match="no list"):
        coq_build.axioms_of_coqchk("Modules were successfully checked")


def test_coqchk_runs_on_the_base(tmp_path):
    """The separate kernel accepts what was compiled (the whole development: ``kdtheory prove --coqchk``)."""
    (tmp_path / "Base.v").write_text("Theorem one : 1 = 1.\nProof. reflexivity. Qed.\n", encoding="utf-8")
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nAudit.v\n", encoding="utf-8")
    audit = "Require Import KDTheory.Base.\nAxiom {} : False.\nDefinition final_theorems := (\n  one,\n  {}\n).\nPrint Assumptions final_theorems.\n"
    (tmp_path / "Audit.v").write_text(audit.format("absurd", "absurd"), encoding="utf-8")
    assert "absurd" in coq_build.compile(tmp_path, coqchk=True).reason


def test_without_coq_nothing_is_proved(monkeypatch):
    monkeypatch.setenv("PATH", "")
    report = coq_build.compile(FOLDER)
    assert report.status == "UNDECIDED"
    assert "apt-get install coq" in report.reason
    assert coq_build.check(FOLDER, certificates()[:1])["theorem-1-one-step"].status == "UNDECIDED"


def test_out_of_time_is_undecided():
    report = coq_build.compile(FOLDER, timeout=0.0)
    assert (report.status, "out of time" in report.reason) == ("UNDECIDED", True)


def test_what_cannot_be_translated_is_named():
    with pytest.raises(ValueError, match="Coq export"):
        coq.term(sp.sqrt(kd.symbols.mu))
