"""Does a certificate make a claim?  The same rational function, on the whole region where it is
needed, under nothing that the statement does not list.

Numbers first: both claims at one random rational point, exactly.  Then the difference must vanish
as a rational function (``vanishes``).
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import Assumption
from kdtheory.algebra.vectors import PAPER
from kdtheory.prover.binding.need import TINY, ZERO, Need
from kdtheory.prover.obligations import Certificate
from kdtheory.prover.regions import evaluate
from kdtheory.prover.signs import written_nonnegative
from kdtheory.prover.sympy_checker import vanishes
from kdtheory.statements.theorem import Theorem

mu, L, Lcal, gamma = sym.mu, sym.L, sym.Lcal, sym.gamma
# How a letter may be written by others without a loss: Lcal >= mu by c or q, a state and W by their
# roots, U by the root of UA + W.
COMMON = {
    Lcal: (mu + sym.c**2 / mu, mu * (1 + sym.q**2)),
    sym.s: (sym.root_s**2, sym.root_s_pos**2),
    sym.W: (sym.root_W**2,),
    sym.U: ((sym.root_UAW**2 - sym.root_W**2) / sym.A,),
}
Pairs = tuple[tuple[sp.Symbol, sp.Expr], ...]
NEARLY = Fraction(1, 10**30)  # TINY's number, which errors are compared with


@lru_cache(maxsize=4_000)
def _draw(letter: sp.Symbol) -> Fraction:
    draw = random.Random(str(letter))
    return Fraction(draw.randint(1, 10**4), draw.randint(1, 10**4))


@lru_cache(maxsize=20_000)
def _number(expression: sp.Expr, meanings: Pairs, corner: Pairs) -> Fraction | None:
    """The value at one point of letters, some of which stand for something."""
    at = {letter: _draw(letter) for letter in _letters(expression, meanings, corner)}
    at[TINY] = NEARLY
    try:
        for pairs in (corner, meanings, corner):
            at |= {letter: evaluate(meaning, at) for letter, meaning in pairs}
        return evaluate(expression, at)
    except (ValueError, ZeroDivisionError):
        return None


def _letters(expression: sp.Expr, meanings: Pairs, corner: Pairs) -> set[sp.Basic]:
    return set().union(
        expression.free_symbols, *(meaning.free_symbols for _, meaning in (*meanings, *corner))
    )


def _pairs(mapping: Mapping[sp.Symbol, sp.Expr]) -> Pairs:
    return tuple(mapping.items())


def meanings(item: Certificate) -> Pairs:
    """What the letters of a certificate's region stand for, eliminated letters first."""
    resolved = {
        letter: item.region.resolve(meaning) for letter, meaning in item.region.slacks.items()
    }
    return _pairs(item.region.substitutions) + _pairs(resolved)


def makes(item: Certificate, letters: Pairs, need: Need) -> bool:
    """Whether the certificate's claim is the claim needed; ``letters``: its :func:`meanings`."""
    corner = _pairs(need.corner)
    own = item.claim.xreplace(dict(need.limit)) if need.limit else item.claim
    ours, wanted = _number(own, letters, corner), _number(need.claim, letters, corner)
    if ours is None or wanted is None:
        return False
    if abs(ours - wanted) > (Fraction(1, 10**12) * (1 + abs(wanted)) if need.limit else 0):
        return False
    return _same(item, need)


@lru_cache(maxsize=4_000)
def _same_claim(own: sp.Expr, wanted: sp.Expr, slacks: Pairs, rest: Pairs, corner: Pairs) -> bool:
    difference = (own - wanted).xreplace(dict(slacks)).xreplace(dict(rest)).xreplace(dict(corner))
    try:
        return vanishes(difference)
    except (ValueError, ZeroDivisionError):
        return False


def _same(item: Certificate, need: Need) -> bool:
    own, corner = item.claim, dict(need.corner)
    if need.limit:
        own = sp.expand(own.xreplace(corner).xreplace(dict(need.limit))).xreplace({TINY: ZERO})
    region = (_pairs(item.region.slacks), _pairs(item.region.substitutions))
    return _same_claim(own, need.claim.xreplace(corner), *region, _pairs(corner))


def excess(statement: Theorem, item: Certificate, need: Need) -> str:
    """What the certificate rests on beyond the statement, in words; empty when there is nothing."""
    if item.space != PAPER and statement.claims is None:
        return f"{item.name} is about other vectors than those of one step"
    for assumption in item.multipliers:
        if assumption not in allowed(statement):
            return f"{item.name} uses {assumption}, which the statement does not list"
    for letter, meaning in item.region.substitutions.items():
        ways = [*COMMON.get(letter, ()), need.eliminations.get(letter, meaning + 1)]
        if not any(way == meaning or _zero(way - meaning) for way in ways):
            return f"{item.name} is about {letter} = {meaning} alone"
    for letter, meaning in item.region.slacks.items():
        if not _holds(statement, item, need, letter, meaning):
            sign = ">" if letter.is_positive else ">="
            return f"{item.name} needs {meaning} {sign} 0, which does not hold on the whole range"
    if need.strict and not _strictly(item):
        return f"{item.name} shows >= where > is needed"
    return ""


def allowed(statement: Theorem) -> set[Assumption]:
    """The statement's assumptions, what k and a stand for, and smoothness at two more points."""
    found = set(statement.needs)
    if statement.definitions.get(sym.k, ZERO) != 0:
        found.add(asm.bias_norm)
    if sym.a in statement.definitions:
        found.add(asm.noise_norm)
    if {asm.descent_lemma, asm.descent_lemma_unbiased} & found:
        found.add(asm.gradient_smoothness)
    return found


def _zero(expression: sp.Expr) -> bool:
    try:
        return vanishes(expression)
    except ValueError:
        return False


def _strictly(item: Certificate) -> bool:
    """Something in the sum is > 0: the others are >= 0."""
    return written_nonnegative(item.remainder, strictly=True) or any(
        assumption.strict and written_nonnegative(weight, strictly=True)
        for assumption, weight in item.multipliers.items()
    )


def _holds(
    statement: Theorem, item: Certificate, need: Need, letter: sp.Symbol, meaning: sp.Expr
) -> bool:
    """A slack's condition is one of the need's, holds near the limit, or on the whole range."""
    strictly, resolve = bool(letter.is_positive), item.region.resolve
    for condition in need.conditions:
        if strictly <= condition.strict and (
            condition.expression == meaning
            or _zero(resolve(condition.expression - meaning).xreplace(dict(need.corner)))
        ):
            return True
    if meaning.free_symbols & need.limit.keys():
        return _eventually(need, meaning.xreplace(dict(need.corner)))
    return on_the_range(
        statement.step_size_max, statement.strict, resolve(meaning), strictly=strictly
    )


def _eventually(need: Need, meaning: sp.Expr) -> bool:
    """> 0 for all small enough values of ``TINY``: the term of lowest order is positive."""
    at = meaning.xreplace(dict(need.limit))
    known = {
        condition.expression.xreplace(dict(need.corner)): sp.Dummy(
            positive=condition.strict or None, nonnegative=True
        )
        for condition in need.conditions
        if not condition.expression.is_Symbol
    }
    known |= {
        condition.expression: sp.Dummy(positive=True)
        for condition in need.conditions
        if condition.expression.is_Symbol and condition.strict
    }
    for order in (0, 1):
        first = (sp.expand_mul(at * TINY**order, deep=False)).xreplace({TINY: ZERO})
        if not first.has(sp.zoo, sp.nan, sp.oo):
            return written_nonnegative(first.xreplace(known), strictly=True)
    return False


@lru_cache(maxsize=4_000)
def on_the_range(limit: sp.Expr | None, strict: bool, meaning: sp.Expr, *, strictly: bool) -> bool:
    """The sign on gamma <= limit, L >= mu, Lcal >= mu, by coefficients: gamma = limit/(1 + x), L =
    mu + y, Lcal = mu + z.  Lcal may have been eliminated already, by c or by q.
    """
    x, y, z = (sp.Dummy(name, nonnegative=True) for name in "xyz")
    at = meaning
    if limit is not None:
        for letter, value in ((sym.c, mu + sym.c**2 / mu), (sym.q, mu * (1 + sym.q**2))):
            if letter in meaning.free_symbols:
                limit = limit.xreplace({Lcal: value})
        at = meaning.xreplace({gamma: limit / (1 + x)})
    at = at.xreplace({L: mu + y, Lcal: mu + z})
    top, bottom = sp.fraction(sp.cancel(sp.together(at)))
    if not all(letter.is_nonnegative for letter in at.free_symbols):
        return False
    if not all(part.is_polynomial(*part.free_symbols) for part in (top, bottom)):
        return False
    terms = [list(_terms(part)) for part in (top, bottom)]
    if any(value < 0 for part in terms for _, value in part):
        return False
    positive = {letter for letter in top.free_symbols if letter.is_positive}
    positive |= {x} if strict else set()
    return not strictly or any(value > 0 and letters <= positive for letters, value in terms[0])


def empty_range(statement: Theorem) -> str:
    """Why a range may hold no step size, and a statement on it be about nothing; empty where the
    largest one is seen to be > 0.
    """
    limit = statement.step_size_max
    if limit is None:
        return ""
    if gamma in limit.free_symbols:
        return f"the range gamma <= {limit} speaks of gamma itself"
    if not on_the_range(None, False, sp.sympify(limit), strictly=True):
        return f"the range gamma <= {limit} may be empty: {limit} > 0 is not seen"
    return ""


def _terms(polynomial: sp.Expr) -> Iterator[tuple[set[sp.Basic], sp.Rational]]:
    """The letters of every monomial, and its coefficient."""
    letters = sorted(polynomial.free_symbols, key=str)
    if not letters:
        yield set(), polynomial
        return
    for powers, value in sp.Poly(polynomial, *letters).terms():
        yield {x for x, power in zip(letters, powers, strict=True) if power}, value
