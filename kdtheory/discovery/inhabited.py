"""Is a step about anything?  One point with V(x) > 0 at which every slack and every datum holds, in
exact rationals: a claim about no point, or about x = x* alone, is true and worthless.  Where V(x)
is not given, some vector must not be 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy as sp

from kdtheory.discovery.bracket import bracket
from kdtheory.discovery.forms import Form
from kdtheory.discovery.step import FACTOR, OneStep
from kdtheory.errors import InvalidInput

Point = Mapping[sp.Symbol, Fraction]


def complaint(step: OneStep, points: Iterable[Point]) -> str:
    """Why the step may be about nothing; empty where a point was found at one of ``points``."""
    if any(_inhabited(step, at) for at in points):
        return ""
    return (
        f"no point was found that satisfies every slack and datum with {_size(step)} > 0; the claim"
        " may be about nothing. Are the slacks and data contradictory?"
    )


def _size(step: OneStep) -> str:
    return "V(x)" if step.before else "some vector's length"


def _inhabited(step: OneStep, at: Point) -> bool:
    """Whether the largest size <= 1 is more than 0; the solver's point is checked over Q."""
    lengths: Form = {(u, u): sp.Integer(1) for u in (*step.mean, *step.centred)}
    size = step.before or lengths
    _, rows = step.claim(None)
    program = step.worst(size, {**rows, FACTOR: (1, size, sp.Integer(1))}, at)
    try:
        return bracket(program, FACTOR).low > 0
    except InvalidInput:
        return False
