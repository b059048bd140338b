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
from kdtheory.discovery.multipliers import NotFound, in_units, interpolated, unitless
from kdtheory.discovery.refine import Exact, flint
from kdtheory.discovery.sampling import Sampler
from kdtheory.discovery.witness import Signs
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
    return _by_interpolation(family, known)


def _by_interpolation(family: Family, known: list[tuple[Point, Fraction]]) -> Family | None:
    """The same where the root is of a polynomial: interpolated from discriminants at neighbours."""
    base, _ = known[0]
    found = Sampler(family, base).exact(base, most_bits=BITS)
    if found is None or not found.shape.unique:
        return None
    first = next(i for i, value in enumerate(found.digits) if _length(value))
    sampler = _Discriminants(family, base, found.shape, only=(first,))
    try:
        local, fixed, free = in_units(sampler)
        if local(local.base) is None:
            return None
        function = interpolated(local, free)[first]
    except NotFound:
        return None
    top, bottom = sp.fraction(sp.factor(unitless(family, function, fixed)))
    content, upper = sp.factor_list(top)
    below, lower = sp.factor_list(bottom)
    odd = [factor for factor, power in (*upper, *lower) if power % 2]
    return _solved(family, _squarefree(content * below) * sp.Mul(*odd))


def _squarefree(number: sp.Rational) -> sp.Integer:
    """The number without squares, which a root does not need."""
    factors = sp.factorint(sp.Rational(number).p * sp.Rational(number).q)
    return sp.Mul(*(prime for prime, power in factors.items() if power % 2))


class _Discriminants(Sampler):
    """(u - u')^2 for the multiplier u of one row, a quadratic irrational, and its conjugate u'."""

    def values(self, found: Exact, at: Point) -> tuple[Fraction, ...] | None:
        assert self.only is not None
        (place,) = self.only
        own = _quadratic(found.digits[place], found.bits) if found.rational is None else None
        if own is None:
            return None
        a, b, c = own
        gap = Fraction(b * b - 4 * a * c, a * a)
        return tuple(gap if i == place else Fraction(0) for i in range(len(found.digits)))


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
    found = _quadratic(value, BITS)
    return None if found is None else Fraction(found[1] ** 2 - 4 * found[0] * found[2])


def _quadratic(value: Fraction, bits: int) -> tuple[int, int, int] | None:
    """Short a, b, c with a x^2 + b x + c = 0."""
    scale = 1 << (bits - 124)
    rows = [[1, 0, 0, int(value * value * scale)], [0, 1, 0, int(value * scale)], [0, 0, 1, scale]]
    short = flint().fmpz_mat(rows).lll()
    a, b, c, rest = (int(short[0, j]) for j in range(4))
    if a == 0 or max(abs(a), abs(b), abs(c), abs(rest)).bit_length() > bits // 4:
        return None
    return a, b, c


def _length(value: Fraction) -> int:
    """Rational multipliers are short; one that is not is looked at."""
    short = value.limit_denominator(1 << (BITS // 3))
    return 0 if abs(short - value) < Fraction(1, 1 << (BITS * 9 // 10)) else 1


def _atoms(family: Family) -> list[sp.Expr]:
    """Letters, their differences, and the factors of conditions and of coefficients."""
    atoms: list[sp.Expr] = list(family.letters)
    for first, second in itertools.permutations(family.letters, 2):
        atoms.append(first - second)
    forms = (family.objective, *(form for _, form, _ in family.rows.values()))
    coefficients = dict.fromkeys(value for form in forms for value in form.values())
    for expression in (*family.conditions, *coefficients):
        top, _ = sp.fraction(sp.together(expression.xreplace(dict(family.solved))))
        atoms += [factor for factor, _ in sp.factor_list(top)[1]]
        atoms += [-factor for factor, _ in sp.factor_list(top)[1]]
    return list(dict.fromkeys(atom for atom in atoms if not atom.is_Number))


def _solved(family: Family, product: sp.Expr) -> Family | None:
    """One letter replaced, so that product = over * under with root^2 = over/under: by what solves
    over - root^2 under = 0, linear in it.  None where the product is not seen to be positive.
    """
    signs = Signs(
        family.letters,
        family.conditions,
        scalings=family.scalings,
        samples=tuple(family.spread(random.Random(12), LOOK)),
    )
    if signs.positive(product) is None:
        return None
    taken = {letter.name for letter in (*family.letters, *family.solved)}
    name = next(f"r_{i}" for i in itertools.count(1) if f"r_{i}" not in taken)
    root = sym.own(name)
    for over, under in _shared_out(product):
        facts = list(family.conditions)
        if under != 1 and signs.positive(under) is not None:  # then root < 1, or root > 1
            facts += [
                z
                for z, gap in ((1 - root, under - over), (root - 1, over - under))
                if signs.positive(sp.expand(gap)) is not None
            ]
        equation = sp.expand(over - root**2 * under)
        choices = sorted(
            solvable(equation, family.letters),
            key=lambda z: (sp.count_ops(sp.diff(equation, z)), -_size(z, family)),
        )
        for z in choices:
            slope = sp.diff(equation, z)
            value = sp.cancel(-(equation - slope * z) / slope)
            swap: Mapping[sp.Symbol, sp.Expr] = {z: value}
            new = replace(
                family,
                letters=(*(letter for letter in family.letters if letter != z), root),
                conditions=tuple(sp.together(item.xreplace(swap)) for item in facts),
                solved={**{k: v.xreplace(swap) for k, v in family.solved.items()}, z: value},
                roots={**family.roots, root: (over / under).xreplace(family.roots)},
            )
            if new.points(random.Random(0), 1):
                return new
    return None


def _shared_out(product: sp.Expr) -> Iterator[tuple[sp.Expr, sp.Expr]]:
    """The product as over * under: first with under = 1, then its factors shared out."""
    content, factors = sp.factor_list(product)
    parts = [factor for factor, _ in factors]
    for count in range(len(parts) // 2 + 1):
        for under in itertools.combinations(parts, count):
            rest = [factor for factor in parts if factor not in under]
            yield content * sp.Mul(*rest), sp.Mul(*under)


def _size(letter: sp.Symbol, family: Family) -> int:
    """How often a letter stands in the conditions: the one that is bounded most is replaced."""
    return sum(letter in item.free_symbols for item in family.conditions)


def back(expression: sp.Expr, family: Family) -> sp.Expr:
    """The expression without roots as letters."""
    return expression.xreplace({root: sp.sqrt(square) for root, square in family.roots.items()})
