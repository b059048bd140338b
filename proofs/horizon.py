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
from kdtheory.prover.obligations import Certificate, Obligation, Region
from kdtheory.statements.horizon import STEPS, parts
from kdtheory.statements.noise import noise
from kdtheory.statements.theorem import Theorem

gamma, Lcal, lam, alpha = sym.gamma, sym.Lcal, sym.lam, sym.alpha


def room() -> Certificate:
    """1 - 2 gamma Lcal >= 0, the range itself."""
    left = sym.slack_half
    return Certificate(
        "horizon-room",
        1 - 2 * gamma * Lcal,
        {},
        (),
        left,
        Region({left: 1 - 2 * gamma * Lcal}),
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
    return Certificate(
        "horizon-best-alpha",
        alpha * r**2 + gamma**2 * k**2 / alpha - 2 * gamma * k * r,
        {},
        (),
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
    return Certificate("horizon-induction", claim, {}, (), rest)


def best_weight() -> Certificate:
    """With D = V + (1 + t/2)|h|^2 (B = 1): D (D lam^2 - 2 lam E<S,H>) + E<S,H>^2 is the square of D
    lam - E<S,H>, so that lam = E<S,H>/D minimises N(lam; t/2).
    """
    loss = sym.teacher_variance + (1 + STEPS / 2) * sym.bias_sq
    value = loss * lam**2 - 2 * lam * sym.covariance
    return Certificate(
        "horizon-best-weight",
        loss * value + sym.covariance**2,
        {},
        (),
        (loss * lam - sym.covariance) ** 2,
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
        (
            (L * gamma**2 / 2, doubling),
            (gamma / 2, vec.combine((1, vec.g), (-lam, vec.h))),
        ),
    )


def obligations(statement: Theorem) -> tuple[Obligation, ...]:
    """What is behind ``horizon`` or ``horizon-envelope``."""
    if sym.kappa in statement.definitions:
        return (room(), one_step(statement), best_weight())
    return (room(), one_step_young(), best_alpha(), induction())
