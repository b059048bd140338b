"""Forms: linear in Gram entries, scalars and 1, with coefficients that are rational in the letters.

A form is written ``{(u, v): coefficient, "F": coefficient, 1: coefficient}``: the coefficient
multiplies the product <u, v> itself (E<u, v> for centred vectors), so |u - v|^2 is ``{("u", "u"):
1, ("u", "v"): -2, ("v", "v"): 1}``; ("u", "v") and ("v", "u") are one product and add up.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import Space
from kdtheory.errors import InvalidInput, unknown_name

ONE = "1"  # the key of a form's constant
Key = tuple[str, str] | str
Form = Mapping[Key, sp.Expr]


@dataclass(frozen=True)
class Alphabet:
    """Everything that a form may speak of."""

    space: Space
    scalars: tuple[str, ...]
    letters: tuple[sp.Symbol, ...]

    def form(self, given: Any, where: str) -> dict[Key, sp.Expr]:
        """The form with every product written once, in the order of the vectors.

        Raises:
            InvalidInput: an unknown vector, scalar or letter, a product across the two Gram
                matrices, or a coefficient that is not rational in the letters.
        """
        if not isinstance(given, Mapping):
            raise InvalidInput(
                f"{where} must be a form, a dict such as {{('e', 'e'): 1, 'F': 2}}, got"
                f" {given!r:.60}. Wrap a single product as {{('e', 'e'): 1}}."
            )
        found: dict[Key, sp.Expr] = {}
        for key, value in given.items():
            own = self._key(key, where)
            found[own] = found.get(own, sp.Integer(0)) + self.expression(value, f"{where}[{key!r}]")
        return {key: value for key, value in found.items() if value != 0}

    def datum(self, pair: Any, where: str) -> tuple[dict[Key, sp.Expr], sp.Expr]:
        """A form and what bounds it."""
        if not isinstance(pair, tuple | list) or len(pair) != 2:
            raise InvalidInput(f"{where} must be (form, bound), form <= bound, got {pair!r:.60}.")
        return self.form(pair[0], where), self.expression(pair[1], f"{where}, its bound")

    def _key(self, key: Any, where: str) -> Key:
        if isinstance(key, tuple | list | frozenset):
            names = [str(part) for part in key]
            if len(names) != 2:
                raise InvalidInput(
                    f"{where}: {key!r} must be a pair of vectors, as ('e', 'g'), for <e, g>."
                )
            return self._pair(names[0], names[1], where)
        if key in (1, ONE):
            return ONE
        if str(key) in self.scalars:
            return str(key)
        raise unknown_name(f"scalar in {where}:", str(key), (*self.scalars, ONE))

    def _pair(self, u: str, v: str, where: str) -> tuple[str, str]:
        vectors = (*self.space.mean, *self.space.centred)
        for name in (u, v):
            if name not in vectors:
                raise unknown_name(f"vector in {where}:", name, vectors)
        if (u in self.space.mean) != (v in self.space.mean):
            raise InvalidInput(
                f"{where}: <{u}, {v}> is a product of a mean vector with a centred one, which is 0"
                " in the mean. Leave it out."
            )
        return (u, v) if vectors.index(u) <= vectors.index(v) else (v, u)

    def expression(self, value: Any, where: str) -> sp.Expr:
        """A number or a SymPy expression in the letters, which are taken by their names.

        Raises:
            InvalidInput: a float, a letter that was not announced, or anything but +, *, integer
                powers and rational numbers.
        """
        found = rational_expression(value, where)
        names = {letter.name: letter for letter in self.letters}
        for symbol in sorted(found.free_symbols, key=str):
            if symbol.name not in names:
                raise InvalidInput(
                    f"{where}: the letter {symbol} is not announced (letters:"
                    f" {', '.join(names) or 'none'}). Add it to letters, or correct its name."
                )
        return found.xreplace({symbol: names[symbol.name] for symbol in found.free_symbols})


def rational_expression(value: Any, where: str) -> sp.Expr:
    """The value as a SymPy expression of +, *, integer powers, rational numbers and letters."""
    if isinstance(value, bool | float | complex | str):
        raise InvalidInput(
            f"{where}: {value!r} is neither a SymPy expression nor an exact number. Write"
            " sympy.Rational(1, 10) or Fraction(1, 10) for 0.1, and letters as SymPy symbols."
        )
    if isinstance(value, Rational):
        return sp.Rational(int(value.numerator), int(value.denominator))
    if not isinstance(value, sp.Expr):
        raise InvalidInput(
            f"{where}: {value!r:.60} is neither a SymPy expression nor an exact number."
        )
    for node in sp.preorder_traversal(value):
        fine = (
            isinstance(node, sp.Rational | sp.Symbol | sp.Add | sp.Mul)
            or (isinstance(node, sp.Pow) and isinstance(node.exp, sp.Integer))
        ) and node.is_finite is not False
        if isinstance(node, sp.Float):
            raise InvalidInput(
                f"{where}: {node} is a float, and floats prove nothing. Write sympy.Rational(1, 10)"
                " for 0.1."
            )
        if not fine:
            raise InvalidInput(
                f"{where}: {node} is not built from +, *, integer powers, rational numbers and"
                " letters. For a root, announce a letter for it: c with L = mu + c**2/mu."
            )
    return value


def names(given: Any, what: str) -> tuple[str, ...]:
    """A tuple of different names, from strings or symbols."""
    if isinstance(given, str):
        given = given.replace(",", " ").split()
    if not isinstance(given, Iterable):
        raise InvalidInput(f"{what} must be a tuple of names, got {given!r:.60}.")
    found = tuple(str(item) for item in given)
    for name in found:
        if not name or name == ONE or set(name) & set("|\\<>, \n\t"):
            raise InvalidInput(f"{what}: {name!r} is no name. Use letters, digits and underscores.")
    twice = sorted({name for name in found if found.count(name) > 1})
    if twice:
        raise InvalidInput(f"{what}: {twice[0]} is named twice. Name it once.")
    return found


def letter_table(given: Any) -> dict[str, sp.Symbol]:
    """Letter name to the caller's own symbol (one of ours where a string was given)."""
    if isinstance(given, sp.Symbol):
        given = (given,)
    if not isinstance(given, str | Iterable):
        raise InvalidInput(f"letters must be a tuple of symbols or names, got {given!r:.60}.")
    items = given.replace(",", " ").split() if isinstance(given, str) else list(given)
    for item in items:
        if not isinstance(item, str | sp.Symbol):
            raise InvalidInput(f"letters: {item!r:.60} is neither a symbol nor a name.")
        if isinstance(item, sp.Symbol) and (item.is_nonpositive or item.is_real is False):
            raise InvalidInput(
                f"letters: {item} cannot be positive, and letters are. Replace it by its negative."
            )
    names(items, "letters")
    return {str(item): item if isinstance(item, sp.Symbol) else sym.own(item) for item in items}


def positive(expression: Any, where: str) -> sp.Expr:
    """What a condition says is > 0: an expression, or a strict relation between two."""
    if isinstance(expression, sp.StrictGreaterThan):
        return expression.lhs - expression.rhs
    if isinstance(expression, sp.StrictLessThan):
        return expression.rhs - expression.lhs
    if isinstance(expression, sp.core.relational.Relational):
        raise InvalidInput(
            f"{where}: {expression} is not strict. Conditions are expressions > 0; write"
            f" {expression.lhs - expression.rhs} or the strict relation."
        )
    return expression


def number(value: Any, where: str) -> Fraction:
    """An exact number; a float is taken as the binary fraction that it is.

    Raises:
        InvalidInput: no finite real number.
    """
    if isinstance(value, sp.Basic):
        if isinstance(value, sp.Rational):
            return Fraction(int(value.p), int(value.q))
        if isinstance(value, sp.Float):
            value = float(value)
    if isinstance(value, Rational) and not isinstance(value, bool):
        return Fraction(int(value.numerator), int(value.denominator))
    try:
        return Fraction(float(value)) if not isinstance(value, str | bool) else Fraction("no")
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidInput(
            f"{where} must be a finite number, got {value!r:.60}. Use an int, a Fraction or a"
            " float."
        ) from error


def mapping(given: Any, what: str) -> Mapping[Any, Any]:
    """A dict, or nothing."""
    if given is None:
        return {}
    if not isinstance(given, Mapping):
        raise InvalidInput(f"{what} must be a dict, got {given!r:.60}.")
    return given


def sequence(given: Any) -> Iterable[Any]:
    """Conditions, or one alone."""
    if isinstance(given, sp.Basic):
        return (given,)
    if not isinstance(given, Iterable) or isinstance(given, str | Mapping):
        raise InvalidInput(f"conditions must be a tuple of expressions, got {given!r:.60}.")
    return given
