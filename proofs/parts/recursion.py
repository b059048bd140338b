"""The envelope as a recursion: psi(s) = (1-A)s + 2 sqrt(W s) + U, its tangents and its fixed point.

Letters: sigma = sqrt(s), w = sqrt(W), v = sqrt(UA + W); so psi = (1-A) sigma^2 + 2 w sigma + U and
Phi = ((v + w)/A)^2.

Why E s(x^t) <= psi(psi(...s_0)): psi is a minimum of affine increasing functions, so E psi(s(x)) <=
psi(E s(x)) and psi keeps order. Below s_0 = W/(A - varrho_min)^2 the minimum over admissible rates
is the tangent at s_0; nothing changes in the argument.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.certificates import LCAL_BY_C, LCAL_BY_Q
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

A, U, W, varrho, tau, s, w = sym.A, sym.U, sym.W, sym.varrho, sym.tau, sym.s, sym.root_W
v, sigma = sym.root_UAW, sym.root_s
gamma, mu, L, Lcal, k, a, c, q = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a, sym.c, sym.q
d = sym.increase
ROOTS = {s: sigma**2, W: w**2}
FIXED = {U: (v**2 - w**2) / A}
PHI_ROOT = (v + w) / A


def psi(root: sp.Expr) -> sp.Expr:
    """psi at s = root^2."""
    return (1 - A) * root**2 + 2 * w * root + U


def _scalar(name: str, claim: sp.Expr, witness: sp.Expr, region: Region) -> Certificate:
    return Certificate.plain(name, claim, witness, region)


def tangents() -> tuple[Obligation, ...]:
    """psi is the minimum of the one-step bounds over varrho: the difference is a square over tau =
    A - varrho.
    """
    line = (1 - varrho) * s + envelope.Triple(A, U, W).constant(varrho)
    gap = (tau * sigma - w) ** 2 / tau
    region = Region({tau: A - varrho}, ROOTS)
    at_root = Identity(
        "psi-attained",
        (line - psi(sigma)).xreplace({varrho: A - w / sym.root_s_pos, sigma: sym.root_s_pos}),
        Region({}, {s: sym.root_s_pos**2, W: w**2}),
    )
    return _scalar("psi-below-every-tangent", line - psi(sigma), gap, region), at_root


def shape() -> tuple[Obligation, ...]:
    """psi is increasing (it needs A <= 1, proved too) and concave (it lies below its tangent at
    every r > 0).
    """
    shrink = Region({sym.slack_shrink: 1 - A})
    r = sym.root_s_pos
    tangent = psi(r) + (1 - A + w / r) * (sigma**2 - r**2)
    return (
        _scalar(
            "psi-increasing",
            psi(sigma + d) - psi(sigma),
            d * (sym.slack_shrink * (2 * sigma + d) + 2 * w),
            shrink,
        ),
        _scalar("psi-concave", tangent - psi(sigma), w / r * (sigma - r) ** 2, Region()),
        rate_at_most_one(pl=False),
        rate_at_most_one(pl=True),
    )


def rate_at_most_one(*, pl: bool) -> Certificate:
    """A <= 1."""
    if pl:
        A1 = envelope.polyak_lojasiewicz(
            gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=sym.b
        ).A
        rest = (1 - gamma * mu) ** 2 + gamma**2 * mu * (sym.slack_L + L * q**2)
        region = Region({sym.slack_L: L - mu}, {Lcal: LCAL_BY_Q})
        return _scalar("rate-at-most-1-pl", 1 - A1, rest, region)
    A1 = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a).A
    rest = (1 - gamma * mu) ** 2 + gamma**2 * c**2
    return _scalar("rate-at-most-1", 1 - A1, rest, Region({}, {Lcal: LCAL_BY_C}))


def fixed_point() -> tuple[Obligation, ...]:
    """Phi = psi(Phi); iterates move towards it and do not cross it; Phi is the least of
    T_varrho/varrho, at varrho = A - w/sqrt(Phi)."""
    phi = PHI_ROOT
    region = Region({}, FIXED)
    best = A - w / phi
    line = envelope.Triple(A, U, w**2).constant(varrho)
    ratio = w**2 / U
    root = w * v / U  # sqrt(R(A + R)) with R = W/U
    return (
        Identity("floor-is-fixed-point", psi(phi) - phi**2, region),
        Identity(
            "step-towards-floor",
            sigma**2 - psi(sigma) - (sigma - phi) * (A * sigma + v - w),
            region,
        ),
        _scalar(
            "contraction-above-floor",
            (1 - best) * (sigma**2 - phi**2) - (psi(sigma) - phi**2),
            w / phi * (sigma - phi) ** 2,
            region,
        ),
        _scalar(
            "floor-is-least",
            line - varrho * phi**2,
            (tau * phi - w) ** 2 / tau,
            Region({tau: A - varrho}, FIXED),
        ),
        Identity("best-rate", best - (A + ratio - root), region),
        Identity("best-rate-root", root**2 - ratio * (A + ratio), region),
    )


def regimes() -> tuple[Obligation, ...]:
    """The two strongly convex formulas differ by a square that vanishes at the boundary:
    continuous, and the noise one is smaller."""
    noise = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    bias = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
    gap = gamma**2 * (gamma * k * c - a * (1 - gamma * mu)) ** 2
    return (_scalar("regimes-meet", bias.W - noise.W, gap, Region({}, {Lcal: LCAL_BY_C})),)


def small_steps() -> tuple[Obligation, ...]:
    """No bias: Phi = a^2 (v' + gamma c)^2 / (mu (2 - gamma Lcal))^2 with v'^2 = gamma mu (2 - gamma
    mu); so Phi/gamma -> a^2/(2 mu).

    With c = 0 it is gamma a^2 / (mu (2 - gamma mu)), the stationary variance of a one-dimensional
    quadratic.
    """
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=sp.Integer(0), a=a)
    by_c = Region({}, {Lcal: LCAL_BY_C})
    root = gamma * a * sp.sqrt(gamma * mu * (2 - gamma * mu))  # sqrt(UA + W)
    return (
        Identity("floor-root-without-bias", triple.U * triple.A + triple.W - root**2, by_c),
        Identity(
            "floor-of-a-quadratic",
            (root / triple.A) ** 2 - gamma * a**2 / (mu * (2 - gamma * mu)),
            Region({}, {Lcal: mu}),
        ),
    )


def compression() -> tuple[Obligation, ...]:
    """(1+w)P + 2w|x*|sqrt(P) + w|x*|^2 is the minimum over p of (1+w(1+p))P + w(1+1/p)|x*|^2 (w =
    omega, P = psi), at p = |x*|/sqrt(P)."""
    omega, p, x, y = sym.omega, sym.p, sym.root_minimiser, sym.root_bound
    family = (1 + omega * (1 + p)) * y**2 + omega * (1 + 1 / p) * x**2
    closed = (1 + omega) * y**2 + 2 * omega * x * y + omega * x**2
    return (
        _scalar(
            "compressed-below-every-p", family - closed, omega / p * (p * y - x) ** 2, Region()
        ),
    )


def obligations() -> tuple[Obligation, ...]:
    """Everything above, in reading order."""
    return (*tangents(), *shape(), *fixed_point(), *regimes(), *small_steps(), *compression())
