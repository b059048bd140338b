"""Certificates of the laws of several teachers, blocks and sampling: each is one square, or two."""

from __future__ import annotations

from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.law import EVERYWHERE, Remainders, certificates
from kdtheory.prover.obligations import Obligation, Region
from kdtheory.statements import teachers
from kdtheory.statements.theorem import Theorem


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
