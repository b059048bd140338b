"""Coq compiles every statement, rests on the axioms of Reals only, and refuses corrupted
certificates.

These tests fail where ``coqc`` is absent: a checker that did not run has checked nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import OBLIGATIONS, in_coq, paper, prove, whole_in_coq
from kdtheory.proofs.coq_exports import certificates
from kdtheory.prover import coq, coq_audit, coq_build
from kdtheory.prover.obligations import Certificate, Region

FOLDER = Path(__file__).parents[1] / "proofs" / "coq"


def test_generated_files_have_not_drifted():
    assert coq.drift(FOLDER, certificates()) == []


def test_drift_is_seen(tmp_path):
    coq.write(tmp_path, certificates()[:3])
    (tmp_path / coq.FOLDER / "theorem_1_one_step.v").write_text("", encoding="utf-8")
    (tmp_path / coq.FOLDER / "theorem_2_one_step.v").unlink()
    (tmp_path / coq.FOLDER / "stranger.v").write_text("", encoding="utf-8")
    assert coq.drift(tmp_path, certificates()[:3]) == [
        "theorem_2_one_step.v is missing",
        "theorem_1_one_step.v differs from its certificate",
        "stranger.v belongs to no certificate",
    ]


def corrupted():
    """One change each: multiplier, its sign, a square's vector, a square dropped, the range, an
    assumption dropped, the claim.
    """
    good = paper.one_step(kd.THEOREMS["theorem-1"])
    (first, weight), *others = good.multipliers.items()
    (factor, vector), *squares = good.squares
    ((slack, meaning),) = good.region.slacks.items()
    changed = {
        "multiplier": replace(good, multipliers={first: 2 * weight, **dict(others)}),
        "sign": replace(good, multipliers={first: -weight, **dict(others)}),
        "square": replace(good, squares=((factor, {**vector, "S": sp.Integer(-1)}), *squares)),
        "dropped-square": replace(good, squares=tuple(squares)),
        "range": replace(good, region=replace(good.region, slacks={slack: 2 * meaning})),
        "dropped-assumption": replace(good, multipliers=dict(others)),
        "claim": replace(good, claim=good.claim - sym.sigma_star_sq / 1000),
    }
    return [replace(bad, name=f"bad-{what}") for what, bad in changed.items()] + [good]


IDENTITIES = (
    "distillation-gradient",
    "theorem-2-refined-unrolled",
    "lambda-star-minimises",
    "floor-is-fixed-point",
    "softmax-loss",
    "chain-rule",
    "gap-bound",
    "temperature-gap",
)


def test_what_is_right_compiles_and_corrupted_certificates_do_not():
    """In one call, for the base compiles in each; identities are translated too."""
    found = {item.name: item for make in OBLIGATIONS.values() for item in make()}
    first = found[IDENTITIES[0]]
    wrong = replace(first, name="bad-identity", expression=first.expression + 1)
    tried = [*corrupted(), wrong, *(found[name] for name in IDENTITIES)]
    reports = coq_build.check(FOLDER, tried, timeout=400)
    proved = {name for name, one in reports.items() if one.status == "PROVED"}
    assert proved == {"theorem-1-one-step", *IDENTITIES}
    bad = [one for name, one in reports.items() if name.startswith("bad")]
    assert len(bad) == 8 and all("Error" in one.reason for one in bad)


def test_conditional_or_missing_theorems_are_noticed(tmp_path):
    """A theorem that assumes more than Reals, or that Audit.v does not name, is not PROVED."""
    (tmp_path / "Base.v").write_text(
        "Require Import Reals.\nDefinition square := Rle_0_sqr.\n", encoding="utf-8"
    )
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nAudit.v\n", encoding="utf-8")
    audit = (
        "Require Import KDTheory.Base.\n{}\nDefinition final_theorems := (\n  square,\n "
        " {}\n).\nPrint Assumptions final_theorems.\n"
    )
    (tmp_path / "Audit.v").write_text(audit.format("", "@square"), encoding="utf-8")
    assert coq_build.compile(tmp_path, expected=["square"]).status == "PROVED"
    missing = coq_build.compile(tmp_path, expected=["theorem-1"])
    assert missing.status == "UNDECIDED"
    assert "theorem_1" in missing.reason
    (tmp_path / "Audit.v").write_text(
        audit.format("Hypothesis easy : 1 = 2.", "easy"), encoding="utf-8"
    )
    conditional = coq_build.compile(tmp_path)
    assert conditional.status == "UNDECIDED"
    assert "easy" in conditional.reason
    (tmp_path / "Stray.v").write_text("", encoding="utf-8")
    assert "Stray.v is not listed" in coq_build.compile(tmp_path).reason


@pytest.mark.slow
def test_coqchk_accepts_the_whole_development():
    """Coq's separate kernel re-checks every file, and loads no axiom that Reals does not load."""
    found = coq_build.compile(FOLDER, timeout=1200, expected=whole_in_coq(), coqchk=True)
    print(f"\n{found.reason}; coqchk lists {', '.join(found.loaded)}; {found.seconds:.0f} s")
    assert found.status == "PROVED", found.reason
    assert set(found.loaded) == coq_audit.LOADED_WITH_REALS


@pytest.mark.slow
def test_every_obligation_compiles():
    """Each obligation of every statement, translated and compiled on its own."""
    found = list({item.name: item for make in OBLIGATIONS.values() for item in make()}.values())
    reports = coq_build.check(FOLDER, found, timeout=1200)
    assert {name: one.reason for name, one in reports.items() if one.status != "PROVED"} == {}


SUMMARY = (
    "CONTEXT SUMMARY\n===\n\n* Theory: Set is predicative\n  \n* Axioms:\n    {}\n  \n*"
    " Constants/Inductives relying on type-in-type: <none>\n"
)


def test_coqchk_names_its_axioms():
    """Its list is read, and one axiom more than Reals loads is noticed."""
    reals = "Coq.Reals.ClassicalDedekindReals.sig_not_dec\n    Coq.Logic.Classical_Prop.classic"
    assert set(coq_audit.axioms_of_coqchk(SUMMARY.format(reals))) <= coq_audit.LOADED_WITH_REALS
    assert coq_audit.axioms_of_coqchk(SUMMARY.format("<none>")) == ()
    assert set(
        coq_audit.axioms_of_coqchk(SUMMARY.format(f"{reals}\n    KDTheory.Sharp.easy"))
    ) - coq_audit.LOADED_WITH_REALS == {"Sharp.easy"}
    with pytest.raises(ValueError, match="no list"):
        coq_audit.axioms_of_coqchk("Modules were successfully checked")


def test_coqchk_runs_on_the_base(tmp_path):
    """The separate kernel accepts what was compiled (the whole development: ``kdtheory prove
    --coqchk``).
    """
    (tmp_path / "Base.v").write_text(
        "Theorem one : 1 = 1.\nProof. reflexivity. Qed.\n", encoding="utf-8"
    )
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nAudit.v\n", encoding="utf-8")
    audit = (
        "Require Import KDTheory.Base.\nHypothesis {} : False.\nDefinition final_theorems := (\n "
        " one,\n  {}\n).\nPrint Assumptions final_theorems.\n"
    )
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
        coq.term(sp.sqrt(sym.mu))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "Base.v proves nothing"),
        ("Lemma easy : 1 = 2. Admitted.", "says 'Admitted'"),
        ("Axiom easy : 1 = 2.", "says 'Axiom'"),
        ("Unset Guard Checking. Definition x := 1.", "says 'Unset Guard'"),
        ("Definition x := 1. Lemma y : x = 1. Proof. unfold x.", "Base.v"),
        (None, "Base.v is listed in _CoqProject and missing"),
    ],
)
def test_bad_sources_are_refused(tmp_path, text, told):
    """Empty, truncated or missing files, and files that take something for granted."""
    if text is not None:
        (tmp_path / "Base.v").write_text(text, encoding="utf-8")
    (tmp_path / "Audit.v").write_text(
        "Require Import KDTheory.Base.\nDefinition final_theorems := (\n  x\n).\nPrint Assumptions"
        " x.\n"
    )
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nAudit.v\n", encoding="utf-8")
    found = coq_build.compile(tmp_path)
    assert (found.status, told in found.reason) == ("UNDECIDED", True), found.reason


def test_missing_project_files(tmp_path):
    assert "_CoqProject is missing" in coq_build.compile(tmp_path).reason
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\n", encoding="utf-8")
    assert "Audit.v is not listed" in coq_build.compile(tmp_path).reason


def test_an_audit_that_speaks_of_something_else_is_noticed(tmp_path):
    """Audit.v may put a theorem of its own in place of the right one; the names that the program
    prints are full ones.
    """
    (tmp_path / "Base.v").write_text(
        "Require Import Reals. Definition x := (1 = 2)%R.\n", encoding="utf-8"
    )
    audit = (
        "Require Import Reals.\nLemma y : (0 <= 1)%R. Proof. exact Rle_0_1. Qed.\nDefinition"
        " final_theorems := (\n  y\n).\nPrint Assumptions y.\n"
    )
    (tmp_path / "Audit.v").write_text(audit, encoding="utf-8")
    (tmp_path / "_CoqProject").write_text("-R . KDTheory\nBase.v\nAudit.v\n", encoding="utf-8")
    assert coq_build.compile(tmp_path, expected=["y"]).status == "PROVED"
    found = coq_build.compile(tmp_path, expected=["y"], statements=["Base.y"])
    assert found.status == "UNDECIDED" and "the audit" in found.reason


def test_what_coq_prints_is_read_line_by_line():
    """An axiom of Reals, its type, and a sentence that is no axiom's name."""
    reals = "ClassicalDedekindReals.sig_not_dec"
    assert coq_audit.axioms_of(f"Axioms:\n{reals} : forall P : Prop,\n  P\n") == (reals,)
    assert coq_audit.axioms_of("Axioms:\nloop is assumed to be guarded.\n") == (
        "loop is assumed to be guarded.",
    )
    assert coq_audit.axioms_of("Closed under the global context\n") == ()


def test_stale_generated_files_are_no_proof(monkeypatch):
    monkeypatch.setattr(
        coq, "drift", lambda folder, certificates: ["young.v differs from its certificate"]
    )
    in_coq.compiled.cache_clear()
    proof = prove("theorem-1", checkers=("coq",))
    in_coq.compiled.cache_clear()
    assert (proof.status, "young.v differs" in proof.reason) == ("UNDECIDED", True)


def test_names_and_idle_assumptions_are_refused_by_the_export():
    good = paper.one_step(kd.THEOREMS["theorem-1"])
    with pytest.raises(ValueError, match="is no name"):
        coq.to_coq(replace(good, name="x. Axiom false : False. Theorem y"))
    hidden = (sym.gamma + sym.mu) ** 2 - (sym.gamma - sym.mu) ** 2 - 4 * sym.gamma * sym.mu
    for nothing in (sp.Integer(0), hidden):
        with pytest.raises(ValueError, match="listed but has multiplier 0"):
            coq.to_coq(
                replace(
                    good,
                    multipliers={**good.multipliers, kd.ASSUMPTIONS["polyak-lojasiewicz"]: nothing},
                )
            )
    with pytest.raises(ValueError, match="no point found"):
        coq.region_lemma(
            replace(
                good,
                region=replace(good.region, slacks={sym.slack_quarter: -1 - sym.gamma}),
            )
        )


def test_what_is_exported_speaks_of_no_letter_of_the_proof():
    """A slack letter in a claim is written out, and sigma*^2 in a region is a number there."""
    slack = sym.slack_quarter
    region = Region(slacks={slack: 1 - 4 * sym.gamma * sym.Lcal})
    claim = Certificate("claim", slack * sym.F, {asm.nonnegative_gap: slack}, region=region)
    statement = coq.to_coq(claim).split("Proof.")[0]
    assert slack.name not in statement.split(": 0 <= ")[-1]
    noisy = Region(slacks={slack: 1 - sym.sigma_star_sq * sym.gamma})
    lemma = coq.region_lemma(Certificate("noise", slack, {}, remainder=slack, region=noisy))
    assert "exists sigma_star_sq gamma : R" in lemma and " P" not in lemma
