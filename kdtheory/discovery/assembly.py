"""From multipliers to a certificate: squares by elimination, signs by ``Signs``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sympy as sp

from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.vectors import Vector
from kdtheory.discovery.family import Family
from kdtheory.discovery.forms import ONE, Form
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.step import FACTOR
from kdtheory.discovery.witness import Signs, used_slacks
from kdtheory.prover.obligations import Certificate, Region


@dataclass(frozen=True)
class Argument:
    """One regime's proof: ``multipliers`` in the free letters, ``borders`` that must be >= 0."""

    constant: sp.Expr
    multipliers: Mapping[str, sp.Expr]
    certificate: Certificate
    borders: tuple[sp.Expr, ...]


Factors = tuple[sp.Rational, list[tuple[sp.Poly, int]]]


class Open(Exception):
    """Signs that are not visible: the factors that would have to be positive."""

    def __init__(self, factors: Sequence[sp.Poly]) -> None:
        super().__init__(", ".join(str(factor.as_expr()) for factor in factors))
        self.factors = tuple(factors)


@lru_cache(maxsize=1024)
def _factors(expression: sp.Expr, letters: tuple[sp.Symbol, ...]) -> tuple[Factors, Factors]:
    """Content and factors above and below the line; asked for again at every border."""
    top, bottom = sp.fraction(sp.factor(expression))
    above, below = (sp.Poly(part, *letters, domain="QQ").factor_list() for part in (top, bottom))
    return above, below


_cancelled = lru_cache(maxsize=4096)(sp.cancel)


def _written(expression: sp.Expr, signs: Signs, missing: list[sp.Poly]) -> sp.Expr:
    """The rational function with every factor written; factors without a visible sign are added to
    ``missing`` (those of odd power above the line, which may be 0).
    """
    total, sign = sp.Integer(1), 1
    parts = zip(_factors(expression, signs.letters), (1, -1), strict=True)
    for (content, factors), power in parts:
        total *= abs(sp.Rational(content)) ** power
        sign *= -1 if content < 0 else 1
        for factor, multiplicity in factors:
            if signs.seen(factor) == -1:
                factor, sign = -factor, sign * (-1) ** multiplicity
            written = signs.positive(factor.as_expr(), strictly=power < 0)
            if written is None and power > 0 and multiplicity % 2 == 0:
                written = factor.as_expr()
            if written is None:
                missing.append(factor)
                written = factor.as_expr()
            total *= written ** (power * multiplicity)
    return sign * total


def left_over(family: Family, multipliers: Mapping[str, sp.Expr]) -> dict[object, sp.Expr]:
    """Z of the multipliers as a form with rational coefficients, cancelled."""
    total: dict[object, sp.Expr] = {
        key: -value for key, value in family.objective.items() if key != ONE
    }
    for name, (sign, form, _) in family.rows.items():
        if name in multipliers:
            for key, value in form.items():
                if key != ONE:
                    total[key] = total.get(key, sp.Integer(0)) + sign * multipliers[name] * value
    return {key: _cancelled(value.xreplace(dict(family.solved))) for key, value in total.items()}


def _squares(
    rest: Mapping[object, sp.Expr], block: Sequence[str], signs: Signs, missing: list[sp.Poly]
) -> list[tuple[sp.Expr, Vector]]:
    """weight |v|^2 for every pivot of a symmetric elimination; the next pivot is one with a visible
    sign, if there is one.

    Raises:
        NotFound: the block is not semidefinite: a pivot is 0 and its row is not.
    """
    entries = {
        (u, v): rest.get((u, v), rest.get((v, u), sp.Integer(0))) / (1 if u == v else 2)
        for u in block
        for v in block
    }
    left = list(block)
    found: list[tuple[sp.Expr, Vector]] = []
    while left:
        for v in [v for v in left if entries[v, v] == 0]:
            if any(entries[v, w] != 0 for w in left):
                raise NotFound("what is left over is no sum of squares")
            left.remove(v)
        if not left:
            break
        chosen, weight, lost = None, None, None
        for v in left:
            own: list[sp.Poly] = []
            text = _written(entries[v, v], signs, own)
            if lost is None or len(own) < len(lost):
                chosen, weight, lost = v, text, own
            if not own:
                break
        assert chosen is not None and weight is not None and lost is not None
        missing += lost
        pivot = entries[chosen, chosen]
        vector = {chosen: sp.Integer(1)}
        for w in left:
            if w != chosen and entries[chosen, w] != 0:
                vector[w] = _over_positive(_cancelled(entries[chosen, w] / pivot), signs, missing)
        found.append((weight, vector))
        left.remove(chosen)
        for u in left:
            for w in left:
                entries[u, w] = _cancelled(
                    entries[u, w] - entries[u, chosen] * entries[chosen, w] / pivot
                )
    return found


def _over_positive(expression: sp.Expr, signs: Signs, missing: list[sp.Poly]) -> sp.Expr:
    """Any numerator over a denominator that is written positively."""
    top, bottom = sp.fraction(sp.together(expression))
    return top * _written(1 / bottom, signs, missing)


def argument(family: Family, multipliers: Mapping[str, sp.Expr], signs: Signs) -> Argument:
    """The certificate.

    Raises:
        Open: some sign is not visible.
        NotFound: the multipliers prove nothing.
    """
    missing: list[sp.Poly] = []
    written = {
        name: _written(value, signs, missing)
        for name, value in multipliers.items()
        if _cancelled(value) != 0
    }
    rest = left_over(family, multipliers)
    for name in family.step.scalars:
        if rest.get(name, sp.Integer(0)) != 0:
            raise NotFound(f"{name} is left over")
    squares = [
        square
        for block in (family.step.mean, family.step.centred)
        for square in _squares(rest, block, signs, missing)
    ]
    if missing:
        raise Open(list(dict.fromkeys(missing)))
    return _certificate(family, multipliers, written, squares, signs)


def _certificate(
    family: Family,
    multipliers: Mapping[str, sp.Expr],
    written: Mapping[str, sp.Expr],
    squares: list[tuple[sp.Expr, Vector]],
    signs: Signs,
) -> Argument:
    step = family.step
    units: dict[Any, sp.Expr] = {ONE: sp.Integer(1), **step.scalar_letters, **step.space.gram}

    def in_letters(form: Form) -> sp.Expr:
        return sp.Add(*(value * units[key] for key, value in form.items()))

    constant: sp.Expr = family.objective.get(ONE, sp.Integer(0))
    needs: dict[Assumption, sp.Expr] = {}
    for name, (sign, form, bound) in family.rows.items():
        if name not in written:
            continue
        constant += multipliers[name] * (bound - sign * form.get(ONE, sp.Integer(0)))
        if name != FACTOR:
            slack = bound - sign * in_letters(form)
            needs[Assumption(name, f"({name})", slack, f"{slack} >= 0")] = written[name]
    constant = sp.factor(constant.xreplace(dict(family.solved)))
    claim = (
        constant * in_letters(step.before) - in_letters(step.after)
        if family.rate is None
        else (1 - family.rate) * in_letters(step.before) + constant - in_letters(step.after)
    )
    inside = [
        *needs.values(),
        *(w for w, _ in squares),
        *(x for _, vector in squares for x in vector.values()),
    ]
    used = used_slacks(inside, signs.slacks)
    region = Region(used, dict(family.solved))
    certificate = Certificate(
        "discovered", claim, needs, tuple(squares), sp.Integer(0), region, step.space
    )
    borders = tuple(item for item in family.borders if item in used.values())
    return Argument(constant, dict(multipliers), certificate, borders)


def renamed(item: Argument, name: str) -> Argument:
    """The same under another name."""
    return replace(item, certificate=replace(item.certificate, name=name))
