"""psi(s) = (1 - rate) s + T: one step, t steps, and the floor.

E s(x+) <= psi(s(x)) and a slope of psi in [0, 1) carry the bound through t steps: E s(x^t) <= rhs
by induction, where rhs(0) = s_0 and rhs(t+1) = psi(rhs(t)).  The floor is psi's fixed point.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding.need import ZERO, Need, Needs, Unbound, identity, s, state
from kdtheory.prover.signs import written_nonnegative
from kdtheory.statements.theorem import Theorem


def is_affine(psi: sp.Expr) -> bool:
    """Whether psi is a line in s."""
    return not psi.has(sp.Piecewise) and s not in sp.diff(psi, s).free_symbols


def one_step(statement: Theorem) -> Needs:
    """psi(s(x)) - E s(x+) >= 0."""
    before, after = state(statement)
    assert statement.psi is not None
    yield Need("one step", statement.psi.xreplace({s: before}) - after)


def slope(statement: Theorem) -> Needs:
    """psi grows with s, and less than s does."""
    assert statement.psi is not None
    rate = sp.expand(1 - sp.diff(statement.psi, s))
    if not written_nonnegative(rate, strictly=True):
        rate = 1 - sp.diff(statement.psi, s)
    for what, part, strictly in (
        ("psi grows with s", sp.diff(statement.psi, s), False),
        ("the rate is positive", rate, True),
    ):
        if not written_nonnegative(part, strictly=strictly):
            yield Need(what, part, strict=strictly)


def unrolled(statement: Theorem) -> Needs:
    """rhs is psi applied t times to s_0, and psi(floor) = floor."""
    psi, rhs = statement.psi, statement.rhs
    assert psi is not None
    if rhs != sym.iterate(sym.t, sym.s0):
        yield from _powers(psi, rhs)
    if statement.floor is not None:
        yield identity("floor", psi.xreplace({s: statement.floor}) - statement.floor)


def _powers(psi: sp.Expr, rhs: sp.Expr) -> Needs:
    powers = {part for part in rhs.atoms(sp.Pow) if part.exp.has(sym.t)}
    if len(powers) != 1 or rhs.has(sym.iterate):
        raise Unbound("rhs is neither psi iterated t times nor a line in one power of t")
    (power,) = powers
    ahead = sp.expand(power.exp.xreplace({sym.t: sym.t + 1}) - power.exp)
    rest = rhs.xreplace({power: sym.alpha})
    if sym.t in rest.free_symbols or sym.t in power.base.free_symbols or not ahead.is_Integer:
        raise Unbound("rhs uses the time t outside of one power")
    at_zero = power.base ** power.exp.xreplace({sym.t: ZERO})
    yield identity(
        "unrolled", psi.xreplace({s: rest}) - rhs.xreplace({power: power.base**ahead * sym.alpha})
    )
    yield identity("start", rhs.xreplace({power: at_zero}) - sym.s0)


def needs(statement: Theorem) -> Needs:
    """Everything behind an affine bound."""
    yield from one_step(statement)
    yield from slope(statement)
    yield from unrolled(statement)
