"""A one-step problem with letters: its programs at points, and the changes of units it allows."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property

import sympy as sp

from kdtheory.discovery.forms import ONE, Form, Key
from kdtheory.discovery.program import Program, Row, without_idle_vectors
from kdtheory.discovery.step import OneStep
from kdtheory.prover.regions import evaluate

Point = Mapping[sp.Symbol, Fraction]
_PLAIN = ("1/50", "1/20", "1/10", "1/5", "1/3", "1/2", "2/3", "1", "3/2", "2", "3", "5", "8")
SHRINKS = (1, 10, 100, 1000)  # for the later tries
_SIZES = tuple((float(x), x) for n in SHRINKS for x in (Fraction(y) / n for y in _PLAIN))
TRIES = 20_000
FAR, HALVINGS = 6.0, 12  # powers of 2 that a letter may move by, and how its end is found
SPARED = "spared"


@dataclass(frozen=True)
class Family:
    """``rows``: name to (sign, form, bound), as in ``OneStep.claim``.

    ``solved`` are letters replaced by expressions in the others (and in new letters, the roots);
    forms still have the old letters.  ``conditions`` are > 0 and ``borders`` >= 0, all in the free
    letters.
    """

    step: OneStep
    rate: sp.Expr | None
    objective: Form
    rows: Mapping[str, tuple[int, Form, sp.Expr]]
    letters: tuple[sp.Symbol, ...]
    conditions: tuple[sp.Expr, ...]
    borders: tuple[sp.Expr, ...] = ()
    solved: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)
    roots: Mapping[sp.Symbol, sp.Expr] = field(default_factory=dict)

    @cached_property
    def row_weights(self) -> dict[tuple[int, ...], dict[str, sp.Rational]]:
        """What ``kdtheory.discovery.multipliers`` has found out about units, by change of units."""
        return {}

    def program(self, at: Point) -> Program:
        """The worst case at a point of the free letters."""
        full = dict(at) | {z: evaluate(value, at) for z, value in self.solved.items()}

        def numbers(form: Form) -> dict[Key, Fraction]:
            return {key: evaluate(value, full) for key, value in form.items()}

        rows = tuple(
            Row(name, sign, numbers(form), evaluate(bound, full))
            for name, (sign, form, bound) in self.rows.items()
        )
        blocks = (self.step.mean, self.step.centred)
        return without_idle_vectors(
            Program(blocks, self.step.scalars, numbers(self.objective), rows)
        )

    def inside(self, at: Point) -> bool:
        """Whether a point satisfies the conditions and lies strictly inside the borders."""
        try:
            return all(
                evaluate(item, at) > 0 for item in (*self.conditions, *self.borders)
            ) and all(evaluate(value, at) > 0 for value in self.solved.values())
        except ZeroDivisionError:
            return False

    @cached_property
    def _quick(self) -> Callable[..., list[float]]:
        facts = [*self.conditions, *self.borders, *self.solved.values()]
        return sp.lambdify(self.letters, facts, modules="math")

    def _roughly(self, values: Iterable[float]) -> bool:
        """Whether numbers are inside, in floats: most are not, and this is fast."""
        try:
            return min(self._quick(*values), default=1.0) > 0
        except (ZeroDivisionError, OverflowError):
            return False

    def points(self, draw: random.Random, count: int) -> list[dict[sp.Symbol, Fraction]]:
        """Up to ``count`` different points inside, of short fractions; of smaller and smaller ones
        where the conditions leave little room.
        """
        found: list[dict[sp.Symbol, Fraction]] = []
        for attempt in range(TRIES):
            if len(found) >= count:
                break
            sizes = _SIZES[: len(_SIZES) * (1 + attempt * len(SHRINKS) // TRIES) // len(SHRINKS)]
            chosen = [draw.choice(sizes) for _ in self.letters]
            if self._roughly(size for size, _ in chosen):
                at = {z: exact for z, (_, exact) in zip(self.letters, chosen, strict=True)}
                if at not in found and self.inside(at) and self._defined(at):
                    found.append(at)
        return found

    def spread(self, draw: random.Random, count: int) -> list[dict[sp.Symbol, Fraction]]:
        """Points as above, every second one pushed towards the border of the region: where one
        formula gives way to another is often close to it.
        """
        found = self.points(draw, count)
        for i in range(0, len(found) if self.letters else 0, 2):
            at = dict(found[i])
            for letter in draw.sample(self.letters, min(2, len(self.letters))):
                at[letter] = self._pushed(at, letter, draw)
            if self.inside(at) and self._defined(at):
                found[i] = at
        return found

    def _pushed(self, at: Point, letter: sp.Symbol, draw: random.Random) -> Fraction:
        """Another value of one letter, somewhere on the way to where the region ends."""

        def fits(power: float) -> bool:
            values = {**at, letter: float(at[letter]) * 2.0**power}
            return self._roughly(float(values[z]) for z in self.letters)

        sign, inner, outer = draw.choice((-1, 1)), 0.0, FAR
        for _ in range(HALVINGS):
            middle = (inner + outer) / 2
            inner, outer = (middle, outer) if fits(sign * middle) else (inner, middle)
        value = float(at[letter]) * 2.0 ** (sign * inner * draw.choice((0.3, 0.6, 0.9, 0.98)))
        return Fraction(f"{value:.3g}")

    def _defined(self, at: Point) -> bool:
        """Whether no coefficient divides by 0 there."""
        try:
            self.program(at)
        except ZeroDivisionError:
            return False
        return True

    def without(self, row: str) -> Family:
        """The family without one assumption."""
        return replace(self, rows={name: item for name, item in self.rows.items() if name != row})

    @property
    def counted(self) -> tuple[int, ...]:
        """Places of the rows whose multipliers make the constant: those with a bound."""
        rows = enumerate(self.rows.values())
        return tuple(i for i, (_, form, bound) in rows if bound != 0 or ONE in form)

    @property
    def pure(self) -> bool:
        """Whether nothing but 0 can be the constant."""
        return not self.counted

    def allowed(self, vector: str) -> sp.Expr:
        """What a pure claim has of |vector|^2 to give away; 1 more than nothing where it has
        none.
        """
        own = self.objective.get((vector, vector), sp.Integer(0))
        for at in self.points(random.Random(0), 1):
            full = dict(at) | {z: evaluate(value, at) for z, value in self.solved.items()}
            if evaluate(own, full) < 0:
                return -own
        return sp.Integer(1)

    def tightened(self, vector: str) -> Family:
        """A problem with a definite answer in place of a pure one, whose multipliers may be many:
        how little of |vector|^2 is enough, counted by the row ``SPARED`` against
        :meth:`allowed`.
        """
        key = (vector, vector)
        objective = {name: value for name, value in self.objective.items() if name != ONE}
        allowed = self.allowed(vector)
        objective[key] = objective.get(key, sp.Integer(0)) + allowed
        spared: Form = {key: sp.Integer(1)}
        rows = {**self.rows, SPARED: (1, spared, sp.Integer(1))}
        return replace(self, objective=objective, rows=rows)

    @cached_property
    def scalings(self) -> tuple[tuple[int, ...], ...]:
        """Changes of units: integer weights of the free letters under which every form is
        homogeneous, when vectors and scalars scale too.
        """
        return _scalings(self)


def family_of(step: OneStep, rate: sp.Expr | None) -> Family:
    """The family of a step."""
    objective, rows = step.claim(rate)
    return Family(step, rate, objective, rows, tuple(step.letters), tuple(step.conditions))


def _monomials(
    expression: sp.Expr, letters: Sequence[sp.Symbol]
) -> tuple[list[tuple[int, ...]], list[tuple[int, ...]]]:
    """Exponent vectors of numerator and denominator."""
    top, bottom = sp.fraction(sp.together(expression))
    above, below = (
        [tuple(int(n) for n in powers) for powers in sp.Poly(part, *letters).monoms()]
        for part in (top, bottom)
    )
    return above, below


def _scalings(family: Family) -> tuple[tuple[int, ...], ...]:
    letters = family.letters
    if not letters:
        return ()
    step = family.step
    vectors = [*step.mean, *step.centred]
    names = [*letters, *vectors, *step.scalars]
    forms: list[tuple[Form, sp.Expr | None]] = [(family.objective, None)]
    forms += [(form, bound if bound != 0 else None) for _, form, bound in family.rows.values()]
    width = len(names) + len(forms)
    lines: list[list[int]] = []
    solved = dict(family.solved)
    for index, (form, bound) in enumerate(forms):
        entries = [(key, value) for key, value in form.items()]
        if bound is not None:
            entries.append((ONE, bound))
        for key, value in entries:
            top, bottom = _monomials(value.xreplace(solved), letters)
            base = [0] * width
            base[len(names) + index] = -1
            for name in () if key == ONE else (key,) if isinstance(key, str) else key:
                base[len(letters) + [*vectors, *step.scalars].index(name)] += 1
            for first, second in itertools.product(top, bottom):
                line = list(base)
                for i, (n, d) in enumerate(zip(first, second, strict=True)):
                    line[i] += n - d
                lines.append(line)
    for fact in (*family.conditions, *family.borders):
        first, *others = _monomials(fact, letters)[0]
        for other in others:
            line = [x - y for x, y in zip(other, first, strict=True)]
            lines.append(line + [0] * (width - len(line)))
    kernel = sp.Matrix(lines).nullspace() if lines else []
    weights = [list(vector[: len(letters)]) for vector in kernel]
    found = []
    for row in sp.Matrix(weights).rref()[0].tolist() if weights else []:
        if any(row):
            common = sp.ilcm(1, *(sp.Rational(x).q for x in row))
            found.append(tuple(int(x * common) for x in row))
    return tuple(found)


def weight_of(form_entry: sp.Expr, letters: Sequence[sp.Symbol], scaling: Sequence[int]) -> int:
    """How a homogeneous expression scales."""
    top, bottom = _monomials(form_entry, letters)
    return sum(s * (n - d) for s, n, d in zip(scaling, top[0], bottom[0], strict=True))


def pivots(scalings: Sequence[Sequence[int]]) -> tuple[int, ...] | None:
    """Places of letters that units can set to 1 with integer powers only; None when there are
    none such.
    """
    count = len(scalings)
    if not count:
        return ()
    size = len(scalings[0])
    for chosen in itertools.combinations(range(size), count):
        if abs(sp.Matrix([[row[i] for i in chosen] for row in scalings]).det()) == 1:
            return chosen
    return None


def solvable(expression: sp.Expr, letters: Iterable[sp.Symbol]) -> list[sp.Symbol]:
    """Letters in which a polynomial is linear."""
    return [
        letter
        for letter in letters
        if letter in expression.free_symbols and sp.degree(expression, letter) == 1
    ]
