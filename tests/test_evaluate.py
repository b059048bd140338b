"""One evaluator for every kind of number: the kinds agree, constants stay rational, and what it
does not know is refused.
"""

from __future__ import annotations

import random
from fractions import Fraction as Q

import numpy as np
import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.arithmetic import ARRAYS, FLOATS, FRACTIONS
from kdtheory.algebra.evaluate import value_of
from kdtheory.errors import InvalidInput
from kdtheory.evidence.numbers import BALLS, exact

WRITTEN = [
    expression
    for theorem in kd.THEOREMS.values()
    if theorem.psi is not None
    for expression in (theorem.psi, theorem.step_size_max, *theorem.definitions.values())
]


@pytest.mark.parametrize("seed", range(3))
def test_kinds_of_numbers_agree(seed):
    """Floats, arrays and balls at rational points, on either side of every regime."""
    rng = random.Random(seed)
    for expression in WRITTEN:
        at = {str(letter): Q(rng.randint(1, 30), 97) for letter in expression.free_symbols}
        at |= {"A": Q(2, 3), "rate_min": Q(1, 97)} if "A" in at else {}
        floats = {name: float(number) for name, number in at.items()}
        try:
            seen = value_of(expression, floats, FLOATS)
        except ValueError:  # a root of a negative number, outside every statement's range
            continue
        arrays = {name: np.array([number, number]) for name, number in floats.items()}
        with np.errstate(all="ignore"):  # branches that are not taken
            assert value_of(expression, arrays, ARRAYS) == pytest.approx(seen, rel=1e-12)
        balls = {name: exact(number, name) for name, number in at.items()}
        assert float(value_of(expression, balls, BALLS)) == pytest.approx(seen, rel=1e-12)


def test_constants_stay_rational():
    third = sym.gamma / 3 + sp.Rational(1, 7) * sp.sqrt(sym.mu)
    assert value_of(third, {"gamma": Q(1, 5), "mu": Q(4, 9)}, FRACTIONS) == Q(1, 15) + Q(2, 21)
    with pytest.raises(InvalidInput, match="no fraction"):
        value_of(third, {"gamma": Q(1), "mu": Q(2)}, FRACTIONS)
    assert value_of(sp.Float(0.98) * sym.mu, {"mu": Q(1)}, FRACTIONS) == Q(0.98)


@pytest.mark.parametrize("unknown", [sp.sin(sym.mu), sym.mu ** sp.Rational(1, 3), sp.I * sym.mu])
def test_unknown_nodes_are_refused(unknown):
    with pytest.raises(InvalidInput, match="in a statement"):
        value_of(unknown, {"mu": 1.0})
