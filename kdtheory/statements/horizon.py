"""Without strong convexity: the mean error of the first t iterates, and the weight that needs no
constant (theory, Section 11).

The bias of a teacher adds up over the steps that are made: one step is charged |e|^2/t + t gamma^2
k^2 for 2 gamma lam <e,h>, and t such charges cost a factor e.  ``horizon`` keeps that form, whose
best weight is closed; ``horizon-envelope`` is our own and charges 2 gamma k sqrt(E|e|^2) instead.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.statements.noise import NOISE_NORM, NOISE_SQ, noise
from kdtheory.statements.theorem import Claim, Theorem

_g, _LC, _t = sym.gamma, sym.Lcal, sym.t
_ROOM = 1 - 2 * _g * _LC
# t >= 1 in claims: the letter of a positive number, for the checkers know no whole numbers.
STEPS = sym.p
# b^2 = 2 E|S - lam H|^2, what noise and bias add to |e|^2/gamma^2 in one step.
_ADDED = 2 * _g**2 * (sym.k**2 + sym.a**2)


def parts(statement: Theorem) -> tuple[sp.Expr, sp.Expr]:
    """What rhs = e (s_0 + t B)/(2 gamma m t) says of one step: m in 2 gamma m F, and the B that a
    step adds to |e|^2 beside (1/t)|e|^2.
    """
    right = statement.rhs.xreplace(dict(statement.definitions)).xreplace({_t: STEPS})
    slope = sp.diff(sp.expand(right), sym.s0) / sp.E
    added = right.xreplace({sym.s0: sp.Integer(0)}) / (sp.E * slope * STEPS)
    return sp.cancel(1 / (2 * _g * STEPS * slope)), sp.expand(sp.cancel(added))


def _about_averages(statement: Theorem) -> tuple[Claim, ...]:
    return (
        Claim("mean", statement.lhs - sym.average_gap, identity=True),
        Claim("room in the range", _ROOM),
    )


def horizon_claims(statement: Theorem) -> tuple[Claim, ...]:
    """One step, and t of them; that (1 + 1/t)^t <= e is by hand."""
    room, added = parts(statement)
    power, q = sym.alpha, 1 + 1 / STEPS
    before = power * sym.s0 + added * (power - 1) / (q - 1)
    after = q * power * sym.s0 + added * (q * power - 1) / (q - 1)
    return (
        *_about_averages(statement),
        Claim("room", room - _ROOM, identity=True),
        Claim(
            "one step",
            q * vec.norm_sq(vec.e)
            - 2 * _g * room * sym.F
            + added
            - vec.norm_sq(asm.updated(unbiased=False)),
        ),
        Claim("t charges", q * before + added - after, identity=True),
    )


def envelope_claims(statement: Theorem) -> tuple[Claim, ...]:
    """One step for every alpha, the best alpha, the induction, and rhs = U_t/(2 gamma m t)."""
    alpha, k, root, more = sym.alpha, sym.k, sym.root_s, sym.increase
    right = statement.rhs.xreplace({_t: STEPS}).xreplace({sym.s0: root**2 - STEPS * _ADDED})
    right = right.replace(
        lambda part: part.is_Pow and part.exp == sp.Rational(1, 2),
        lambda part: sp.sqrt(sp.expand(part.base)),
    )
    total = (root + _g * k * STEPS) ** 2 / (2 * _g * _ROOM * STEPS)
    count = sym.slack_rate  # t >= 0
    here = root + _g * k * count
    noise_letter = statement.definitions[sym.a]
    return (
        *_about_averages(statement),
        Claim(
            "bias",
            statement.definitions[k] ** 2 - sym.lam**2 * sym.bias_sq,
            identity=True,
        ),
        Claim(
            "noise",
            sp.expand(noise_letter**2).replace(sp.Max, sp.Add) - NOISE_SQ,
            identity=True,
        ),
        Claim(
            "one step for every alpha",
            (1 + alpha) * vec.norm_sq(vec.e)
            - 2 * _g * _ROOM * sym.F
            + _ADDED
            + _g**2 * k**2 / alpha
            - vec.norm_sq(asm.updated(unbiased=False)),
            (alpha,),
        ),
        Claim(
            "the best alpha",
            alpha * root**2 + _g**2 * k**2 / alpha - 2 * _g * k * root,
            (alpha,),
        ),
        Claim(
            "induction",
            (root + more + _g * k * (count + 1)) ** 2
            - here**2
            - 2 * _g * k * here
            - ((root + more) ** 2 - root**2),
        ),
        Claim("sum", right - total, identity=True),
    )


HORIZON = Theorem(
    name="horizon",
    title="The horizon theorem",
    source="our own derivation",
    needs=(asm.convexity, asm.expected_smoothness),
    kind="upper",
    quantity="average_gap",
    lhs=sym.average_gap,
    rhs=sp.E * (sym.s0 / (2 * _g * _t) + _g * noise(sym.kappa)) / _ROOM,
    step_size_max=1 / (2 * _LC),
    strict=True,
    definitions={sym.kappa: _t / 2},
    claims=horizon_claims,
    family="horizon",
)
ENVELOPE = Theorem(
    name="horizon-envelope",
    title="The horizon theorem, bias against the root of the distance",
    source="our own derivation",
    needs=(asm.convexity, asm.expected_smoothness),
    kind="upper",
    quantity="average_gap",
    lhs=sym.average_gap,
    rhs=(sp.sqrt(sym.s0 + _t * _ADDED) + _g * sym.k * _t) ** 2 / (2 * _g * _ROOM * _t),
    step_size_max=1 / (2 * _LC),
    strict=True,
    definitions={sym.k: sp.Abs(sym.lam) * sp.sqrt(sym.bias_sq), sym.a: NOISE_NORM},
    claims=envelope_claims,
    family="horizon",
)
STATEMENTS = (HORIZON, ENVELOPE)
