"""Compression after the step: E|C(y) - x*|^2 <= (1 + omega (1+p)) P + omega (1 + 1/p)|x*|^2 + d
delta^2/4 for every p > 0, where P bounds E|y - x*|^2.

An affine bound names p* (``young``) and |x*|^2/p* (``young_inverse``); an envelope takes the best p
for every s, which makes the curve chi(P) = (1+omega) P + 2 omega |x*| sqrt(P) + omega |x*|^2 + d
delta^2/4.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.binding import affine, curve, shape
from kdtheory.prover.binding.need import (
    TINY,
    ZERO,
    Condition,
    Need,
    Needs,
    Unbound,
    identity,
    one_direction,
    s,
)
from kdtheory.statements.theorem import Theorem

omega, p, X, delta, young = sym.omega, sym.p, sym.minimiser_sq, sym.rounding_sq, sym.young
inverse = sym.young_inverse
x, y, root = sym.root_minimiser, sym.root_bound, sym.root_UAW
r = 1 - sym.gamma * sym.mu


def line(statement: Theorem) -> Needs:
    """One step for every p, and p* is the p meant: the positive root of the equation of the least
    floor, where x* is not 0 and something is compressed.
    """
    psi = statement.psi
    assert psi is not None
    before = sym.GRAM["e", "e"]
    claim = psi.xreplace({s: before}) - sym.out_sq
    family = claim.xreplace({young: p, inverse: X / p})
    yield Need("one step", family)
    none = claim.xreplace({young: ZERO, inverse: ZERO})
    yield Need("one step, x* = 0", none, corner={X: ZERO}, limit={p: TINY})
    yield Need("one step, omega = 0", none, corner={omega: ZERO})
    yield from best_p(statement)
    yield from _rates(statement)
    yield from affine.unrolled(statement)


def size_at_zero(psi: sp.Expr) -> tuple[sp.Expr, sp.Expr]:
    """T, what one step adds before compression, and T + r (omega X + d delta^2/4)."""
    added = psi.xreplace({s: ZERO, omega: ZERO, delta: ZERO})
    return added, added + r * (omega * X + delta)


def best_p(statement: Theorem) -> Needs:
    """size p^2 + 2 omega r X p = X (1 - (1+omega) r) at p*, and the other letter is X/p*.

    The root in both is a letter; delta is what it makes it: the square of the root is (omega r X)^2
    + X room size, linear in delta.  p* > 0: size, X, room > 0 make the root larger than omega r X.
    """
    psi, best, other = statement.psi, statement.definitions[young], statement.definitions[inverse]
    assert psi is not None
    (added, size), room = size_at_zero(psi), 1 - (1 + omega) * r
    if not isinstance(best, sp.Piecewise) or len(best.args) != 2 or best.args[1].expr != 0:
        raise Unbound(f"p* is defined as {best}")
    value, where = best.args[0]
    if not isinstance(where, sp.Gt):
        raise Unbound(f"p* has the condition {where}")
    yield identity("p-branch", where.gts - where.lts - X * size)
    roots = {part for part in (value + other).atoms(sp.Pow) if part.exp == sp.Rational(1, 2)}
    if len(roots) != 1:
        raise Unbound("p* and |x*|^2/p* are not written with one root")
    (square,) = roots
    yield identity("p-root", sp.expand(square.base - (omega * r * X) ** 2 - X * room * size))
    # Whatever is added before compression: the equations hold for every T.
    value, other, size = (
        part.xreplace({square: root}).xreplace({added: sym.U}) for part in (value, other, size)
    )
    added = added.xreplace({added: sym.U})
    solved = ((root**2 - (omega * r * X) ** 2) / (X * room) - added) / r - omega * X
    equation = size * value**2 + 2 * omega * r * X * value - X * room
    yield identity("p-best", equation, delta_sq=solved)
    yield identity("p-inverse", value * other - X, delta_sq=solved)
    yield identity("p-zero", other.xreplace({X: ZERO, root: ZERO}))


def _rates(statement: Theorem) -> Needs:
    """psi grows with s; the rate is positive at p*, and where p* = 0."""
    assert statement.psi is not None
    steep = sp.diff(statement.psi, s)
    yield Need("psi grows with s", steep)
    T, best, far = sym.U, sym.young_pos, sym.root_minimiser_pos
    room = 1 - (1 + omega) * r
    solved = (
        (far**2 * room - 2 * omega * r * far**2 * best) / best**2 - T - r * omega * far**2
    ) / r
    yield Need(
        "the rate at p* is positive",
        1 - steep.xreplace({young: best}),
        (Condition(T + r * (omega * far**2 + delta)),),
        eliminations={delta: solved},
        strict=True,
    )
    yield identity("rate-without-p", 1 - steep.xreplace({young: ZERO}) - room)


def envelope(statement: Theorem) -> Needs:
    """chi after the curve: Young's inequality, the best p, and a slope below 1 far out."""
    psi = statement.psi
    assert psi is not None
    pieces = {part for part in psi.atoms(sp.Piecewise) if sp.sqrt(part) in psi.atoms(sp.Piecewise)}
    if len(pieces) != 1:
        raise Unbound("psi is not a function of one curve")
    (inner,) = pieces
    chi = psi.xreplace({sp.sqrt(inner): y, inner: y**2})
    chi = chi.xreplace({sp.sqrt(X): x}).xreplace({X: x**2})
    if chi.has(sp.Piecewise) or chi.free_symbols - {y, x, omega, delta}:
        raise Unbound("psi uses its curve otherwise than through its value and its root")
    before = one_direction(unbiased=statement.unbiased)
    grown = (1 + omega * (1 + p)) * before + omega * (1 + 1 / p) * X + delta
    yield Need("one compression", grown - sym.out_sq)
    family = (1 + omega * (1 + p)) * y**2 + omega * (1 + 1 / p) * x**2 + delta
    yield identity("best-p", family.xreplace({p: x / y}) - chi)
    yield Need("compression: below every p", family - chi)
    yield Need("compression: grows with the bound", chi.xreplace({y: y + sym.increase}) - chi)
    yield from shape.curve(inner)
    (found, *_) = (here for _, here, _ in curve.regimes(statement))
    steep = (1 + omega) * (1 - found[sym.A])
    yield Need("far out psi grows less than s, so that a floor exists", 1 - steep, strict=True)
