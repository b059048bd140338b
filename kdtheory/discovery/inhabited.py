"""Is a step about anything?  One point with V(x) > 0 at which every slack and every datum holds, in
exact rationals: a claim about no point, or about x = x* alone, is true and worthless.  Where V(x)
is not given, some vector must not be 0.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction

import sympy as sp

from kdtheory.discovery.bracket import bracket
from kdtheory.discovery.forms import Form, Key
from kdtheory.discovery.program import Program, Row, without_idle_vectors
from kdtheory.discovery.step import FACTOR, OneStep
from kdtheory.errors import InvalidInput
from kdtheory.prover.regions import evaluate

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

    def numbers(form: Form) -> dict[Key, Fraction]:
        return {key: evaluate(value, at) for key, value in form.items()}

    lengths: Form = {(u, u): sp.Integer(1) for u in (*step.mean, *step.centred)}
    size = numbers(step.before or lengths)
    rows = [
        *(Row(name, -1, numbers(form), Fraction(0)) for name, form in step.slacks.items()),
        *(
            Row(name, 1, numbers(form), evaluate(bound, at))
            for name, (form, bound) in step.data.items()
        ),
        Row(FACTOR, 1, size, Fraction(1)),
    ]
    program = Program((step.mean, step.centred), step.scalars, size, tuple(rows))
    try:
        return bracket(without_idle_vectors(program), FACTOR).low > 0
    except InvalidInput:
        return False
