"""Why the envelope is true: one step as for the best constants, ``recursion`` for
the curve and its fixed point, ``limits`` for the ends of its range.
"""

from __future__ import annotations

from kdtheory.proofs.arguments import FLOOR, JENSEN
from kdtheory.proofs.parts import too_far as too
from kdtheory.proofs.parts.forms import bound as obligations
from kdtheory.proofs.parts.forms import exported
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "SHOWN", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "theorem-1-envelope": (
        (
            r"The one-step bound $(1-\varrho)s+T_\varrho$ holds for every admissible rate at once"
            r" (the sharp statement is $\varrho=\gamma\mu$)."
        ),
        r"Their minimum over $\varrho$ is $\psi(s)=(1-A)s+2\sqrt{Ws}+U$, attained at"
        r" $\varrho=A-\sqrt{W/s}$, and the line of the least rate "
        r"below $s_0=W/(A-\varrho_{\min})^2$: the difference to a line is $(\tau\sqrt s-\sqrt"
        r" W)^2/\tau$.",
        JENSEN,
        FLOOR,
        r"$k$ and $a$ are norms, hence convex in $\lambda$, and $T_\varrho$ is convex and"
        r" increasing in $(k,a)$; so is $\sqrt\Phi$ in each "
        r"regime, and across both with one least rate.",
    ),
    "theorem-2-envelope": (
        r"The one-step bound $(1-\varrho)s+T_\varrho$ holds for every $0\le\varrho<A$, for"
        r" $s=f(x)-f^*$ (the sharp statement is "
        r"$\varrho=\gamma\mu$).",
        (
            r"Their minimum is $\psi(s)=(1-A)s+2\sqrt{Ws}+U$ for $s\ge W/A^2$, and the line of rate"
            r" 0 below."
        ),
        JENSEN,
        FLOOR + r" Here it is always $\Phi=((\sqrt{UA+W}+\sqrt W)/A)^2$, since $\Phi\ge W/A^2$.",
    ),
}
# What a page shows in full; of other statements the first certificate.
SHOWN = {
    "theorem-1-envelope": ("psi-below-every-tangent", "psi-concave", "floor-is-fixed-point"),
    "theorem-2-envelope": ("psi-below-every-tangent", "psi-concave", "root-psi-is-a-norm-pl"),
}


def too_far(statement: Theorem) -> tuple[Overclaim, ...]:
    """As for one rate, and without the noise."""
    return (*too.best(statement), too.quiet(statement))
