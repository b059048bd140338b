"""Why the bounds for a compressed model are true: Young's inequality after the step."""

from __future__ import annotations

from dataclasses import replace

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import paper
from kdtheory.proofs.parts import certificates, forms, joining
from kdtheory.prover.obligations import Obligation
from kdtheory.statements.theorem import Theorem


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """With p* where the statement names it, else the best p for every s."""
    return _line(statement) if sym.young in statement.definitions else _curve(statement)


def _line(statement: Theorem) -> tuple[Obligation, ...]:
    return (
        certificates.compressed(paper.one_step("theorem-1")),
        *joining.compressed(),
        paper.compressed_contraction(),
        paper.compressed_best_p(),
        paper.compressed_rate(),
        paper.compressed_growth(),
        paper.optimal_weight(),
        *forms.constants(statement),
    )


def _curve(statement: Theorem) -> tuple[Obligation, ...]:
    own = (asm.compressor, asm.contraction)
    before = replace(statement, needs=tuple(item for item in statement.needs if item not in own))
    return (
        certificates.compressed(certificates.young()),
        certificates.compression_alone(),
        certificates.compression_contracts(),
        *joining.compressed_envelope(),
        *forms.envelope(before),
    )
