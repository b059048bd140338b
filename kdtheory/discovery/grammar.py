"""Formulas as text, read by a grammar of our own: nothing is evaluated.

    sum      = ["-"] product (("+" | "-") product)*
    product  = power (["*"] power | "/" power)*
    power    = atom [("^" | "**") ["-"] integer]
    atom     = number | name | "(" sum ")" | "<" sum "," sum ">" | "|" sum "|" "^" "2"

A number is an integer or a decimal, read exactly (0.1 is 1/10).  A name is a letter, a vector or a
scalar of the step; <u, v> and |u|^2 take sums of vectors, and products of a mean vector with a
centred one are 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, NoReturn

import sympy as sp

from kdtheory.discovery.forms import ONE, Key
from kdtheory.errors import InvalidInput

_TOKEN = re.compile(
    r"\s*(?:(?P<number>[0-9]+(?:\.[0-9]+)?)|(?P<name>[A-Za-z_][A-Za-z0-9_']*)"
    r"|(?P<sign>\*\*|<=|[-+*/^()<>|,]))"
)
LONGEST, DEEPEST, LARGEST_POWER = 4000, 40, 24


@dataclass(frozen=True)
class Names:
    """What a name may be."""

    letters: Mapping[str, sp.Symbol]
    mean: Sequence[str] = ()
    centred: Sequence[str] = ()
    scalars: Sequence[str] = ()
    power: sp.Symbol | None = None  # a letter that may be an exponent


@dataclass(frozen=True)
class Number:
    """An expression in the letters."""

    value: sp.Expr


@dataclass(frozen=True)
class Vector:
    """A sum of vectors."""

    parts: Mapping[str, sp.Expr]


@dataclass(frozen=True)
class MomentForm:
    """A form."""

    parts: Mapping[Key, sp.Expr]


Value = Number | Vector | MomentForm


class _Reader:
    def __init__(self, text: str, names: Names, where: str) -> None:
        self.text, self.names, self.where = text, names, where
        self.place, self.depth = 0, 0
        if len(text) > LONGEST:
            self.fail(f"at most {LONGEST} characters")

    def fail(self, expected: str, at: int | None = None) -> NoReturn:
        place = self.place if at is None else at
        rest = self.text[place:].strip()
        found = repr(rest[:20]) if rest else "the end"
        raise InvalidInput(
            f"{self.where}: expected {expected} at character {place + 1}, found {found}."
        )

    def peek(self) -> tuple[str, str]:
        if not self.text[self.place :].strip():
            return "end", ""
        found = _TOKEN.match(self.text, self.place)
        if found is None:
            self.fail("a number, a name or one of + - * / ^ ( ) < > | ,")
        kind = found.lastgroup or "sign"
        return kind, found[kind]

    def take(self) -> str:
        found = _TOKEN.match(self.text, self.place)
        assert found is not None
        self.place = found.end()
        return found[found.lastgroup or "sign"]

    def skip(self, sign: str, expected: str) -> None:
        if self.peek() != ("sign", sign):
            self.fail(expected)
        self.take()

    def sum(self) -> Value:
        self.depth += 1
        if self.depth > DEEPEST:
            self.fail(f"at most {DEEPEST} brackets inside each other")
        negative = self.peek() == ("sign", "-")
        if negative or self.peek() == ("sign", "+"):
            self.take()
        total = self.product()
        if negative:
            total = self.times(Number(sp.Integer(-1)), total, self.place)
        while self.peek() in (("sign", "+"), ("sign", "-")):
            at = self.place
            sign = sp.Integer(1 if self.take() == "+" else -1)
            total = self.plus(total, self.times(Number(sign), self.product(), at), at)
        self.depth -= 1
        return total

    def product(self) -> Value:
        total = self.power()
        while True:
            kind, text = self.peek()
            at = self.place
            if text == "/":
                self.take()
                divisor = self.power()
                if not isinstance(divisor, Number):
                    self.fail("an expression in the letters below a fraction line", at)
                if divisor.value == 0:
                    self.fail("something other than 0 below a fraction line", at)
                total = self.times(Number(1 / divisor.value), total, at)
            elif text == "*":
                self.take()
                total = self.times(total, self.power(), at)
            elif (
                kind in ("number", "name")
                or text in ("(", "<")
                or text == "|"
                and not self.inside_bars
            ):
                total = self.times(total, self.power(), at)
            else:
                return total

    inside_bars = False

    def power(self) -> Value:
        at = self.place
        base = self.atom()
        if self.peek() not in (("sign", "^"), ("sign", "**")):
            return base
        self.take()
        negative = self.peek() == ("sign", "-")
        if negative:
            self.take()
        kind, text = self.peek()
        exponent = self.names.power
        if exponent is not None and (kind, text) == ("name", exponent.name) and not negative:
            self.take()
            if not isinstance(base, Number):
                self.fail("a power of letters only", at)
            return Number(base.value**exponent)
        if kind != "number" or "." in text or int(text) > LARGEST_POWER:
            self.fail(f"an integer power up to {LARGEST_POWER}")
        self.take()
        if not isinstance(base, Number):
            self.fail("a power of letters only (write |u|^2 for the square of a vector)", at)
        power = -int(text) if negative else int(text)
        if base.value == 0 and power < 0:
            self.fail("no negative power of 0", at)
        return Number(base.value**power)

    def atom(self) -> Value:
        kind, text = self.peek()
        at = self.place
        if kind == "number":
            value = Fraction(self.take())
            return Number(sp.Rational(value.numerator, value.denominator))
        if kind == "name":
            return self.named(self.take(), at)
        if text == "(":
            self.take()
            bars, self.inside_bars = self.inside_bars, False
            inside = self.sum()
            self.inside_bars = bars
            self.skip(")", "')'")
            return inside
        if text == "<":
            self.take()
            first = self.vector("a vector in <u, v>")
            self.skip(",", "',' between the two vectors of <u, v>")
            second = self.vector("a vector in <u, v>")
            self.skip(">", "'>'")
            return self.inner(first, second)
        if text == "|":
            self.take()
            self.inside_bars = True
            inside = self.vector("a vector in |u|^2")
            self.inside_bars = False
            self.skip("|", "'|'")
            if self.peek() not in (("sign", "^"), ("sign", "**")):
                self.fail("'^2' after |u|")
            self.take()
            if self.peek() != ("number", "2"):
                self.fail("the power 2 after |u|")
            self.take()
            return self.inner(inside, inside)
        self.fail("a number, a name, '(', '<u, v>' or '|u|^2'")

    def vector(self, expected: str) -> Vector:
        at = self.place
        found = self.sum()
        if not isinstance(found, Vector):
            self.fail(expected, at)
        return found

    def named(self, name: str, at: int) -> Value:
        names = self.names
        if name in names.letters:
            return Number(names.letters[name])
        if name in (*names.mean, *names.centred):
            return Vector({name: sp.Integer(1)})
        if name in names.scalars:
            return MomentForm({name: sp.Integer(1)})
        known = ", ".join([*names.letters, *names.mean, *names.centred, *names.scalars])
        self.fail(f"one of the names {known}", at)

    def inner(self, u: Vector, v: Vector) -> MomentForm:
        order = [*self.names.mean, *self.names.centred]
        found: dict[Key, sp.Expr] = {}
        for i, x in u.parts.items():
            for j, y in v.parts.items():
                if (i in self.names.mean) == (j in self.names.mean):
                    pair = (i, j) if order.index(i) <= order.index(j) else (j, i)
                    found[pair] = found.get(pair, sp.Integer(0)) + x * y
        return MomentForm(found)

    def plus(self, left: Value, right: Value, at: int) -> Value:
        if isinstance(left, Number) and isinstance(right, Number):
            return Number(left.value + right.value)
        if isinstance(left, Vector) and isinstance(right, Vector):
            return Vector(_added(left.parts, right.parts))
        if isinstance(left, Vector) or isinstance(right, Vector):
            self.fail("vectors to be added to vectors only", at)
        return MomentForm(_added(_moments(left), _moments(right)))

    def times(self, left: Value, right: Value, at: int) -> Value:
        if isinstance(right, Number):
            left, right = right, left
        if not isinstance(left, Number):
            self.fail("a product with an expression in the letters (write <u, v> for vectors)", at)
        if isinstance(right, Number):
            return Number(left.value * right.value)
        if isinstance(right, Vector):
            return Vector({name: left.value * x for name, x in right.parts.items()})
        return MomentForm({key: left.value * x for key, x in right.parts.items()})


def _moments(value: Value) -> Mapping[Key, sp.Expr]:
    assert not isinstance(value, Vector)
    return {ONE: value.value} if isinstance(value, Number) else value.parts


def _added(left: Mapping[Any, sp.Expr], right: Mapping[Any, sp.Expr]) -> dict[Any, sp.Expr]:
    return {
        key: left.get(key, sp.Integer(0)) + right.get(key, sp.Integer(0))
        for key in dict.fromkeys([*left, *right])
    }


def _read(text: str, names: Names, where: str) -> tuple[_Reader, Value]:
    reader = _Reader(text, names, where)
    return reader, reader.sum()


def expression(text: str, names: Names, where: str) -> sp.Expr:
    """An expression in the letters.

    Raises:
        InvalidInput: the place in the text and what was expected there.
    """
    reader, value = _read(text, names, where)
    if reader.peek()[0] != "end":
        reader.fail("an operator or the end")
    if not isinstance(value, Number):
        raise InvalidInput(f"{where}: expected an expression in the letters, without vectors.")
    return value.value


def form(text: str, names: Names, where: str) -> dict[Key, sp.Expr]:
    """A form.  Raises as :func:`expression` does."""
    reader, value = _read(text, names, where)
    if reader.peek()[0] != "end":
        reader.fail("an operator or the end")
    return _form(value, where)


def bounded(text: str, names: Names, where: str) -> tuple[dict[Key, sp.Expr], sp.Expr]:
    """A datum "form <= bound".  Raises as :func:`expression` does."""
    reader, value = _read(text, names, where)
    reader.skip("<=", "'<=' between the form and its bound")
    bound = reader.sum()
    if reader.peek()[0] != "end":
        reader.fail("an operator or the end")
    if not isinstance(bound, Number):
        raise InvalidInput(f"{where}: expected an expression in the letters after '<='.")
    return _form(value, where), bound.value


def _form(value: Value, where: str) -> dict[Key, sp.Expr]:
    if isinstance(value, Vector):
        raise InvalidInput(f"{where}: expected <u, v>, |u|^2 or scalars, found a bare vector.")
    return dict(_moments(value))
