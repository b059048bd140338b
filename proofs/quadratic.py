"""Why the exact law of quadratics is true: the shifted centre (``paper.exact_quadratic``)."""

from __future__ import annotations

from kdtheory.proofs import paper
from kdtheory.prover.obligations import Obligation
from kdtheory.statements.theorem import Theorem


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """Coordinate by coordinate; what the statement says itself is added by ``bind``."""
    assert statement.psi is None
    return paper.exact_quadratic()
