"""Without strong convexity: the mean error of the first t iterates, and the weight that needs no
constant (theory, Section 11).

The bias of a teacher adds up over the steps that are made: one step is charged |e|^2/t + t gamma^2
k^2 for 2 gamma lam <e,h>, and t such charges cost a factor e.  ``horizon`` keeps that form, whose
best weight is closed; ``horizon-envelope`` is our own and charges 2 gamma k sqrt(E|e|^2) instead.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.statements.noise import NOISE_NORM, noise
from kdtheory.statements.theorem import Theorem

_g, _LC, _t = sym.gamma, sym.Lcal, sym.t
_ROOM = 1 - 2 * _g * _LC
# b^2 = 2 E|S - lam H|^2, what noise and bias add to |e|^2/gamma^2 in one step.
_ADDED = 2 * _g**2 * (sym.k**2 + sym.a**2)

HORIZON = Theorem(
    name="horizon",
    title="The horizon theorem",
    source="our own derivation",
    needs=(asm.convexity, asm.expected_smoothness),
    kind="upper",
    quantity="average_gap",
    lhs=sym.average_gap,
    rhs=sp.E * (sym.s0 / (2 * _g * _t) + _g * noise(sym.kappa)) / _ROOM,
    step_size_max=1 / (2 * _LC),
    strict=True,
    definitions={sym.kappa: _t / 2},
)
ENVELOPE = Theorem(
    name="horizon-envelope",
    title="The horizon theorem, bias against the root of the distance",
    source="our own derivation",
    needs=(asm.convexity, asm.expected_smoothness),
    kind="upper",
    quantity="average_gap",
    lhs=sym.average_gap,
    rhs=(sp.sqrt(sym.s0 + _t * _ADDED) + _g * sym.k * _t) ** 2 / (2 * _g * _ROOM * _t),
    step_size_max=1 / (2 * _LC),
    strict=True,
    definitions={sym.k: sp.Abs(sym.lam) * sp.sqrt(sym.bias_sq), sym.a: NOISE_NORM},
)
STATEMENTS = (HORIZON, ENVELOPE)
