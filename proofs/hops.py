"""From a statement to what is behind it, one hop each: its text, its certificate, its theorem in
Coq, the checks that attack it and the tests that use it.

The links are relative to proofs/pages, where the pages stand.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from kdtheory.algebra import symbols as sym
from kdtheory.proofs import families
from kdtheory.proofs.in_coq import COQ_SOURCES, whole_in_coq
from kdtheory.prover import coq
from kdtheory.prover.binding.affine import is_affine
from kdtheory.statements.theorem import Theorem

STATED = re.compile(r"^(?:Theorem|Lemma|Corollary) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class Hop:
    """``file`` from the project's root, ``name`` of what is looked for in it, ``said`` about it."""

    kind: str
    file: str
    name: str
    said: str = ""

    def line(self) -> str:
        """A row of the page's table."""
        file = self.file.removeprefix("proofs/")
        up = ".." if file != self.file else "../.."
        said = f" {self.said}" if self.said else ""
        return f"| {self.kind} | [{self.file}]({up}/{file}): `{self.name}`{said} |"


def hops(theorem: Theorem) -> tuple[Hop, ...]:
    """Statement, certificates, Coq, checks, tests."""
    family = theorem.family
    return (
        Hop("statement", f"kdtheory/statements/{family}.py", theorem.name),
        Hop("certificate", f"proofs/{family}.py", "obligations", "gathers them"),
        *(Hop("certificate", f"proofs/{file}.py", name) for file, name in _makers(theorem)),
        *_in_coq(theorem),
        Hop("check", "checks/one_field.py", "changes", "changes it field by field"),
        Hop("check", "checks/corruptions.py", "corruptions", "corrupts its certificates"),
        *_mutants(theorem),
        *(Hop("test", file, name) for file, name in _tests(theorem)),
    )


def table(theorem: Theorem) -> list[str]:
    """The hops as lines of a page."""
    return ["| what | where |", "| --- | --- |", *(hop.line() for hop in hops(theorem))]


def _makers(theorem: Theorem) -> list[tuple[str, str]]:
    """Where the certificates that carry a statement are written, by its form."""
    psi = theorem.psi
    if theorem.quantity == "law":
        return [("parts/law", "certificates")]
    if psi is None or theorem.quantity not in ("sq_distance", "gap"):
        return []  # in the family's own file
    if theorem.compresses:
        if sym.young in theorem.definitions:
            return [("parts/compression", "best_p")]
        return [("parts/certificates", "young"), ("parts/recursion", "obligations")]
    if sym.A not in theorem.definitions:
        return [("paper", "one_step")]
    steps = ("parts/certificates", "obligations")
    if is_affine(psi):
        return [steps, ("parts/joining", "sharp")]
    return [steps, ("parts/recursion", "obligations"), ("parts/convexity", "obligations")]


@cache
def _stated() -> dict[str, str]:
    """File by theorem, for all of proofs/coq."""
    files = sorted(COQ_SOURCES.glob("*.v"))
    return {
        name: path.name
        for path in files
        for name in STATED.findall(path.read_text(encoding="utf-8"))
    }


def _in_coq(theorem: Theorem) -> list[Hop]:
    """The theorem and its second reading; theorems that speak of it where it is not whole there."""
    whole, found = coq.identifier(theorem.name), _stated()
    if theorem.name in whole_in_coq():
        again = f"reading_{whole}"
        return [
            Hop("Coq", f"proofs/coq/{found[whole]}", whole),
            Hop("Coq, second reading", f"proofs/coq/{found[again]}", again),
        ]
    parts = families.NOT_WHOLE.get(theorem.name, ())
    if not parts:
        return [Hop("Coq", f"proofs/{theorem.family}.py", theorem.name, "is not proved there")]
    return [Hop("Coq, in part", f"proofs/coq/{found[name]}", name) for name in parts]


def _mutants(theorem: Theorem) -> list[Hop]:
    own = Hop("check", f"checks/{theorem.family}.py", "MUTANTS", "misremembers it")
    data = Hop("check", "checks/data_mutants.py", "mutant", "lets data refute wrong copies of it")
    return [own] if theorem.psi is None else [own, data]


def _tests(theorem: Theorem) -> list[tuple[str, str]]:
    """Where its numbers are compared with what they claim."""
    if theorem.quantity == "gradient":
        return [("tests/test_proposition.py", "test_every_obligation")]
    if theorem.quantity == "law":
        return [("tests/test_laws.py", "test_a_changed_law_is_not_proved")]
    if theorem.quantity == "average_gap":
        return [("tests/test_horizon.py", "test_exact_moments_stay_below")]
    if theorem.psi is None:
        return [("tests/test_verdicts.py", "test_exact_law_is_an_identity")]
    tight = [("tests/test_attained.py", "test_attained_by_a_finite_sum_over_the_rationals")]
    return [
        ("checks/properties/test_properties.py", "test_iterates"),
        *(tight if theorem.kind == "tight" else ()),
    ]
