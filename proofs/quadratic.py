"""Why the exact law of quadratics is true: the shifted centre."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.instances.counterexamples import Counterexample
from kdtheory.instances.law import small_law
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.too_far import Overclaim, case
from kdtheory.prover.obligations import Identity, Obligation
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

ARGUMENTS = {
    "exact-quadratic": (
        (
            r"The gradients are affine, $\nabla f_n(x)=A_n(x-x^*)+S_n$. Put $D=\theta-x^*$ and"
            r" $y^t=x^t-x^*-\lambda D$."
        ),
        r"Then $y^+=y-\gamma(A_\xi y+(1-\lambda)S_\xi)$: the terms in $A_\xi D$ cancel. This is"
        r" plain SGD around a shifted centre with its noise "
        r"scaled by $1-\lambda$.",
        r"$|x^t-x^*|^2=|y^t|^2+2\lambda\langle D,y^t\rangle+\lambda^2|D|^2$, and"
        r" $\mathbb{E}\,y^t=(I-\gamma H)^t(e^0-\lambda D)$ because "
        r"$\mathbb{E}S=0$ and indices are independent.",
        r"$\mathbb{E}|y^t|^2\to(1-\lambda)^2S_0$: start and noise enter linearly, so the law with"
        r" noise scaled by $\sigma$ is $\sigma^2$ times "
        r"SGD's from a rescaled start (parallelogram identity for $\sigma=0$); and the mean"
        r" vanishes with it.",
        r"$(1-\lambda)^2S_0+\lambda^2|D|^2$ is least at $S_0/(S_0+|D|^2)$. For $f-f^*$ replace"
        r" $\langle\cdot,\cdot\rangle$ by "
        r"$\frac12\langle\cdot,H\cdot\rangle$.",
    )
}


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """The shifted centre, coordinate by coordinate (A y and A D enter linearly), the expansion of
    the square, and its minimum; what the statement says itself is added by ``bind``.
    """
    assert statement.psi is None
    lam, gamma = sym.lam, sym.gamma
    y, D, Ay, AD, S = sym.F_plus, sym.slope_k, sym.slope_a, sym.rho, sym.covariance
    after = y + lam * D - gamma * (Ay + lam * AD + S - lam * (AD + S)) - lam * D
    square = (y + lam * D) ** 2 - (y**2 + 2 * lam * D * y + lam**2 * D**2)
    S0, far = sym.sgd_floor, sym.distance_theta
    law = (1 - lam) ** 2 * S0 + lam**2 * far
    return (
        Identity("shifted-centre", after - (y - gamma * (Ay + (1 - lam) * S))),
        Identity("square-around-the-shift", square),
        Identity("least-of-the-law", (S0 + far) * law - S0 * far - ((S0 + far) * lam - S0) ** 2),
    )


def too_far(theorem: Theorem) -> tuple[Overclaim, ...]:
    """Beyond stability, another power of 1 - lam, no drift."""
    assert theorem.floor is not None
    once = theorem.floor.xreplace({(1 - sym.lam) ** 2: 1 - sym.lam})
    what = "a stationary value at a step size at which SGD is not mean-square stable"
    return (
        Overclaim("range", what, lambda: _unstable(theorem, what)),
        case(
            "constant",
            "1 - lam in place of (1 - lam)^2 in the stationary law",
            replace(theorem, floor=once),
        ),
        case(
            "term",
            "without the drift",
            replace(theorem, rhs=theorem.rhs.xreplace({sym.drift_t: sp.Integer(0)})),
        ),
    )


def _unstable(theorem: Theorem, what: str) -> Counterexample:
    """At gamma = 2.1/Lcal the fixed point of plain SGD is negative: no squared distance."""
    small = small_law()
    beyond_stable = replace(small, gamma=Fraction(21, 10) / small.at(0).Lcal, weight=Fraction(0))
    here, claimed = beyond_stable.at(1), beyond_stable.letters(0)[sym.sgd_floor]
    return Counterexample(
        theorem.name, what, here, "the least that E|x - x*|^2 can be", Fraction(0), claimed
    )
