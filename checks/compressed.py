"""Compression after a step: one term on a line, where the compressor is all the noise."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import ROUNDING, letters_of, value
from kdtheory.statements import THEOREMS, Theorem

CURVE = changing.psi_of(THEOREMS["compressed-envelope"])
LINE = changing.psi_of(THEOREMS["compressed"])
CROSS = (
    2
    * sym.omega
    * sp.sqrt(sym.minimiser_sq)
    * sp.sqrt(changing.psi_of(THEOREMS["theorem-1-envelope"]))
)


def survives_compression(theorem: Theorem) -> str:
    """Compressed statements on f = mu (x - 1)^2 / 2, one term, from x = 1 + e with e > 0, then a
    compressor of variance omega |y|^2 + delta_sq: never below the exact E|C(y) - 1|^2, and equal to
    it for the envelope."""
    for omega, rounding in ((0.0, 0.01), (0.05, 0.0), (0.05, 0.01)):
        letters = letters_of(1.0, 1.0, 1.0, 0.12, 0.0, 0.0) | {
            "omega": omega,
            "delta_sq": rounding,
            "xstar_sq": 1.0,
        }
        for e in (0.0, 0.1, 1.0, 3.0, 30.0):
            moved = 0.88 * e
            truth = moved**2 + omega * (1.0 + moved) ** 2 + rounding
            got = value(theorem, letters, e**2)
            attained = theorem.is_curve
            if not got >= truth * (1 - ROUNDING) or (
                attained and not got <= truth * (1 + ROUNDING)
            ):
                return (
                    f"psi = {got:.9g}, E|C(y)-x*|^2 = {truth:.9g} at omega = {omega}, delta_sq ="
                    f" {rounding}, e = {e}"
                )
    return ""


MUTANTS: tuple[Mutant, ...] = (
    changing.statement(
        "compressed-envelope",
        "cross term dropped",
        "(1+omega) psi + omega |x*|^2",
        survives_compression,
        psi=CURVE - CROSS,
    ),
    changing.statement(
        "compressed-envelope",
        "cross term once",
        "omega |x*| sqrt(psi)",
        survives_compression,
        psi=CURVE - CROSS / 2,
    ),
    changing.statement(
        "compressed-envelope",
        "x* = 0",
        "|x*| forgotten",
        survives_compression,
        psi=CURVE.subs(sym.minimiser_sq, 0),
    ),
    changing.statement(
        "compressed-envelope",
        "rounding dropped",
        "no d delta^2/4",
        survives_compression,
        psi=CURVE.subs(sym.rounding_sq, 0),
    ),
    changing.statement(
        "compressed",
        "omega dropped",
        "omega = 0 in psi",
        survives_compression,
        psi=LINE.subs(sym.omega, 0),
    ),
    changing.statement(
        "compressed",
        "rounding dropped",
        "no d delta^2/4",
        survives_compression,
        psi=LINE.subs(sym.rounding_sq, 0),
    ),
)
TRUE: tuple[Mutant, ...] = ()
