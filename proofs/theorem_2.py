"""Why Theorem 2 and its refinement are true: one step in ``paper``, PL."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.arguments import UNROLL
from kdtheory.proofs.parts import too_far as too
from kdtheory.proofs.parts.forms import bound as obligations
from kdtheory.proofs.parts.forms import exported
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "theorem-2": (
        r"The descent lemma between $x$ and $x^+$: $\mathbb{E}f(x^+)\le f(x)-\gamma\langle"
        r" g,g-\lambda h\rangle"
        r"+\frac{L\gamma^2}2\mathbb{E}|G-\lambda H|^2$.",
        (
            r"$\gamma\lambda\langle g,h\rangle\le\frac\gamma4|g|^2+\gamma\lambda^2|h|^2$ (a"
            r" square): the bias, with weight $\kappa=1/(L\gamma)$."
        ),
        r"$|G-\lambda H|^2\le 2|G-S|^2+2|S-\lambda H|^2$ and (A3), as in Theorem 1.",
        r"(PL) turns $-\frac{3\gamma}4|g|^2$ into $-\frac{3\gamma\mu}2F$; what (A3) costs is at"
        r" most $\frac{\gamma\mu}2F$ for "
        r"$\gamma\le\mu/(4L\mathcal{L})$. One step:"
        r" $\mathbb{E}f(x^+)-f^*\le(1-\gamma\mu)F+L\gamma^2N(\lambda;\kappa)$.",
        UNROLL,
        (
            r"At $\lambda^*$ the last term is at most $\frac"
            r" L\mu\min(\gamma\sigma_*^2,(2\gamma\mathcal{L}+2)F_\theta)$, as in Theorem 1."
        ),
    ),
    "theorem-2-refined": (
        (
            r"The proof of Theorem 2 throws slack in $F$ away. Keep it: let"
            r" $m=1-2L\gamma\mathcal{L}/\mu$."
        ),
        r"Give (PL) the multiplier $\frac\gamma2+L\gamma^2\mathcal{L}/\mu$; then $\frac{\gamma"
        r" m}2|g|^2$ is left to pay for the bias: "
        r"$\gamma\lambda\langle g,h\rangle\le\frac{\gamma"
        r" m}2|g|^2+\frac{\gamma\lambda^2}{2m}|h|^2$.",
        (
            r"So $\kappa=1/(2L\gamma m)$, for $\gamma<\mu/(2L\mathcal{L})$, and $F\ge 0$ is not"
            r" needed any more."
        ),
        UNROLL,
    ),
}


def too_far(statement: Theorem) -> tuple[Overclaim, ...]:
    """Beyond the range, which is exact in both forms."""
    if sym.Lcal in statement.definitions[sym.kappa].free_symbols:
        return too.refined(statement)
    less = too.smaller(statement, 1 - too.TENTH)
    return too.line(statement, too.beyond(statement, 1 + too.TENTH), less)
