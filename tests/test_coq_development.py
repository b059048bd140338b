"""The whole Coq development: it compiles, rests on the axioms of Reals only, and every final
theorem has a second reading that notices when either of the two says less.

These tests fail where ``coqc`` is absent: a checker that did not run has checked nothing.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from kdtheory.proofs import COQ_SOURCES, coq_statements, in_coq, whole_in_coq
from kdtheory.prover import coq, coq_audit, coq_build

# One process has these tests (make test: --dist loadgroup), so that the development is compiled
# once.
pytestmark = pytest.mark.xdist_group("coq")

COMMENT = re.compile(r"\(\*.*?\*\)", re.DOTALL)
# A theorem of a reading: its name, its statement, how its proof begins, and the term that ends it.
READ = re.compile(
    r"Theorem reading_(\w+)(.*?)\.\s*Proof\.(.*?)exact (\(.*?\))\.\s*Qed\.", re.DOTALL
)


@pytest.fixture(scope="module")
def compiled(tmp_path_factory):
    return tmp_path_factory.mktemp("coq")


@pytest.fixture(scope="module")
def report(compiled):
    return coq_build.compile(
        COQ_SOURCES,
        timeout=900,
        expected=whole_in_coq(),
        statements=coq_statements(),
        keep=compiled,
    )


def source(file: str) -> str:
    return COMMENT.sub(" ", (COQ_SOURCES / f"{file}.v").read_text(encoding="utf-8"))


def run(folder: Path, name: str, text: str, *options: str) -> subprocess.CompletedProcess[str]:
    (folder / name).write_text(text, encoding="utf-8")
    return subprocess.run(
        ["coqc", "-q", *options, "-R", ".", coq.LIBRARY, name],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_everything_compiles_and_rests_on_the_axioms_of_reals(report):
    assert report.status == "PROVED", report.reason
    assert set(report.axioms) <= coq_audit.AXIOMS_OF_REALS


def test_every_statement_has_its_theorem(report):
    assert {coq.identifier(key) for key in whole_in_coq()} <= set(report.theorems)


def test_every_final_theorem_has_a_second_reading(report):
    """Audit.v and the readings agree; one that vanishes from both, or a witness, is missed here."""
    read = [name for names in in_coq.readings().values() for name in names]
    assert sorted(read) == sorted(report.theorems)
    witnesses = [name for names in in_coq.witnesses().values() for name in names]
    assert (len(read), len(witnesses)) == (134, 19)
    expected = (Path(__file__).parent / "data" / "coq_theorems.txt").read_text().split("\n\n")
    assert [part.split() for part in expected] == [sorted(read), sorted(witnesses)]


def at_depth_0(statement: str) -> int:
    """Where the last relation outside all brackets stands; -1 where there is none."""
    depth, found = 0, -1
    for place, letter in enumerate(statement):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and re.match(r"\s(<=|=)\s", statement[place : place + 4]):
            found = place
    return found


def stronger(statement: str) -> str | None:
    """The same with 1 taken from the last right-hand side; None where the conclusion is no relation
    between real numbers (a limit, a path's number).
    """
    place = at_depth_0(statement)
    if place < 0:
        return None
    relation, right = statement[place:].split(None, 1)
    if "->" in right or right == "j":
        return None
    return f"{statement[:place]} {relation} ({right}) - 1"


def planted(file: str) -> tuple[str, int, int]:
    """The reading with two refusals planted at every theorem, and how many of each: the theorem in
    its place says ``False -> …``, or the reading asks for 1 less than the theorem gives.
    """
    text = source(file)
    used: dict[str, None] = {}
    counts = {"vacuous": 0, "stronger": 0}

    def replacement(found: re.Match[str]) -> str:
        name, statement, before, term = found.groups()
        theorem = re.search(r"\b([A-Z]\w*)\.(\w+)", term)
        assert theorem, name
        used[theorem[0]] = None
        weak = re.sub(
            rf"\b{re.escape(theorem[0])}\b", f"weak_{theorem[1]}_{theorem[2]}", term, count=1
        )
        counts["vacuous"] += 1
        start = f"Theorem reading_{name}{statement}.\nProof.{before}"
        kept = f"{start}Fail exact {weak}. exact {term}. Qed."
        asked = stronger(statement)
        if asked is None:
            return kept
        counts["stronger"] += 1
        return f"{kept}\nTheorem more_{name}{asked}.\nProof.{before}Fail exact {term}. Abort."

    text = READ.sub(replacement, text)
    weak = "\n".join(
        f"Definition weak_{name.replace('.', '_')} := fun _ : False => @{name}." for name in used
    )
    return (
        text.replace("Open Scope R_scope.", f"{weak}\nOpen Scope R_scope.", 1),
        counts["vacuous"],
        counts["stronger"],
    )


@pytest.mark.parametrize("file", in_coq.readings())
def test_a_vacuous_or_weaker_theorem_has_no_second_reading(report, compiled, file):
    """Theorem by theorem: what assumes ``False``, or gives 1 more than it should, does not fit."""
    text, vacuous, asked = planted(file)
    assert vacuous == len(in_coq.readings()[file])
    assert asked >= vacuous / 3
    done = run(compiled, f"Planted{file}.v", text, "-test-mode")
    assert done.returncode == 0, done.stderr[-600:]
    told = " ".join((done.stdout + done.stderr).split()).split("has indeed failed with message:")[
        1:
    ]
    assert len(told) == vacuous + asked
    assert sum('expected to have type "False"' in one for one in told) == vacuous
    assert all("expected to have type" in one or "unify" in one for one in told)


def test_a_plant_that_fits_is_seen(report, compiled):
    """The plants are refused for what they say: the right theorem in the same place is not."""
    text, _, _ = planted("ReadingExact")
    right = text.replace("fun _ : False => @", "@")
    done = run(compiled, "PlantedRight.v", right)
    assert done.returncode != 0
    assert "has not failed" in done.stderr


# What an adversary, or an error of ours, would weaken: a constant, a range, a hypothesis, a
# definition, the update, the paths.
WEAKENED = {
    "floor doubled": (
        "(L * gamma / mu * N_ (1 / (L * gamma)))",
        "(2 * L * gamma / mu * N_ (1 / (L * gamma)))",
    ),
    "range widened": ("gamma < 1 / Lcal -> forall t x,", "gamma < 2 / Lcal -> forall t x,"),
    "stronger assumption": ("2 * mu * suboptimality x <=", "3 * mu * suboptimality x <="),
    "noise without the teacher": (
        "G n xs i - lam * (G n theta i - gradient theta i)",
        "G n xs i - lam * (G n theta i - G n theta i)",
    ),
    "a step that stands still": (
        "x i - gamma * (G n x i - lam * G n theta i).",
        "x i - 0 * (G n x i - lam * G n theta i).",
    ),
    "psi with U twice": ("+ 2 * sqrt (W * s) + U else", "+ 2 * sqrt (W * s) + U + U else"),
    "paths that forget": (
        "average N (fun n => paths N step t' phi (step n x)) end",
        "average N (fun n => paths N step t' phi x) end",
    ),
    "one power more": (
        "(t : nat) (s0 : R) := (1 - r) ^ t * s0",
        "(t : nat) (s0 : R) := (1 - r) ^ S t * s0",
    ),
}


def test_a_weakened_statement_has_no_second_reading(report, compiled):
    """Statement and reading agree by conversion alone, so a change of either makes Reading.v fail:
    here each change is made in the reading.
    """
    text = (compiled / "Reading.v").read_text(encoding="utf-8")
    for name, changes in {"unchanged": ("", ""), **WEAKENED}.items():
        assert changes[0] in text, name
        done = run(compiled, "Again.v", text.replace(*changes) if changes[0] else text)
        assert (done.returncode == 0) == (name == "unchanged"), (name, done.stderr[-300:])
        assert name == "unchanged" or ("Syntax" not in done.stderr and "has type" in done.stderr), (
            name,
            done.stderr,
        )
