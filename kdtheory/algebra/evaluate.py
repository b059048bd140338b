"""The one evaluator: an expression in the paper's letters as a function of numbers of any kind.

Statements are written once, in SymPy; floats, arrays, fractions, balls and numbers that carry their
rounding error all go through the same translation, and differ in an :class:`Arithmetic` only.  A
rational constant stays the rational that it is until the arithmetic makes a number of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from kdtheory.algebra.arithmetic import FLOATS, Arithmetic
from kdtheory.errors import InvalidInput

Compiled = tuple[tuple[str, ...], Callable[..., Any]]
MOST = 4096
# By the object itself, which is kept with the answer: to hash and to compare an expression takes
# longer than to evaluate it.
_KNOWN: dict[tuple[int, int], tuple[sp.Basic, Arithmetic, Compiled]] = {}


def compiled(expression: sp.Basic, arithmetic: Arithmetic = FLOATS) -> Compiled:
    """The names of the letters that the expression depends on, sorted, and the function of them.

    Raises:
        InvalidInput: something other than rational constants, letters, sums, products, powers,
            roots, ``Abs``, ``Max``, ``Min``, ``exp`` and ``Piecewise`` with comparisons.
    """
    key = id(expression), id(arithmetic)
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= MOST:
            _KNOWN.clear()
        known = _KNOWN[key] = expression, arithmetic, _compiled(expression, arithmetic)
    return known[2]


@lru_cache(maxsize=2048)
def _compiled(expression: sp.Basic, arithmetic: Arithmetic) -> Compiled:
    letters = sorted(expression.free_symbols, key=str)
    writer = _Writer(letters, arithmetic)
    lines = []
    if arithmetic.shared:
        parts, (expression,) = sp.cse(expression, symbols=sp.numbered_symbols("shared_"))
        for letter, part in parts:
            lines.append(f" {letter} = {writer.write(part)}")
            writer.names[letter] = str(letter)
    arguments = ", ".join(writer.names[letter] for letter in letters)
    # Written from the nodes of the tree alone: no text of anybody's enters the source.
    body = "\n".join([f"def f({arguments}):", *lines, f" return {writer.write(expression)}"])
    space: dict[str, Any] = {
        **writer.constants,
        "root": arithmetic.root,
        "largest": arithmetic.largest,
        "smallest": arithmetic.smallest,
        "exponential": arithmetic.exponential,
        "less": arithmetic.less,
        "at_most": arithmetic.at_most,
        "choose": arithmetic.choose,
    }
    exec(body, space)
    function: Callable[..., Any] = space["f"]
    return tuple(str(letter) for letter in letters), function


def value_of(
    expression: sp.Basic, numbers: Mapping[str, Any], arithmetic: Arithmetic = FLOATS
) -> Any:
    """The expression at the letters' numbers, in the arithmetic's own kind of number."""
    names, function = compiled(expression, arithmetic)
    return function(*(numbers[name] for name in names))


class _Writer:
    """Python source for an expression; constants are looked up, never printed."""

    def __init__(self, letters: list[sp.Symbol], arithmetic: Arithmetic) -> None:
        self.arithmetic = arithmetic
        self.names = {letter: f"v{place}" for place, letter in enumerate(letters)}
        self.constants: dict[str, Any] = {}

    def write(self, node: sp.Basic) -> str:
        if node in self.names:
            return self.names[node]
        match node:
            case sp.Integer():
                return f"({node.p})" if node.p < 0 else str(node.p)
            case sp.Rational():
                return self._constant(int(node.p), int(node.q))
            case sp.Float():  # of a statement of one's own: the dyadic rational that it is
                return self.write(sp.Rational(node))
            case sp.Add():
                return self._sum(node)
            case sp.Mul():
                return self._product(node)
            case sp.exp():
                return self._exponential(self.write(node.args[0]))
            case sp.Pow():
                return self._power(node)
            case sp.Abs():
                return f"abs({self.write(node.args[0])})"
            case sp.Max() | sp.Min():
                name = "largest" if isinstance(node, sp.Max) else "smallest"
                return f"{name}({', '.join(self.write(part) for part in node.args)})"
            case sp.Piecewise():
                return self._pieces(node)
            case sp.core.relational.Relational():  # a common subexpression, that is
                return self._condition(node)
        if node is sp.S.Exp1:
            return self._exponential("1")
        raise self._unknown(type(node).__name__)

    def _unknown(self, what: str) -> InvalidInput:
        way_out = "" if self.arithmetic is FLOATS else "; use method='exact'"
        return InvalidInput(f"No {self.arithmetic.name} value for {what} in a statement{way_out}.")

    def _constant(self, p: int, q: int) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = self.arithmetic.number(p, q)
        return name

    def _sum(self, node: sp.Add) -> str:
        first, *others = node.args
        text = self.write(first)
        for term in others:
            factor, rest = term.as_coeff_Mul()
            text += f" - {self.write(rest)}" if factor == -1 else f" + {self.write(term)}"
        return f"({text})"

    def _product(self, node: sp.Mul) -> str:
        above, below, sign = [], [], ""
        for factor in node.args:
            if factor == -1:
                sign = "-"
            elif isinstance(factor, sp.Pow) and factor.exp.is_Rational and factor.exp < 0:
                below.append(self.write(1 / factor))
            else:
                above.append(self.write(factor))
        text = " * ".join(above) if above else self._constant(1, 1)
        for factor in below:
            text += f" / {factor}"
        return f"({sign}{text})"

    def _power(self, node: sp.Pow) -> str:
        base, exponent = self.write(node.base), node.exp
        if not isinstance(exponent, sp.Rational):
            if not exponent.is_integer:
                raise self._unknown(f"the exponent {exponent}")
            return f"({base} ** {self.write(exponent)})"
        if exponent.q not in (1, 2):
            raise self._unknown(f"the exponent {exponent}")
        if exponent.q == 2:
            base = f"root({base})"
        power = abs(int(exponent.p))
        text = base if power == 1 else f"({base} ** {power})"
        return f"({self._constant(1, 1)} / {text})" if exponent < 0 else text

    def _exponential(self, argument: str) -> str:
        if self.arithmetic.exponential is None:
            raise self._unknown("exp")
        return f"exponential({argument})"

    def _pieces(self, node: sp.Piecewise) -> str:
        pairs = [(self._condition(condition), self.write(part)) for part, condition in node.args]
        if self.arithmetic.choose is not None:
            both = (f"(lambda: {condition}, lambda: {part})" for condition, part in pairs)
            return f"choose({', '.join(both)})"
        *some, (_, text) = pairs
        for condition, part in reversed(some):
            text = f"({part} if {condition} else {text})"
        return text

    def _condition(self, node: sp.Basic) -> str:
        if node in (sp.true, sp.false) or isinstance(node, sp.Symbol):
            return self.names.get(node, str(node))
        sides: tuple[sp.Basic, sp.Basic] | None = None
        if isinstance(node, (sp.Lt, sp.Le)):
            sides = (node.lhs, node.rhs)
        elif isinstance(node, (sp.Gt, sp.Ge)):
            sides = (node.rhs, node.lhs)
        if sides is None:
            raise self._unknown(f"the condition {node}")
        left, right = (self.write(side) for side in sides)
        strict = isinstance(node, (sp.Lt, sp.Gt))
        if self.arithmetic.less is None:
            return f"{left} {'<' if strict else '<='} {right}"
        return f"{'less' if strict else 'at_most'}({left}, {right})"
