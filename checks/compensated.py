"""Changes of a certificate that keep its identity: only the walk over the signs, the idle check or
the search for a point can object.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from dataclasses import replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.vectors import norm_sq
from kdtheory.prover.obligations import Certificate, Obligation

Change = tuple[str, str, Obligation]  # kind, what and how, the changed one
ZERO, ONE = sp.Integer(0), sp.Integer(1)


def with_multiplier(good: Certificate, key: Assumption, value: sp.Expr | None) -> Certificate:
    """One multiplier is another (in its place, so that files keep their order), or gone."""
    kept = {k: v if k is not key else value for k, v in good.multipliers.items()}
    return replace(good, multipliers={k: v for k, v in kept.items() if v is not None})


def with_slack(good: Certificate, letter: sp.Symbol, meaning: sp.Expr) -> Certificate:
    """One letter of the region stands for another room."""
    slacks = {**good.region.slacks, letter: meaning}
    return replace(good, region=replace(good.region, slacks=slacks))


def compensated(good: Certificate, draw: random.Random) -> Iterator[Change]:
    """The identity holds; what is wrong is a sign, an idle part or an empty region."""
    letters = sorted((x for x in good.claim.free_symbols if x.is_positive), key=str)
    letter = draw.choice(letters or [sym.gamma])

    def found(what: str, bad: Certificate) -> Change:
        return "compensated", what, bad

    less = replace(good, claim=good.claim - letter, remainder=good.remainder - letter)
    yield found(f"claim and remainder less by {letter}", less)
    name = draw.choice(sym.DETERMINISTIC + sym.CENTRED)
    vector = {name: ONE}
    more = replace(good, squares=(*good.squares, (-ONE, vector)))
    stronger = replace(more, claim=good.claim - norm_sq(vector))
    yield found(f"minus |{name}|^2 in claim and squares", stronger)
    both = replace(good, squares=(*good.squares, (ONE, vector), (-ONE, vector)))
    yield found("a square and its negative", both)
    if good.multipliers:
        key = draw.choice(list(good.multipliers))
        own = good.multipliers[key]
        rest = good.remainder + own * key.slack
        without = replace(with_multiplier(good, key, None), remainder=rest)
        yield found(f"{key} moved into the remainder", without)
        if not key.equality:
            negative = with_multiplier(good, key, -own)
            stronger = replace(negative, claim=good.claim - 2 * own * key.slack)
            yield found(f"{key} with a negative multiplier", stronger)
    if sym.slack_shrink not in good.region.slacks:
        rest = good.remainder + sym.slack_shrink + sym.gamma
        bad = replace(good, claim=good.claim - 1, remainder=rest)
        empty = with_slack(bad, sym.slack_shrink, -ONE - sym.gamma)
        yield found("minus 1 by an empty region", empty)
    gap = sym.slope_k - sym.slope_a
    if sym.slack_disc not in good.region.slacks:
        factor = (1 + 1 / gap) ** 2  # z (1 + 1/x)^2 with z = -x^2: 0/0, and -1 in the limit
        rest = good.remainder + sym.slack_disc * factor
        bad = replace(good, claim=good.claim - (1 + gap) ** 2, remainder=rest)
        yield found("minus 1 by a hidden pole", with_slack(bad, sym.slack_disc, -(gap**2)))
    for slack, meaning in good.region.slacks.items():
        if meaning.is_Symbol:
            continue
        swap: Mapping[sp.Symbol, sp.Expr] = {slack: slack - sym.gamma}
        bad = replace(
            with_slack(good, slack, meaning + sym.gamma),
            multipliers={k: v.xreplace(swap) for k, v in good.multipliers.items()},
            squares=tuple(
                (w.xreplace(swap), {n: x.xreplace(swap) for n, x in v.items()})
                for w, v in good.squares
            ),
            remainder=good.remainder.xreplace(swap),
        )
        yield found(f"{slack} wider by gamma, its uses narrower", bad)
