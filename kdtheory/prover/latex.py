"""Obligations as mathematics that a person can check by hand: letters, claim, and the identity one
line at a time.

Knows no theorem.  A formula is inline mathematics without growing brackets, so that TeX may break
it at every + and between factors; what occurs more than once in a certificate gets a letter of its
own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import Vector
from kdtheory.prover.obligations import Certificate, Identity, Obligation

REPEATED = 7  # operations from which a repeated expression gets a letter
MOST_LETTERS = 5
NESTED = 45  # the same where there are fractions inside, which TeX sets small
# characters of a fraction, a root or a case, which TeX cannot break: about one line of a page
WIDEST = 72


@dataclass(frozen=True)
class ListingLine:
    """One summand of a certificate: ``factor`` times ``what`` (a slack, E|v|^2, or nothing for the
    remainder); why it is >= 0.
    """

    factor: str
    what: str
    why: str


@dataclass(frozen=True)
class Listing:
    """An obligation, ready to be set: LaTeX formulas without dollar signs."""

    name: str
    letters: tuple[str, ...]
    claim: str
    lines: tuple[ListingLine, ...]
    abbreviations: tuple[str, ...]


def formula(expression: sp.Basic) -> str:
    """The expression with breakable products and brackets."""
    text = sym.latex(expression, mul_symbol=r"\,\allowbreak ")
    return text.replace(r"\left(", "(").replace(r"\right)", ")")


def vector(combination: Vector) -> str:
    """sum of coefficient times vector."""
    parts = []
    for name, coefficient in combination.items():
        minus = bool(coefficient.could_extract_minus_sign())
        size = formula(-coefficient if minus else coefficient)
        size = "" if size == "1" else f"({size})" if isinstance(coefficient, sp.Add) else size
        parts.append(
            (minus, rf"{size}\,{sym.VECTOR_LATEX[name]}" if size else sym.VECTOR_LATEX[name])
        )
    parts.sort(key=lambda part: part[0])
    text = "".join(f" {'-' if minus else '+'} {part}" for minus, part in parts).strip()
    return text.removeprefix("+ ")


def _repeated(expressions: Iterable[sp.Expr]) -> sp.Expr | None:
    """The largest sum or product that occurs at least twice."""
    count: dict[sp.Expr, int] = {}
    for expression in expressions:
        for part in sp.preorder_traversal(expression):
            if isinstance(part, sp.Add | sp.Mul) and sp.count_ops(part) >= REPEATED:
                count[part] = count.get(part, 0) + 1
    often = [part for part, times in count.items() if times > 1]
    return max(often, key=lambda part: (sp.count_ops(part), str(part))) if often else None


def _abbreviate(expressions: list[sp.Expr]) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    found: dict[sp.Symbol, sp.Expr] = {}
    while (
        len(found) < MOST_LETTERS
        and (part := _repeated([*expressions, *found.values()])) is not None
    ):
        letter = sp.Dummy(f"X_{len(found) + 1}")
        swap = {part: letter}
        expressions = [expression.xreplace(swap) for expression in expressions]
        found = {name: value.xreplace(swap) for name, value in found.items()} | {letter: part}
    return expressions, found


def _unbreakable(expression: sp.Expr) -> list[sp.Expr]:
    """What stands inside fractions, roots and cases."""
    inside: list[sp.Expr] = []
    for part in sp.preorder_traversal(expression):
        if isinstance(part, sp.Piecewise):
            inside += [value for value, _ in part.args]
        elif isinstance(part, sp.Pow) and part.exp == sp.Rational(1, 2):
            inside.append(part.base)
        elif isinstance(part, sp.Mul):
            above, below = sp.fraction(part)
            inside += [above, below] if below != 1 else []
    return [
        part
        for part in inside
        if len(str(part)) > WIDEST or (len(str(part)) > NESTED and _has_fraction(part))
    ]


def _has_fraction(expression: sp.Expr) -> bool:
    return any(
        isinstance(part, sp.Pow) and part.exp.is_negative
        for part in sp.preorder_traversal(expression)
    )


def _nameable(expression: sp.Expr) -> list[sp.Expr]:
    """Sums that deserve a letter, the best last: a short one with fractions inside, a short one, at
    worst one that fills more than a line.
    """
    sums = {
        part
        for part in sp.preorder_traversal(expression)
        if isinstance(part, sp.Add) and len(str(part)) >= 20
    }
    short = [part for part in sums if len(str(part)) <= WIDEST]
    if not short:
        return sorted(sums, key=lambda part: (-len(str(part)), str(part)))
    return sorted(short, key=lambda part: (_has_fraction(part), len(str(part)), str(part)))


def narrowed(expressions: list[sp.Expr]) -> tuple[list[sp.Expr], dict[sp.Symbol, sp.Expr]]:
    """The expressions with letters for sums inside fractions that would run off the page or be too
    small to read, and the letters' meaning.
    """
    found: dict[sp.Symbol, sp.Expr] = {}
    while named := [
        _nameable(part)
        for expression in [*expressions, *found.values()]
        for part in _unbreakable(expression)
        if _nameable(part)
    ]:
        letter, part = sp.Dummy(f"Y_{len(found) + 1}"), named[0][-1]
        swap = {part: letter}
        expressions = [expression.xreplace(swap) for expression in expressions]
        found = {name: value.xreplace(swap) for name, value in found.items()} | {letter: part}
    return expressions, found


def _letters(
    slacks: Mapping[sp.Symbol, sp.Expr], substitutions: Mapping[sp.Symbol, sp.Expr]
) -> tuple[str, ...]:
    said = []
    for letter, meaning in slacks.items():
        sign = "> 0" if letter.is_positive else r"\ge 0"
        own, other = formula(letter), formula(meaning)
        said.append(f"{own} {sign}" if own == other else f"{own} = {other} {sign}")
    return (
        *said,
        *(f"{formula(letter)} = {formula(meaning)}" for letter, meaning in substitutions.items()),
    )


def listing(obligation: Obligation) -> Listing:
    """The obligation in formulas."""
    letters = _letters(obligation.region.slacks, obligation.region.substitutions)
    if isinstance(obligation, Identity):
        (expression,), names = narrowed([obligation.expression])
        meanings = tuple(
            f"{formula(letter)} = {formula(meaning)}" for letter, meaning in names.items()
        )
        return Listing(obligation.name, letters, f"{formula(expression)} = 0", (), meanings)
    return _certificate(obligation, letters)


def _certificate(item: Certificate, letters: tuple[str, ...]) -> Listing:
    vectors = [value for _, v in item.squares for value in v.values()]
    weights = [
        *item.multipliers.values(),
        *(weight for weight, _ in item.squares),
        item.remainder,
        *vectors,
    ]
    weights, names = _abbreviate(weights)
    weights, more = narrowed(weights)
    names = {
        letter: meaning.xreplace({part: name for name, part in more.items()})
        for letter, meaning in names.items()
    } | more
    first, last = len(item.multipliers), len(item.multipliers) + len(item.squares)
    lines = [
        ListingLine(
            formula(weight),
            formula(key.slack),
            rf"{key.label}{'' if not key.equality else ', which is 0'}",
        )
        for key, weight in zip(item.multipliers, weights[:first], strict=True)
    ]
    rest = iter(weights[last + 1 :])
    for weight, (_, v) in zip(weights[first:last], item.squares, strict=True):
        mean = r"\mathbb{E}" if set(v) & set(sym.CENTRED) else ""
        lines.append(
            ListingLine(
                formula(weight),
                rf"{mean}\bigl|{vector({name: next(rest) for name in v})}\bigr|^2",
                "a square",
            )
        )
    if weights[last] != 0 or not lines:
        lines.append(ListingLine(formula(weights[last]), "", "by the signs of its letters"))
    return Listing(
        item.name,
        letters,
        rf"{formula(item.claim)} \ge 0",
        tuple(lines),
        tuple(f"{formula(letter)} = {formula(meaning)}" for letter, meaning in names.items()),
    )
