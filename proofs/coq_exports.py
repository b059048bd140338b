"""Which certificates have their Coq file committed: every one-step proof, the corollaries about
good teachers, sharp <= refined.

``kdtheory.prover.coq_build.check`` translates and compiles any other obligation on demand; the
rates below 1, the corners, the recursion and the passage to t steps are proved by hand in
``proofs/coq``.
"""

from __future__ import annotations

from kdtheory.proofs import paper
from kdtheory.proofs.parts import certificates as steps
from kdtheory.proofs.parts import chain
from kdtheory.prover.obligations import Certificate

AFFINE = (
    "theorem-1",
    "theorem-2",
    "theorem-1-refined",
    "theorem-2-refined",
    "unbiased",
    "unbiased-pl",
)


def certificates() -> tuple[Certificate, ...]:
    """One generated Coq file each, in reading order."""
    corollaries = (paper.corollary(name) for name in AFFINE if not name.endswith("refined"))
    envelope = (item for item in steps.obligations() if item.name != "noise-dominated-wide")
    comparisons = (
        chain.sharp_below_refined(chain.strongly_convex()),
        chain.sharp_below_refined_bias(),
        chain.sharp_below_refined(chain.pl()),
    )
    return (*(paper.one_step(name) for name in AFFINE), *corollaries, *envelope, *comparisons)
