"""Certificates of the laws of several teachers, blocks and sampling: each is one square, or two."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.law import EVERYWHERE, Remainders, certificates
from kdtheory.proofs.parts.too_far import nothing as too_far
from kdtheory.prover.obligations import Obligation, Region
from kdtheory.statements import teachers
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "several-teachers": (
        r"The step sees $\sum\lambda_jH_j$ only: $a^2+(1+\kappa)k^2=\sigma_*^2-2\lambda^\top"
        r" C+\lambda^\top M\lambda$ with $M=V+(1+\kappa)hh^\top$.",
        r"Complete the square at $M\lambda^*=C$. The certificate is of two teachers,"
        r" the theorem in Coq of any number.",
    ),
    "affine-hull": (
        r"For quadratics $\mathbb{E}|x-x^*|^2\to(1-\Lambda)^2S_0+|\sum\lambda_jD_j|^2$ with"
        r" $\Lambda=\sum\lambda_j$: the law of one teacher with $\lambda D=\sum\lambda_jD_j$.",
        r"$|\sum\lambda_jD_j|\ge|\Lambda|\delta$, $\delta$ the distance of $x^*$ from the"
        r" affine hull, and"
        r" $(1-\Lambda)^2S_0+\Lambda^2\delta^2$ is least at $\Lambda=S_0/(S_0+\delta^2)$.",
    ),
    "blocks": (
        r"Norms are sums over blocks, so the criterion is a sum of quadratics in one weight each:"
        r" $\lambda_b^*=C_b/(V_b+(1+\kappa)|h_b|^2)$.",
        r"One weight for all is the special case in which they agree, so it is never better.",
    ),
    "renewed-teacher": (
        r"$(e,\theta-x^*)$ is a linear system; with one curvature $h$ and additive noise its"
        r" three second"
        r" moments solve a $3\times3$ system, whose first entry is this.",
        r"For small $\gamma h$ and $\alpha$ it tends to"
        r" $\frac{\gamma\sigma^2}{2h}(1-\lambda)\frac{\alpha+\gamma"
        r" h(1-\lambda)}{\alpha+\gamma h}$.",
    ),
    "importance-sampling": (
        r"With index $n$ drawn with probability $p_n$ and its gradients divided by $Np_n$,"
        r" $a^2=N^{-2}\sum r_n^2/p_n$, $r_n=|S_n-\lambda H'_n|$.",
        r"$\sum r_n^2/p_n\ge(\sum r_n)^2$ by Cauchy--Schwarz, with equality for"
        r" $p_n\propto r_n$. The certificate is of two"
        r" terms, the theorem in Coq of any number.",
    ),
}


def _several() -> Remainders:
    room = sym.slack_growth
    x, y = sym.weight_1 - sym.best_1, sym.weight_2 - sym.best_2
    return {
        "least": (
            sym.gram_11 * (x + sym.gram_12 / sym.gram_11 * y) ** 2 + room * y**2,
            Region({room: sym.gram_22 - sym.gram_12**2 / sym.gram_11}),
        )
    }


def _hull() -> Remainders:
    apart = sym.spread_of_two
    a, b = sym.gram_11, sym.gram_12
    x, y, S0, D = sym.weight_1, sym.weight_2, sym.sgd_floor_pos, sym.distance_theta
    total = x + y
    return {
        "hull": (((a - b) * x - (apart - a + b) * y) ** 2 / apart, EVERYWHERE),
        "one teacher": (((S0 + D) * total - S0) ** 2 / (S0 + D), EVERYWHERE),
    }


def _blocks() -> Remainders:
    x, y = sym.weight_1 - sym.best_1, sym.weight_2 - sym.best_2
    return {"least": (sym.gram_11 * x**2 + sym.gram_22 * y**2, EVERYWHERE)}


def _importance() -> Remainders:
    p, other, r, w = sym.chance, sym.chance_other, sym.size_1, sym.size_2
    return {"least": ((other * r - p * w) ** 2 / (4 * p * other), EVERYWHERE)}


_REMAINDERS = {
    teachers.SEVERAL.name: _several,
    teachers.HULL.name: _hull,
    teachers.BLOCKS.name: _blocks,
    teachers.RENEWED.name: dict,
    teachers.IMPORTANCE.name: _importance,
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """A certificate for every inequality that the statement claims."""
    return certificates(statement, _REMAINDERS[statement.name]())
