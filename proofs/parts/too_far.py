"""Every statement one step too far, refuted: beyond its range, with a smaller constant, without one
of its terms.

Where a statement first fails (l = gamma Lcal, for PL statements L gamma Lcal/mu; g = gamma mu, for
PL L gamma):

* theorem-1 and theorem-2 are true up to l = 1/4, the region of their certificates: twice the
paper's range for
  theorem-1, exactly the paper's for theorem-2.  Beyond it they fail for small g.  In k = sqrt(g)
  kappa the sharp constant tends to gamma^2 [(kappa + a sqrt(l))^2/(1-l) + a^2] as g -> 0 and the
  paper's to 2 gamma^2 (a^2 + kappa^2) (PL: both times L/2): the difference is a quadratic form with
  determinant (1 - 4l)/(1 - l), negative for l > 1/4.
* Their noise may be multiplied by f = (1 + sqrt(l))/(2(1-l)), 0.7735 at theorem-1's l = 1/8, and by
nothing smaller for
  all g; at l = 1/4, where theorem-2's range ends, f = 1.  That f suffices is ``paper_slack``, and
  for bias-dominated steps T/gamma^2 = (k^2 + a^2)(1-g)/(g(1-l)) with a^2 (1-g)^2 <= k^2 g (l-g),
  which is at most k^2/(g(1-l)).  It is attained as g -> 0, at kappa = a.
* The refined statements have determinant 0 for every l: in the limit g -> 0 no constant can be
smaller, and for
  l >= 1/2 kappa is not positive.
* Unbiased: 2 a^2 against a^2 (1 + (l-g)/(1-l)): false for l > (1+g)/2, so that the range l <= 1/2
is exact as g -> 0,
  and so is the constant.
* Sharp statements and envelopes are attained at every g (PL: by functions where L = mu): any
smaller constant is false,
  and so is the formula beyond its range.
* Below the least admissible rate, gamma mu where noise dominates, the formula T_rate is false by an
actual function
  (``exact_shapes.softening``): strongly convex, smooth, with F > (mu/2) x^2 at the point.
* compressed is theorem-1 where omega = 0 and nothing is rounded: true up to l = 1/4 there.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.instances.counterexamples import Counterexample
from kdtheory.instances.refuting import refute
from kdtheory.prover.obligations import Certificate
from kdtheory.statements.theorem import Theorem

RATE = sym.gamma * sym.mu
TENTH, HUNDREDTH = sp.Rational(1, 10), sp.Rational(1, 100)


@dataclass(frozen=True)
class Overclaim:
    """``kind`` is "range", "constant", "term" or "rate"; ``what`` is claimed, ``find`` refutes it;
    ``statement`` is the claim, where it is a Theorem."""

    kind: str
    what: str
    find: Callable[[], Counterexample | None]
    statement: Theorem | None = None


def paper_slack() -> Certificate:
    """(1 + r)(kappa^2 + r a^2) - (kappa + r a)^2 = r (kappa - a)^2 with r = sqrt(l): the paper's
    constant times f covers the sharp one."""
    r, kappa, a = sym.root_s, sym.k, sym.a
    return Certificate.plain(
        "paper-slack", (1 + r) * (kappa**2 + r * a**2) - (kappa + r * a) ** 2, r * (kappa - a) ** 2
    )


def case(kind: str, what: str, theorem: Theorem) -> Overclaim:
    """Refuted by a search among our instances."""
    return Overclaim(kind, what, lambda: refute(theorem, what), theorem)


def beyond(theorem: Theorem, factor: sp.Expr, note: str = "") -> Overclaim:
    """The same with a range ``factor`` times as long."""
    assert theorem.step_size_max is not None
    limit = factor * theorem.step_size_max
    return case(
        "range", f"gamma up to {limit}{note}", replace(theorem, step_size_max=limit, strict=False)
    )


def smaller(theorem: Theorem, factor: sp.Expr) -> Overclaim:
    """The same rate with ``factor`` times what one step adds at s = 0 (envelopes, which have many
    rates: ``factor`` times U)."""
    assert theorem.psi is not None
    what = f"{factor} times the constant"
    if theorem.is_curve:
        definitions = {**theorem.definitions, sym.U: factor * theorem.definitions[sym.U]}
        return case("constant", what + " U", replace(theorem, definitions=definitions))
    rest = theorem.psi.xreplace({sym.s: sp.Integer(0)})
    return case("constant", what, _one_step(theorem, theorem.psi - (1 - factor) * rest))


def _one_step(theorem: Theorem, psi: sp.Expr) -> Theorem:
    """Only the step is claimed: rhs without its letter t makes no claim at other times."""
    return replace(theorem, psi=psi, rhs=sym.iterate(sym.t, sym.s0))


def without(theorem: Theorem, letter: sp.Symbol, what: str) -> Overclaim:
    """One letter of psi set to 0."""
    assert theorem.psi is not None
    return case("term", what, _one_step(theorem, theorem.psi.xreplace({letter: sp.Integer(0)})))


def below_the_rates(theorem: Theorem) -> Overclaim:
    """Half the least admissible rate with the same formula, where noise dominates: F > (mu/2)|e|^2
    is worse there.
    """
    if not theorem.is_curve:
        what, rate = "the formula T_rate at the rate gamma mu/2", RATE / 2
        changed = _one_step(theorem, (1 - rate) * sym.s + sym.U + sym.W / (sym.A - rate))
    else:
        what = "the envelope of all rates from 0"
        changed = replace(theorem, definitions={**theorem.definitions, sym.rate_min: sp.Integer(0)})
    return Overclaim("rate", what, lambda: refute(changed, what, kinds=("F > mu/2 x^2",)), changed)


def bias_dominated(theorem: Theorem) -> Overclaim:
    """Vectors that attain the constant where bias dominates."""
    assert theorem.psi is not None
    changed = _one_step(
        theorem, theorem.psi - HUNDREDTH * theorem.psi.xreplace({sym.s: sp.Integer(0)})
    )
    what = "99/100 times the constant where bias dominates"
    return Overclaim("constant", what, lambda: refute(changed, what, kinds=("vectors",)), changed)


def faster(theorem: Theorem) -> Overclaim:
    """Twice the rate with the same constant."""
    assert theorem.psi is not None
    return case(
        "term",
        "rate 2 gamma mu with the same constant",
        _one_step(theorem, theorem.psi - RATE * sym.s),
    )


def line(theorem: Theorem, room: Overclaim, less: Overclaim) -> tuple[Overclaim, ...]:
    """A line in s with a kappa: its range, its constant, each of its terms."""
    return (
        room,
        less,
        without(theorem, sym.bias_sq, "without the bias |h|^2"),
        without(theorem, sym.kappa, "without kappa"),
        faster(theorem),
    )


def refined(theorem: Theorem) -> tuple[Overclaim, ...]:
    """A line that nothing can be taken from as gamma mu -> 0."""
    return line(theorem, beyond(theorem, 1 + HUNDREDTH), smaller(theorem, 1 - TENTH))


def best(theorem: Theorem) -> tuple[Overclaim, ...]:
    """A bound from the triple A, U, W, which is attained."""
    cross = without(theorem, sym.W, "without the cross term W")
    most = (beyond(theorem, 1 + HUNDREDTH), smaller(theorem, 1 - HUNDREDTH), cross)
    return most if theorem.is_pl else (*most, below_the_rates(theorem))


def quiet(theorem: Theorem) -> Overclaim:
    """A curve without the noise."""
    less = theorem.definitions[sym.U].xreplace({sym.a: sp.Integer(0)})
    changed = replace(theorem, definitions={**theorem.definitions, sym.U: less})
    return case("term", "without the noise a in U", changed)


def nothing(statement: Theorem) -> tuple[Overclaim, ...]:
    """Of statements that name their claims themselves: they are no step of an explicit instance,
    and what is too much there is a changed claim, which ``prove`` refuses.
    """
    assert statement.claims is not None
    return ()
