"""Square roots that make multipliers rational: which product of letters and conditions is under the
root, and a new letter for it.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from math import isqrt

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.family import Family, Point, solvable
from kdtheory.discovery.refine import flint
from kdtheory.discovery.sampling import Sampler
from kdtheory.prover.regions import evaluate

BITS = 1024
FACTORS = 3  # of the product under the root, at the most
LOOK, POINTS = 24, 6  # points looked at, and those at which a product must fit


def irrational(family: Family) -> list[tuple[Point, Fraction]]:
    """Points at which some multiplier is not rational, with that multiplier to many digits."""
    found: list[tuple[Point, Fraction]] = []
    squares = [v for v in family.step.mean if (v, v) in family.step.before]
    definite = family.tightened(squares[0]) if family.pure and squares else family
    for at in family.points(random.Random(11), LOOK):
        exact = Sampler(definite, at).exact(at, most_bits=BITS)
        if exact is None or exact.rational is not None:
            continue
        worst = max(exact.digits, key=_length)
        if _length(worst):  # else Newton went to a point that is none of the program's
            found.append((at, worst))
        if len(found) == POINTS:
            break
    return found


def rationalised(family: Family, digits: list[tuple[Point, Fraction]]) -> Family | None:
    """The family with one letter expressed by a root, after which the multipliers are rational at
    more points; None when no product fits what :func:`irrational` found.
    """
    under = [(at, _under_the_root(value)) for at, value in digits]
    if any(square is None for _, square in under):
        return None
    known = [(at, square) for at, square in under if square is not None]
    table = [(atom, [evaluate(atom, at) for at, _ in known]) for atom in _atoms(family)]
    for count in range(1, FACTORS + 1):
        for chosen in itertools.combinations(table, count):
            for factor in (1, 2, 3):
                if all(
                    _is_square(factor * square * _product(values[i] for _, values in chosen))
                    for i, (_, square) in enumerate(known)
                ):
                    better = _solved(family, factor * sp.Mul(*(atom for atom, _ in chosen)))
                    if better is not None:
                        return better
    return None


def _product(values: Iterator[Fraction]) -> Fraction:
    total = Fraction(1)
    for value in values:
        total *= value
    return total


def _is_square(value: Fraction) -> bool:
    if value <= 0:
        return False
    number = value.numerator * value.denominator
    return isqrt(number) ** 2 == number


def _under_the_root(value: Fraction) -> Fraction | None:
    """The discriminant of the quadratic equation that the number solves; None when there is none
    with short coefficients.
    """
    scale = 1 << (BITS - 124)
    rows = [
        [1, 0, 0, int(value * value * scale)],
        [0, 1, 0, int(value * scale)],
        [0, 0, 1, scale],
    ]
    short = flint().fmpz_mat(rows).lll()
    a, b, c, rest = (int(short[0, j]) for j in range(4))
    if a == 0 or max(abs(a), abs(b), abs(c), abs(rest)).bit_length() > BITS // 4:
        return None
    return Fraction(b * b - 4 * a * c)


def _length(value: Fraction) -> int:
    """Rational multipliers are short; one that is not is looked at."""
    short = value.limit_denominator(1 << (BITS // 3))
    return 0 if abs(short - value) < Fraction(1, 1 << (BITS * 9 // 10)) else 1


def _atoms(family: Family) -> list[sp.Expr]:
    """Letters, their differences, and the factors of conditions."""
    atoms: list[sp.Expr] = list(family.letters)
    for first, second in itertools.permutations(family.letters, 2):
        atoms.append(first - second)
    for condition in family.conditions:
        top, _ = sp.fraction(sp.together(condition))
        atoms += [factor for factor, _ in sp.factor_list(top)[1]]
        atoms += [-factor for factor, _ in sp.factor_list(top)[1]]
    return list(dict.fromkeys(atom for atom in atoms if not atom.is_Number))


def _solved(family: Family, product: sp.Expr) -> Family | None:
    """One letter of the product replaced by (root^2 - rest)/slope."""
    taken = {letter.name for letter in family.letters} | {letter.name for letter in family.solved}
    name = next(f"r_{i}" for i in itertools.count(1) if f"r_{i}" not in taken)
    root = sym.own(name)
    polynomial = sp.expand(product)
    choices = sorted(
        solvable(polynomial, family.letters),
        key=lambda z: (sp.count_ops(sp.diff(polynomial, z)), -_size(z, family)),
    )
    for z in choices:
        slope = sp.diff(polynomial, z)
        value = sp.expand((root**2 - (polynomial - slope * z)) / slope)
        swap: Mapping[sp.Symbol, sp.Expr] = {z: value}
        new = replace(
            family,
            letters=(*(letter for letter in family.letters if letter != z), root),
            conditions=tuple(sp.together(item.xreplace(swap)) for item in family.conditions),
            solved={**{k: v.xreplace(swap) for k, v in family.solved.items()}, z: value},
            roots={**family.roots, root: product.xreplace(family.roots)},
        )
        if new.points(random.Random(0), 1):
            return new
    return None


def _size(letter: sp.Symbol, family: Family) -> int:
    """How often a letter stands in the conditions: the one that is bounded most is replaced."""
    return sum(letter in item.free_symbols for item in family.conditions)


def back(expression: sp.Expr, family: Family) -> sp.Expr:
    """The expression without roots as letters."""
    return expression.xreplace({root: sp.sqrt(square) for root, square in family.roots.items()})


def point_of(at: Point, family: Family) -> dict[sp.Symbol, Fraction]:
    """All letters of the step at a point of the free ones."""
    full = dict(at) | {z: evaluate(value, at) for z, value in family.solved.items()}
    return {letter: full[letter] for letter in family.step.letters}
