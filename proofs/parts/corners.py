"""Where the sharp parameters alpha, nu of ``certificates`` would be 0 or infinite: Lcal =
mu, k = 0, a = 0.

Each certificate here has one free parameter and an error term that vanishes with it, so the sharp
bound is its limit (a number that is at most T + error for every error > 0 is at most T).  All cases
are covered:

    strongly convex: c = 0 ``equal_constants``; c > 0 = k ``no_bias``; c, k > 0 in the
    noise-dominated regime has a > 0;
                     the bias-dominated certificate divides by none of k, a, c.
    PL:              q = 0 < b ``pl_equal_constants``; q > 0 = k ``pl_no_bias``; q, k, b > 0 = a
    ``pl_no_noise``;
                     b = 0 with a q = 0: ``pl_level``, as nu -> 0 or infinity.
    unbiased:        c = 0 or q = 0: the same functions with ``unbiased=True``; otherwise nothing is
    divided by.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts import certificates as cert
from kdtheory.prover.obligations import Certificate, Region

gamma, mu, L, Lcal, varrho, tau = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.varrho, sym.tau
alpha, nu = sym.alpha, sym.nu
ZERO = sp.Integer(0)


def equal_constants(*, unbiased: bool = False) -> Certificate:
    """Lcal = mu (c = 0), every k, a >= 0, varrho < A: error gamma^2 a^2 / nu -> 0 as nu ->
    infinity.
    """
    k = ZERO if unbiased else sym.k
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=ZERO, k=k, a=sym.a)
    claim = cert.strongly_convex_claim(
        1 - varrho, triple.constant(varrho) + gamma**2 * sym.a**2 / nu, unbiased=unbiased
    )
    n = sym.slack_range
    young = ZERO if unbiased else tau / n**2
    slacks = {n: 1 - gamma * Lcal, tau: triple.A - varrho}
    if unbiased:
        # the unbiased step contracts by 1 - A <= 1 - varrho: what is left over is tau |e|^2,
        # written as a square
        base = cert.strongly_convex(
            "equal-constants",
            claim,
            Region(slacks, {Lcal: mu}),
            alpha=ZERO,
            nu=nu,
            surplus=nu,
            growth=2 * gamma * n,
            unbiased=True,
        )
        squares = (*base.squares, (tau, cert.vec.e))
        return Certificate(base.name, claim, base.multipliers, squares, ZERO, base.region)
    slacks[sym.slack_young] = nu - (triple.A - varrho) / (1 - gamma * Lcal) ** 2
    return cert.strongly_convex(
        "equal-constants",
        claim,
        Region(slacks, {Lcal: mu}),
        alpha=young,
        nu=nu,
        surplus=sym.slack_young,
        growth=2 * gamma * (1 + young) * n,
        unbiased=False,
    )


def no_bias() -> Certificate:
    """k = 0 < c, noise-dominated, gamma mu <= varrho < A: error alpha (1 - gamma mu)^2 |e|^2 -> 0
    as alpha -> 0.
    """
    c = sym.c
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=ZERO, a=sym.a)
    one_minus = sym.slack_range + gamma * sym.c_pos**2 / mu
    claim = cert.strongly_convex_claim(
        1 - varrho + alpha * (1 - gamma * mu) ** 2,
        triple.constant(varrho) + gamma**2 * (1 + 1 / alpha) * sym.k**2,
        unbiased=False,
    )
    slacks = {
        sym.c_pos: c,
        sym.slack_range: 1 - gamma * Lcal,
        sym.slack_rate: varrho - gamma * mu,
        tau: triple.A - varrho,
        sym.slack_young: (triple.A - varrho) / (gamma**2 * c**2) - alpha,
    }
    nu_sharp = tau / (gamma**2 * sym.c_pos**2)
    return cert.strongly_convex(
        "no-bias",
        claim,
        Region(slacks, {Lcal: cert.LCAL_BY_C}),
        alpha=alpha,
        nu=nu_sharp,
        surplus=sym.slack_young,
        growth=2 * sym.slack_rate / mu + 2 * gamma * alpha * one_minus,
        unbiased=False,
    )


def pl_no_bias(*, sign: int = 1) -> Certificate:
    """PL, k = 0 < q: error mu gamma b alpha F -> 0 as alpha -> 0 (the terms in k are kept, to be
    set to 0).
    """
    b, q = sign * (1 - L * gamma), sym.q
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=ZERO, a=sym.a, b=b
    )
    claim = cert.pl_claim(
        1 - varrho + mu * gamma * b * alpha,
        triple.constant(varrho) + (L * gamma**2 + gamma * b / alpha) / 2 * sym.k**2,
    )
    nu_sharp = tau / (L * gamma**2 * mu * sym.q_pos**2)
    room = _pl_room(triple.A - varrho, b, q)
    slacks = cert.pl_slacks(unbiased=False, sign=sign) | {
        sym.q_pos: q,
        tau: triple.A - varrho,
        sym.slack_growth: room,
    }
    return cert.pl_argument(
        "pl-no-bias",
        claim,
        Region(slacks, {Lcal: cert.LCAL_BY_Q}),
        alpha=alpha,
        nu=nu_sharp,
        growth=gamma * sym.slack_growth / 2,
        unbiased=False,
        sign=sign,
    )


def _pl_room(gap: sp.Expr, b: sp.Expr, q: sp.Expr) -> sp.Expr:
    """2 + L gamma nu - b alpha at the sharp nu: positive for all small alpha."""
    return 2 + gap / (gamma * mu * q**2) - b * alpha


def pl_no_noise(*, sign: int = 1) -> Certificate:
    """PL, a = 0 < k b: alpha = tau/(gamma mu b); error L gamma^2 mu q^2 nu F -> 0 as nu -> 0 (the
    term in a is kept)."""
    b, q = sign * (1 - L * gamma), sym.q
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=sym.k, a=ZERO, b=b
    )
    claim = cert.pl_claim(
        1 - varrho + L * gamma**2 * mu * q**2 * nu,
        triple.constant(varrho) + L * gamma**2 / 2 * (1 + 1 / nu) * sym.a**2,
    )
    slacks = {sym.b_pos: b, tau: triple.A - varrho}
    base = cert.pl_argument(
        "pl-no-noise",
        claim,
        Region(slacks, {Lcal: cert.LCAL_BY_Q}),
        alpha=tau / (gamma * mu * sym.b_pos),
        nu=nu,
        growth=(varrho + L * gamma**2 * (mu + mu * q**2 + mu * nu)) / (2 * mu),
        unbiased=False,
        sign=sign,
    )
    return _with_b_pos(base)


def pl_equal_constants(*, unbiased: bool = False, sign: int = 1) -> Certificate:
    """PL, Lcal = mu (q = 0), b > 0 where biased: error (L gamma^2/2) a^2 / nu -> 0 as nu ->
    infinity.
    """
    b, k = sign * (1 - L * gamma), (ZERO if unbiased else sym.k)
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=ZERO, k=k, a=sym.a, b=b
    )
    claim = cert.pl_claim(1 - varrho, triple.constant(varrho) + L * gamma**2 / 2 * sym.a**2 / nu)
    slacks = {tau: triple.A - varrho}
    if unbiased:
        base = cert.pl_argument(
            "pl-equal-constants",
            claim,
            Region(slacks, {Lcal: mu}),
            alpha=ZERO,
            nu=nu,
            growth=(varrho + tau + L * gamma**2 * mu * (1 + nu)) / (2 * mu),
            unbiased=True,
            sign=sign,
        )
        return Certificate(
            base.name,
            claim,
            {**base.multipliers, cert.ass.nonnegative_gap: tau},
            base.squares,
            ZERO,
            base.region,
        )
    slacks[sym.b_pos] = b
    base = cert.pl_argument(
        "pl-equal-constants",
        claim,
        Region(slacks, {Lcal: mu}),
        alpha=tau / (gamma * mu * sym.b_pos),
        nu=nu,
        growth=(varrho + L * gamma**2 * mu * (1 + nu)) / (2 * mu),
        unbiased=False,
        sign=sign,
    )
    return _with_b_pos(base)


def pl_level(*, quiet: bool) -> Certificate:
    """PL, L gamma = 1, so that b = 0 and nothing couples g and h: Lcal = mu, or (``quiet``) a = 0.
    W = 0 in both; nu -> infinity, or nu -> 0.
    """
    q, k, noise = (sym.q if quiet else ZERO), sym.k, L * gamma**2 / 2
    a = ZERO if quiet else sym.a
    triple = envelope.polyak_lojasiewicz(gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=ZERO)
    claim = cert.pl_claim(
        1 - varrho + (2 * noise * mu * q**2 * nu if quiet else ZERO),
        triple.constant(varrho) + noise * sym.a**2 * ((1 + 1 / nu) if quiet else 1 / nu),
    )
    base = cert.pl_argument(
        "pl-level-no-noise" if quiet else "pl-level-equal-constants",
        claim,
        Region({tau: triple.A - varrho}, {Lcal: cert.LCAL_BY_Q if quiet else mu, gamma: 1 / L}),
        alpha=ZERO,
        nu=nu,
        growth=noise * (2 + nu),
        unbiased=True,
        sign=1,
    )
    multipliers = {
        assumption: weight
        for assumption, weight in base.multipliers.items()
        if assumption is not cert.ass.descent_lemma_unbiased
    }
    multipliers |= {
        cert.ass.descent_lemma: sp.Integer(1),
        cert.ass.bias_norm: noise,
        cert.ass.nonnegative_gap: tau,
    }
    name = base.name.removesuffix("-unbiased")
    return Certificate(name, claim, multipliers, base.squares, ZERO, base.region)


def _with_b_pos(base: Certificate) -> Certificate:
    """Write b as the positive letter, which the region of these corners has."""
    swap = {sym.b: sym.b_pos}
    multipliers = {
        assumption: factor.xreplace(swap) for assumption, factor in base.multipliers.items()
    }
    squares = tuple((weight.xreplace(swap), vector) for weight, vector in base.squares)
    return Certificate(base.name, base.claim, multipliers, squares, base.remainder, base.region)


def obligations() -> tuple[Certificate, ...]:
    """Every corner, in the order of the list above."""
    signs = (1, -1)
    return (
        equal_constants(),
        equal_constants(unbiased=True),
        no_bias(),
        *(pl_equal_constants(sign=sign) for sign in signs),
        pl_equal_constants(unbiased=True),
        *(pl_no_bias(sign=sign) for sign in signs),
        *(pl_no_noise(sign=sign) for sign in signs),
        *(pl_level(quiet=quiet) for quiet in (False, True)),
    )
