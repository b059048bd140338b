"""The second checker: SMT-LIB 2 (QF_NRA) for any solver, translated without SymPy's expansion.

Every expression becomes one numerator and a multiset of denominators by a walk over its tree;
nothing is expanded or simplified here, the solver does that.  An obligation becomes several small
questions, each with the answer that it must have:

* ``identity``: numerator of (claim - sum) is not 0, without any fact: ``unsat``;
* ``sign``: a multiplier or weight is negative, its letters having their signs: ``unsat``, one
question each;
* ``idle``: an assumption's multiplier may be something other than 0: ``sat``;
* ``denominators``: a denominator of a certificate is 0 inside the region: ``unsat`` (an identity is
one of rational functions);
* ``vacuity``: region and assumptions hold together, with F > 0 and no denominator 0: ``sat``.

The multipliers are part of the questions: what is checked is the certificate, not only its claim.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import Space, Vector
from kdtheory.prover.obligations import Certificate, Obligation

RESET = "(reset)\n"
LARGE = 40  # operations; solvers answer small questions at once and large ones not always


@dataclass(frozen=True)
class Query:
    """One standalone SMT-LIB text and the answer that it must have."""

    name: str
    expected: str
    text: str


@dataclass(frozen=True)
class Fraction:
    """SMT terms: ``top`` over the product of the terms in ``bottom`` with their multiplicities."""

    top: str
    bottom: Counter[str]

    def over_square(self) -> str:
        """A term with the sign of the fraction: top times every denominator of odd multiplicity."""
        return _apply(
            "*", [self.top, *(term for term, power in sorted(self.bottom.items()) if power % 2)]
        )


def _apply(operator: str, terms: list[str]) -> str:
    return terms[0] if len(terms) == 1 else f"({operator} {' '.join(terms)})"


def _powers(bottom: Counter[str]) -> list[str]:
    return [term for term, power in sorted(bottom.items()) for _ in range(power)]


def _number(value: int) -> str:
    return f"{value}.0" if value >= 0 else f"(- {-value}.0)"


def _name(letter: sp.Symbol) -> str:
    return f"|{letter.name}|"


def translate(expression: sp.Expr, meanings: Mapping[sp.Symbol, sp.Expr] | None = None) -> Fraction:
    """The expression as a fraction of SMT terms; letters in ``meanings`` are replaced by what they
    stand for.

    Raises ValueError at anything but +, *, integer powers, rational numbers and letters.
    """
    meanings = meanings or {}
    if isinstance(expression, sp.Rational):
        bottom = Counter([_number(int(expression.q))]) if expression.q != 1 else Counter()
        return Fraction(_number(int(expression.p)), bottom)
    if isinstance(expression, sp.Symbol):
        return (
            translate(meanings[expression], meanings)
            if expression in meanings
            else Fraction(_name(expression), Counter())
        )
    if isinstance(expression, sp.Add):
        return _sum([translate(part, meanings) for part in expression.args])
    if isinstance(expression, sp.Mul):
        return _product([translate(part, meanings) for part in expression.args])
    if isinstance(expression, sp.Pow) and isinstance(expression.exp, sp.Integer):
        base = translate(expression.base, meanings)
        size = abs(int(expression.exp))
        if expression.exp < 0:
            base = Fraction(_apply("*", _powers(base.bottom) or ["1.0"]), Counter([base.top]))
        return _product([base] * size)
    raise ValueError(f"SMT export: {expression} is not built from +, *, integer powers and letters")


def _product(parts: list[Fraction]) -> Fraction:
    bottom: Counter[str] = Counter()
    for part in parts:
        bottom.update(part.bottom)
    return Fraction(_apply("*", [part.top for part in parts]), bottom)


def _sum(parts: list[Fraction]) -> Fraction:
    common: Counter[str] = Counter()
    for part in parts:
        common |= part.bottom
    return Fraction(
        _apply("+", [_apply("*", [part.top, *_powers(common - part.bottom)]) for part in parts]),
        common,
    )


def _signs(letters: Iterable[sp.Symbol]) -> list[str]:
    lines = []
    for letter in sorted(set(letters), key=str):
        if letter.is_positive:
            lines.append(f"(assert (> {_name(letter)} 0.0))")
        elif letter.is_nonnegative:
            lines.append(f"(assert (>= {_name(letter)} 0.0))")
    return lines


def _parts(expression: sp.Expr) -> list[sp.Expr]:
    if sp.count_ops(expression) > LARGE and isinstance(expression, sp.Add | sp.Mul):
        return [part for argument in expression.args for part in _parts(argument)]
    return [expression]


def _text(
    title: str, expected: str, letters: Iterable[sp.Symbol], assertions: Iterable[str]
) -> str:
    return "\n".join(
        [
            f"; {title}",
            "(set-logic QF_NRA)",
            f"(set-info :status {expected})",
            *(f"(declare-fun {_name(letter)} () Real)" for letter in sorted(set(letters), key=str)),
            *assertions,
            "(check-sat)",
            "",
        ]
    )


def _letters(
    expressions: Iterable[sp.Expr], meanings: Mapping[sp.Symbol, sp.Expr]
) -> set[sp.Symbol]:
    found: set[sp.Symbol] = set()
    for expression in expressions:
        for letter in expression.free_symbols:
            found |= _letters([meanings[letter]], meanings) if letter in meanings else {letter}
    return found


def _square(vector: Vector, space: Space) -> list[sp.Expr]:
    """The summands of E|v|^2, block by block: written here once more, so that no expansion is
    shared with the SymPy checker.

    Raises ValueError at a vector that is in neither block.
    """
    unknown = set(vector) - {*space.mean, *space.centred}
    if unknown:
        raise ValueError(f"SMT export: unknown vectors {sorted(unknown)}")
    products = []
    for block in (space.mean, space.centred):
        present = [name for name in block if name in vector]
        products += [vector[name] ** 2 * space.gram[name, name] for name in present]
        products += [
            2 * vector[u] * vector[v] * space.gram[u, v]
            for i, u in enumerate(present)
            for v in present[i + 1 :]
        ]
    return products


class _Questions:
    """The questions of one obligation."""

    def __init__(self, obligation: Obligation) -> None:
        self.name = obligation.name
        self.slacks, self.eliminated = (
            dict(obligation.region.slacks),
            dict(obligation.region.substitutions),
        )
        self.meanings = self.slacks | self.eliminated

    def identity(self, expression: sp.Expr) -> Query:
        top = translate(expression, self.meanings).top
        letters = _letters([expression], self.meanings)
        return self._query("identity", "unsat", letters, [f"(assert (not (= {top} 0.0)))"])

    def sign(self, title: str, expression: sp.Expr) -> Query:
        """Slack letters stay letters with a sign; only eliminated letters are replaced.

        A large sum or product is asked about part by part: it is non-negative when all its parts
        are.
        """
        letters = _letters([expression], self.eliminated)
        terms = [translate(part, self.eliminated).over_square() for part in _parts(expression)]
        negative = _apply("or", [f"(< {term} 0.0)" for term in terms])
        return self._query(
            f"sign of {title}", "unsat", letters, [*_signs(letters), f"(assert {negative})"]
        )

    def used(self, title: str, expression: sp.Expr) -> Query:
        letters = _letters([expression], self.meanings)
        term = translate(expression, self.meanings).top
        return self._query(f"idle {title}", "sat", letters, [f"(assert (not (= {term} 0.0)))"])

    def bases(self, expressions: Iterable[sp.Expr]) -> list[str]:
        """The denominators of the expressions, numbers left out."""
        return sorted(
            {
                term
                for e in expressions
                for term in translate(e, self.meanings).bottom
                if "|" in term
            }
        )

    def denominators(self, expressions: Iterable[sp.Expr]) -> Query:
        """Slack letters and eliminated letters have their signs as facts; then no denominator may
        be 0.
        """
        expressions = list(expressions)
        zeros = [f"(= {base} 0.0)" for base in self.bases(expressions)]
        letters = _letters([*expressions, *self.meanings], self.meanings)
        return self._query(
            "denominators",
            "unsat",
            letters,
            [*self.facts(letters), f"(assert {_apply('or', zeros or ['false'])})"],
        )

    def facts(self, letters: Iterable[sp.Symbol]) -> list[str]:
        lines = _signs(letters)
        for letter in self.meanings:
            fraction = translate(letter, self.meanings)
            lines += [
                f"(assert (not (= {base} 0.0)))" for base in sorted(fraction.bottom) if "|" in base
            ]
            if letter.is_positive or letter.is_nonnegative:
                lines.append(
                    f"(assert ({'>' if letter.is_positive else '>='} {fraction.over_square()} 0.0))"
                )
        return lines

    def vacuity(
        self, assumptions: Iterable[tuple[sp.Expr, bool]], expressions: Iterable[sp.Expr]
    ) -> Query:
        facts, expressions = list(assumptions), list(expressions)
        letters = _letters(
            [*(slack for slack, _ in facts), *expressions, *self.meanings], self.meanings
        )
        lines = [
            *self.facts(letters),
            *(f"(assert (not (= {base} 0.0)))" for base in self.bases(expressions)),
        ]
        for slack, equality in facts:
            lines.append(
                f"(assert ({'=' if equality else '>='}"
                f" {translate(slack, self.meanings).over_square()} 0.0))"
            )
        if sym.F in letters:
            lines.append(f"(assert (> {_name(sym.F)} 0.0))")
        return self._query("vacuity", "sat", letters, lines)

    def _query(
        self, kind: str, expected: str, letters: Iterable[sp.Symbol], assertions: Iterable[str]
    ) -> Query:
        title = f"{self.name}: {kind} (must be {expected})"
        return Query(f"{self.name}: {kind}", expected, _text(title, expected, letters, assertions))


def _factors(certificate: Certificate) -> list[sp.Expr]:
    """Multipliers, weights, entries and remainder as they are written."""
    entries = (entry for _, vector in certificate.squares for entry in vector.values())
    weights = (weight for weight, _ in certificate.squares)
    return [*certificate.multipliers.values(), *weights, *entries, certificate.remainder]


def queries(obligation: Obligation) -> tuple[Query, ...]:
    """All questions.  Raises ValueError when an expression is not rational."""
    ask = _Questions(obligation)
    if not isinstance(obligation, Certificate):
        return ask.identity(obligation.expression), ask.vacuity([], [obligation.expression])
    total = [obligation.claim, -obligation.remainder]
    total += [-weight * assumption.slack for assumption, weight in obligation.multipliers.items()]
    total += [
        -weight * product
        for weight, vector in obligation.squares
        for product in _square(vector, obligation.space)
    ]
    signed = [
        (str(key), weight) for key, weight in obligation.multipliers.items() if not key.equality
    ]
    signed += [
        (f"square {index + 1}", weight) for index, (weight, _) in enumerate(obligation.squares)
    ]
    signed += [("the remainder", obligation.remainder)]
    return (
        ask.identity(sp.Add(*total, evaluate=False)),
        *(ask.sign(title, weight) for title, weight in signed),
        *(ask.used(str(key), weight) for key, weight in obligation.multipliers.items()),
        # Each factor on its own too: SymPy cancels b/b in a product before it is translated.
        ask.denominators([*total, *_factors(obligation)]),
        ask.vacuity([(key.slack, key.equality) for key in obligation.multipliers], total),
    )


def to_smt2(obligation: Obligation) -> str:
    """One file for any SMT solver: the questions one after the other, each announced with the
    answer it must have.
    """
    return RESET.join(query.text for query in queries(obligation))
