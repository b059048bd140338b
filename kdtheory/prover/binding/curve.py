"""Statements by A, U, W: E s(x+) <= (1 - varrho) s + U + W/(A - varrho) for admissible rates.

In every regime that the definitions distinguish, and where a letter that a certificate divides by
is 0: those are limits, made by certificates with an error term that vanishes.  The case split is
complete: c (PL: q) is 0; or not, and k is 0; or neither, and a is 0.  Where noise dominates, c, k >
0 leaves a > 0; where bias dominates nothing is divided by.  PL: b = |1 - L gamma| by its sign, and
b = 0 apart where a certificate divides by it.
"""

from __future__ import annotations

from collections.abc import Iterator

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding.need import (
    ONE,
    TINY,
    ZERO,
    Condition,
    Need,
    Needs,
    Unbound,
    identity,
    is_pl,
    s,
    state,
)
from kdtheory.prover.signs import written_nonnegative
from kdtheory.statements.theorem import Theorem

gamma, mu, L, Lcal, k, a, c, q = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a, sym.c, sym.q
b = sym.b
A, U, W, least, varrho = sym.A, sym.U, sym.W, sym.rate_min, sym.varrho
Case = tuple[str, dict[sp.Symbol, sp.Expr], tuple[Condition, ...]]


def regimes(statement: Theorem) -> Iterator[Case]:
    """Name, the definitions there, and what holds there."""
    found = dict(statement.definitions)
    if not {A, U, W, least, k, a} <= found.keys():
        raise Unbound("A, U, W, the least rate, k and a are not all defined")
    split = [value for value in found.values() if isinstance(value, sp.Piecewise)]
    if not split:
        yield "", found, ()
        return
    tests = {value.args[0].cond for value in split}
    if len(tests) != 1 or any(len(value.args) != 2 for value in split):
        raise Unbound("the definitions distinguish different cases")
    (test,) = tests
    room = test.gts - test.lts
    cases = (("noise-dominated", room), ("bias-dominated", -room))
    # k = 0: a (1 - gamma mu) >= 0 always, by the identity of the first case.
    calm = found[k] == 0 and room.xreplace({k: ZERO}) == a * (1 - gamma * mu)
    for index, (name, inside) in enumerate(cases[:1] if calm else cases):
        here = {
            letter: value.args[index].expr if isinstance(value, sp.Piecewise) else value
            for letter, value in found.items()
        }
        yield name, here, (Condition(inside),)


def line(found: dict[sp.Symbol, sp.Expr], rate: sp.Expr, at: sp.Expr) -> sp.Expr:
    """(1 - rate) at + U + W/(A - rate) with what the letters stand for."""
    triple = {letter: found[letter] for letter in (A, U, W)}
    return ((1 - rate) * at + U + W / (A - rate)).xreplace(triple)


def one_step(statement: Theorem) -> Needs:
    """Every admissible rate, in every regime and corner."""
    for name, found, inside in regimes(statement):
        rates = (Condition(found[A] - varrho, True), Condition(varrho - found[least]))
        yield from _signs(name, found)
        if is_pl(statement):
            yield from _pl(statement, found, (*rates, *inside))
        else:
            yield from _strongly_convex(statement, name, found, (*rates, *inside))


def _signs(name: str, found: dict[sp.Symbol, sp.Expr]) -> Needs:
    """A rate below A exists, A <= 1, U and W are not negative."""
    where = f" {name}" if name else ""
    yield Need(f"the least rate is below A{where}", found[A] - found[least], strict=True)
    yield Need(f"A <= 1{where}", 1 - found[A])
    for letter in (U, W):
        if not written_nonnegative(found[letter]):
            yield Need(f"{letter} >= 0{where}", found[letter])


def _claim(statement: Theorem, found: dict[sp.Symbol, sp.Expr]) -> sp.Expr:
    before, after = state(statement)
    zero = {k: ZERO} if found[k] == 0 else {}
    return (line(found, varrho, before) - after).xreplace(zero)


def _strongly_convex(
    statement: Theorem, name: str, found: dict[sp.Symbol, sp.Expr], allowed: tuple[Condition, ...]
) -> Needs:
    claim, label = _claim(statement, found), f"one step {name}".strip()
    if name == "bias-dominated":
        yield Need(label, claim, allowed)
        return
    biased, some = found[k] != 0, [Condition(c, True)]
    equal = {Lcal: mu, c: ZERO}
    yield Need(f"{label}, Lcal = mu", claim, allowed, equal, {sym.nu: 1 / TINY}, {Lcal: mu})
    if biased:
        yield Need(f"{label}, k = 0", claim, (*allowed, *some), {k: ZERO}, {sym.alpha: TINY})
        some += [Condition(k, True), Condition(a, True)]
    yield Need(label, claim, (*allowed, *some))


def _pl(
    statement: Theorem, found: dict[sp.Symbol, sp.Expr], allowed: tuple[Condition, ...]
) -> Needs:
    claim, biased = _claim(statement, found), found[k] != 0
    equal = {Lcal: mu, q: ZERO}
    if not biased:
        yield Need("one step", claim, (*allowed, Condition(q, True)))
        yield Need("one step, Lcal = mu", claim, allowed, equal, {sym.nu: 1 / TINY}, {Lcal: mu})
        return
    # b = 0: gamma = 1/L, and nothing divides by b where the terms in b are left out.
    level = {b: ZERO, gamma: 1 / L}
    for what, corner, large in (("Lcal = mu", equal, 1 / TINY), ("a = 0", {a: ZERO}, TINY)):
        yield Need(
            f"one step, L gamma = 1, {what}",
            claim,
            tuple(_at(part, {b: ZERO}) for part in allowed),
            {**level, **corner},
            {sym.nu: large},
            {x: value for x, value in {**level, **corner}.items() if x in (gamma, Lcal)},
        )
    for sign, words in ((1, "L gamma < 1"), (-1, "L gamma > 1")):
        size = {b: sign * (1 - L * gamma)}
        here = claim.xreplace(size)
        given = (*(_at(part, size) for part in allowed), Condition(size[b]))
        apart = (*given, Condition(size[b], True))
        some = Condition(q, True)
        label = f"one step, {words}"
        yield Need(f"{label}, Lcal = mu", here, apart, equal, {sym.nu: 1 / TINY}, {Lcal: mu})
        yield Need(f"{label}, k = 0", here, (*given, some), {k: ZERO}, {sym.alpha: TINY})
        yield Need(
            f"{label}, a = 0", here, (*apart, some, Condition(k, True)), {a: ZERO}, {sym.nu: TINY}
        )
        yield Need(label, here, (*given, some, Condition(k, True), Condition(a, True)))


def _at(condition: Condition, values: dict[sp.Symbol, sp.Expr]) -> Condition:
    return Condition(condition.expression.xreplace(values), condition.strict)


def sharp(statement: Theorem) -> Needs:
    """psi is one of the lines, at a rate that is admissible."""
    assert statement.psi is not None
    rate = sp.expand(1 - sp.diff(statement.psi, s))
    for name, found, _ in regimes(statement):
        where = f" {name}" if name else ""
        yield Need(f"psi's rate is below A{where}", found[A] - rate, strict=True)
        above = sp.expand(rate - found[least])
        if not written_nonnegative(above):
            yield Need(f"psi's rate is not below the least{where}", above)
    yield identity("line", statement.psi - ((ONE - rate) * s + U + W / (A - rate)))
