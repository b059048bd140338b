"""The first checker: expand over Q without gcds, walk the tree for signs. A few lines that one can
read in full.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

from kdtheory.algebra import symbols as sym
from kdtheory.prover.consistency import doubt
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.regions import where_not_zero
from kdtheory.prover.signs import written_nonnegative

LINEAR = {sym.F, sym.F_plus, sym.out_sq, *sym.GRAM.values()}


def difference(obligation: Obligation) -> sp.Expr:
    """What has to be 0, in the letters of the problem."""
    if isinstance(obligation, Identity):
        return obligation.region.resolve(obligation.expression)
    total = obligation.claim - obligation.remainder
    total -= sum(weight * assumption.slack for assumption, weight in obligation.multipliers.items())
    inner = obligation.space.inner
    total -= sum(weight * inner(vector, vector) for weight, vector in obligation.squares)
    return obligation.region.resolve(total)


def vanishes(expression: sp.Expr, moments: Iterable[sp.Symbol] = LINEAR) -> bool:
    """Exactly 0 as a rational function; split along the ``moments`` if they are seen to enter
    linearly, which keeps denominators short.
    """
    expression = sp.sympify(expression)
    linear = sorted(expression.free_symbols & {*moments}, key=str)
    if _degree(expression, frozenset(linear)) > 1:
        return _is_zero(expression)  # products of such letters, maybe: expand as a whole
    zero = dict.fromkeys(linear, sp.Integer(0))
    constant = expression.xreplace(zero)
    parts = [
        constant,
        *(expression.xreplace(zero | {letter: sp.Integer(1)}) - constant for letter in linear),
    ]
    return all(_is_zero(part) for part in parts)


def _degree(expression: sp.Expr, letters: frozenset[sp.Symbol]) -> int:
    """A bound on the degree in the letters, as the expression is written: 0 or 1 means linear."""
    if expression in letters:
        return 1
    if not expression.args or not expression.free_symbols & letters:
        return 0
    inside = [_degree(part, letters) for part in expression.args]
    if expression.is_Add:
        return max(inside)
    if expression.is_Mul:
        return sum(inside)
    return 2  # a power, or anything else: look closer


def _is_zero(expression: sp.Expr) -> bool:
    letters = sorted(expression.free_symbols, key=str)
    if not letters:
        return bool(expression == 0)
    ring, *_ = sp.ring(letters, sp.QQ)
    numerator, denominator = _fraction(expression, ring)
    return bool(numerator == 0 and denominator != 0)


def _fraction(expression: sp.Expr, ring: PolyRing) -> tuple[PolyElement, PolyElement]:
    if expression.is_Rational:
        return ring(sp.QQ(expression.p, expression.q)), ring(1)
    if expression.is_Symbol:
        return ring.gens[ring.symbols.index(expression)], ring(1)
    if expression.is_Pow and expression.exp.is_Integer:
        top, bottom = _fraction(expression.base, ring)
        power = int(expression.exp)
        return (top**power, bottom**power) if power >= 0 else (bottom**-power, top**-power)
    if expression.is_Mul:
        pairs = [_fraction(factor, ring) for factor in expression.args]
        return reduce(lambda x, y: (x[0] * y[0], x[1] * y[1]), pairs)
    if expression.is_Add:
        by_bottom: dict[PolyElement, PolyElement] = {}
        for term in expression.args:
            top, bottom = _fraction(term, ring)
            by_bottom[bottom] = by_bottom.get(bottom, ring(0)) + top
        terms = [(top, bottom) for bottom, top in by_bottom.items() if top != 0]
        return reduce(
            lambda x, y: (x[0] * y[1] + y[0] * x[1], x[1] * y[1]), terms, (ring(0), ring(1))
        )
    raise ValueError(f"not a rational expression: {expression}")


@dataclass(frozen=True)
class Result:
    """``status`` is PROVED, REFUTED (an identity that is false) or UNDECIDED (a certificate that
    shows nothing), with the reason.

    ``wrong``: the obligation as it stands is shown to be no proof; False where a checker merely had
    no answer.
    """

    status: str
    reason: str
    wrong: bool = False


def _moments(obligation: Obligation) -> set[sp.Symbol]:
    own = obligation.space.gram.values() if isinstance(obligation, Certificate) else ()
    return LINEAR | {*own}


def _inside(certificate: Certificate) -> list[sp.Expr]:
    """All expressions that the certificate adds to its claim."""
    return [
        *certificate.multipliers.values(),
        certificate.remainder,
        *(weight for weight, _ in certificate.squares),
        *(entry for _, vector in certificate.squares for entry in vector.values()),
    ]


def _divisors(expression: sp.Expr) -> list[sp.Expr]:
    return [
        node.base
        for node in sp.preorder_traversal(expression)
        if node.is_Pow and node.exp.is_negative
    ]


def _pole(certificate: Certificate) -> sp.Expr | None:
    """Something a multiplier, weight or vector divides by that is not written as a positive number.

    Without it 0/0 hides in the sum: z (1 + 1/(x-y))^2 with z = -(x-y)^2 >= 0 would be
    "non-negative", and is -1 in the limit x = y. The claim may divide by what it likes: where it
    has no value it says nothing.
    """
    for expression in _inside(certificate):
        for divisor in _divisors(expression):
            if not written_nonnegative(divisor, strictly=True):
                return divisor
    return None


def _idle_condition(certificate: Certificate) -> sp.Symbol | None:
    """A condition of the region that neither the certificate uses nor the claim needs in order to
    have a value.
    """
    used = {
        letter
        for part in (certificate.claim, *_inside(certificate))
        for letter in part.free_symbols
    }
    divisors = _divisors(certificate.claim)
    for letter, meaning in certificate.region.slacks.items():
        if letter not in used and meaning not in divisors:
            return letter
    return None


def _complaint(certificate: Certificate) -> str | None:
    """What keeps the signs of a certificate from being visible, or which assumption it lists and
    does not use.
    """
    pole = _pole(certificate)
    if pole is not None:
        return f"the certificate divides by {pole}, which is not written as a positive number"
    condition = _idle_condition(certificate)
    if condition is not None:
        return f"the condition on {condition} is listed but nothing uses it"
    for assumption, weight in certificate.multipliers.items():
        if vanishes(certificate.region.resolve(weight)):
            return f"{assumption} is listed but has multiplier 0"
        if not assumption.equality and not written_nonnegative(weight):
            return (
                f"the multiplier {weight} of {assumption} is not written as a non-negative number"
            )
    for weight, vector in certificate.squares:
        if not written_nonnegative(weight):
            return (
                f"the weight {weight} of the square of {dict(vector)} is not written as a"
                " non-negative number"
            )
    if not written_nonnegative(certificate.remainder):
        return f"the remainder {certificate.remainder} is not written as a non-negative number"
    return None


def check(obligation: Obligation) -> Result:
    """Identity exact, signs visible, nothing idle, and the region has a point in it.

    A certificate that fails says nothing about its claim, so it is UNDECIDED; only a false identity
    is REFUTED.
    """
    name = obligation.name
    try:
        exact = vanishes(difference(obligation), _moments(obligation))
    except ValueError as error:
        return Result("UNDECIDED", f"{name}: {error}", wrong=True)
    if not exact:
        told = f"{name}: the identity does not expand to 0"
        if isinstance(obligation, Certificate):
            return Result("UNDECIDED", told, wrong=True)
        return Result("REFUTED", told + _counterexample(obligation), wrong=True)
    if isinstance(obligation, Certificate):
        wrong = _complaint(obligation)
        if wrong is not None:
            return Result("UNDECIDED", f"{name}: {wrong}", wrong=True)
    empty = doubt(obligation)
    if empty:
        return Result("UNDECIDED", empty)
    return Result("PROVED", "")


def _counterexample(identity: Identity) -> str:
    found = where_not_zero(difference(identity))
    if found is None:
        return ""
    point, value = found
    return (
        f"; it is {value} at"
        f" {', '.join(f'{letter} = {number}' for letter, number in point.items())}"
    )


def accepted(obligation: Obligation) -> bool:
    """Whether :func:`check` says PROVED."""
    return check(obligation).status == "PROVED"
