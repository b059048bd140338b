"""The development in proofs/coq, compiled: what it has of the statements.

``Audit.v`` names the final theorems, and ``Reading*.v`` restate each as ``reading_<name>``; the
theorems of ``Instance*.v`` are witnesses of all hypotheses (what only helps them is a lemma).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path

from kdtheory.proofs.coq_exports import certificates
from kdtheory.prover import coq, coq_build
from kdtheory.statements.theorems import THEOREMS

COQ_SOURCES = Path(__file__).parent / "coq"


@lru_cache(maxsize=2)
def compiled(coqchk: bool) -> coq_build.CoqReport:
    """The whole development, compiled once a process: generated files up to date, every statement
    in Audit.v and in Reading.v.
    """
    stale = coq.drift(COQ_SOURCES, certificates())
    if stale:
        return coq_build.CoqReport("UNDECIDED", f"coq: {stale[0]}", 0.0)
    return coq_build.compile(
        COQ_SOURCES,
        timeout=1200.0,
        expected=whole_in_coq(),
        statements=coq_statements(),
        coqchk=coqchk,
    )


def whole_in_coq() -> list[str]:
    """The statements that Coq proves from finite sums, for every t: those with a second reading."""
    read = {name for names in readings().values() for name in names}
    return [name for name in THEOREMS if coq.identifier(name) in read]


def coq_statements() -> list[str]:
    """What must be a theorem for the statements to be proved in Coq: a second reading of each, and
    an instance of all hypotheses.
    """
    return [
        *(f"{file}.reading_{name}" for file, names in readings().items() for name in names),
        *(f"{file}.{name}" for file, names in witnesses().items() for name in names),
    ]


@cache
def readings() -> Mapping[str, tuple[str, ...]]:
    """The theorems that have a second reading, by its file."""
    return _theorems("Reading*.v", "reading_")


@cache
def witnesses() -> Mapping[str, tuple[str, ...]]:
    """The instances of all hypotheses, by file."""
    return _theorems("Instance*.v", "")


def _theorems(files: str, prefix: str) -> dict[str, tuple[str, ...]]:
    stated = re.compile(rf"^Theorem {prefix}(\w+)", re.MULTILINE)
    return {
        path.stem: tuple(stated.findall(path.read_text(encoding="utf-8")))
        for path in sorted(COQ_SOURCES.glob(files))
    }
