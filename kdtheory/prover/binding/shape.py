"""psi as a curve: the least of all admissible lines, hence concave and increasing, and its floor.

psi has two branches: where s (A - least)^2 >= W it touches the line at the rate A - sqrt(W/s),
which is admissible there, and below that it is the line at the least rate.  Both are written in
roots, sigma = sqrt(s), w = sqrt(W), v = sqrt(UA + W), so that every claim is rational.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding.need import Condition, Need, Needs, Unbound, identity, s
from kdtheory.statements.theorem import Theorem

A, U, W, least, varrho = sym.A, sym.U, sym.W, sym.rate_min, sym.varrho
w, v, sigma = sym.root_W, sym.root_UAW, sym.root_s_pos
FIXED = {"U": (v**2 - w**2) / A}
Branches = tuple[sp.Expr, sp.Expr, sp.Expr]


def branches(psi: sp.Expr) -> Branches:
    """The curve, the line below it, and what is >= 0 on the curve.

    Raises:
        Unbound: psi is not made of these two.
    """
    if not isinstance(psi, sp.Piecewise) or len(psi.args) != 2 or psi.args[1].cond != sp.true:
        raise Unbound("psi is neither a line nor a curve above a line")
    test = psi.args[0].cond
    if not isinstance(test, sp.Ge | sp.Le | sp.Gt | sp.Lt):
        raise Unbound(f"psi has the condition {test}")
    return psi.args[0].expr, psi.args[1].expr, test.gts - test.lts


def in_roots(expression: sp.Expr, root: sp.Symbol) -> sp.Expr:
    """The expression with s = root^2 and W = w^2."""
    return expression.xreplace(
        {sp.sqrt(W * s): w * root, sp.sqrt(W): w, sp.sqrt(s): root}
    ).xreplace({s: root**2, W: w**2})


def curve(psi: sp.Expr) -> Needs:
    """psi is the least of the lines at every s."""
    above, below, room = branches(psi)
    line = (1 - varrho) * s + U + W / (A - varrho)
    touching = in_roots(line, sigma).xreplace({varrho: A - w / sigma}) - in_roots(above, sigma)
    yield identity("touching", touching)
    rates = Condition(A - varrho, True)
    yield Need("psi is below every line", in_roots(line - above, sym.root_s), (rates,))
    admissible = room - (s * (A - least) ** 2 - W)
    yield identity("branch", sp.expand(admissible))
    inside = (rates, Condition(varrho - least), Condition(-room))
    yield Need("below s_0 the line at the least rate is least", line - below, inside)
    here, more = in_roots(above, sym.root_s), in_roots(above, sym.root_bound)
    further = more.xreplace({sym.root_bound: sym.root_s + sym.increase})
    yield Need("psi is increasing above s_0", further - here, (Condition(1 - A),))


def floor(psi: sp.Expr, found: sp.Expr) -> Needs:
    """Phi on the curve, or the fixed point of the line below it, each where it is the right one."""
    above, below, room = branches(psi)
    phi, other, here = branches(found)
    root = sp.sqrt(phi.xreplace({sp.sqrt(U * A + W): v, sp.sqrt(W): w}))
    at = (in_roots(above, sym.root_bound).xreplace({sym.root_bound: root})) - root**2
    yield identity("floor", at, **FIXED)
    yield identity("floor-branch", sp.expand(here - room.xreplace({s: phi})))
    yield identity("floor-of-line", below.xreplace({s: other}) - other)
    # Where Phi is below s_0 = (w/tau)^2, so is the line's fixed point: that is the line's branch.
    tau = A - least
    yield Need(
        "the line's fixed point is below s_0",
        (w / tau) ** 2 - _in_w(below.xreplace({s: (w / tau) ** 2})),
        (Condition(w / tau - (v + w) / A), Condition(tau, True)),
        eliminations={U: FIXED["U"]},
    )


def _in_w(expression: sp.Expr) -> sp.Expr:
    return expression.xreplace({W: w**2})


def needs(statement: Theorem) -> Needs:
    """Everything about psi and the floor that is not the step."""
    assert statement.psi is not None
    if statement.rhs != sym.iterate(sym.t, sym.s0):
        raise Unbound("rhs is not psi iterated t times from s_0")
    yield from curve(statement.psi)
    if statement.floor is not None:
        yield from floor(statement.psi, statement.floor)
