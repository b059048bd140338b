"""Proofs on paper: a real TeX engine sets them without an overfull line; the SMT and Coq files
stand on their own; pages do not drift.

These tests fail where TeX, Coq or Z3 is absent: an engine that did not run has set nothing.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
import z3

import kdtheory as kd
from kdtheory.proofs import (
    CHECKERS,
    OBLIGATIONS,
    coq_file,
    latex_file,
    markdown,
    smt2_file,
)
from kdtheory.proofs.families import FAMILIES, words
from kdtheory.prover import coq_build, latex
from kdtheory.prover.obligations import Certificate

COQ = Path(__file__).parents[1] / "proofs" / "coq"
KEYS = list(kd.THEOREMS)


def pdflatex(text: str, folder: Path) -> str:
    """The log of a run; an error stops it."""
    (folder / "proofs.tex").write_text(text, encoding="utf-8")
    engine = shutil.which("pdflatex")
    assert engine is not None, "pdflatex is missing: apt-get install texlive-latex-base"
    done = subprocess.run(
        [engine, "-interaction=nonstopmode", "-halt-on-error", "proofs.tex"],
        cwd=folder,
        capture_output=True,
        check=False,
    )
    log = (folder / "proofs.log").read_text(encoding="latin-1")
    assert done.returncode == 0, log[-2000:]
    return log


def overfull(log: str) -> list[float]:
    return [float(width) for width in re.findall(r"Overfull \\hbox \((\d+\.?\d*)pt", log)]


@pytest.fixture(scope="module")
def proofs():
    return [kd.prove(name) for name in KEYS]


def test_the_whole_argument_compiles_and_no_line_runs_off_the_page(proofs, tmp_path):
    # Every column filled, as after a run with all checkers.
    asked = [
        replace(
            proof,
            steps=tuple(
                replace(step, checker=checker) for checker in CHECKERS for step in proof.steps
            ),
        )
        for proof in proofs
    ]
    text = latex_file(asked)
    log = pdflatex(text, tmp_path)
    assert overfull(log) == []
    assert (tmp_path / "proofs.pdf").stat().st_size > 100_000
    names = {item.name for proof in proofs for item in proof.obligations}
    # Every obligation once, none left out.
    assert all(text.count(rf"\paragraph{{{name}.}}") == 1 for name in names)


def test_a_section_fits_into_somebody_elses_appendix(proofs, tmp_path):
    """A stranger's two-package article, twocolumn or not, takes a section as it is."""
    paper = (
        r"\documentclass{article}\usepackage{amsmath,amssymb,longtable}\begin{document}\appendix"
        + "\n"
    )
    pdflatex(paper + proofs[1].to_latex() + "\n\\end{document}\n", tmp_path)


def test_an_overfull_line_is_seen(tmp_path):
    """The check above can fail: a fraction of 200 letters is wider than the page."""
    wide = (
        r"\documentclass{article}\begin{document}$\frac{"
        + "+".join("abcdefgh" * 25)
        + r"}{2}$\end{document}"
    )
    assert overfull(pdflatex(wide, tmp_path))[0] > 100


def test_every_multiplier_and_square_is_printed():
    """One line per assumption used, per square, and for a remainder; statements share most."""
    items = {item.name: item for make in OBLIGATIONS.values() for item in make()}
    for name, item in items.items():
        entry = latex.listing(item)
        if isinstance(item, Certificate):
            rest = int(item.remainder != 0 or not (item.multipliers or item.squares))
            lines = len(item.multipliers) + len(item.squares) + rest
            assert len(entry.lines) == lines, name
            assert [line.why.split(",")[0] for line in entry.lines[: len(item.multipliers)]] == [
                key.label for key in item.multipliers
            ], name


def test_every_statement_has_its_argument():
    assert all(2 <= len(words(theorem)) <= 6 for theorem in kd.THEOREMS.values())
    said = [name for module in FAMILIES.values() for name in module.ARGUMENTS]
    assert sorted(said) == sorted(KEYS)  # none is about nothing


@pytest.fixture(scope="module")
def pages():
    return markdown.expected()


def test_pages_have_not_drifted(pages, monkeypatch):
    monkeypatch.setattr(markdown, "expected", lambda: pages)
    assert markdown.drift() == []


def test_drift_is_seen(pages, monkeypatch, tmp_path):
    monkeypatch.setattr(markdown, "expected", lambda: pages)
    for name, text in pages.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "theorem-1.md").unlink()
    (tmp_path / "theorem-2.md").write_text("", encoding="utf-8")
    (tmp_path / "stranger.md").write_text("", encoding="utf-8")
    assert markdown.drift(tmp_path) == [
        "theorem-1.md is missing",
        "theorem-2.md differs from its statement",
        "stranger.md belongs to no statement",
    ]


def test_the_smt_file_runs_alone(proofs):
    """Z3's own front end reads the whole file and answers every question as the file announces."""
    text = smt2_file(proofs[1:3])
    context = z3.Context()
    said = z3.Z3_eval_smtlib2_string(context.ref(), text)
    assert said.split() == re.findall(r"set-info :status (\w+)", text)


def test_the_coq_file_runs_alone(proofs, tmp_path):
    """coqc compiles the file against the two base files, as the docstring says."""
    for name in coq_build.BASE:
        shutil.copy(COQ / name, tmp_path / name)
    (tmp_path / "Proofs.v").write_text(coq_file([proofs[0], proofs[1]]), encoding="utf-8")
    coqc = shutil.which("coqc")
    assert coqc is not None, "coqc is missing: apt-get install coq"
    for name in (*coq_build.BASE, "Proofs.v"):
        done = subprocess.run(
            [coqc, "-q", "-R", ".", "KDTheory", name],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
        assert done.returncode == 0, done.stderr
