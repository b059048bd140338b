"""Distillation of a compressed model."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.statements import parts
from kdtheory.statements.noise import noise
from kdtheory.statements.theorem import Theorem


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
        (*parts.STRONGLY_CONVEX, asm.compressor, asm.contraction),
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
        (1 + sym.omega) * parts.PSI
        + 2 * sym.omega * root_X * sp.sqrt(parts.PSI)
        + sym.omega * sym.minimiser_sq
        + sym.rounding_sq
    )
    return Theorem(
        "compressed-envelope",
        "Compression after the envelope's step",
        "our own derivation",
        (*parts.STRONGLY_CONVEX, asm.compressor, asm.contraction),
        "upper",
        "sq_distance",
        lhs=sym.distance_t,
        rhs=sym.iterate(sym.t, sym.s0),
        step_size_max=1 / sym.Lcal,
        strict=True,
        psi=psi,
        definitions=parts.triple_definitions(pl=False, unbiased=False),
    )


STATEMENTS = (_compressed(), _compressed_envelope())
