"""What the statements are made of: three forms of a bound, and the triple A, U, W.

Every bound is a scalar recursion s_{t+1} = psi(s_t) for s = E|x^t - x*|^2 or E f(x^t) - f*: affine
in the paper's form, concave for the envelope (theory, Section 5).  ``Theorem.definitions`` says
what the letters of ``psi`` stand for.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.statements.noise import NOISE_NORM, NOISE_SQ, noise
from kdtheory.statements.theorem import Theorem

POWER = (1 - sym.gamma * sym.mu) ** sym.t
STRONGLY_CONVEX = (asm.strong_convexity, asm.quadratic_growth, asm.expected_smoothness)
PL = (asm.descent_lemma, asm.polyak_lojasiewicz, asm.expected_smoothness, asm.nonnegative_gap)
PL_UNBIASED = (asm.descent_lemma_unbiased, *PL[1:])


def _bound(
    name: str, title: str, source: str, kind: str, *, pl: bool, unbiased: bool, **more: Any
) -> Theorem:
    """A bound under PL or strong convexity: of f, or of |x - x*|^2."""
    return Theorem(
        name,
        title,
        source,
        (PL_UNBIASED if unbiased else PL) if pl else STRONGLY_CONVEX,
        kind,
        "gap" if pl else "sq_distance",
        lhs=sym.gap_t if pl else sym.distance_t,
        unbiased=unbiased,
        modulus="mu_pl" if pl else "mu",
        **more,
    )


def affine(
    name: str,
    title: str,
    source: str,
    *,
    pl: bool,
    unbiased: bool,
    kappa: sp.Expr | None,
    limit: sp.Expr,
    strict: bool = False,
) -> Theorem:
    """A statement of Section 4: rate gamma mu, floor (2 gamma/mu) N or (L gamma/mu) N."""
    n = NOISE_SQ if kappa is None else noise(sym.kappa)
    floor = (sym.L if pl else 2) * sym.gamma / sym.mu * n
    return _bound(
        name,
        title,
        source,
        "upper",
        pl=pl,
        unbiased=unbiased,
        rhs=POWER * sym.s0 + floor * (1 - POWER),
        step_size_max=limit,
        strict=strict,
        psi=(1 - sym.gamma * sym.mu) * sym.s + sym.gamma * sym.mu * floor,
        floor=floor,
        definitions={} if kappa is None else {sym.kappa: kappa},
        form="refined" if kappa is not None and kappa.has(sym.Lcal) else "paper",
    )


def triple_definitions(*, pl: bool, unbiased: bool) -> dict[sp.Symbol, sp.Expr]:
    """k, a and the triple (A, U, W) with its least rate, by regime."""
    k = sp.Integer(0) if unbiased else sp.Abs(sym.lam) * sp.sqrt(sym.bias_sq)
    found: dict[sp.Symbol, sp.Expr] = {sym.k: k, sym.a: NOISE_NORM}
    if pl:
        found[sym.q] = sp.sqrt(sp.Max((sym.Lcal - sym.mu) / sym.mu, 0))
        found[sym.b] = sp.Abs(1 - sym.L * sym.gamma)
        triple = envelope.polyak_lojasiewicz(
            gamma=sym.gamma, mu=sym.mu, L=sym.L, Lcal=sym.Lcal, q=sym.q, k=sym.k, a=sym.a, b=sym.b
        )
        return found | {
            sym.A: triple.A,
            sym.U: triple.U,
            sym.W: triple.W,
            sym.rate_min: sp.Integer(0),
        }
    found[sym.c] = sp.sqrt(sp.Max(sym.mu * (sym.Lcal - sym.mu), 0))
    calm = envelope.noise_dominated(
        gamma=sym.gamma, mu=sym.mu, Lcal=sym.Lcal, c=sym.c, k=sym.k, a=sym.a
    )
    biased = envelope.bias_dominated(gamma=sym.gamma, mu=sym.mu, Lcal=sym.Lcal, k=sym.k, a=sym.a)
    regime = sp.Ge(sym.a * (1 - sym.gamma * sym.mu), sym.gamma * sym.k * sym.c)
    return found | {
        sym.A: calm.A,
        sym.U: calm.U,
        sym.W: sp.Piecewise((calm.W, regime), (biased.W, True)),
        sym.rate_min: sp.Piecewise((sym.gamma * sym.mu, regime), (0, True)),
    }


def best_constant(name: str, title: str, *, pl: bool, unbiased: bool) -> Theorem:
    """Rate gamma mu with the best constant T at that rate."""
    rate = sym.gamma * sym.mu
    constant = sym.U + sym.W / (sym.A - rate)
    limit = sym.mu / (sym.L * sym.Lcal) if pl else 1 / sym.Lcal
    return _bound(
        name,
        title,
        "our own derivation",
        "upper" if pl else "tight",
        pl=pl,
        unbiased=unbiased,
        rhs=POWER * sym.s0 + constant / rate * (1 - POWER),
        step_size_max=limit,
        strict=True,
        psi=(1 - rate) * sym.s + constant,
        floor=constant / rate,
        definitions=triple_definitions(pl=pl, unbiased=unbiased),
        form="sharp",
    )


TANGENT = (1 - sym.rate_min) * sym.s + sym.U + sym.W / (sym.A - sym.rate_min)
PSI = sp.Piecewise(
    (
        (1 - sym.A) * sym.s + 2 * sp.sqrt(sym.W * sym.s) + sym.U,
        sym.s * (sym.A - sym.rate_min) ** 2 >= sym.W,
    ),
    (TANGENT, True),
)
PHI = ((sp.sqrt(sym.U * sym.A + sym.W) + sp.sqrt(sym.W)) / sym.A) ** 2
PHI_OR_TANGENT = sp.Piecewise(
    (PHI, PHI * (sym.A - sym.rate_min) ** 2 >= sym.W),
    ((sym.U + sym.W / (sym.A - sym.rate_min)) / sym.rate_min, True),
)


def curve(name: str, title: str, *, pl: bool, unbiased: bool) -> Theorem:
    """The best concave recursion; the right-hand side is psi applied t times."""
    limit = 2 * sym.mu / (sym.L * sym.Lcal) if pl else 1 / sym.Lcal
    return _bound(
        name,
        title,
        "our own derivation",
        "upper" if pl else "tight",
        pl=pl,
        unbiased=unbiased,
        rhs=sym.iterate(sym.t, sym.s0),
        step_size_max=limit,
        strict=True,
        psi=PSI,
        floor=PHI_OR_TANGENT,
        definitions=triple_definitions(pl=pl, unbiased=unbiased),
        form="envelope",
    )
