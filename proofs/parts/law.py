"""Certificates of laws: what makes each inequality that a statement names, claim by claim."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from kdtheory.prover.obligations import Certificate, Obligation, Region
from kdtheory.statements.theorem import Theorem

Remainders = Mapping[str, tuple[sp.Expr, Region]]
EVERYWHERE = Region()


def certificates(statement: Theorem, remainders: Remainders) -> tuple[Obligation, ...]:
    """One for every inequality; identities are checked as they stand."""
    assert statement.claims is not None
    claims = {claim.what: claim for claim in statement.claims(statement)}
    return tuple(
        Certificate.plain(
            f"{statement.name}-{what.replace(' ', '-')}", claims[what].expression, remainder, region
        )
        for what, (remainder, region) in remainders.items()
    )
