"""The statements, in paper order: the one list, from which every other is computed.

A family is one file here and one of the same name in ``proofs/``; a statement's ``family`` is that
name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from kdtheory.errors import unknown_name
from kdtheory.statements import (
    compressed,
    envelope,
    horizon,
    proposition,
    quadratic,
    schedules,
    sharp,
    teachers,
    theorem_1,
    theorem_2,
    unbiased,
)
from kdtheory.statements.noise import NOISE_NORM, NOISE_SQ, noise
from kdtheory.statements.theorem import Claim, Theorem

__all__ = [
    "NOISE_NORM",
    "NOISE_SQ",
    "THEOREMS",
    "Claim",
    "Theorem",
    "ladder",
    "noise",
    "theorem_named",
]

_IN_ORDER = {
    theorem: module.__name__.rpartition(".")[2]
    for module, statements in (
        (proposition, proposition.STATEMENTS),
        (theorem_1, theorem_1.PAPER),
        (theorem_2, theorem_2.PAPER),
        (theorem_1, theorem_1.REFINED),
        (theorem_2, theorem_2.REFINED),
        (sharp, sharp.STATEMENTS),
        (envelope, envelope.STATEMENTS),
        (unbiased, unbiased.STATEMENTS),
        (compressed, compressed.STATEMENTS),
        (quadratic, quadratic.STATEMENTS),
        (horizon, horizon.STATEMENTS),
        (schedules, schedules.STATEMENTS),
        (teachers, teachers.STATEMENTS),
    )
    for theorem in statements
}
THEOREMS: Mapping[str, Theorem] = MappingProxyType(
    {theorem.name: replace(theorem, family=family) for theorem, family in _IN_ORDER.items()}
)


def theorem_named(name: str | Theorem) -> Theorem:
    """The theorem under a key (or the theorem itself); ``InvalidInput`` names the nearest key."""
    if isinstance(name, Theorem):
        return name
    if not isinstance(name, str) or name not in THEOREMS:
        raise unknown_name("theorem", name, THEOREMS)
    return THEOREMS[name]


def ladder(statement: Theorem) -> list[Theorem]:
    """The statements of one setting that pictures show, from the paper's to the best."""
    setting = (statement.needs, statement.unbiased, statement.modulus)
    return [
        other
        for other in THEOREMS.values()
        if other.form and (other.needs, other.unbiased, other.modulus) == setting
    ]
