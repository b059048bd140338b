"""A statement of somebody's own, proved by a search: one step, then t steps.

The one-step claim E s(x+) <= r s + N, with N a form in E|S - lam H'|^2 and lam^2 |h|^2, is given to
``kdtheory.discovery``, which looks for multipliers of the statement's assumptions that show it
everywhere in the range.  That rhs(0) >= s_0, rhs(t+1) >= psi(rhs(t)) and the floor follow is the
business of ``parts.t_steps``. Everything found is an obligation for the same checkers as any other.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.discovery.family import family_of
from kdtheory.discovery.multipliers import NotFound
from kdtheory.discovery.search import search
from kdtheory.discovery.stated import form_of, step_of
from kdtheory.discovery.step import OneStep
from kdtheory.errors import InvalidInput
from kdtheory.proofs.parts import joining
from kdtheory.proofs.parts.t_steps import (
    BIAS_SQ,
    NOISE_SQ,
    Facts,
    in_letters,
    in_noise_and_bias,
    joined,
    on_the_facts,
)
from kdtheory.prover.binding import sound
from kdtheory.prover.binding.need import STATES, Unbound
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.prover.regions import evaluate
from kdtheory.statements.theorem import Theorem

ROUNDS = 6  # definitions inside definitions


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
    later = joined(statement, known, psi, schedule, facts, name)
    if not _ordered(statement):
        return (*steps, *later)
    return (*steps, *later, joining.constants()[int(pl)])


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
    statement: Theorem, known: Mapping[sp.Symbol, sp.Expr], psi: sp.Expr, facts: Facts, name: str
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
    family = on_the_facts(family_of(step, sp.Integer(0)), in_letters(facts, own))
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
    added = in_noise_and_bias(psi.xreplace({sym.s: sp.Integer(0)}), known.get(sym.lam, sym.lam))
    rate = evaluate(sp.cancel(1 - sp.diff(psi, sym.s)), numbers)
    claimed = evaluate(added, numbers | {NOISE_SQ: Fraction(1), BIAS_SQ: Fraction(1)})
    return at, rate, claimed
