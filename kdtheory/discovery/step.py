"""``OneStep``: a step of any method in moment form, and its exact worst case at given numbers.

Mean vectors and centred vectors form two Gram matrices, scalars stand beside them; the step is a
quadratic form E V(x+), assumptions are slacks linear in Gram entries and scalars, data are bounds.
Source: our own formulation (theory, Section 10).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import Space
from kdtheory.discovery import forms
from kdtheory.discovery.bracket import Bracket, bracket
from kdtheory.discovery.forms import Alphabet, Form, Key, letter_table, names, number
from kdtheory.discovery.program import Program, Row, without_idle_vectors
from kdtheory.errors import InvalidInput
from kdtheory.prover.regions import evaluate

# the row that stands for V(x) <= 1 where the least factor of V(x) is asked for
FACTOR = "V(x)"
Rows = Mapping[str, tuple[int, Form, sp.Expr]]  # name to (sign, form, bound)


@dataclass(frozen=True, kw_only=True)
class OneStep:
    """E V(x+) against V(x) under assumptions and data, for all vectors of any dimension.

    Forms are ``{(u, v): coefficient, "F": coefficient, 1: coefficient}``: the coefficient
    multiplies the product <u, v>, or E<u, v> for centred vectors; (u, v) and (v, u) are one
    product.  Coefficients are rational in the letters; letters are positive numbers and go by their
    names, whatever SymPy assumptions the caller's symbols have.  Scalars are real numbers: F >= 0,
    where it is needed, is a slack like any other.

    Args:
        mean: names of the deterministic vectors.
        centred: names of the random vectors with mean 0.
        scalars: names of numbers beside the vectors, such as F = f(x) - f*.
        after: the form E V(x+).
        before: the form V(x).
        slacks: name to form, each >= 0.
        data: name to (form, bound), form <= bound.
        letters: positive symbols (or their names).
        conditions: expressions > 0 (or strict relations) in the letters.

    Raises:
        InvalidInput: what is not understood, with the form and the entry it is in.  Floats in forms
            are refused.

    >>> import kdtheory as kd, sympy as sp
    >>> h, s = sp.symbols('h s', positive=True)
    >>> step = kd.OneStep(mean=('e',), centred=('N',), before={('e', 'e'): 1}, slacks={},
    ...                   after={('e', 'e'): (1 - h)**2, ('N', 'N'): 1},
    ...                   data={'noise': ({('N', 'N'): 1}, s)}, letters=(h, s), conditions=(1 - h,))
    >>> low, high = step.worst_case({h: sp.Rational(1, 2), s: 3}, rate=sp.Rational(1, 2))
    >>> low <= 3 <= high
    True
    """

    mean: Any
    centred: Any
    scalars: Any = ()
    after: Any
    before: Any
    slacks: Any
    data: Any
    letters: Any
    conditions: Any = ()
    symbols: Mapping[str, sp.Symbol] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Everything is checked here, once."""
        mean, centred, scalars = (
            names(getattr(self, what), what) for what in ("mean", "centred", "scalars")
        )
        table = letter_table(self.letters)
        everything = [*mean, *centred, *scalars, *table]
        twice = sorted({name for name in everything if everything.count(name) > 1})
        if twice:
            raise InvalidInput(
                f"OneStep: {twice[0]} names two things among mean, centred, scalars and letters."
                " Give each a name of its own."
            )
        letters = tuple(sym.own(name) for name in table)
        alphabet = Alphabet(Space(mean, centred), scalars, letters)
        own = {
            "mean": mean,
            "centred": centred,
            "scalars": scalars,
            "letters": letters,
            "symbols": table,
            "after": alphabet.form(self.after, "after"),
            "before": alphabet.form(self.before, "before"),
            "slacks": {
                str(name): alphabet.form(form, f"slack {name}")
                for name, form in forms.mapping(self.slacks, "slacks").items()
            },
            "data": {
                str(name): alphabet.datum(pair, f"datum {name}")
                for name, pair in forms.mapping(self.data, "data").items()
            },
            "conditions": tuple(
                alphabet.expression(forms.positive(item, "conditions"), "conditions")
                for item in forms.sequence(self.conditions)
            ),
        }
        shared = sorted({*own["slacks"]} & {*own["data"]})  # type: ignore[misc]  # dicts, as above
        if shared:
            raise InvalidInput(f"OneStep: {shared[0]} is a slack and a datum. Rename one of them.")
        for name, value in own.items():
            object.__setattr__(self, name, value)

    @property
    def space(self) -> Space:
        """The two blocks of vectors."""
        return Space(self.mean, self.centred)

    @property
    def scalar_letters(self) -> dict[str, sp.Symbol]:
        """Name to the letter that stands for the scalar: a real number."""
        return {name: sym.own(name, "real") for name in self.scalars}

    def rate(self, rate: Any) -> sp.Expr | None:
        """The rate in the step's letters.

        Raises:
            InvalidInput: unknown letters, or None where there are data: a factor alone makes no
                claim then.
        """
        if rate is None:
            if self.data:
                raise InvalidInput(
                    f"rate=None asks for the least factor of V(x), which needs a step without"
                    f" data, got data {', '.join(self.data)}. Give a rate, or leave the data out."
                )
            return None
        return Alphabet(self.space, self.scalars, self.letters).expression(rate, "rate")

    def claim(self, rate: sp.Expr | None) -> tuple[Form, Rows]:
        """What is maximised, and the rows (sign, form, bound) that limit it."""
        rows = {name: (-1, form, sp.Integer(0)) for name, form in self.slacks.items()}
        rows |= {name: (1, form, bound) for name, (form, bound) in self.data.items()}
        if rate is None:
            return self.after, rows | {FACTOR: (1, self.before, sp.Integer(1))}
        objective = dict(self.after)
        for key, value in self.before.items():
            objective[key] = objective.get(key, sp.Integer(0)) - (1 - rate) * value
        return objective, rows

    def point(self, numbers: Any) -> dict[sp.Symbol, Fraction]:
        """Exact numbers for all letters, checked against signs and conditions.

        Raises:
            InvalidInput: a letter without a number or a number without a letter, a number <= 0, or
                a condition that fails.
        """
        given = {str(name): value for name, value in forms.mapping(numbers, "numbers").items()}
        missing = [letter.name for letter in self.letters if letter.name not in given]
        strange = [name for name in given if name not in {letter.name for letter in self.letters}]
        if missing or strange:
            raise InvalidInput(
                f"numbers must name the letters {', '.join(map(str, self.letters)) or '(none)'}: "
                + (f"{missing[0]} is missing." if missing else f"{strange[0]} is none of them.")
            )
        found = {letter: number(given[letter.name], letter.name) for letter in self.letters}
        for letter, value in found.items():
            if value <= 0:
                raise InvalidInput(f"letters are positive, got {letter} = {value}.")
        for condition in self.conditions:
            value = _value(condition, found, "a condition")
            if value <= 0:
                raise InvalidInput(
                    f"the condition {condition} > 0 fails: it is {float(value):.6g} at "
                    + ", ".join(f"{letter} = {float(at):.6g}" for letter, at in found.items())
                    + ". Choose numbers inside the conditions."
                )
        return found

    def program(self, at: Mapping[sp.Symbol, Fraction], rate: sp.Expr | None) -> Program:
        """The worst case at exact numbers (see :meth:`point`)."""
        return self.worst(*self.claim(rate), at)

    def worst(self, objective: Form, rows: Rows, at: Mapping[sp.Symbol, Fraction]) -> Program:
        """The most of any form under rows of one's own, over these vectors and scalars.

        Raises:
            InvalidInput: something divides by 0 at these numbers.
        """

        def numbers(form: Form) -> dict[Key, Fraction]:
            return {key: _value(value, at, "a coefficient") for key, value in form.items()}

        own = tuple(
            Row(name, sign, numbers(form), _value(bound, at, f"the bound of {name}"))
            for name, (sign, form, bound) in rows.items()
        )
        blocks = (self.mean, self.centred)
        return without_idle_vectors(Program(blocks, self.scalars, numbers(objective), own))

    def bracket(self, numbers: Any, *, rate: Any) -> Bracket:
        """The interval with both certificates: multipliers above, the worst point's Gram entries
        below.
        """
        at = self.point(numbers)
        if isinstance(rate, float):
            rate = number(rate, "rate")
        own = self.rate(rate)
        return bracket(self.program(at, own), f"worst case at rate {rate}")

    def worst_case(self, numbers: Any, *, rate: Any) -> tuple[Fraction, Fraction]:
        """The least T with E V(x+) <= (1 - rate) V(x) + T, between two rational certificates.

        Args:
            numbers: letter (symbol or name) to number; floats are read as the binary fractions that
                they are.
            rate: a number or an expression in the letters; None: the least factor of V(x), for a
                step without data.

        Returns:
            (low, high): low is attained by a Gram matrix, high is proved by multipliers; both were
            checked over Q.

        Raises:
            InvalidInput: numbers outside the conditions, or no finite constant.
        """
        found = self.bracket(numbers, rate=rate)
        return found.low, found.high


def _value(expression: sp.Expr, at: Mapping[sp.Symbol, Fraction], what: str) -> Fraction:
    try:
        return evaluate(expression, at)
    except ZeroDivisionError as error:
        raise InvalidInput(
            f"{what}, {expression}, divides by 0 at these numbers. Choose others."
        ) from error
