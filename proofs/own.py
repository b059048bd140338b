"""A statement of somebody's own, proved by a search: one step, then t steps.

The one-step claim E s(x+) <= r s + N, with N a form in E|S - lam H'|^2 and lam^2 |h|^2, is given to
``kdtheory.discovery``, which looks for multipliers of the statement's assumptions that show it
everywhere in the range.  Then rhs(0) >= s_0, rhs(t+1) >= psi(rhs(t)) and the floor are inequalities
between rational functions of the constants, with the power of t (or t itself) as one more letter.
Everything found is an obligation for the same checkers as any other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.discovery.family import Family, family_of
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.search import search
from kdtheory.discovery.stated import form_of, step_of
from kdtheory.discovery.step import OneStep
from kdtheory.discovery.witness import Signs, used_slacks
from kdtheory.errors import InvalidInput
from kdtheory.proofs.parts import joining
from kdtheory.prover.binding import sound
from kdtheory.prover.binding.need import STATES, Unbound
from kdtheory.prover.obligations import Certificate, Obligation, Region
from kdtheory.prover.regions import evaluate
from kdtheory.statements.theorem import Theorem

# E|S - lam H'|^2 and lam^2 |h|^2 as letters of their own: both are >= 0
NOISE_SQ, BIAS_SQ = sym.own("noise_sq", "nonnegative"), sym.own("lam_bias_sq", "nonnegative")
POWER = sym.own("power")  # a power of t, between 0 and 1
TIME = sym.own("time")  # t itself, any number > 0
ROUNDS = 6  # definitions inside definitions
SAMPLES = 40
Facts = list[tuple[sp.Expr, bool]]  # expression, and whether > 0 (else >= 0)


def searched(statement: Theorem) -> tuple[Obligation, ...]:
    """Obligations that together show the statement.

    Raises:
        NotFound: with the reason.
    """
    if statement.kind != "upper" or statement.psi is None or statement.claims is not None:
        raise NotFound("only upper bounds by a recursion psi are searched for")
    if statement.quantity not in ("sq_distance", "gap"):
        raise NotFound("only E|x - x*|^2 and E f(x) - f* are searched for")
    try:
        sound(statement)
    except Unbound as error:
        raise NotFound(str(error)) from error
    pl = statement.modulus == "mu_pl"
    known = _resolved(statement)
    moments = {sym.F, sym.F_plus, sym.F_theta, *sym.GRAM.values(), *STATES.values()}
    if known.keys() & {sym.s, sym.s0, sym.t, *moments}:
        raise NotFound("the definitions say something of the state, of t or of moments")
    schedule = known.pop(sym.gamma, None)
    slope = sp.diff(sp.sympify(statement.psi).xreplace(known), sym.s)
    if sym.s in slope.free_symbols or not slope.is_rational_function(*slope.free_symbols):
        raise NotFound("psi is not affine in s, with a rational slope")
    facts = _facts(statement, known)
    psi = sp.sympify(statement.psi).xreplace(known)
    name = re.sub(r"[^A-Za-z0-9-]", "-", statement.name) or "own"
    name = name if name[0].isalpha() else f"own-{name}"
    steps = _one_step(statement, known, psi, facts, name)
    joined = _joined(statement, known, psi, schedule, facts, name)
    if not _ordered(statement):
        return (*steps, *joined)
    return (*steps, *joined, joining.constants()[int(pl)])


def _resolved(statement: Theorem) -> dict[sp.Symbol, sp.Expr]:
    """The definitions, each written without the others."""
    found = {letter: sp.sympify(value) for letter, value in statement.definitions.items()}
    for _ in range(ROUNDS):
        found = {letter: value.xreplace(found) for letter, value in found.items()}
    if any(value.free_symbols & found.keys() for value in found.values()):
        raise NotFound("the definitions refer to each other in a circle")
    return found


def _facts(statement: Theorem, known: Mapping[sp.Symbol, sp.Expr]) -> Facts:
    """What is known of the constants; Lcal >= mu (PL: L >= mu too) where the assumptions say so."""
    facts: Facts = []
    if _ordered(statement):
        facts.append(((sym.Lcal - sym.mu).xreplace(dict(known)), False))
    smooth = {asm.descent_lemma, asm.descent_lemma_unbiased} & {*statement.needs}
    if smooth and asm.polyak_lojasiewicz in statement.needs:
        facts.append(((sym.L - sym.mu).xreplace(dict(known)), False))
    if statement.step_size_max is not None:
        limit = sp.sympify(statement.step_size_max).xreplace(dict(known))
        facts.append((sp.together(limit - sym.gamma), statement.strict))
    facts += [
        (item.slack.xreplace(dict(known)), item.strict)
        for item in statement.needs
        if not _speaks_of_vectors(item.slack)
    ]
    return facts


def _ordered(statement: Theorem) -> bool:
    """Whether Lcal >= mu follows from what is assumed (``joining.constants``)."""
    convex = {asm.strong_convexity, asm.polyak_lojasiewicz} & {*statement.needs}
    return bool(convex) and asm.expected_smoothness in statement.needs


def _speaks_of_vectors(slack: sp.Expr) -> bool:
    return bool(slack.free_symbols & {*sym.GRAM.values(), sym.F, sym.F_plus, sym.out_sq})


def _one_step(
    statement: Theorem,
    known: Mapping[sp.Symbol, sp.Expr],
    psi: sp.Expr,
    facts: Facts,
    name: str,
) -> list[Certificate]:
    """psi(s) - E s(x+) >= 0 for every constant step size in the range, whatever lam is: the
    vectors are lam h and lam H'.
    """
    gap = statement.quantity == "gap"
    bias, noise = {"lam_h": sp.Integer(1)}, {"lam_Hc": sp.Integer(1)}
    weight = known.get(sym.lam, sym.lam)
    none = weight == 0
    shift = noise if statement.unbiased else {**bias, **noise}
    shift = {} if none else shift
    space = vec.Space(
        ("e", "g", *(() if none or statement.unbiased else ("lam_h",))),
        ("Gc", "S", *(() if none else ("lam_Hc",))),
    )
    swap = _moments_in(space, weight)
    direction = vec.combine((1, vec.G), (-1, shift))
    moved = vec.combine((1, vec.e), (-sym.gamma, direction))
    needs = [item for item in statement.needs if _speaks_of_vectors(item.slack)]
    slacks = {item.name: _turned(item.slack.xreplace(dict(known)), swap) for item in needs}
    if any(letter in (sym.out_sq,) for item in needs for letter in item.slack.free_symbols):
        raise NotFound("compression is not searched for")
    after = sym.F_plus if gap else space.inner(moved, moved)
    before = sym.F if gap else space.inner(vec.e, vec.e)
    claim = _turned(psi, swap).xreplace({sym.s: before})
    pair = {letter: key for key, letter in reversed(list(space.gram.items()))}
    scalars = [
        x
        for x in (sym.F, sym.F_plus)
        if any(x in part.free_symbols for part in (*slacks.values(), after, before))
    ]
    every = [claim, after, *slacks.values(), *(fact for fact, _ in facts)]
    letters = sorted({x for part in every for x in part.free_symbols} - {*pair, *scalars}, key=str)
    if {sym.s, sym.lam, *sym.GRAM.values()} & {*letters}:
        raise NotFound("what one step adds is no form in S - lam H' and lam h")
    own = {x: sym.own(x.name) for x in letters}

    def form(expression: sp.Expr) -> dict[object, sp.Expr]:
        linear = form_of(expression, {**pair, **{x: x.name for x in scalars}})
        return {key: value.xreplace(own) for key, value in linear.items()}

    step = OneStep(
        mean=space.mean,
        centred=space.centred,
        scalars=tuple(x.name for x in scalars),
        after=form(after - claim),
        before={},
        slacks={key: form(value) for key, value in slacks.items()},
        data={},
        letters=tuple(own.values()),
    )
    family = _with(family_of(step, sp.Integer(0)), _in(facts, own))
    _, regimes = search(family, lambda said: None)
    return [
        replace(item.certificate, name=f"{name}-step-{i + 1}")
        for i, (item, _) in enumerate(regimes)
    ]


def _moments_in(space: vec.Space, weight: sp.Expr) -> dict[sp.Symbol, sp.Expr]:
    """The paper's Gram letters with lam H', lam h in place of H', h."""
    scale = {"h": ("lam_h", weight), "Hc": ("lam_Hc", weight)}
    found: dict[sp.Symbol, sp.Expr] = {}
    for (u, v), letter in sym.GRAM.items():
        factor: sp.Expr = sp.Integer(1)
        names = []
        for name in (u, v):
            new, weight = scale.get(name, (name, sp.Integer(1)))
            names.append(new)
            factor *= weight
        own = space.gram.get((names[0], names[1]))
        if own is not None:
            found[letter] = own / factor
    return found


def _turned(expression: sp.Expr, swap: Mapping[sp.Symbol, sp.Expr]) -> sp.Expr:
    """In the new vectors; lam must be gone."""
    return sp.expand(sp.sympify(expression).xreplace(dict(swap)))


def _in(facts: Facts, own: Mapping[sp.Symbol, sp.Symbol]) -> Facts:
    return [(fact.xreplace(dict(own)), strict) for fact, strict in facts]


def _with(family: Family, facts: Facts) -> Family:
    """The family on the statement's range; facts that are no letters' business stay out."""
    letters = {*family.letters}
    here = [(fact, strict) for fact, strict in facts if fact.free_symbols <= letters]
    return replace(
        family,
        conditions=(*family.conditions, *(fact for fact, strict in here if strict)),
        borders=(*family.borders, *(fact for fact, strict in here if not strict)),
    )


def _joined(
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
    rhs = _plain(sp.sympify(statement.rhs).xreplace(dict(known)), weight)
    added = _plain(psi.xreplace({sym.s: sp.Integer(0)}), weight)
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
        floor = _plain(sp.sympify(statement.floor).xreplace(dict(known)), weight)
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


def _plain(expression: sp.Expr, lam: sp.Expr) -> sp.Expr:
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
    here = _in(facts, own)
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
            return Certificate(name, whole.xreplace(own).xreplace(back), {}, (), witness, region)
    raise NotFound(f"{name}: {sp.factor(whole)} >= 0 was not shown")


def _samples(
    letters: tuple[sp.Symbol, ...], facts: Facts
) -> tuple[Mapping[sp.Symbol, Fraction], ...]:
    """Points inside, for the search to see which sign is hopeless."""
    step = OneStep(mean=(), centred=(), after={}, before={}, slacks={}, data={}, letters=letters)
    family = _with(family_of(step, sp.Integer(0)), facts)
    return tuple(family.points(random.Random(1), SAMPLES))


def gap(statement: Theorem) -> str:
    """What the worst case at one point says of the claim; empty where nothing could be asked."""
    try:
        known = _resolved(statement)
        step = step_of(statement)
        at, rate, claimed = _at(statement, known)
        numbers = {letter.name: at[letter.name] for letter in step.letters}
        low, high = step.worst_case(numbers, rate=rate)
    except (NotFound, InvalidInput, KeyError, ValueError, TypeError, ZeroDivisionError):
        return ""
    where = ", ".join(f"{name} = {value}" for name, value in numbers.items())
    return (
        f"; at {where} the best constant at this rate is between {float(low):.6g} and"
        f" {float(high):.6g}, and {float(claimed):.6g} is claimed"
    )


def _at(
    statement: Theorem, known: Mapping[sp.Symbol, sp.Expr]
) -> tuple[dict[str, Fraction], Fraction, Fraction]:
    """Numbers for all letters, the rate and the claimed constant there."""
    at = {"mu": Fraction(1), "L": Fraction(2), "Lcal": Fraction(4), "lam": Fraction(1)}
    at |= {"k": Fraction(1), "a": Fraction(1), "gamma": Fraction(1, 100)}
    numbers = {sym.TABLE[name].symbol: value for name, value in at.items()}
    if statement.step_size_max is not None:
        limit = evaluate(sp.sympify(statement.step_size_max).xreplace(dict(known)), numbers)
        at["gamma"] = numbers[sym.gamma] = limit * (Fraction(99, 100) if statement.strict else 1)
    psi = sp.sympify(statement.psi).xreplace(dict(known))
    added = _plain(psi.xreplace({sym.s: sp.Integer(0)}), known.get(sym.lam, sym.lam))
    rate = evaluate(sp.cancel(1 - sp.diff(psi, sym.s)), numbers)
    claimed = evaluate(added, numbers | {NOISE_SQ: Fraction(1), BIAS_SQ: Fraction(1)})
    return at, rate, claimed
