"""The statements, in paper order: one object each, from which numbers, LaTeX, proofs and tables
come.

Every bound is a scalar recursion s_{t+1} = psi(s_t) for s = E|x^t - x*|^2 or E f(x^t) - f*: affine
in the paper's form, concave for the envelope (theory, Section 5).  ``Theorem.definitions`` says
what the letters of ``psi`` stand for.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.statements import horizon
from kdtheory.statements.noise import NOISE_NORM, NOISE_SQ, noise
from kdtheory.statements.theorem import Claim, Theorem

__all__ = ["NOISE_NORM", "NOISE_SQ", "THEOREMS", "Claim", "Theorem", "noise"]

_POWER = (1 - sym.gamma * sym.mu) ** sym.t
_SC = (asm.strong_convexity, asm.quadratic_growth, asm.expected_smoothness)
_PL = (asm.descent_lemma, asm.polyak_lojasiewicz, asm.expected_smoothness, asm.nonnegative_gap)
_PL_UNBIASED = (asm.descent_lemma_unbiased, *_PL[1:])


def _affine(
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
    needs = (_PL_UNBIASED if unbiased else _PL) if pl else _SC
    return Theorem(
        name,
        title,
        source,
        needs,
        "upper",
        "gap" if pl else "sq_distance",
        lhs=sym.gap_t if pl else sym.distance_t,
        rhs=_POWER * sym.s0 + floor * (1 - _POWER),
        step_size_max=limit,
        strict=strict,
        unbiased=unbiased,
        modulus="mu_pl" if pl else "mu",
        psi=(1 - sym.gamma * sym.mu) * sym.s + sym.gamma * sym.mu * floor,
        floor=floor,
        definitions={} if kappa is None else {sym.kappa: kappa},
    )


def _triple_definitions(*, pl: bool, unbiased: bool) -> dict[sp.Symbol, sp.Expr]:
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


def _sharp(name: str, title: str, *, pl: bool, unbiased: bool) -> Theorem:
    """Rate gamma mu with the best constant T at that rate."""
    rate = sym.gamma * sym.mu
    constant = sym.U + sym.W / (sym.A - rate)
    limit = sym.mu / (sym.L * sym.Lcal) if pl else 1 / sym.Lcal
    needs = (_PL_UNBIASED if unbiased else _PL) if pl else _SC
    return Theorem(
        name,
        title,
        "our own derivation",
        needs,
        "upper" if pl else "tight",
        "gap" if pl else "sq_distance",
        lhs=sym.gap_t if pl else sym.distance_t,
        rhs=_POWER * sym.s0 + constant / rate * (1 - _POWER),
        step_size_max=limit,
        strict=True,
        unbiased=unbiased,
        modulus="mu_pl" if pl else "mu",
        psi=(1 - rate) * sym.s + constant,
        floor=constant / rate,
        definitions=_triple_definitions(pl=pl, unbiased=unbiased),
    )


_TANGENT = (1 - sym.rate_min) * sym.s + sym.U + sym.W / (sym.A - sym.rate_min)
_PSI = sp.Piecewise(
    (
        (1 - sym.A) * sym.s + 2 * sp.sqrt(sym.W * sym.s) + sym.U,
        sym.s * (sym.A - sym.rate_min) ** 2 >= sym.W,
    ),
    (_TANGENT, True),
)
_PHI = ((sp.sqrt(sym.U * sym.A + sym.W) + sp.sqrt(sym.W)) / sym.A) ** 2
_PHI_OR_TANGENT = sp.Piecewise(
    (_PHI, _PHI * (sym.A - sym.rate_min) ** 2 >= sym.W),
    ((sym.U + sym.W / (sym.A - sym.rate_min)) / sym.rate_min, True),
)


def _envelope(name: str, title: str, *, pl: bool, unbiased: bool) -> Theorem:
    """The best concave recursion; the right-hand side is psi applied t times."""
    limit = 2 * sym.mu / (sym.L * sym.Lcal) if pl else 1 / sym.Lcal
    needs = (_PL_UNBIASED if unbiased else _PL) if pl else _SC
    return Theorem(
        name,
        title,
        "our own derivation",
        needs,
        "upper" if pl else "tight",
        "gap" if pl else "sq_distance",
        lhs=sym.gap_t if pl else sym.distance_t,
        rhs=sym.iterate(sym.t, sym.s0),
        step_size_max=limit,
        strict=True,
        unbiased=unbiased,
        modulus="mu_pl" if pl else "mu",
        psi=_PSI,
        floor=_PHI_OR_TANGENT,
        definitions=_triple_definitions(pl=pl, unbiased=unbiased),
    )


def _compressed() -> Theorem:
    """Young's inequality with the p that minimises the floor; |x*|^2/p is its own letter, so that
    x* = 0 divides by nothing.  Where ``size`` = 0 nothing is compressed and nothing added, and p
    plays no part: it is 0 there too.
    """
    r = 1 - sym.gamma * sym.mu
    T = 2 * sym.gamma**2 * noise(sym.kappa)
    X, w, delta = sym.minimiser_sq, sym.omega, sym.rounding_sq
    room = 1 - (1 + w) * r
    size = T + r * (w * X + delta)
    root = sp.sqrt((w * r * X) ** 2 + X * room * size)
    grow = 1 + w * (1 + sym.young)
    one_step = grow * T + w * (X + sym.young_inverse) + delta
    rate = 1 - grow * r
    floor = one_step / rate
    return Theorem(
        "compressed",
        "Distillation of a compressed model",
        "Section 6 and our own constants",
        (*_SC, asm.compressor, asm.contraction),
        "upper",
        "sq_distance",
        lhs=sym.distance_t,
        rhs=(1 - rate) ** sym.t * sym.s0 + floor * (1 - (1 - rate) ** sym.t),
        step_size_max=1 / (8 * sym.Lcal),
        psi=(1 - rate) * sym.s + one_step,
        floor=floor,
        definitions={
            sym.kappa: 1 / (sym.gamma * sym.mu),
            sym.young: sp.Piecewise(((root - w * r * X) / size, X * size > 0), (0, True)),
            sym.young_inverse: (root + w * r * X) / room,
        },
    )


def _compressed_envelope() -> Theorem:
    """Compression after the envelope's step; the floor is the fixed point, found numerically.

    psi rises by at most (1+omega)(1 - gamma mu) far out, so contraction is what makes the fixed
    point exist.
    """
    root_X = sp.sqrt(sym.minimiser_sq)
    psi = (
        (1 + sym.omega) * _PSI
        + 2 * sym.omega * root_X * sp.sqrt(_PSI)
        + sym.omega * sym.minimiser_sq
        + sym.rounding_sq
    )
    return Theorem(
        "compressed-envelope",
        "Compression after the envelope's step",
        "our own derivation",
        (*_SC, asm.compressor, asm.contraction),
        "upper",
        "sq_distance",
        lhs=sym.distance_t,
        rhs=sym.iterate(sym.t, sym.s0),
        step_size_max=1 / sym.Lcal,
        strict=True,
        psi=psi,
        definitions=_triple_definitions(pl=False, unbiased=False),
    )


def _gradient() -> Theorem:
    return Theorem(
        "distillation-gradient",
        "Distillation gradient",
        "Proposition 1 (Section 3)",
        (),
        "identity",
        "gradient",
        lhs=sym.J_x.T * (sym.r_x - (1 - sym.lam) * sym.label - sym.lam * sym.r_theta),
        rhs=sym.J_x.T * (sym.r_x - sym.label)
        - sym.lam * sym.J_theta.T * (sym.r_theta - sym.label)
        + sym.lam * (sym.J_theta - sym.J_x).T * (sym.r_theta - sym.label),
    )


def _exact() -> Theorem:
    return Theorem(
        "exact-quadratic",
        "The exact law of distillation for quadratics",
        "our own derivation",
        (),
        "identity",
        "sq_distance",
        lhs=sym.distance_t,
        rhs=sym.shifted_t + 2 * sym.lam * sym.drift_t + sym.lam**2 * sym.distance_theta,
        floor=(1 - sym.lam) ** 2 * sym.sgd_floor + sym.lam**2 * sym.distance_theta,
    )


_g, _m, _L, _LC = sym.gamma, sym.mu, sym.L, sym.Lcal
_ALL = (
    _gradient(),
    _affine(
        "theorem-1",
        "Theorem 1",
        "Theorem 1 (Appendix C.2)",
        pl=False,
        unbiased=False,
        kappa=1 / (_g * _m),
        limit=1 / (8 * _LC),
    ),
    _affine(
        "theorem-2",
        "Theorem 2",
        "Theorem 2 (Appendix C.3)",
        pl=True,
        unbiased=False,
        kappa=1 / (_L * _g),
        limit=_m / (4 * _L * _LC),
    ),
    _affine(
        "theorem-1-refined",
        "Theorem 1, refined bias weight",
        "our own derivation",
        pl=False,
        unbiased=False,
        kappa=1 / (2 * _g * _m * (1 - 2 * _g * _LC)),
        limit=1 / (2 * _LC),
        strict=True,
    ),
    _affine(
        "theorem-2-refined",
        "Theorem 2, refined bias weight",
        "our own derivation",
        pl=True,
        unbiased=False,
        kappa=1 / (2 * _L * _g * (1 - 2 * _L * _g * _LC / _m)),
        limit=_m / (2 * _L * _LC),
        strict=True,
    ),
    _sharp(
        "theorem-1-sharp", "Theorem 1, best constant at rate gamma mu", pl=False, unbiased=False
    ),
    _sharp("theorem-2-sharp", "Theorem 2, best constant at rate gamma mu", pl=True, unbiased=False),
    _envelope(
        "theorem-1-envelope", "The distillation envelope, strongly convex", pl=False, unbiased=False
    ),
    _envelope("theorem-2-envelope", "The distillation envelope, PL", pl=True, unbiased=False),
    _affine(
        "unbiased",
        "Unbiased distillation",
        "Section 6",
        pl=False,
        unbiased=True,
        kappa=None,
        limit=1 / (2 * _LC),
    ),
    _affine(
        "unbiased-pl",
        "Unbiased distillation, PL",
        "Section 6",
        pl=True,
        unbiased=True,
        kappa=None,
        limit=_m / (2 * _L * _LC),
    ),
    _sharp("unbiased-sharp", "Unbiased distillation, best constant", pl=False, unbiased=True),
    _sharp("unbiased-pl-sharp", "Unbiased distillation, best constant, PL", pl=True, unbiased=True),
    _envelope("unbiased-envelope", "Unbiased envelope", pl=False, unbiased=True),
    _envelope("unbiased-pl-envelope", "Unbiased envelope, PL", pl=True, unbiased=True),
    _compressed(),
    _compressed_envelope(),
    _exact(),
    *horizon.STATEMENTS,
)
THEOREMS: Mapping[str, Theorem] = MappingProxyType({theorem.name: theorem for theorem in _ALL})
