"""The statements in proofs/coq/Reading.v are those of THEOREMS: their text is read as formulas here
and compared, symbol by symbol.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory import proofs
from kdtheory.algebra import symbols as sym

TEXT = re.sub(
    r"\(\*.*?\*\)",
    "",
    (Path(__file__).parents[1] / "proofs" / "coq" / "Reading.v").read_text(encoding="utf-8"),
    flags=re.DOTALL,
)
# What the letters of Reading.v are called in the symbol table; k, a, c, q and the noise are
# compared by their squares.
LETTERS = {
    "gamma": sym.gamma,
    "mu": sym.mu,
    "L": sym.L,
    "Lcal": sym.Lcal,
    "lam": sym.lam,
    "t": sym.t,
    "k": sym.k,
    "a": sym.a,
    "c": sym.c,
    "q": sym.q,
    "bias_sq": sym.bias_sq,
    "s": sym.s,
    "s0": sym.s0,
}
NOISE = sym.sigma_star_sq - 2 * sym.lam * sym.covariance + sym.lam**2 * sym.teacher_variance
BUILTIN = {"sqrt": sp.sqrt, "Rabs": sp.Abs}
DEFINITIONS = {
    name: (re.findall(r"\w+", re.sub(r":.*?(?=\)|$)", "", arguments)), body)
    for name, arguments, body in re.findall(
        r"Definition (affine_bound|A|A_pl|U|U_pl|W_noise|W|W_pl|least|psi)\b([^=]*?):=(.*?)\.\n",
        TEXT,
        re.DOTALL,
    )
}


class Formula:
    """A reader of Coq's real expressions: + - * / ^, application, ``if Rle_dec x y then .. else
    ..``.
    """

    def __init__(self, text: str, letters: dict[str, sp.Expr]) -> None:
        self.tokens, self.letters = re.findall(r"\d+|\w+'?|[-+*/^()]", text), letters

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
        assert [self.take(), self.take()] == ["if", "Rle_dec"]
        low, high = self.atom(), self.atom()
        assert self.take() == "then"
        yes = self.sum()
        assert self.take() == "else"
        return sp.Piecewise((yes, low <= high), (self.sum(), True))

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
        if name in self.letters or (
            name not in DEFINITIONS and name not in BUILTIN and name != "N_"
        ):
            return self.atom()
        self.take()
        count = 1 if name in BUILTIN or name == "N_" else len(DEFINITIONS[name][0])
        return self.apply(name, [self.atom() for _ in range(count)])

    def apply(self, name: str, arguments: list[sp.Expr]) -> sp.Expr:
        if name in BUILTIN:
            return BUILTIN[name](*arguments)
        if name == "N_":
            return NOISE + (1 + arguments[0]) * sym.lam**2 * sym.bias_sq
        names, body = DEFINITIONS[name]
        return Formula(body, {**self.letters, **dict(zip(names, arguments, strict=True))}).sum()


def statement(name: str) -> tuple[str, str]:
    """Range and right-hand side of a theorem in Reading.v, as text."""
    found = re.search(
        rf"Theorem reading_{name.replace('-', '_')} :\s*\w+ -> (.*?) -> forall t x,(.*?)\.\nProof",
        TEXT,
        re.DOTALL,
    )
    assert found, name
    return found[1], found[2].split("<=", 1)[1]


def read(text: str) -> sp.Expr:
    text = re.sub(r"\((distance|suboptimality) x\)\s*$", "s0", text.strip())
    return Formula(text, {**LETTERS, "centred": NOISE}).sum()


AFFINE = [
    name
    for name, theorem in kd.THEOREMS.items()
    if theorem.psi is not None and sym.A not in theorem.definitions and name != "compressed"
]
SHARP = [name for name in kd.THEOREMS if name.endswith("-sharp")]
ENVELOPE = [
    name for name in kd.THEOREMS if name.endswith("-envelope") and name != "compressed-envelope"
]


@pytest.mark.parametrize("name", [*AFFINE, *SHARP])
def test_the_right_hand_side_is_that_of_the_statement(name):
    theorem = kd.THEOREMS[name]
    definitions = {
        letter: value
        for letter, value in theorem.definitions.items()
        if letter not in (sym.k, sym.a, sym.c, sym.q) or value == 0
    }
    assert _same(
        read(statement(name)[1])
        - theorem.rhs.xreplace(definitions).xreplace(definitions).xreplace(definitions)
    )


@pytest.mark.parametrize("name", ENVELOPE)
def test_psi_is_that_of_the_statement(name):
    theorem = kd.THEOREMS[name]
    definitions = {
        letter: value
        for letter, value in theorem.definitions.items()
        if letter not in (sym.k, sym.a, sym.c, sym.q) or value == 0
    }
    text = re.fullmatch(
        r"\s*times \((.*)\) t s0",
        re.sub(r"\((distance|suboptimality) x\)\s*$", "s0", statement(name)[1].strip()),
    )
    assert text
    ours = theorem.psi.xreplace(definitions).xreplace(definitions)
    assert _same(read(f"{text[1]} s") - ours)


def _same(difference: sp.Expr) -> bool:
    """0 at thirty points of both regimes: conditions and roots included, to rounding of 40
    digits.
    """
    letters, found = sorted(difference.free_symbols, key=str), 0
    for trial in range(30):
        numbers = {
            letter: sp.Rational(1 + (7 * index + 5 * trial * (index + 1)) % 23, 3 + trial)
            for index, letter in enumerate(letters)
        }
        if sym.t in numbers:
            numbers[sym.t] = sp.Integer(trial % 4)
        if sym.Lcal in numbers:
            numbers[sym.Lcal] += numbers.get(sym.mu, 0)
        if sym.gamma in numbers:
            numbers[sym.gamma] /= 400
        value = sp.N(difference.xreplace(numbers), 40)
        found += bool(abs(value) < sp.Float("1e-25"))
    return found == 30


@pytest.mark.parametrize("name", [*AFFINE, *SHARP, *ENVELOPE])
def test_the_range_is_at_least_that_of_the_statement(name):
    """gamma < r, or r gamma < 1 after division: at the statement's limit (inside it, where open)
    the Coq hypothesis holds.
    """
    theorem, text = kd.THEOREMS[name], statement(name)[0]
    relation = "<=" if "<=" in text else "<"
    low, high = (read(part) for part in text.split(relation))
    share = sp.Rational(99999, 100000) if theorem.strict else sp.Integer(1)
    numbers = {sym.mu: sp.Rational(2, 3), sym.L: sp.Integer(3), sym.Lcal: sp.Integer(5)}
    at = {**numbers, sym.gamma: share * theorem.step_size_max.xreplace(numbers)}
    assert low.xreplace(at) < high.xreplace(at) or (
        relation == "<=" and low.xreplace(at) == high.xreplace(at)
    )


def test_a_changed_text_is_seen():
    """A reader that accepts everything would prove nothing."""
    right = read(statement("theorem-2")[1])
    assert not _same(
        right - read(statement("theorem-2")[1].replace("L * gamma / mu", "2 * L * gamma / mu"))
    )
    assert not _same(right - read(statement("theorem-2-refined")[1]))


def test_the_guide_to_the_files_names_them_all():
    """proofs/coq/README.md has a row for every file of the development."""
    told = (proofs.COQ_SOURCES / "README.md").read_text(encoding="utf-8")
    assert [
        path.name for path in proofs.COQ_SOURCES.glob("*.v") if f"`{path.name}`" not in told
    ] == []
