"""Certificates with one thing wrong: what an error of ours, or an adversary, would hand to the
checkers.

``corruptions(obligation)`` changes every multiplier, square, entry, exponent, range, assumption and
claim, systematically and with seeded random numbers.  Some changes are *compensated*: the identity
still holds, so only the walk over the signs, the idle check or the search for a point can object.
``kdtheory.checks.attack`` hands them to all checkers and prints what became of them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS, Assumption
from kdtheory.algebra.vectors import Vector
from kdtheory.checks.compensated import ONE, ZERO, Change, compensated, with_multiplier, with_slack
from kdtheory.proofs import OBLIGATIONS, coq_exports
from kdtheory.prover.obligations import Certificate, Identity, Obligation

KINDS = (
    "multiplier",
    "sign",
    "square",
    "exponent",
    "range",
    "assumption",
    "claim",
    "compensated",
    "identity",
)


@dataclass(frozen=True)
class Corruption:
    """``bad`` is ``good`` with one thing changed; ``kind`` is one of ``KINDS``, ``what`` says which
    and how.
    """

    kind: str
    what: str
    good: Obligation
    bad: Obligation


def obligations() -> dict[str, Obligation]:
    """Every obligation of every statement, and every certificate with a committed Coq file, by
    name.
    """
    found = [item for make in OBLIGATIONS.values() for item in make()]
    return {item.name: item for item in (*found, *coq_exports.certificates())}


def corruptions(good: Obligation, seed: int = 0) -> list[Corruption]:
    """Every systematic change of an obligation, with seeded random factors; each ``bad`` has a name
    of its own.
    """
    draw = random.Random(f"{seed} {good.name}")
    found = _identity(good, draw) if isinstance(good, Identity) else _certificate(good, draw)
    return [
        Corruption(kind, what, good, replace(bad, name=f"{good.name}-bad-{index}"))
        for index, (kind, what, bad) in enumerate(found)
    ]


def _factor(draw: random.Random) -> sp.Rational:
    """A positive rational number that is not 1; now and then very close to it."""
    near = sp.Rational(draw.choice((999_999, 1_000_001)), 1_000_000)
    less, more = sp.Rational(draw.randint(1, 49), 50), sp.Rational(draw.randint(51, 500), 50)
    return draw.choice((near, sp.Integer(2), sp.Rational(1, 2), less, more))


def _exponents(expression: sp.Expr, draw: random.Random) -> Iterator[tuple[str, sp.Expr]]:
    """One power raised by one, and one letter squared."""
    integers = (p for p in expression.atoms(sp.Pow) if p.exp.is_Integer)
    powers = sorted(integers, key=sp.default_sort_key)
    if powers:
        chosen = draw.choice(powers)
        more = chosen.base ** (chosen.exp + 1)
        yield f"{chosen} to the power {chosen.exp + 1}", expression.xreplace({chosen: more})
    letters = sorted(expression.free_symbols, key=str)
    if letters:
        letter = draw.choice(letters)
        yield f"{letter} squared", expression.xreplace({letter: letter**2})


def _identity(good: Identity, draw: random.Random) -> Iterator[Change]:
    expression, letters = good.expression, sorted(good.expression.free_symbols, key=str)
    letter = draw.choice(letters) if letters else sym.gamma
    term = draw.choice(sp.Add.make_args(expression))

    def made(new: sp.Expr) -> Identity:
        return replace(good, expression=new)

    yield "identity", "a number added", made(expression + sp.Rational(1, draw.randint(2, 10**6)))
    yield "identity", f"{letter} added", made(expression + letter)
    if expression != 0:
        otherwise = made(expression + (_factor(draw) - 1) * term)
        yield "identity", f"{term} counted otherwise", otherwise
        yield "sign", f"the sign of {term}", made(expression - 2 * term)
        yield "identity", f"{term} dropped", made(expression - term)
        for what, changed in _exponents(expression, draw):
            yield "exponent", what, made(changed)
    yield from _substitutions(good, draw)


def _certificate(good: Certificate, draw: random.Random) -> Iterator[Change]:
    yield from _multipliers(good, draw)
    yield from _squares(good, draw)
    yield from _region(good, draw)
    yield from _assumptions(good, draw)
    if good.remainder != 0:
        rest = good.remainder
        yield "multiplier", "the remainder scaled", replace(good, remainder=_factor(draw) * rest)
        yield "sign", "the remainder negated", replace(good, remainder=-rest)
        yield "multiplier", "the remainder dropped", replace(good, remainder=ZERO)
        for what, changed in _exponents(rest, draw):
            yield "exponent", f"remainder: {what}", replace(good, remainder=changed)
    letter = draw.choice(sorted((x for x in good.claim.free_symbols if x.is_nonnegative), key=str))
    yield "claim", f"stronger by {letter}/1000", replace(good, claim=good.claim - letter / 1000)
    yield "claim", f"weaker by {letter}/1000", replace(good, claim=good.claim + letter / 1000)
    yield "claim", "scaled", replace(good, claim=_factor(draw) * good.claim)
    for what, changed in _exponents(good.claim, draw):
        yield "claim", what, replace(good, claim=changed)
    yield from compensated(good, draw)


def _multipliers(good: Certificate, draw: random.Random) -> Iterator[Change]:
    for key, weight in good.multipliers.items():
        yield "multiplier", f"{key} scaled", with_multiplier(good, key, _factor(draw) * weight)
        yield "multiplier", f"{key} made 0", with_multiplier(good, key, ZERO)
        yield "sign", f"{key} negated", with_multiplier(good, key, -weight)
        for what, changed in _exponents(weight, draw):
            yield "exponent", f"{key}: {what}", with_multiplier(good, key, changed)


def _squares(good: Certificate, draw: random.Random) -> Iterator[Change]:
    for index, (weight, vector) in enumerate(good.squares):

        def at(*new: tuple[sp.Expr, Vector], index: int = index) -> Certificate:
            return replace(good, squares=(*good.squares[:index], *new, *good.squares[index + 1 :]))

        place = f"square {index + 1}"
        yield "square", f"{place} dropped", at()
        yield "square", f"{place} scaled", at((_factor(draw) * weight, vector))
        yield "sign", f"{place} negated", at((-weight, vector))
        for name, entry in vector.items():
            scaled, turned = {**vector, name: _factor(draw) * entry}, {**vector, name: -entry}
            fewer = {key: value for key, value in vector.items() if key != name}
            yield "square", f"{place}: {name} scaled", at((weight, scaled))
            yield "square", f"{place}: sign of {name}", at((weight, turned))
            yield "square", f"{place}: {name} dropped", at((weight, fewer))
        others = [name for name in (*sym.DETERMINISTIC, *sym.CENTRED) if name not in vector]
        other = draw.choice(others)
        yield "square", f"{place}: {other} added", at((weight, {**vector, other: ONE}))
        for what, changed in _exponents(weight, draw):
            yield "exponent", f"{place}: {what}", at((changed, vector))


def _region(good: Certificate, draw: random.Random) -> Iterator[Change]:
    for letter, meaning in good.region.slacks.items():

        def slack(new: sp.Expr, letter: sp.Symbol = letter) -> Certificate:
            return with_slack(good, letter, new)

        yield "range", f"{letter} scaled", slack(_factor(draw) * meaning)
        yield "range", f"{letter} one wider", slack(meaning + 1)
        yield "range", f"{letter} negated", slack(-meaning)
        for what, changed in _exponents(meaning, draw):
            yield "range", f"{letter}: {what}", slack(changed)
    yield from _substitutions(good, draw)


def _substitutions(good: Obligation, draw: random.Random) -> Iterator[Change]:
    region = good.region
    for letter, meaning in region.substitutions.items():
        new = {**region.substitutions, letter: meaning * _factor(draw)}
        changed = replace(good, region=replace(region, substitutions=new))
        yield "range", f"{letter} stands for something else", changed


def _assumptions(good: Certificate, draw: random.Random) -> Iterator[Change]:
    strangers = [item for item in ASSUMPTIONS.values() if item not in good.multipliers]

    def listed(given: Certificate, other: Assumption, weight: sp.Expr) -> Certificate:
        return replace(given, multipliers={**given.multipliers, other: weight})

    for key, weight in good.multipliers.items():
        without = with_multiplier(good, key, None)
        yield "assumption", f"{key} removed", without
        other = draw.choice(strangers)
        yield "assumption", f"{key} swapped for {other}", listed(without, other, weight)
        letters = sorted((x for x in key.slack.free_symbols if x.is_nonnegative), key=str)
        letter = draw.choice(letters)
        easier = replace(key, slack=key.slack + letter)
        weaker = {(easier if k is key else k): v for k, v in good.multipliers.items()}
        yield "assumption", f"{key} weakened by {letter}", replace(good, multipliers=weaker)
    other = draw.choice(strangers)
    yield "assumption", f"{other} listed, not used", listed(good, other, ZERO)
    hidden = (sym.gamma + sym.mu) ** 2 - (sym.gamma - sym.mu) ** 2 - 4 * sym.gamma * sym.mu
    yield "assumption", f"{other} listed with a hidden 0", listed(good, other, hidden)
