"""Why the paper's statements are true: Theorems 1 and 2, their refinements, unbiased distillation,
and the corollaries.

One step (Theorem 1): <e,g> by A1, 2 gamma lam <e,h> by Young, |G - lam H|^2 <= 2|G-S|^2 + 2|S - lam
H|^2, then A3 and A1'.  Every inequality used is a multiplier or a square below.  Then rhs(t+1) =
psi(rhs(t)) is an identity and psi is increasing as gamma mu < 1, so the bound follows for every t
by induction.  Theorem 2 replaces A1 by the descent lemma and PL.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.statements.noise import noise
from kdtheory.statements.theorem import Theorem

gamma, mu, L, Lcal, lam = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.lam
ONE, ZERO = sp.Integer(1), sp.Integer(0)


def _doubling(unbiased: bool) -> vec.Vector:
    """2|G-S|^2 + 2|S - lam H|^2 - |G - lam H|^2 = |G - 2S + lam H|^2."""
    return vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H_centred if unbiased else vec.H))


def is_loose(theorem: Theorem) -> bool:
    """Whether its kappa leaves slack: the paper's own form, which reads no Lcal."""
    kappa = theorem.definitions.get(sym.kappa)
    return kappa is not None and Lcal not in kappa.free_symbols


def one_step(theorem: Theorem) -> Certificate:
    """psi(s) - E s(x+) >= 0 for a line in s, straight from the statement's own psi."""
    assert theorem.psi is not None
    psi = theorem.psi.xreplace(dict(theorem.definitions))
    return _pl(theorem, psi) if theorem.is_pl else _strongly_convex(theorem, psi)


def _strongly_convex(theorem: Theorem, psi: sp.Expr) -> Certificate:
    unbiased = theorem.unbiased
    claim = psi.xreplace({sym.s: vec.norm_sq(vec.e)}) - vec.norm_sq(asm.updated(unbiased=unbiased))
    first = (gamma**2, _doubling(unbiased))
    if is_loose(theorem):  # on gamma <= 1/(4 Lcal), twice the paper's range
        room = sym.slack_quarter
        growth, region = gamma + gamma * room, Region({room: 1 - 4 * gamma * Lcal})
        squares = (
            first,
            (gamma * mu / 2, vec.combine((1, vec.e), (-2 * lam / mu, vec.h))),
            (gamma * mu * room / 2, vec.e),
        )
    else:
        room = sym.slack_quarter if unbiased else sym.slack_half
        growth, region = 2 * gamma * room, Region({room: 1 - 2 * gamma * Lcal})
        last = vec.e if unbiased else vec.combine((1, vec.e), (-lam / (mu * room), vec.h))
        squares = (first, (gamma * mu * room, last))
    multipliers = {
        asm.strong_convexity: 2 * gamma,
        asm.quadratic_growth: growth,
        asm.expected_smoothness: 2 * gamma**2,
    }
    return Certificate(f"{theorem.name}-one-step", claim, multipliers, squares, ZERO, region)


def _pl(theorem: Theorem, psi: sp.Expr) -> Certificate:
    unbiased = theorem.unbiased
    claim = psi.xreplace({sym.s: sym.F}) - sym.F_plus
    descent = asm.descent_lemma_unbiased if unbiased else asm.descent_lemma
    multipliers = {descent: ONE, asm.expected_smoothness: L * gamma**2}
    first = (L * gamma**2 / 2, _doubling(unbiased))
    if is_loose(theorem):
        room = sym.slack_quarter
        region = Region({room: 1 - 4 * L * gamma * Lcal / mu})
        multipliers |= {
            asm.polyak_lojasiewicz: sp.Rational(3, 4) * gamma,
            asm.nonnegative_gap: gamma * mu * room / 2,
        }
        last = (gamma / 4, vec.combine((1, vec.g), (-2 * lam, vec.h)))
    else:
        room = sym.slack_quarter if unbiased else sym.slack_half
        region = Region({room: 1 - 2 * L * gamma * Lcal / mu})
        multipliers |= {asm.polyak_lojasiewicz: gamma / 2 + L * gamma**2 * Lcal / mu}
        last = (
            gamma * room / 2,
            vec.g if unbiased else vec.combine((1, vec.g), (-lam / room, vec.h)),
        )
    return Certificate(f"{theorem.name}-one-step", claim, multipliers, (first, last), ZERO, region)


def induction(theorem: Theorem) -> tuple[Obligation, ...]:
    """rhs(t+1) = psi(rhs(t)), with the letter alpha for (1 - gamma mu)^t; and gamma mu < 1 on the
    range, so that psi is increasing.
    """
    name = theorem.name
    assert theorem.psi is not None and theorem.floor is not None
    power, definitions = sym.alpha, dict(theorem.definitions)

    def rhs(factor: sp.Expr) -> sp.Expr:
        return theorem.rhs.xreplace({(1 - gamma * mu) ** sym.t: factor}).xreplace(definitions)

    step = theorem.psi.xreplace({sym.s: rhs(power)}).xreplace(definitions) - rhs(
        (1 - gamma * mu) * power
    )
    start = rhs(ONE) - sym.s0
    pl = theorem.is_pl
    times = 4 if is_loose(theorem) else 2
    room, spare, more = sym.slack_quarter, sym.slack_L, sym.increase
    if pl:
        slacks = {room: 1 - times * L * gamma * Lcal / mu, spare: L - mu, more: Lcal - mu}
        rest = gamma * ((times - 1) * mu**2 + times * (mu * spare + mu * more + spare * more)) / mu
    else:
        slacks = {room: 1 - times * gamma * Lcal, more: Lcal - mu}
        rest = (times - 1) * gamma * mu + times * gamma * more
    return (
        Identity(f"{name}-unrolled", step),
        Identity(f"{name}-start", start),
        Certificate.plain(f"{name}-rate-below-one", 1 - gamma * mu, room + rest, Region(slacks)),
    )


def corollary(theorem: Theorem) -> Certificate:
    """gamma N(1; kappa) <= (2 gamma Lcal + 2L/mu) F_theta, PL (2 gamma Lcal + 2) F_theta, unbiased
    2 gamma Lcal F_theta.
    """
    name = theorem.name
    at_one = {lam: ONE}
    if theorem.unbiased:
        n = vec.norm_sq(vec.combine((1, vec.S), (-1, vec.H_centred)))
        return Certificate(
            f"{name}-good-teacher",
            2 * gamma * Lcal * sym.F_theta - gamma * n,
            {asm.teacher_expected_smoothness: gamma},
            ((gamma, vec.h),),
        )
    kappa = 1 / (L * gamma) if theorem.is_pl else 1 / (gamma * mu)
    factor = kappa * gamma
    claim = (2 * gamma * Lcal + 2 * L * factor) * sym.F_theta - gamma * noise(kappa).xreplace(
        at_one
    )
    return Certificate(
        f"{name}-good-teacher",
        claim,
        {asm.teacher_expected_smoothness: gamma, asm.teacher_smoothness: factor},
    )


def optimal_weight() -> Identity:
    """With D = V + (1+kappa)|h|^2: D N(lam) - (D sigma_*^2 - E<S,H>^2) = (D lam - E<S,H>)^2 >= 0,
    so lam* = E<S,H>/D is the minimiser.
    """
    D = sym.teacher_variance + (1 + sym.kappa) * sym.bias_sq
    least = D * sym.sigma_star_sq - sym.covariance**2
    return Identity(
        "lambda-star-minimises", D * noise(sym.kappa) - least - (D * lam - sym.covariance) ** 2
    )


def corollaries(theorem: Theorem) -> tuple[Certificate, ...]:
    """About good teachers, in the forms that the paper has one for."""
    return (corollary(theorem),) if theorem.unbiased or is_loose(theorem) else ()


def affine(theorem: Theorem) -> tuple[Obligation, ...]:
    """Everything behind a line in s."""
    return (one_step(theorem), *induction(theorem), optimal_weight(), *corollaries(theorem))
