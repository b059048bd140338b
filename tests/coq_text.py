"""Coq's readings as formulas: a parser of their real expressions, and rational points of both
regimes at which two formulas are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

import mpmath
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.proofs import COQ_SOURCES

NEVER = sp.Symbol("never")
BUILTIN = {"sqrt": sp.sqrt, "Rabs": sp.Abs, "exp": sp.exp}
NOISE = sym.sigma_star_sq - 2 * sym.lam * sym.covariance + sym.lam**2 * sym.teacher_variance
# What is read as a letter of the symbol table; everything else is a definition of the text.
LETTERS: Mapping[str, sp.Expr] = {
    "gamma": sym.gamma,
    "mu": sym.mu,
    "L": sym.L,
    "Lcal": sym.Lcal,
    "lam": sym.lam,
    "t": sym.t,
    "s": sym.s,
    "s0": sym.s0,
    "omega": sym.omega,
    "delta": sym.rounding_sq,
    "minimiser_sq": sym.minimiser_sq,
    "bias_sq": sym.bias_sq,
    "centred": NOISE,
    "covariance": sym.covariance,
    "variance": sym.teacher_variance,
    "sigma_star_sq": sym.sigma_star_sq,
    "S0": sym.sgd_floor,
    "D2": sym.distance_theta,
}


def source(*files: str) -> str:
    """The files without their comments."""
    text = "\n".join((COQ_SOURCES / f"{f}.v").read_text(encoding="utf-8") for f in files)
    return re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)


class Text:
    """Definitions and theorems of one or more readings."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.definitions = {
            name: (re.findall(r"\w+", re.sub(r":.*?(?=\)|$)", "", arguments)), body)
            for name, arguments, body in re.findall(
                r"Definition (\w+)\b([^=]*?):=(.*?)\.\n", text, re.DOTALL
            )
            if name not in LETTERS and name != "N_"
        }

    def changed(self, old: str, new: str) -> Text:
        """The text with one place altered, which must be there."""
        assert old in self.text, old
        return Text(self.text.replace(old, new))

    def statement(self, name: str) -> str:
        """What ``reading_<name>`` says."""
        found = re.search(rf"Theorem reading_{name}\b\s*:?(.*?)\.\nProof", self.text, re.DOTALL)
        assert found, name
        return found[1].strip()

    def bound(self, name: str) -> tuple[str, str]:
        """Range and right-hand side of ``setting -> range -> … forall t x, … <= …``."""
        found = re.fullmatch(
            r"\s*\w+ -> (.*?) ->.*?forall t x,(.*)", self.statement(name), re.DOTALL
        )
        assert found, name
        right = re.split(r"<=", found[2], maxsplit=1)[1]
        return found[1], re.sub(r"\((distance|suboptimality) x\)\s*$", "s0", right.strip())

    def read(self, text: str, **letters: sp.Expr) -> sp.Expr:
        """An expression as a formula in letters of the symbol table."""
        formula = Formula(text, {**LETTERS, **letters}, self.definitions)
        found = formula.sum()
        assert not formula.tokens, formula.tokens
        return found


class Formula:
    """A reader of Coq's real expressions: + - * / ^, application, ``if Rle_dec x y then .. else
    ..``.
    """

    def __init__(
        self,
        text: str,
        letters: Mapping[str, sp.Expr],
        definitions: Mapping[str, tuple[list[str], str]],
    ) -> None:
        self.tokens = re.findall(r"\d+|\w+'?|[-+*/^()]", text)
        self.letters, self.definitions = letters, definitions

    def peek(self) -> str:
        return self.tokens[0] if self.tokens else ""

    def take(self) -> str:
        return self.tokens.pop(0)

    def sum(self) -> sp.Expr:
        if self.peek() == "if":
            return self.choice()
        total = self.product()
        while self.peek() in ("+", "-"):
            total = total + self.product() if self.take() == "+" else total - self.product()
        return total

    def product(self) -> sp.Expr:
        total = self.power()
        while self.peek() in ("*", "/"):
            total = total * self.power() if self.take() == "*" else total / self.power()
        return total

    def power(self) -> sp.Expr:
        base = self.application()
        if self.peek() == "^":
            self.take()
            return base ** self.atom()
        return base

    def choice(self) -> sp.Expr:
        assert self.take() == "if"
        relation = {"Rle_dec": sp.Le, "Rlt_dec": sp.Lt}[self.take()]
        low, high = self.atom(), self.atom()
        assert self.take() == "then"
        yes = self.sum()
        assert self.take() == "else"
        return sp.Piecewise((yes, relation(low, high)), (self.sum(), True))

    def atom(self) -> sp.Expr:
        token = self.take()
        if token == "(":
            inside = self.sum()
            assert self.take() == ")"
            return inside
        if token.isdigit():
            return sp.Integer(token)
        return self.letters[token] if token in self.letters else self.apply(token, [])

    def application(self) -> sp.Expr:
        name = self.peek()
        known = name in self.definitions or name in BUILTIN or name == "N_"
        if name in self.letters or not known:
            return self.atom()
        self.take()
        count = 1 if name in BUILTIN or name == "N_" else len(self.definitions[name][0])
        return self.apply(name, [self.atom() for _ in range(count)])

    def apply(self, name: str, arguments: list[sp.Expr]) -> sp.Expr:
        if name in BUILTIN:
            return BUILTIN[name](*arguments)
        if name == "N_":
            return NOISE + (1 + arguments[0]) * sym.lam**2 * sym.bias_sq
        names, body = self.definitions[name]
        letters = {**self.letters, **dict(zip(names, arguments, strict=True))}
        inner = Formula(body, letters, self.definitions)
        found = inner.sum()
        assert not inner.tokens, (name, inner.tokens)
        return found


def resolved(expression: sp.Expr, definitions: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """The expression in letters that are not defined further."""
    while (after := expression.xreplace(dict(definitions))) != expression:
        expression = after
    return expression


# lam, E<S,H>, E|H'|^2, |h|^2 beside sigma*^2 = 2: a small weight leaves noise, lam = 1 at a teacher
# with E<S,H> = E|H'|^2 = 2 leaves bias alone; noise is never below 0.
TEACHERS = (
    (Fraction(1, 50), Fraction(1, 3), Fraction(3, 2), Fraction(1, 4)),
    (Fraction(-1, 40), Fraction(-1, 2), Fraction(5, 4), Fraction(1, 3)),
    (Fraction(0), Fraction(1), Fraction(3), Fraction(7)),
    (Fraction(1), Fraction(2), Fraction(2), Fraction(9)),
    (Fraction(9, 10), Fraction(19, 10), Fraction(2), Fraction(40)),
    (Fraction(3, 2), Fraction(4, 3), Fraction(8, 9), Fraction(5, 2)),
)
# mu, Lcal, L: far apart, and close enough for L gamma > 1 inside the range of the PL envelope.
CONSTANTS = (
    (Fraction(2, 3), Fraction(5), Fraction(3)),
    (Fraction(1), Fraction(5, 4), Fraction(9, 8)),
)
# Below and above s0, where psi changes from tangent to curve.
STATES = (Fraction(1, 10**6), Fraction(1, 7), Fraction(50))


def points(limit: sp.Expr) -> Iterator[dict[sp.Symbol, sp.Rational]]:
    """Rational points inside a range of step sizes."""
    for mu, Lcal, L in CONSTANTS:
        for share in (Fraction(1, 3), Fraction(19, 20)):
            for number, (lam, covariance, variance, bias) in enumerate(TEACHERS):
                for s in STATES:
                    at = {
                        sym.mu: mu,
                        sym.Lcal: Lcal,
                        sym.L: L,
                        sym.lam: lam,
                        sym.sigma_star_sq: Fraction(2),
                        sym.covariance: covariance,
                        sym.teacher_variance: variance,
                        sym.bias_sq: bias,
                        sym.s: s,
                        sym.s0: s + Fraction(1, 3),
                        sym.t: Fraction(1 + number % 4),
                        sym.omega: Fraction(number, 1000),
                        sym.minimiser_sq: Fraction((number + 1) % 3, 5),
                        sym.rounding_sq: Fraction(number % 2, 9),
                    }
                    exact = {k: sp.Rational(v.numerator, v.denominator) for k, v in at.items()}
                    exact[sym.gamma] = sp.Rational(share.numerator, share.denominator) * (
                        limit.xreplace(exact)
                    )
                    yield exact


def number(value: sp.Expr) -> mpmath.mpf:
    """A rational number; nan stays nan."""
    return mpmath.nan if value is sp.nan else mpmath.mpf(int(value.p)) / int(value.q)


@lru_cache(maxsize=64)
def _values(expression: sp.Expr, limit: sp.Expr) -> list[mpmath.mpf]:
    return values(expression, list(points(limit)))


def values(expression: sp.Expr, at: list[dict[sp.Symbol, sp.Rational]]) -> list[mpmath.mpf]:
    """To 60 digits, at rational numbers; a branch that divides by 0 equals nothing."""
    expression = expression.replace(lambda part: part is sp.zoo, lambda _: NEVER)
    at = [{**p, NEVER: sp.nan} for p in at]
    letters = sorted(expression.free_symbols, key=str)
    function = sp.lambdify(letters, expression, modules="mpmath")
    with mpmath.workdps(60):
        return [mpmath.mpf(function(*(number(p[x]) for x in letters))) for p in at]


def regimes(limit: sp.Expr) -> dict[str, int]:
    """How many of the points are dominated by noise and how many by bias."""
    at = list(points(limit))
    k, c = sp.Abs(sym.lam) * sp.sqrt(sym.bias_sq), sp.sqrt(sym.mu * (sym.Lcal - sym.mu))
    noise = sp.sqrt(NOISE) * (1 - sym.gamma * sym.mu)
    signs = [value > 0 for value in values(noise - sym.gamma * k * c, at)]
    return {"noise": sum(signs), "bias": len(signs) - sum(signs)}


def agree(left: sp.Expr, right: sp.Expr, limit: sp.Expr) -> bool:
    """Whether two formulas are equal at all points, to 40 of 60 digits."""
    with mpmath.workdps(60):
        return all(
            abs(one - other) <= mpmath.mpf(10) ** -40 * (1 + abs(other))
            for one, other in zip(_values(left, limit), _values(right, limit), strict=True)
        )
