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
from fractions import Fraction

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.errors import unknown_name
from kdtheory.instances.counterexamples import Counterexample, refute
from kdtheory.instances.law import small_law
from kdtheory.instances.models import Softened
from kdtheory.prover.obligations import Certificate
from kdtheory.statements.theorems import THEOREMS, Theorem

RATE = sym.gamma * sym.mu
TENTH, HUNDREDTH = sp.Rational(1, 10), sp.Rational(1, 100)


@dataclass(frozen=True)
class Case:
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
    return Certificate(
        "paper-slack",
        (1 + r) * (kappa**2 + r * a**2) - (kappa + r * a) ** 2,
        {},
        (),
        r * (kappa - a) ** 2,
    )


def _case(kind: str, what: str, theorem: Theorem) -> Case:
    return Case(kind, what, lambda: refute(theorem, what), theorem)


def beyond(theorem: Theorem, factor: sp.Expr, note: str = "") -> Case:
    """The same with a range ``factor`` times as long."""
    assert theorem.step_size_max is not None
    limit = factor * theorem.step_size_max
    return _case(
        "range", f"gamma up to {limit}{note}", replace(theorem, step_size_max=limit, strict=False)
    )


def smaller(theorem: Theorem, factor: sp.Expr) -> Case:
    """The same rate with ``factor`` times what one step adds at s = 0 (envelopes, which have many
    rates: ``factor`` times U)."""
    assert theorem.psi is not None
    what = f"{factor} times the constant"
    if theorem.is_curve:
        definitions = {**theorem.definitions, sym.U: factor * theorem.definitions[sym.U]}
        return _case("constant", what + " U", replace(theorem, definitions=definitions))
    rest = theorem.psi.xreplace({sym.s: sp.Integer(0)})
    return _case("constant", what, _one_step(theorem, theorem.psi - (1 - factor) * rest))


def _one_step(theorem: Theorem, psi: sp.Expr) -> Theorem:
    """Only the step is claimed: rhs without its letter t makes no claim at other times."""
    return replace(theorem, psi=psi, rhs=sym.iterate(sym.t, sym.s0))


def without(theorem: Theorem, letter: sp.Symbol, what: str) -> Case:
    """One letter of psi set to 0."""
    assert theorem.psi is not None
    return _case("term", what, _one_step(theorem, theorem.psi.xreplace({letter: sp.Integer(0)})))


def below_the_rates(theorem: Theorem) -> Case:
    """Half the least admissible rate with the same formula, where noise dominates: F > (mu/2)|e|^2
    is worse there.
    """
    if theorem.name.endswith("sharp"):
        what, rate = "the formula T_rate at the rate gamma mu/2", RATE / 2
        changed = _one_step(theorem, (1 - rate) * sym.s + sym.U + sym.W / (sym.A - rate))
    else:
        what = "the envelope of all rates from 0"
        changed = replace(theorem, definitions={**theorem.definitions, sym.rate_min: sp.Integer(0)})
    return Case("rate", what, lambda: refute(changed, what, kinds=("F > mu/2 x^2",)), changed)


def bias_dominated(theorem: Theorem) -> Case:
    """Vectors that attain the constant where bias dominates."""
    assert theorem.psi is not None
    changed = _one_step(
        theorem, theorem.psi - HUNDREDTH * theorem.psi.xreplace({sym.s: sp.Integer(0)})
    )
    what = "99/100 times the constant where bias dominates"
    return Case("constant", what, lambda: refute(changed, what, kinds=("vectors",)), changed)


def faster(theorem: Theorem) -> Case:
    """Twice the rate with the same constant."""
    assert theorem.psi is not None
    return _case(
        "term",
        "rate 2 gamma mu with the same constant",
        _one_step(theorem, theorem.psi - RATE * sym.s),
    )


def _cases(name: str) -> tuple[Case, ...]:
    theorem = THEOREMS[name]
    bias = without(theorem, sym.bias_sq, "without the bias |h|^2")
    if name in ("theorem-1", "theorem-2", "compressed"):
        pl, more = name == "theorem-2", 1 + TENTH
        room = (
            beyond(theorem, more)
            if pl
            else beyond(theorem, 2 * more, " (true up to twice the range)")
        )
        less = smaller(theorem, 1 - TENTH if pl else sp.Rational(3, 4))
        most = (room, less, bias, without(theorem, sym.kappa, "without kappa"))
        if name != "compressed":
            return (*most, faster(theorem))
        rounding = without(theorem, sym.rounding_sq, "without the rounding error")
        return (*most, without(theorem, sym.omega, "without omega"), rounding)
    if name.endswith("refined"):
        return (
            beyond(theorem, 1 + HUNDREDTH),
            smaller(theorem, 1 - TENTH),
            bias,
            without(theorem, sym.kappa, "without kappa"),
            faster(theorem),
        )
    if name in ("unbiased", "unbiased-pl"):
        noise = without(theorem, sym.sigma_star_sq, "without sigma_*^2")
        return beyond(theorem, 1 + TENTH), smaller(theorem, 1 - TENTH), noise, faster(theorem)
    cross = without(theorem, sym.W, "without the cross term W")
    most = (beyond(theorem, 1 + HUNDREDTH), smaller(theorem, 1 - HUNDREDTH), cross)
    if theorem.modulus == "mu":
        most = (*most, below_the_rates(theorem))
    if name == "theorem-1-sharp":
        most = (*most, bias_dominated(theorem))
    if name == "compressed-envelope":
        return (
            *most,
            without(theorem, sym.minimiser_sq, "without |x*|"),
            without(theorem, sym.rounding_sq, "without the rounding error"),
        )
    if name.endswith("sharp"):
        return (*most, faster(theorem))
    quiet = theorem.definitions[sym.U].xreplace({sym.a: sp.Integer(0)})
    return (
        *most,
        _case(
            "term",
            "without the noise a in U",
            replace(theorem, definitions={**theorem.definitions, sym.U: quiet}),
        ),
    )


def _gradient_cases() -> tuple[Case, ...]:
    theorem = THEOREMS["distillation-gradient"]
    gap = sym.lam * (sym.J_theta - sym.J_x).T * (sym.r_theta - sym.label)
    soft = Softened(Fraction(4), Fraction(9), Fraction(1, 2), Fraction(1))
    what = "temperature 2 in place of 1, a linear model"
    return (
        Case(
            "range",
            what,
            lambda: Counterexample(
                theorem.name,
                what,
                soft,
                "the KD gradient in the first weight",
                soft.objective_gradient(),
                soft.identity(),
                identity=True,
            ),
        ),
        _case(
            "constant",
            "half the gap of a two-layer linear network",
            replace(theorem, rhs=theorem.rhs - gap / 2),
        ),
        _case(
            "term",
            "no gap, layer by layer in a two-layer linear network",
            replace(theorem, rhs=theorem.rhs - gap),
        ),
    )


def _law_cases() -> tuple[Case, ...]:
    theorem = THEOREMS["exact-quadratic"]
    assert theorem.floor is not None
    once = theorem.floor.xreplace({(1 - sym.lam) ** 2: 1 - sym.lam})
    what = "a stationary value at a step size at which SGD is not mean-square stable"
    return (
        Case("range", what, lambda: _unstable(what)),
        _case(
            "constant",
            "1 - lam in place of (1 - lam)^2 in the stationary law",
            replace(theorem, floor=once),
        ),
        _case(
            "term",
            "without the drift",
            replace(theorem, rhs=theorem.rhs.xreplace({sym.drift_t: sp.Integer(0)})),
        ),
    )


def _unstable(what: str) -> Counterexample:
    """At gamma = 2.1/Lcal the fixed point of plain SGD is negative: no squared distance."""
    case = small_law()
    beyond_stable = replace(case, gamma=Fraction(21, 10) / case.at(0).Lcal, weight=Fraction(0))
    here, claimed = beyond_stable.at(1), beyond_stable.letters(0)[sym.sgd_floor]
    return Counterexample(
        "exact-quadratic", what, here, "the least that E|x - x*|^2 can be", Fraction(0), claimed
    )


def cases(theorem: str) -> tuple[Case, ...]:
    """What is too much to claim, with the way to refute it; raises InvalidInput for an unknown
    key.

    None for statements that name their claims themselves: they are no step of an explicit instance,
    and what is too much there is a changed claim, which ``prove`` refuses.
    """
    if theorem not in THEOREMS:
        raise unknown_name("theorem", theorem, THEOREMS)
    if THEOREMS[theorem].claims is not None:
        return ()
    special = {"distillation-gradient": _gradient_cases, "exact-quadratic": _law_cases}
    return special[theorem]() if theorem in special else _cases(theorem)


def counterexamples(theorem: str) -> tuple[Counterexample, ...]:
    """One instance for every case of a statement; raises InvalidInput for an unknown key,
    ArithmeticError when a case is not refuted."""
    found = []
    for case in cases(theorem):
        instance = case.find()
        if instance is None:
            raise ArithmeticError(
                f"{theorem}: no counterexample to {case.what!r} was found; this is a bug in the"
                " search."
            )
        found.append(instance)
    return tuple(found)
