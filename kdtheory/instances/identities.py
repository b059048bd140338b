"""A false identity is refuted at one small instance: a network of two layers, or the exact law."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.instances.counterexamples import Counterexample, formula_of
from kdtheory.instances.exact import exact
from kdtheory.instances.law import small_law
from kdtheory.instances.models import TwoLayers
from kdtheory.statements.theorems import Theorem


def layers(theorem: Theorem, claim: str) -> Counterexample | None:
    """A two-layer linear network, w = (1, 1), v = (1, 2): the first layer's entry of both sides."""
    case = TwoLayers(
        (Fraction(1), Fraction(1)),
        (Fraction(1), Fraction(2)),
        Fraction(1, 2),
        Fraction(1),
        Fraction(0),
    )
    products = [first * second for first, second in (case.student, case.teacher)]
    numbers = {
        sym.J_x: sp.Matrix([[case.student[1], case.student[0]]]),
        sym.J_theta: sp.Matrix([[case.teacher[1], case.teacher[0]]]),
        sym.r_x: sp.Matrix([[products[0]]]),
        sym.r_theta: sp.Matrix([[products[1]]]),
        sym.label: sp.Matrix([[case.b]]),
        sym.lam: sp.Rational(1, 2),
    }
    left, right = (sp.Matrix(side.xreplace(numbers).doit()) for side in (theorem.lhs, theorem.rhs))
    for i in range(2):
        if left[i] != right[i]:
            ours, theirs = (Fraction(int(entry.p), int(entry.q)) for entry in (left[i], right[i]))
            return Counterexample(
                theorem.name,
                claim,
                case,
                f"the KD gradient in w_{i + 1}",
                ours,
                theirs,
                identity=True,
            )
    return None


def law(theorem: Theorem, claim: str) -> Counterexample | None:
    """E|x^t - x*|^2 for t = 1, 2 and its stationary value, against the letters of the exact law."""
    case = small_law()
    for t in (1, 2):
        here, letters = case.at(t), case.letters(t)
        right = exact(theorem.rhs, here.numbers | letters)
        if right is not None and here.curve[t][0] != right:
            lhs, formula = f"E|x^{t} - x*|^2", formula_of("equal to", theorem.rhs, letters)
            return Counterexample(
                theorem.name,
                claim,
                here,
                lhs,
                here.curve[t][0],
                right,
                identity=True,
                formula=formula,
            )
    letters = case.letters(0)
    right = None if theorem.floor is None else exact(theorem.floor, letters)
    if right is not None and case.stationary() != right:
        lhs, formula = "stationary E|x - x*|^2", formula_of("equal to", theorem.floor, letters)
        return Counterexample(
            theorem.name,
            claim,
            case.at(0),
            lhs,
            case.stationary(),
            right,
            identity=True,
            formula=formula,
        )
    return None
