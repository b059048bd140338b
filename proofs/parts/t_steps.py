"""From one step to t steps, for a statement of somebody's own: rhs starts above s_0, stays above,
and the floor is not below its limit.

These are inequalities between rational functions of the constants, with the power of t (or t
itself) as one more letter, linear in s_0, noise and bias.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.family import Family, family_of
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.step import OneStep
from kdtheory.discovery.witness import Signs, used_slacks
from kdtheory.prover.obligations import Certificate, Region
from kdtheory.statements.theorem import Theorem

# E|S - lam H'|^2 and lam^2 |h|^2 as letters of their own: both are >= 0
NOISE_SQ, BIAS_SQ = sym.own("noise_sq", "nonnegative"), sym.own("lam_bias_sq", "nonnegative")
POWER = sym.own("power")  # a power of t, between 0 and 1
TIME = sym.own("time")  # t itself, any number > 0
SAMPLES = 40
Facts = list[tuple[sp.Expr, bool]]  # expression, and whether > 0 (else >= 0)


def in_letters(facts: Facts, own: Mapping[sp.Symbol, sp.Symbol]) -> Facts:
    """In other letters."""
    return [(fact.xreplace(dict(own)), strict) for fact, strict in facts]


def on_the_facts(family: Family, facts: Facts) -> Family:
    """The family on the statement's range; facts that are no letters' business stay out."""
    letters = {*family.letters}
    here = [(fact, strict) for fact, strict in facts if fact.free_symbols <= letters]
    return replace(
        family,
        conditions=(*family.conditions, *(fact for fact, strict in here if strict)),
        borders=(*family.borders, *(fact for fact, strict in here if not strict)),
    )


def joined(
    statement: Theorem,
    known: Mapping[sp.Symbol, sp.Expr],
    psi: sp.Expr,
    schedule: sp.Expr | None,
    facts: Facts,
    name: str,
) -> list[Certificate]:
    """From one step to t steps: psi increases, rhs starts and stays above, and the floor is not
    below its limit.
    """
    slope = sp.diff(psi, sym.s)
    weight = known.get(sym.lam, sym.lam)
    rhs = in_noise_and_bias(sp.sympify(statement.rhs).xreplace(dict(known)), weight)
    added = in_noise_and_bias(psi.xreplace({sym.s: sp.Integer(0)}), weight)
    found = [_shown(f"{name}-increasing", slope, facts)]
    if schedule is None:
        base, rhs_of = _with_power(rhs)
        inside: Facts = [*facts, (1 - POWER, False)]
        if base is not None:
            found.append(_shown(f"{name}-power", base, facts))
            found.append(_shown(f"{name}-power-below-one", 1 - base, facts))
        start = rhs_of.xreplace({POWER: sp.Integer(1)}) - sym.s0
        later = rhs_of.xreplace({POWER: (base if base is not None else 1) * POWER})
        forward = later - slope * rhs_of - added
        end = rhs_of.xreplace({POWER: sp.Integer(0)})
    else:
        now = schedule.xreplace(dict(known) | {sym.t: TIME})
        step = {sym.gamma: now}
        rhs_of = rhs.xreplace({sym.t: TIME})
        inside = [(fact, strict) for fact, strict in facts if sym.gamma not in fact.free_symbols]
        limits = [(fact, strict) for fact, strict in facts if sym.gamma in fact.free_symbols]
        if statement.floor is not None:
            raise NotFound("a floor beside step sizes gamma_t is not searched for; leave it out")
        first = {TIME: sp.Integer(0)}
        if any(part.xreplace(first).has(sp.zoo, sp.nan) for part in (now, rhs_of)):
            raise NotFound("the step size or the bound divides by 0 at t = 0")
        for title, value in (("", now), ("-start", now.xreplace(first))):
            found.append(_shown(f"{name}-schedule-positive{title}", value, inside, strictly=True))
        for i, (fact, strict) in enumerate(limits):
            here = fact.xreplace(step)
            for title, claim in (("", here), ("-start", here.xreplace(first))):
                if strict or sp.cancel(claim) != 0:
                    whole = f"{name}-schedule-{i + 1}{title}"
                    found.append(_shown(whole, claim, inside, strictly=strict))
        start = rhs.xreplace({sym.t: sp.Integer(0)}) - sym.s0
        later = rhs_of.xreplace({TIME: TIME + 1})
        forward = later - slope.xreplace(step) * rhs_of - added.xreplace(step)
        end = sp.Integer(0)
    found += _coefficients(f"{name}-start", start, inside)
    found += _coefficients(f"{name}-forward", forward, inside)
    if statement.floor is not None:
        floor = in_noise_and_bias(sp.sympify(statement.floor).xreplace(dict(known)), weight)
        found += _coefficients(f"{name}-floor", floor - end, inside)
    return found


def _with_power(rhs: sp.Expr) -> tuple[sp.Expr | None, sp.Expr]:
    """The base of the power of t, and rhs with ``POWER`` in its place."""
    powers = {part for part in rhs.atoms(sp.Pow) if sym.t in part.exp.free_symbols}
    bases = {part.base for part in powers}
    if not powers and sym.t not in rhs.free_symbols:
        return None, rhs
    if len(bases) != 1 or any(part.exp != sym.t for part in powers):
        raise NotFound("rhs has no single power of t, and no definition of gamma_t is given")
    found = rhs.xreplace(dict.fromkeys(powers, POWER))
    if sym.t in found.free_symbols:
        raise NotFound("rhs speaks of t outside its power")
    return bases.pop(), found


def in_noise_and_bias(expression: sp.Expr, lam: sp.Expr) -> sp.Expr:
    """Moments replaced by the two that a bound may rest on: noise and bias."""
    noise = NOISE_SQ + 2 * lam * sym.covariance - lam**2 * sym.teacher_variance
    found = expression.xreplace({sym.sigma_star_sq: noise})
    if lam != 0:
        found = found.xreplace({sym.bias_sq: BIAS_SQ / lam**2})
    gone = {sym.lam, sym.covariance, sym.teacher_variance, sym.bias_sq}
    if gone & found.free_symbols:
        found = sp.expand(found)
    if gone & found.free_symbols:
        found = sp.cancel(found)
    if gone & found.free_symbols:
        raise NotFound("the bound is no combination of E|S - lam H'|^2 and lam^2 |h|^2")
    return found


def _coefficients(name: str, claim: sp.Expr, facts: Facts) -> list[Certificate]:
    """claim >= 0, linear in s_0, noise and bias, which are >= 0: every coefficient is."""
    quantities = (sym.s0, NOISE_SQ, BIAS_SQ)
    rest = claim
    parts = []
    for quantity in quantities:
        slope = sp.diff(claim, quantity)
        if slope.free_symbols & {*quantities}:
            raise NotFound("the bound is not linear in s_0, noise and bias")
        parts.append((quantity.name, slope))
        rest = rest - slope * quantity
    parts.append(("rest", rest))
    return [
        _shown(f"{name}-{re.sub('[^A-Za-z0-9]', '-', key)}", value, facts)
        for key, value in parts
        if sp.cancel(value) != 0
    ]


def _shown(name: str, claim: sp.Expr, facts: Facts, *, strictly: bool = False) -> Certificate:
    """claim >= 0 on the region, a rational function of the constants.

    Raises:
        NotFound: no way of writing it non-negatively was found.
    """
    whole = sp.together(claim)
    letters = sorted(
        {x for part in (whole, *(f for f, _ in facts)) for x in part.free_symbols}, key=str
    )
    own = {x: sym.own(x.name) for x in letters}
    back = {new: old for old, new in own.items() if old.is_positive}
    here = in_letters(facts, own)
    signs = Signs(
        tuple(own.values()),
        tuple(fact for fact, strict in here if strict),
        tuple(fact for fact, strict in here if not strict),
        samples=_samples(tuple(own.values()), here),
    )
    top, bottom = sp.fraction(sp.cancel(whole.xreplace(own)))
    for sign in (1, -1):
        below = signs.positive(sign * bottom)
        above = None if below is None else signs.positive(sign * top, strictly=strictly)
        if below is not None and above is not None:
            witness = (above / below).xreplace(back)
            slacks = {z: meaning.xreplace(back) for z, meaning in signs.slacks.items()}
            region = Region(used_slacks([witness], slacks))
            return Certificate.plain(name, whole.xreplace(own).xreplace(back), witness, region)
    raise NotFound(f"{name}: {sp.factor(whole)} >= 0 was not shown")


def _samples(
    letters: tuple[sp.Symbol, ...], facts: Facts
) -> tuple[Mapping[sp.Symbol, Fraction], ...]:
    """Points inside, for the search to see which sign is hopeless."""
    step = OneStep(mean=(), centred=(), after={}, before={}, slacks={}, data={}, letters=letters)
    family = on_the_facts(family_of(step, sp.Integer(0)), facts)
    return tuple(family.points(random.Random(1), SAMPLES))
