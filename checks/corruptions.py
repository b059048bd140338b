"""Certificates with one thing wrong: what an error of ours, or an adversary, would hand to the
checkers.

``corruptions(obligation)`` changes every multiplier, square, entry, exponent, range, assumption and
claim, systematically and with seeded random numbers.  Some changes are *compensated*: the identity
still holds, so only the walk over the signs, the idle check or the search for a point can object.
``argument`` says why a change that was accepted is harmless (it left the same certificate), by an
exact computation. ``kdtheory.checks.attack`` hands them to all checkers and prints what became of
them.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS, Assumption
from kdtheory.algebra.vectors import Vector, norm_sq
from kdtheory.proofs import OBLIGATIONS, coq_exports
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.prover.sympy_checker import vanishes

ZERO, ONE = sp.Integer(0), sp.Integer(1)
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


Change = tuple[str, str, Obligation]


def _factor(draw: random.Random) -> sp.Rational:
    """A positive rational number that is not 1; now and then very close to it."""
    near = sp.Rational(draw.choice((999_999, 1_000_001)), 1_000_000)
    return draw.choice(
        (
            near,
            sp.Integer(2),
            sp.Rational(1, 2),
            sp.Rational(draw.randint(1, 49), 50),
            sp.Rational(draw.randint(51, 500), 50),
        )
    )


def _exponents(expression: sp.Expr, draw: random.Random) -> Iterator[tuple[str, sp.Expr]]:
    """One power raised by one, and one letter squared."""
    powers = sorted(
        (p for p in expression.atoms(sp.Pow) if p.exp.is_Integer), key=sp.default_sort_key
    )
    if powers:
        chosen = draw.choice(powers)
        yield (
            f"{chosen} to the power {chosen.exp + 1}",
            expression.xreplace({chosen: chosen.base ** (chosen.exp + 1)}),
        )
    letters = sorted(expression.free_symbols, key=str)
    if letters:
        letter = draw.choice(letters)
        yield f"{letter} squared", expression.xreplace({letter: letter**2})


def _identity(good: Identity, draw: random.Random) -> Iterator[Change]:
    expression, letters = good.expression, sorted(good.expression.free_symbols, key=str)
    letter = draw.choice(letters) if letters else sym.gamma
    terms = sp.Add.make_args(expression)
    term = draw.choice(terms)
    yield (
        "identity",
        "a number added",
        replace(good, expression=expression + sp.Rational(1, draw.randint(2, 10**6))),
    )
    yield "identity", f"{letter} added", replace(good, expression=expression + letter)
    if expression != 0:
        yield (
            "identity",
            f"{term} counted otherwise",
            replace(good, expression=expression + (_factor(draw) - 1) * term),
        )
        yield "sign", f"the sign of {term}", replace(good, expression=expression - 2 * term)
        yield "identity", f"{term} dropped", replace(good, expression=expression - term)
        for what, changed in _exponents(expression, draw):
            yield "exponent", what, replace(good, expression=changed)
    for letter, meaning in good.region.substitutions.items():
        changed = Region(
            good.region.slacks, {**good.region.substitutions, letter: meaning * _factor(draw)}
        )
        yield "range", f"{letter} stands for something else", replace(good, region=changed)


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
    yield from _compensated(good, draw)


def _with(good: Certificate, key: Assumption, value: sp.Expr | None) -> Certificate:
    """One multiplier is another (in its place, so that files keep their order), or gone."""
    kept = {k: v if k is not key else value for k, v in good.multipliers.items()}
    return replace(good, multipliers={k: v for k, v in kept.items() if v is not None})


def _multipliers(good: Certificate, draw: random.Random) -> Iterator[Change]:
    for key, weight in good.multipliers.items():
        yield "multiplier", f"{key} scaled", _with(good, key, _factor(draw) * weight)
        yield "multiplier", f"{key} made 0", _with(good, key, ZERO)
        yield "sign", f"{key} negated", _with(good, key, -weight)
        for what, changed in _exponents(weight, draw):
            yield "exponent", f"{key}: {what}", _with(good, key, changed)


def _squares(good: Certificate, draw: random.Random) -> Iterator[Change]:
    def at(index: int, *new: tuple[sp.Expr, Vector]) -> Certificate:
        return replace(good, squares=(*good.squares[:index], *new, *good.squares[index + 1 :]))

    for index, (weight, vector) in enumerate(good.squares):
        yield "square", f"square {index + 1} dropped", at(index)
        yield "square", f"square {index + 1} scaled", at(index, (_factor(draw) * weight, vector))
        yield "sign", f"square {index + 1} negated", at(index, (-weight, vector))
        for name, entry in vector.items():
            yield (
                "square",
                f"square {index + 1}: {name} scaled",
                at(index, (weight, {**vector, name: _factor(draw) * entry})),
            )
            yield (
                "square",
                f"square {index + 1}: sign of {name}",
                at(index, (weight, {**vector, name: -entry})),
            )
            yield (
                "square",
                f"square {index + 1}: {name} dropped",
                at(index, (weight, {k: v for k, v in vector.items() if k != name})),
            )
        other = draw.choice(
            [name for name in (*sym.DETERMINISTIC, *sym.CENTRED) if name not in vector]
        )
        yield (
            "square",
            f"square {index + 1}: {other} added",
            at(index, (weight, {**vector, other: ONE})),
        )
        for what, changed in _exponents(weight, draw):
            yield "exponent", f"square {index + 1}: {what}", at(index, (changed, vector))


def _region(good: Certificate, draw: random.Random) -> Iterator[Change]:
    for letter, meaning in good.region.slacks.items():

        def slack(new: sp.Expr, letter: sp.Symbol = letter) -> Certificate:
            return replace(
                good, region=replace(good.region, slacks={**good.region.slacks, letter: new})
            )

        yield "range", f"{letter} scaled", slack(_factor(draw) * meaning)
        yield "range", f"{letter} one wider", slack(meaning + 1)
        yield "range", f"{letter} negated", slack(-meaning)
        for what, changed in _exponents(meaning, draw):
            yield "range", f"{letter}: {what}", slack(changed)
    for letter, meaning in good.region.substitutions.items():
        new = {**good.region.substitutions, letter: _factor(draw) * meaning}
        yield (
            "range",
            f"{letter} stands for something else",
            replace(good, region=replace(good.region, substitutions=new)),
        )


def _assumptions(good: Certificate, draw: random.Random) -> Iterator[Change]:
    strangers = [item for item in ASSUMPTIONS.values() if item not in good.multipliers]
    for key, weight in good.multipliers.items():
        yield "assumption", f"{key} removed", _with(good, key, None)
        other = draw.choice(strangers)
        yield (
            "assumption",
            f"{key} swapped for {other}",
            replace(
                _with(good, key, None),
                multipliers={**_with(good, key, None).multipliers, other: weight},
            ),
        )
        letter = draw.choice(
            sorted((x for x in key.slack.free_symbols if x.is_nonnegative), key=str)
        )
        easier = replace(key, slack=key.slack + letter)
        yield (
            "assumption",
            f"{key} weakened by {letter}",
            replace(
                good,
                multipliers={(easier if k is key else k): v for k, v in good.multipliers.items()},
            ),
        )
    other = draw.choice(strangers)
    yield (
        "assumption",
        f"{other} listed, not used",
        replace(good, multipliers={**good.multipliers, other: ZERO}),
    )
    hidden = (sym.gamma + sym.mu) ** 2 - (sym.gamma - sym.mu) ** 2 - 4 * sym.gamma * sym.mu
    yield (
        "assumption",
        f"{other} listed with a hidden 0",
        replace(good, multipliers={**good.multipliers, other: hidden}),
    )


def _compensated(good: Certificate, draw: random.Random) -> Iterator[Change]:
    """The identity holds; what is wrong is a sign, an idle part or an empty region."""
    letter = draw.choice(
        sorted((x for x in good.claim.free_symbols if x.is_positive), key=str) or [sym.gamma]
    )
    yield (
        "compensated",
        f"claim and remainder less by {letter}",
        replace(good, claim=good.claim - letter, remainder=good.remainder - letter),
    )
    name = draw.choice(sym.DETERMINISTIC + sym.CENTRED)
    vector = {name: ONE}
    yield (
        "compensated",
        f"minus |{name}|^2 in claim and squares",
        replace(good, claim=good.claim - norm_sq(vector), squares=(*good.squares, (-ONE, vector))),
    )
    yield (
        "compensated",
        "a square and its negative",
        replace(good, squares=(*good.squares, (ONE, vector), (-ONE, vector))),
    )
    if good.multipliers:
        key = draw.choice(list(good.multipliers))
        rest = good.remainder + good.multipliers[key] * key.slack
        yield (
            "compensated",
            f"{key} moved into the remainder",
            replace(_with(good, key, None), remainder=rest),
        )
        if not key.equality:
            extra = 2 * good.multipliers[key]
            yield (
                "compensated",
                f"{key} with a negative multiplier",
                replace(
                    _with(good, key, good.multipliers[key] - extra),
                    claim=good.claim - extra * key.slack,
                ),
            )
    empty = {**good.region.slacks, sym.slack_shrink: -ONE - sym.gamma}
    if sym.slack_shrink not in good.region.slacks:
        yield (
            "compensated",
            "minus 1 by an empty region",
            replace(
                good,
                claim=good.claim - 1,
                remainder=good.remainder + sym.slack_shrink + sym.gamma,
                region=replace(good.region, slacks=empty),
            ),
        )
    gap = sym.slope_k - sym.slope_a
    at_equality = {**good.region.slacks, sym.slack_disc: -(gap**2)}
    if sym.slack_disc not in good.region.slacks:
        factor = (1 + 1 / gap) ** 2  # z (1 + 1/x)^2 with z = -x^2: 0/0, and -1 in the limit
        yield (
            "compensated",
            "minus 1 by a hidden pole",
            replace(
                good,
                claim=good.claim - (1 + gap) ** 2,
                remainder=good.remainder + sym.slack_disc * factor,
                region=replace(good.region, slacks=at_equality),
            ),
        )
    for slack, meaning in good.region.slacks.items():
        if meaning.is_Symbol:
            continue
        wider = replace(good.region, slacks={**good.region.slacks, slack: meaning + sym.gamma})
        swap: Mapping[sp.Symbol, sp.Expr] = {slack: slack - sym.gamma}
        yield (
            "compensated",
            f"{slack} wider by gamma, its uses narrower",
            replace(
                good,
                region=wider,
                multipliers={k: v.xreplace(swap) for k, v in good.multipliers.items()},
                squares=tuple(
                    (w.xreplace(swap), {n: x.xreplace(swap) for n, x in v.items()})
                    for w, v in good.squares
                ),
                remainder=good.remainder.xreplace(swap),
            ),
        )


def argument(change: Corruption) -> str:
    """Why an accepted change is harmless, by exact computation; empty when there is no such
    reason.
    """
    good, bad = change.good, change.bad
    if isinstance(good, Identity) or isinstance(bad, Identity):
        return _same_identity(good, bad)
    if good.region != bad.region:
        used = _used(bad)
        changed = {
            x
            for x in {*good.region.slacks, *bad.region.slacks}
            if good.region.slacks.get(x) != bad.region.slacks.get(x)
        }
        if (
            good.region.substitutions == bad.region.substitutions
            and not changed & used
            and replace(bad, region=good.region, name=good.name) == good
        ):
            return "the condition changed is used nowhere: the same certificate without it"
        return ""
    if good.remainder != bad.remainder or good.multipliers != bad.multipliers:
        return ""
    if good.claim != bad.claim:
        same = good.squares == bad.squares and vanishes(good.region.resolve(good.claim - bad.claim))
        return "the same claim: the letter changed cancels in it" if same else ""
    if len(good.squares) == len(bad.squares) and all(
        v is w or vanishes(good.region.resolve(x * norm_sq(v) - y * norm_sq(w)))
        for (x, v), (y, w) in zip(good.squares, bad.squares, strict=True)
    ):
        return "the same square: E|v|^2 is the same expression"
    return ""


def _same_identity(good: Obligation, bad: Obligation) -> str:
    if (
        isinstance(good, Identity)
        and isinstance(bad, Identity)
        and vanishes(good.region.resolve(good.expression) - bad.region.resolve(bad.expression))
    ):
        return "the same expression"
    return ""


def _used(item: Certificate) -> set[sp.Basic]:
    inside = [
        item.claim,
        item.remainder,
        *item.multipliers.values(),
        *(key.slack for key in item.multipliers),
        *(w for w, _ in item.squares),
        *(x for _, v in item.squares for x in v.values()),
    ]
    return set().union(*(x.free_symbols for x in inside))
