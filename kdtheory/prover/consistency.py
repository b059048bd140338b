"""Do the region and the assumptions of a certificate hold together somewhere?

An implication from a contradiction is true and worthless, so one finite sum with a gap, noise and
bias is looked for, in exact rationals: f_n(x) = mu y^2/2 + w_n (c y^2/2 + s y) with y = x - x* and
w_n = 1 or -1.  Every assumption holds there with Lcal = mu + c^2/mu, whatever mu, c, k, a, L >= mu
and the step size are, so that a region is the only thing to be met.  Each slack is evaluated all
the same.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.vectors import PAPER
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.prover.regions import TRIES, VALUES, evaluate, fits, witness
from kdtheory.prover.signs import written_nonnegative

Point = dict[sp.Symbol, Fraction]
HALF = Fraction(1, 2)
UNBIASED = {asm.descent_lemma_unbiased, asm.compressor_unbiased}
MOMENTS = {*sym.GRAM.values(), sym.lam, sym.F, sym.F_theta, sym.F_plus, sym.out_sq}
PARAMETERS = tuple(row.symbol for row in sym.TABLE.values() if row.symbol not in MOMENTS)


def doubt(obligation: Obligation) -> str:
    """Why an obligation may be about nothing at all; empty when a point was found."""
    for letter, meaning in obligation.region.slacks.items():
        if written_nonnegative(-meaning, strictly=not letter.is_positive):
            needed = "> 0" if letter.is_positive else ">= 0"
            return f"{obligation.name}: it is about nothing: {meaning} {needed} holds nowhere"
    if isinstance(obligation, Certificate) and obligation.multipliers and obligation.space == PAPER:
        found, where = together(obligation), "region and assumptions together"
    else:  # nothing is assumed, or of vectors of somebody's own: discovery looks for their point
        found, where = witness(obligation.region), "the region"
    if found is not None:
        return ""
    return f"{obligation.name}: no point found that satisfies {where}; it may be about nothing"


def together(certificate: Certificate) -> Point | None:
    """A point at which the region and every assumption hold, with F > 0; None when none is found,
    which proves nothing.
    """
    region = certificate.region
    pairs = (tuple(region.slacks.items()), tuple(region.substitutions.items()))
    found = _together(*pairs, tuple(certificate.multipliers))
    return None if found is None else dict(found)


Meanings = tuple[tuple[sp.Symbol, sp.Expr], ...]


@lru_cache(maxsize=1_000)  # one for all checkers, and for all statements in the same region
def _together(
    slacks: Meanings, substitutions: Meanings, assumptions: tuple[Assumption, ...]
) -> Point | None:
    draw = random.Random(0)
    meanings = (*substitutions, *slacks)
    state = any(meaning.free_symbols & MOMENTS for _, meaning in meanings)
    for _ in range(TRIES):
        try:
            at = _parameters(dict(substitutions), draw)
            y, best = draw.choice(VALUES), draw.choice(VALUES)
            if state or _inside(meanings, at):
                at |= _moments(at, y=y, best=best, unbiased=bool(UNBIASED & {*assumptions}))
                if _inside(meanings, at) and _hold(assumptions, at):
                    return at
        except ZeroDivisionError:
            continue
    return None


def _parameters(substitutions: Mapping[sp.Symbol, sp.Expr], draw: random.Random) -> Point:
    """Letters that are no moments of the step, drawn, and those that follow from them."""
    at: Point = {letter: draw.choice(VALUES) for letter in PARAMETERS}
    mu = at[sym.mu]
    c = at[sym.c] = Fraction(0) if substitutions.get(sym.Lcal) == sym.mu else at[sym.c]
    at |= {sym.q: c / mu, sym.Lcal: mu + c**2 / mu}
    at[sym.L] = mu + at[sym.L] if draw.random() < 0.7 else mu
    if sym.gamma in substitutions:
        at[sym.gamma] = evaluate(substitutions[sym.gamma], at)
    at[sym.b] = abs(1 - at[sym.L] * at[sym.gamma])
    return at


def _inside(meanings: Meanings, at: Point) -> bool:
    """Whether every letter that stands for something has its sign; it gets its value."""
    for letter, meaning in meanings:
        at[letter] = evaluate(meaning, at)
        if not fits(letter, at[letter]):
            return False
    return True


def _moments(at: Point, *, y: Fraction, best: Fraction, unbiased: bool) -> Point:
    """Weight 1/2 and the teacher at the distance that make the bias k and the noise a."""
    mu, c, gamma, lam = at[sym.mu], at[sym.c], at[sym.gamma], HALF
    far = at[sym.k] / (lam * mu)
    s = (at[sym.a] + lam * c * far) / (1 - lam)
    vectors = {
        "e": y,
        "g": mu * y,
        "h": mu * far,
        "xstar": best,
        "Gc": c * y + s,
        "S": s,
        "Hc": c * far + s,
    }
    mean = y - gamma * (vectors["g"] - (0 if unbiased else lam * vectors["h"]))
    after = mean**2 + gamma**2 * (vectors["Gc"] - lam * vectors["Hc"]) ** 2
    found = {letter: vectors[u] * vectors[v] for (u, v), letter in sym.GRAM.items()}
    return found | {
        sym.lam: lam,
        sym.F: mu * y**2 / 2,
        sym.F_theta: mu * far**2 / 2,
        sym.F_plus: mu * after / 2,
        sym.out_sq: after,
    }


def _hold(assumptions: tuple[Assumption, ...], point: Point) -> bool:
    for assumption in assumptions:
        slack = evaluate(assumption.slack, point)
        if slack < 0 or (slack > 0 and assumption.equality) or (slack == 0 and assumption.strict):
            return False
    return True
