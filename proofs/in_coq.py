"""The development in proofs/coq, compiled: what it has of the statements."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from kdtheory.proofs import coq_names
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
    read = coq_names.read()
    return [name for name in THEOREMS if coq.identifier(name) in read]


def coq_statements() -> list[str]:
    """What must be a theorem for the statements to be proved in Coq: a second reading of each, and
    an instance of all hypotheses.
    """
    return coq_names.everything()
