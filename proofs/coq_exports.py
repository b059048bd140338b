"""Which certificates have their Coq file committed: what each family exports.

``kdtheory.prover.coq_build.check`` translates and compiles any other obligation on demand; the
rates below 1, the corners, the recursion and the passage to t steps are proved by hand in
``proofs/coq``.
"""

from __future__ import annotations

from kdtheory.proofs import families
from kdtheory.prover.obligations import Certificate
from kdtheory.statements.theorems import THEOREMS


def certificates() -> tuple[Certificate, ...]:
    """One generated Coq file each, in paper order."""
    found = (item for one in THEOREMS.values() for item in families.of(one).exported(one))
    return tuple({item.name: item for item in found}.values())
