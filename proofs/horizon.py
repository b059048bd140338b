"""Without strong convexity: one step, and how t of them add up.

One step: <e,g> by convexity, |G - lam H|^2 <= 2|G-S|^2 + 2|S - lam H|^2 and A3, and for the bias

    2 gamma lam <e,h> <= alpha |e|^2 + gamma^2 k^2/alpha      for every alpha > 0.

``horizon`` takes alpha = 1/t at each of t steps, which costs (1 + 1/t)^t <= e.
``horizon-envelope`` keeps the minimum over alpha, 2 gamma k |e|, so that u = E|e|^2 obeys u+ <= u +
2 gamma k sqrt(u) + B - 2 gamma m E F with m = 1 - 2 gamma Lcal (Jensen: the root is concave).  So
2 gamma m sum E F <= U_t with U_0 = |e^0|^2 and U+ = U + 2 gamma k sqrt(U) + B, and

    U_t <= (sqrt(|e^0|^2 + t B) + gamma k t)^2

by induction (``horizon-induction``).
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.proofs.parts.forms import nothing_exported as exported
from kdtheory.proofs.parts.too_far import nothing as too_far
from kdtheory.prover.obligations import Certificate, Obligation, Region
from kdtheory.statements.horizon import STEPS, parts
from kdtheory.statements.noise import noise
from kdtheory.statements.theorem import Theorem

__all__ = ["ARGUMENTS", "exported", "obligations", "too_far"]

gamma, Lcal, lam, alpha = sym.gamma, sym.Lcal, sym.lam, sym.alpha
ARGUMENTS = {
    "horizon": (
        r"Expand $|x^+-x^*|^2=|e-\gamma(G-\lambda H)|^2$; convexity gives $\langle e,g\rangle\ge"
        r" F$, and $|G-\lambda H|^2\le2|G-S|^2+2|S-\lambda H|^2$ with (A3) bounds the noise.",
        r"The bias is charged over the $t$ steps that are made: $2\gamma\lambda\langle"
        r" e,h\rangle\le\frac1t|e|^2+t\gamma^2\lambda^2|h|^2$ (a square), so $\kappa=t/2$.",
        r"One step: $\mathbb{E}|x^+-x^*|^2\le(1+\frac1t)|e|^2-2\gamma(1-2\gamma\mathcal{L})F"
        r"+2\gamma^2N(\lambda;t/2)$.",
        r"Sum over the steps: the first $t$ factors multiply to at most $(1+\frac1t)^t\le e$, and"
        r" what is left of $F$ is divided by $2\gamma(1-2\gamma\mathcal{L})t$.",
        r"$N(\lambda;t/2)$ is least at $\mathbb{E}\langle S,H\rangle/(V+(1+t/2)|h|^2)$, in which"
        r" neither $\gamma$ nor any constant of $f$ appears. With step sizes $\gamma_i$ charge"
        r" $\gamma_i/\sum\gamma$: $t$ becomes $(\sum\gamma)^2/\sum\gamma^2$.",
        r"For smooth $f$ that is not convex the same on the descent lemma:"
        r" $\frac\gamma2|g|^2\le(1+2L\gamma^2\mathcal{L})F-\mathbb{E}F^++L\gamma^2N(\lambda;"
        r"\frac1{2L\gamma})$; there the bias is charged against $|g|$, and $\kappa$ is no horizon.",
    ),
    "horizon-envelope": (
        r"As for the horizon theorem, but for every $\alpha>0$: $2\gamma\lambda\langle"
        r" e,h\rangle\le\alpha|e|^2+\gamma^2k^2/\alpha$, whose minimum is $2\gamma k|e|$.",
        r"With $u=\mathbb{E}|e|^2$, $B=2\gamma^2(k^2+a^2)$ and $m=1-2\gamma\mathcal{L}$ Jensen (the"
        r" root is concave) gives $u^+\le u+2\gamma k\sqrt u+B-2\gamma m\,\mathbb{E}F$.",
        r"So $2\gamma m\sum_{i<t}\mathbb{E}F_i\le U_t$ with $U_0=|e^0|^2$, $U^+=U+2\gamma k\sqrt"
        r" U+B$, and by induction $U_t\le(\sqrt{|e^0|^2+tB}+\gamma kt)^2$.",
        r"It is at most $2/e$ of the horizon theorem, since $(x+y)^2\le2x^2+2y^2$; without bias no"
        r" factor is lost.",
    ),
}


def room() -> Certificate:
    """1 - 2 gamma Lcal >= 0, the range itself."""
    left = sym.slack_half
    return Certificate.plain(
        "horizon-room", 1 - 2 * gamma * Lcal, left, Region({left: 1 - 2 * gamma * Lcal})
    )


def one_step(statement: Theorem) -> Certificate:
    """(1 + 1/t)|e|^2 - 2 gamma m F + 2 gamma^2 N(lam; t/2) - E|x+ - x*|^2 >= 0."""
    left, added = parts(statement)
    claim = (
        (1 + 1 / STEPS) * vec.norm_sq(vec.e)
        - 2 * gamma * left * sym.F
        + added
        - vec.norm_sq(asm.updated(unbiased=False))
    )
    doubling = vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H))
    charge = vec.combine((1, vec.e), (-STEPS * gamma * lam, vec.h))
    return Certificate(
        "horizon-one-step",
        claim,
        {asm.convexity: 2 * gamma, asm.expected_smoothness: 2 * gamma**2},
        ((gamma**2, doubling), (1 / STEPS, charge)),
    )


def one_step_young() -> Certificate:
    """The same for every alpha: (1 + alpha)|e|^2 - 2 gamma m F + B + gamma^2 k^2/alpha, with B = 2
    gamma^2 (k^2 + a^2).
    """
    claim = (
        (1 + alpha) * vec.norm_sq(vec.e)
        - 2 * gamma * (1 - 2 * gamma * Lcal) * sym.F
        + 2 * gamma**2 * (sym.k**2 + sym.a**2)
        + gamma**2 * sym.k**2 / alpha
        - vec.norm_sq(asm.updated(unbiased=False))
    )
    doubling = vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H))
    return Certificate(
        "horizon-one-step-young",
        claim,
        {
            asm.convexity: 2 * gamma,
            asm.expected_smoothness: 2 * gamma**2,
            asm.noise_norm: 2 * gamma**2,
            asm.bias_norm: 2 * gamma**2 + gamma**2 / alpha,
        },
        ((gamma**2, doubling), (1 / alpha, vec.combine((alpha, vec.e), (-gamma * lam, vec.h)))),
    )


def best_alpha() -> Certificate:
    """alpha r^2 + gamma^2 k^2/alpha >= 2 gamma k r, with equality at alpha = gamma k/r."""
    r, k = sym.root_s, sym.k
    return Certificate.plain(
        "horizon-best-alpha",
        alpha * r**2 + gamma**2 * k**2 / alpha - 2 * gamma * k * r,
        (alpha * r - gamma * k) ** 2 / alpha,
    )


def induction() -> Certificate:
    """With R_t = sqrt(|e^0|^2 + t B), B = R_{t+1}^2 - R_t^2: (R_{t+1} + gamma k (t+1))^2 is at
    least V + 2 gamma k sqrt(V) + B at sqrt(V) = R_t + gamma k t.
    """
    R, more, k = sym.root_s, sym.increase, sym.k
    count = sym.slack_rate  # t >= 0
    added = (R + more) ** 2 - R**2
    root = R + gamma * k * count
    claim = (R + more + gamma * k * (count + 1)) ** 2 - root**2 - 2 * gamma * k * root - added
    rest = 2 * gamma * k * (count + 1) * more + gamma**2 * k**2
    return Certificate.plain("horizon-induction", claim, rest)


def best_weight() -> Certificate:
    """With D = V + (1 + t/2)|h|^2 (B = 1): D (D lam^2 - 2 lam E<S,H>) + E<S,H>^2 is the square of D
    lam - E<S,H>, so that lam = E<S,H>/D minimises N(lam; t/2).
    """
    loss = sym.teacher_variance + (1 + STEPS / 2) * sym.bias_sq
    value = loss * lam**2 - 2 * lam * sym.covariance
    return Certificate.plain(
        "horizon-best-weight", loss * value + sym.covariance**2, (loss * lam - sym.covariance) ** 2
    )


def non_convex() -> Certificate:
    """No convexity: (1 + 2 L gamma^2 Lcal) F + L gamma^2 N(lam; 1/(2 L gamma)) - (gamma/2)|g|^2 -
    F+ >= 0, so that the mean of E|g|^2 over T steps is at most e (2 F_0/(gamma T) + 2 L gamma N)
    where 2 L gamma^2 Lcal <= 1/T.  Here the bias is charged against |g|, and kappa is no horizon.
    """
    L = sym.L
    claim = (
        (1 + 2 * L * gamma**2 * Lcal) * sym.F
        + L * gamma**2 * noise(1 / (2 * L * gamma))
        - gamma / 2 * vec.norm_sq(vec.g)
        - sym.F_plus
    )
    doubling = vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H))
    return Certificate(
        "horizon-non-convex",
        claim,
        {asm.descent_lemma: sp.Integer(1), asm.expected_smoothness: L * gamma**2},
        ((L * gamma**2 / 2, doubling), (gamma / 2, vec.combine((1, vec.g), (-lam, vec.h)))),
    )


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """What is behind ``horizon`` or ``horizon-envelope``."""
    if sym.kappa in statement.definitions:
        return (room(), one_step(statement), best_weight(), non_convex())
    return (room(), one_step_young(), best_alpha(), induction())
