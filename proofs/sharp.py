"""Why the best constants at the rate gamma mu are true, and best: ``certificates``
and ``corners`` make one step, ``joining`` the passage to t steps, ``chain`` the
comparison with the paper.
"""

from __future__ import annotations

from kdtheory.proofs.arguments import UNROLL
from kdtheory.proofs.parts import too_far as too
from kdtheory.proofs.parts.forms import bound as obligations
from kdtheory.proofs.parts.forms import exported
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "SHOWN", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "theorem-1-sharp": (
        (
            r"Write $P=e-\gamma g$, $D=G'-S$, $N=S-\lambda H'$. Then"
            r" $\mathbb{E}|x^+-x^*|^2=|P+\gamma\lambda h|^2+\gamma^2\mathbb{E}|D+N|^2$."
        ),
        r"For all $\alpha,\nu>0$: $|P+\gamma\lambda"
        r" h|^2\le(1+\alpha)|P|^2+(1+\frac1\alpha)\gamma^2k^2$ and "
        r"$\mathbb{E}|D+N|^2\le(1+\nu)\mathbb{E}|D|^2+(1+\frac1\nu)a^2$; (A3) reads"
        r" $\mathbb{E}|D|^2\le2\mathcal{L}F-|g|^2$.",
        (
            r"What is left is linear in $F,|e|^2,\langle e,g\rangle,|g|^2$; (A1), (A1') and the"
            r" square $|g-\mu e|^2$ close it."
        ),
        r"Noise-dominated: $\alpha=\gamma k/|P|$ and $\nu=a/D$ at the worst point"
        r" $|P|=(1-\gamma\mu)r$, $D=cr$. Bias-dominated: "
        r"$\alpha=\nu=(A-\varrho)/(1-A)$. Both give $T_\varrho=U+W/(A-\varrho)$; here"
        r" $\varrho=\gamma\mu$.",
        (
            r"Where $\alpha$ or $\nu$ would be $0$ or infinite ($k=0$, $a=0$, $\mathcal{L}=\mu$)"
            r" the bound is a limit of others."
        ),
        r"No smaller constant is true where noise dominates: two functions of one variable attain"
        r" it at every rate. Where bias dominates a Gram "
        r"matrix attains it. " + UNROLL,
    ),
    "theorem-2-sharp": (
        r"The descent lemma, with $N=S-\lambda H'$ and $D=G'-S$: $\mathbb{E}f(x^+)\le"
        r" f(x)-\gamma\langle g,g-\lambda h\rangle"
        r"+\frac{L\gamma^2}2(|g-\lambda h|^2+\mathbb{E}|D+N|^2)$.",
        (
            r"The cross term is $\gamma(1-L\gamma)\lambda\langle g,h\rangle\le\frac{\gamma"
            r" b}2(\alpha|g|^2+k^2/\alpha)$ with $b=|1-L\gamma|$."
        ),
        (
            r"$\mathbb{E}|D+N|^2\le(1+\nu)\mathbb{E}|D|^2+(1+\frac1\nu)a^2$, and (A3) bounds"
            r" $\mathbb{E}|D|^2$ by $2\mathcal{L}F-|g|^2$."
        ),
        r"(PL) turns what is left of $|g|^2$ into $F$. With $w=kb+L\gamma aq$ and $\tau=A-\varrho$"
        r" the best choice is "
        r"$\alpha=k\tau/(\gamma\mu w)$, $\nu=a\tau/(q\gamma\mu w)$, which gives"
        r" $T_\varrho=U+W/\tau$; here $\varrho=\gamma\mu$.",
        r"Corners ($k=0$, $a=0$, $q=0$, $b=0$) are limits. " + UNROLL,
    ),
}
# What a page shows in full; of other statements the first certificate.
SHOWN = {"theorem-1-sharp": ("noise-dominated", "bias-dominated"), "theorem-2-sharp": ("pl-short",)}


def too_far(statement: Theorem) -> tuple[Overclaim, ...]:
    """PL has no regime in which bias dominates."""
    regimes = () if statement.is_pl else (too.bias_dominated(statement),)
    return (*too.best(statement), *regimes, too.faster(statement))
