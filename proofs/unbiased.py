"""Why unbiased distillation is bounded: the same three forms with k = 0."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.arguments import FLOOR, JENSEN, UNROLL
from kdtheory.proofs.parts import too_far as too
from kdtheory.proofs.parts.forms import bound as obligations
from kdtheory.proofs.parts.forms import exported
from kdtheory.proofs.parts.too_far import Overclaim
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "SHOWN", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "unbiased": (
        (
            r"The step is $x^+=x-\gamma(G-\lambda H')$: the teacher's mean gradient is gone, and"
            r" with it every bias."
        ),
        (
            r"$|G-\lambda H'|^2\le2|G-S|^2+2|S-\lambda H'|^2$ and (A3) for the first part; $\langle"
            r" e,g\rangle$ by (A1)."
        ),
        (
            r"(A1') needs the multiplier $2\gamma(1-2\gamma\mathcal{L})\ge0$: this is the range."
            r" What is left of $|e|^2$ is a square."
        ),
        UNROLL,
        r"The floor is least at $\lambda=\mathbb{E}\langle S,H\rangle/V$, where the noise is"
        r" $\sigma_*^2(1-\rho^2)$; at $\lambda=1$ it is at most "
        r"$2\mathcal{L}F_\theta$, since $\mathbb{E}|S-H'|^2=\mathbb{E}|S-H|^2-|h|^2$.",
    ),
    "unbiased-pl": (
        r"The descent lemma for $x^+=x-\gamma(G-\lambda H')$; the cross term with $h$ is gone.",
        r"$|G-\lambda H'|^2\le2|G-S|^2+2|S-\lambda H'|^2$ and (A3), as before.",
        r"(PL) with the multiplier $\frac\gamma2+L\gamma^2\mathcal{L}/\mu$ pays for (A3) and leaves"
        r" $\gamma\mu F$; what is left of $|g|^2$ is a "
        r"square for $\gamma\le\mu/(2L\mathcal{L})$.",
        UNROLL,
    ),
    "unbiased-sharp": (
        r"The sharp argument with $k=0$: no $\alpha$ is needed, and every step is noise-dominated.",
        r"$\nu=(A-\varrho)/(\gamma^2c^2)$ gives $T_\varrho=\gamma^2a^2+\gamma^4a^2c^2/(A-\varrho)$"
        r" for $\gamma\mu\le\varrho<A$; "
        r"$c=0$ is the limit $\nu\to\infty$.",
        r"The two functions of one variable of Theorem 1's instance attain it at every rate. "
        + UNROLL,
    ),
    "unbiased-pl-sharp": (
        r"The PL argument with $k=0$; the sign of $1-L\gamma$ no longer matters.",
        (
            r"$\nu=(A-\varrho)/(L\gamma^2\mu q^2)$ gives $T_\varrho=U+W/(A-\varrho)$ with $k=0$;"
            r" $q=0$ is the limit $\nu\to\infty$."
        ),
        UNROLL,
    ),
    "unbiased-envelope": (
        (
            r"The one-step bound holds for every $\gamma\mu\le\varrho<A$, so the minimum $\psi$ of"
            r" these lines bounds one step."
        ),
        JENSEN,
        FLOOR,
        r"It cannot be improved at any horizon: in $d$ dimensions, with"
        r" $f_n(x)=\frac\mu2|x|^2+(c|x|+a)\langle u_n,x\rangle$ and $u_n=\pm e_j$, "
        r"fresh directions are almost orthogonal to $x$:"
        r" $\mathbb{E}|x^t|^2\ge(1-4t^2/d)\,\psi^t(s_0)$ for $t^2\le d/400$ (mean and relative "
        r"variance of $|x^t|^2$ by induction; full proof in kdtheory/matching\_horizon.py).",
    ),
    "unbiased-pl-envelope": (
        (
            r"The unbiased PL bound holds for every $0\le\varrho<A$; $\psi$ is the minimum of these"
            r" lines."
        ),
        JENSEN,
        FLOOR,
    ),
}
# What a page shows in full; of other statements the first certificate.
SHOWN = {
    "unbiased-sharp": ("noise-dominated-unbiased",),
    "unbiased-pl-sharp": ("pl-unbiased",),
    "unbiased-envelope": ("psi-below-every-tangent", "psi-concave", "floor-root-without-bias"),
    "unbiased-pl-envelope": ("psi-below-every-tangent", "psi-concave"),
}


def too_far(statement: Theorem) -> tuple[Overclaim, ...]:
    """By form: the paper's, the best at one rate, the curve."""
    if sym.A in statement.definitions:
        last = too.quiet if statement.is_curve else too.faster
        return (*too.best(statement), last(statement))
    return (
        too.beyond(statement, 1 + too.TENTH),
        too.smaller(statement, 1 - too.TENTH),
        too.without(statement, sym.sigma_star_sq, "without sigma_*^2"),
        too.faster(statement),
    )
