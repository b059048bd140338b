"""Why the bounds for a compressed model are true: Young's inequality after the step."""

from __future__ import annotations

from dataclasses import replace

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import paper
from kdtheory.proofs.parts import certificates, compression, forms, joining
from kdtheory.proofs.parts import too_far as too
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.statements import theorem_1
from kdtheory.statements.theorem import Theorem

ARGUMENTS = {
    "compressed": (
        (
            r"$C$ is unbiased, so"
            r" $\mathbb{E}|C(y)-x^*|^2=|y-x^*|^2+\mathbb{E}|C(y)-y|^2"
            r"\le|y-x^*|^2+\omega|y|^2+d\delta^2/4$."
        ),
        r"$|y|^2\le(1+p)|y-x^*|^2+(1+\frac1p)|x^*|^2$ for every $p>0$ (a square).",
        r"Insert Theorem 1's step for $|y-x^*|^2$: the rate is $1-(1+\omega(1+p))(1-\gamma\mu)$;"
        r" $p=1$ and $\omega\le\gamma\mu/4$ leave "
        r"half of $\gamma\mu$. The weight enters through $N(\lambda;\kappa)$ only, so $\lambda^*$"
        r" does not change.",
        r"The floor is a quotient of two functions of $p$; with $f$ its value at $p^*$,"
        r" numerator$(p)-f\cdot$denominator$(p)="
        r"\omega|x^*|^2(p-p^*)^2/(p\,p^{*2})\ge0$, so $p^*$ is best. For $x^*=0$ let $p\to0$.",
        (
            r"The rate at $p^*$ is $\frac12(1-(1+\omega)(1-\gamma\mu))$ plus a square, so it is"
            r" positive wherever compression contracts (R)."
        ),
        r"Unroll as before; at $\omega=\delta=0$ this is Theorem 1.",
    ),
    "compressed-envelope": (
        r"As for the compressed model, but after the envelope's step:"
        r" $\mathbb{E}|C(y)-x^*|^2\le(1+\omega(1+p))\psi(s)"
        r"+\omega(1+\frac1p)|x^*|^2+d\delta^2/4$ for every $p>0$.",
        r"Now take the best $p$ for each $s$, $p=|x^*|/\sqrt{\psi(s)}$: $\chi(\psi(s))$ with "
        r"$\chi(v)=(1+\omega)v+2\omega|x^*|\sqrt v+\omega|x^*|^2+d\delta^2/4$.",
        (
            r"$\chi$ is a minimum of increasing lines, so it is concave and increasing, and so is"
            r" $\chi\circ\psi$."
        ),
        r"Jensen, once for the compressor and once for the index, carries it through $t$ steps.",
        r"None of this needs compression to contract (R), and the theorem in Coq does not assume"
        r" it. (R) is what keeps the bound from growing "
        r"without limit: the slope of $\chi\circ\psi$ tends to"
        r" $(1+\omega)(1-A)\le(1+\omega)(1-\gamma\mu)<1$, so that it has a fixed point, "
        r"the floor.",
    ),
}
# What a page shows in full; of other statements the first certificate.
SHOWN = {
    "compressed": ("compressed-contraction", "compressed-best-p"),
    "compressed-envelope": ("compressed-below-every-p",),
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """With p* where the statement names it, else the best p for every s."""
    return _line(statement) if sym.young in statement.definitions else _curve(statement)


def _line(statement: Theorem) -> tuple[Obligation, ...]:
    return (
        certificates.compressed(paper.one_step(theorem_1.PAPER[0])),
        *joining.compressed(),
        compression.contraction(),
        compression.best_p(),
        compression.rate(),
        compression.growth(),
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


def exported(statement: Theorem) -> tuple[Certificate, ...]:
    """Young's inequality after the envelope's step, biased and unbiased."""
    if sym.young in statement.definitions:
        return ()
    return certificates.compressed(certificates.young()), certificates.compressed(
        certificates.young(unbiased=True), unbiased=True
    )


def too_far(statement: Theorem) -> tuple[too.Overclaim, ...]:
    """The line is Theorem 1 where nothing is compressed: true up to twice the range there."""
    rounding = too.without(statement, sym.rounding_sq, "without the rounding error")
    if sym.young not in statement.definitions:
        far = too.without(statement, sym.minimiser_sq, "without |x*|")
        return (*too.best(statement), far, rounding)
    room = too.beyond(statement, 2 * (1 + too.TENTH), " (true up to twice the range)")
    less = too.smaller(statement, sp.Rational(3, 4))
    *terms, _ = too.line(statement, room, less)
    return (*terms, too.without(statement, sym.omega, "without omega"), rounding)
