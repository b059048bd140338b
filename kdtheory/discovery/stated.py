"""The step that a ``Theorem`` speaks of, as a ``OneStep``: from its assumptions and its rule."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.algebra.assumptions import Assumption
from kdtheory.discovery.forms import ONE, Key
from kdtheory.discovery.step import OneStep
from kdtheory.errors import InvalidInput
from kdtheory.statements.theorems import Theorem

_PAIR = {letter: pair for pair, letter in reversed(list(sym.GRAM.items()))}
SCALARS = (sym.F, sym.F_plus, sym.out_sq)
BIAS, NOISE = "bias", "noise"


def form_of(expression: sp.Expr, keys: Mapping[sp.Symbol, Key] | None = None) -> dict[Key, sp.Expr]:
    """A form from an expression that is linear in the moments in ``keys``; by default the paper's
    Gram letters, F, F+ and E|C(y)-x*|^2.

    Raises:
        InvalidInput: an expression that is not linear in them.
    """
    keys = keys or {**_PAIR, **{letter: letter.name for letter in SCALARS}}
    present = [letter for letter in keys if letter in expression.free_symbols]
    poly = sp.Poly(sp.expand(expression), *present) if present else None
    if poly is None:
        return {ONE: expression}
    if poly.total_degree() > 1:
        raise InvalidInput(f"{expression} is not linear in the moments of a step.")
    found: dict[Key, sp.Expr] = {}
    for powers, value in poly.terms():
        letter = next((x for x, n in zip(present, powers, strict=True) if n), None)
        key: Key = ONE if letter is None else keys[letter]
        found[key] = value
    return found


def build(
    needs: Iterable[Assumption],
    *,
    after: sp.Expr,
    before: sp.Expr,
    data: Mapping[str, tuple[sp.Expr, sp.Expr]],
    conditions: Iterable[sp.Expr] = (),
    extra_letters: Iterable[sp.Symbol] = (),
) -> OneStep:
    """A step from named assumptions: everything in the paper's letters, conditions among the
    assumptions (those without moments) included.
    """
    needs = list(needs)
    moments = {*_PAIR, *SCALARS}
    facts = [item for item in needs if item.slack.free_symbols & moments]
    ranges = [item.slack for item in needs if not item.slack.free_symbols & moments]
    expressions = [after, before, *(item.slack for item in facts), *ranges, *conditions]
    expressions += [part for pair in data.values() for part in pair]
    everything = {letter for item in expressions for letter in item.free_symbols}
    vectors = {name for letter in everything & set(_PAIR) for name in _PAIR[letter]}
    letters = sorted((everything | {*extra_letters}) - moments, key=str)
    return OneStep(
        mean=tuple(name for name in sym.DETERMINISTIC if name in vectors),
        centred=tuple(name for name in sym.CENTRED if name in vectors),
        scalars=tuple(str(letter) for letter in SCALARS if letter in everything),
        after=form_of(after),
        before=form_of(before),
        slacks={item.name: form_of(item.slack) for item in facts},
        data={name: (form_of(form), bound) for name, (form, bound) in data.items()},
        letters=letters,
        conditions=(*ranges, *conditions),
    )


def step_of(theorem: Theorem) -> OneStep:
    """One step of the rule that the statement is about, under its assumptions, with the bounds k on
    the bias and a on the noise as data; after compression also |x*|^2.

    The weight is a letter and counts as positive: a negative weight is the positive one with
    another teacher gradient, -H.

    Raises:
        InvalidInput: a statement that is not about E|x - x*|^2 or E f(x) - f*.
    """
    if theorem.quantity not in ("sq_distance", "gap") or theorem.psi is None:
        raise InvalidInput(
            f"{theorem.name} makes no claim of the kind E V(x+) <= psi(V(x)); only those are steps."
        )
    spread = vec.combine((1, vec.S), (-sym.lam, vec.H_centred))
    data = {NOISE: (vec.norm_sq(spread), sym.a**2)}
    if not theorem.unbiased:
        data[BIAS] = (sym.lam**2 * vec.norm_sq(vec.h), sym.k**2)
    moved = vec.norm_sq(asm.updated(unbiased=theorem.unbiased))
    needed = {letter for item in theorem.needs for letter in item.slack.free_symbols}
    after = next((letter for letter in (sym.out_sq, sym.F_plus) if letter in needed), moved)
    if sym.out_sq in needed:
        data["minimiser"] = (vec.norm_sq(vec.xstar), sym.root_minimiser**2)
    before = sym.F if theorem.quantity == "gap" else vec.norm_sq(vec.e)
    return build(theorem.needs, after=after, before=before, data=data)
