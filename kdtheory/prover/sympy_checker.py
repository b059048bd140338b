"""The first checker: expand over Q without gcds, walk the tree for signs. A few lines that one can read in full."""

from __future__ import annotations

from functools import reduce

import sympy as sp
from sympy.polys.rings import PolyElement, PolyRing

from kdtheory import symbols as sym
from kdtheory import vectors as vec
from kdtheory.prover.obligations import Certificate, Identity, Obligation

LINEAR = {sym.F, sym.F_plus, sym.out_sq, *sym.GRAM.values()}


def difference(obligation: Obligation) -> sp.Expr:
    """What has to be 0, in the letters of the problem."""
    if isinstance(obligation, Identity):
        return obligation.region.resolve(obligation.expression)
    total = obligation.claim - obligation.remainder
    total -= sum(weight * assumption.slack for assumption, weight in obligation.multipliers.items())
    total -= sum(weight * vec.norm_sq(vector) for weight, vector in obligation.squares)
    return obligation.region.resolve(total)


def vanishes(expression: sp.Expr) -> bool:
    """Exactly 0 as a rational function; split along the letters that enter linearly, which keeps denominators short."""
    expression = sp.sympify(expression)
    linear = [letter for letter in expression.free_symbols if letter in LINEAR]
    scale = sp.Dummy()
    if sp.diff(expression.xreplace({letter: scale * letter for letter in linear}), scale, 2) != 0:
        return _is_zero(expression)     # products of such letters: expand as a whole
    zero = dict.fromkeys(linear, sp.Integer(0))
    constant = expression.xreplace(zero)
    parts = [constant, *(expression.xreplace(zero | {letter: sp.Integer(1)}) - constant for letter in linear)]
    return all(_is_zero(part) for part in parts)


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
        return reduce(lambda x, y: (x[0] * y[1] + y[0] * x[1], x[1] * y[1]), terms, (ring(0), ring(1)))
    raise ValueError(f"not a rational expression: {expression}")


def written_nonnegative(expression: sp.Expr, *, strictly: bool = False) -> bool:
    """Sums, products, quotients and even powers of letters of known sign."""
    expression = sp.sympify(expression)
    if expression.is_Rational:
        return bool(expression > 0 if strictly else expression >= 0)
    if expression.is_Symbol:
        return bool(expression.is_positive if strictly else expression.is_nonnegative)
    if expression.is_Pow and expression.exp.is_Integer:
        strict_base = strictly or expression.exp < 0
        return (expression.exp % 2 == 0 and not strict_base) or written_nonnegative(
            expression.base, strictly=strict_base
        )
    if expression.is_Mul:
        return all(written_nonnegative(factor, strictly=strictly) for factor in expression.args)
    if expression.is_Add:
        return all(written_nonnegative(x) for x in expression.args) and (
            not strictly or any(written_nonnegative(x, strictly=True) for x in expression.args)
        )
    return False


def accepted(obligation: Obligation) -> bool:
    """Identity exact, signs visible, nothing idle."""
    if not vanishes(difference(obligation)):
        return False
    if isinstance(obligation, Identity):
        return True
    assert isinstance(obligation, Certificate)
    signed = [weight for assumption, weight in obligation.multipliers.items() if not assumption.equality]
    return all(
        written_nonnegative(weight)
        for weight in (*signed, *(weight for weight, _ in obligation.squares), obligation.remainder)
    ) and all(weight != 0 for weight in obligation.multipliers.values())


def reason(obligation: Obligation) -> str | None:
    """None when :func:`accepted`, else what is wrong with it."""
    if not vanishes(difference(obligation)):
        return f"{obligation.name}: the identity does not expand to 0"
    if not accepted(obligation):
        return f"{obligation.name}: a multiplier or weight is not written non-negatively, or an assumption is idle"
    return None
