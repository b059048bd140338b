"""Why Theorem 1 and its refinement are true: one step in ``paper``, strongly convex."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.arguments import UNROLL
from kdtheory.proofs.parts import too_far as too
from kdtheory.proofs.parts.forms import bound as obligations
from kdtheory.proofs.parts.forms import exported
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "theorem-1": (
        (
            r"Expand $|x^+-x^*|^2=|e-\gamma(G-\lambda H)|^2$ and take the mean over the index;"
            r" $-2\gamma\langle e,g\rangle$ is bounded by (A1)."
        ),
        r"$2\gamma\lambda\langle"
        r" e,h\rangle\le\frac{\gamma\mu}2|e|^2+\frac{2\gamma\lambda^2}{\mu}|h|^2$ (a square): this"
        r" is the bias, with weight "
        r"$\kappa=1/(\gamma\mu)$.",
        (
            r"$|G-\lambda H|^2\le 2|G-S|^2+2|S-\lambda H|^2$ (a square), and (A3) bounds the first"
            r" part by $4\mathcal{L}F$."
        ),
        r"$F$ is left with the coefficient $-(2\gamma-4\gamma^2\mathcal{L})\le 0$; (A1') turns it"
        r" into progress. One step: "
        r"$\mathbb{E}|x^+-x^*|^2\le(1-\gamma\mu)|e|^2+2\gamma^2N(\lambda;\kappa)$, up to"
        r" $\gamma=1/(4\mathcal{L})$.",
        UNROLL,
        r"$N$ is a quadratic in $\lambda$; $\lambda^*$ minimises it, so $N(\lambda^*)\le"
        r" N(0)=\sigma_*^2$ and $N(\lambda^*)\le N(1)$, "
        r"which $|h|^2\le 2LF_\theta$ and $\mathbb{E}|H-S|^2\le 2\mathcal{L}F_\theta$ bound: "
        r"the last term is at most"
        r" $\frac2\mu\min(\gamma\sigma_*^2,(2\gamma\mathcal{L}+\frac{2L}\mu)F_\theta)$.",
    ),
    "theorem-1-refined": (
        (
            r"The proof of Theorem 1 throws away $\gamma\mu(\frac12-2\gamma\mathcal{L})|e|^2$. Keep"
            r" it: let $m=1-2\gamma\mathcal{L}$."
        ),
        r"All of $\gamma\mu m|e|^2$ may now pay for the bias: "
        r"$2\gamma\lambda\langle e,h\rangle\le\gamma\mu m|e|^2+\frac{\gamma\lambda^2}{\mu m}|h|^2$,"
        r" a single square.",
        (
            r"So $\kappa=1/(2\gamma\mu m)$, for $\gamma<1/(2\mathcal{L})$: at most that of Theorem"
            r" 1 where $\gamma\le1/(4\mathcal{L})$."
        ),
        UNROLL,
    ),
}


def too_far(statement: Theorem) -> tuple[Overclaim, ...]:
    """Beyond 1/(4 Lcal), where the certificate ends; refined, its own range is exact."""
    if sym.Lcal in statement.definitions[sym.kappa].free_symbols:
        return too.refined(statement)
    return too.line(
        statement,
        too.beyond(statement, 2 * (1 + too.TENTH), " (true up to twice the range)"),
        too.smaller(statement, sp.Rational(3, 4)),
    )
