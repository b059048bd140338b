"""Do the region and the assumptions of a certificate hold together somewhere?

An implication from a contradiction is true and worthless, so one finite sum with a gap, noise and
bias is looked for, in exact rationals: f_n(x) = mu y^2/2 + w_n (c y^2/2 + s y) with y = x - x* and
w_n = 1 or -1.  Every assumption holds there with Lcal = mu + c^2/mu, whatever mu, c, k, a, L >= mu
and the step size are, so that a region is the only thing to be met.  Each slack is evaluated all
the same.
"""

from __future__ import annotations

import random
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.vectors import PAPER
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.prover.regions import TRIES, VALUES, evaluate, fits, witness

Point = dict[sp.Symbol, Fraction]
HALF = Fraction(1, 2)


def doubt(obligation: Obligation) -> str:
    """Why an obligation may be about nothing at all; empty when a point was found."""
    if isinstance(obligation, Certificate) and obligation.multipliers and obligation.space == PAPER:
        found, where = together(obligation), "region and assumptions together"
    else:  # nothing is assumed, or of vectors of somebody's own
        found, where = witness(obligation.region), "the region"
    if found is not None:
        return ""
    return f"{obligation.name}: no point found that satisfies {where}; it may be about nothing"


def together(certificate: Certificate) -> Point | None:
    """A point at which the region and every assumption hold, with F > 0; None when none is found,
    which proves nothing.
    """
    draw = random.Random(0)
    own = certificate.space != PAPER
    for _ in range(TRIES):
        try:
            point = (_at_rest if own else _instance)(certificate, draw)
            if point is not None and _holds(certificate, point):
                return point
        except ZeroDivisionError:
            continue
    return None


def _at_rest(certificate: Certificate, draw: random.Random) -> Point | None:
    """Vectors of somebody's own: all of them and all scalars 0, letters inside the region.  That
    there is more than this point is for whoever found the certificate to show: discovery samples
    worst cases.
    """
    inside = witness(certificate.region)
    if inside is None:
        return None
    letters = {x for item in certificate.multipliers for x in item.slack.free_symbols}
    moments = {*certificate.space.gram.values()} | {x for x in letters if not x.is_positive}
    others = letters - moments - inside.keys()
    return dict.fromkeys(moments, Fraction(0)) | {x: draw.choice(VALUES) for x in others} | inside


def _instance(certificate: Certificate, draw: random.Random) -> Point | None:
    """Letters of one step of that finite sum; None where the region does not hold."""
    region = certificate.region
    at: Point = {row.symbol: draw.choice(VALUES) for row in sym.TABLE.values()}
    mu = at[sym.mu]
    equal = region.substitutions.get(sym.Lcal) == sym.mu
    c = at[sym.c] = Fraction(0) if equal else at[sym.c]
    at |= {sym.q: c / mu, sym.Lcal: mu + c**2 / mu}
    at[sym.L] = mu + at[sym.L] if draw.random() < 0.7 else mu
    if sym.gamma in region.substitutions:
        at[sym.gamma] = evaluate(region.substitutions[sym.gamma], at)
    at[sym.b] = abs(1 - at[sym.L] * at[sym.gamma])
    at |= _moments(certificate, at, y=draw.choice(VALUES), best=draw.choice(VALUES))
    for letter, meaning in (*region.substitutions.items(), *region.slacks.items()):
        at[letter] = evaluate(meaning, at)
        if not fits(letter, at[letter]):
            return None
    return at


def _moments(certificate: Certificate, at: Point, *, y: Fraction, best: Fraction) -> Point:
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
    unbiased = {asm.descent_lemma_unbiased, asm.compressor_unbiased} & {*certificate.multipliers}
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


def _holds(certificate: Certificate, point: Point) -> bool:
    for assumption in certificate.multipliers:
        slack = evaluate(assumption.slack, point)
        if slack < 0 or (slack > 0 and assumption.equality) or (slack == 0 and assumption.strict):
            return False
    return True
