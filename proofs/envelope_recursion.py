"""The envelope as a recursion: psi(s) = (1-A)s + 2 sqrt(W s) + U, its tangents, its fixed point, its convexity in the
weight.

Letters: sigma = sqrt(s), w = sqrt(W), v = sqrt(UA + W); so psi = (1-A) sigma^2 + 2 w sigma + U and Phi = ((v + w)/A)^2.

Why E s(x^t) <= psi(psi(...s_0)): psi is a minimum of affine increasing functions, so E psi(s(x)) <= psi(E s(x)) and
psi keeps order.
Below s_0 = W/(A - varrho_min)^2 the minimum over admissible rates is the tangent at s_0; nothing changes in the
argument.
"""

from __future__ import annotations

import sympy as sp

from kdtheory import envelope
from kdtheory import symbols as sym
from kdtheory.proofs.envelope_certificates import LCAL_BY_C, LCAL_BY_Q
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

A, U, W, varrho, tau, s, w, v, sigma = (
    sym.A,
    sym.U,
    sym.W,
    sym.varrho,
    sym.tau,
    sym.s,
    sym.root_W,
    sym.root_UAW,
    sym.root_s,
)
gamma, mu, L, Lcal, k, a, c, q, d = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a, sym.c, sym.q, sym.increase
ROOTS = {s: sigma**2, W: w**2}
FIXED = {U: (v**2 - w**2) / A}
PHI_ROOT = (v + w) / A


def psi(root: sp.Expr) -> sp.Expr:
    """psi at s = root^2."""
    return (1 - A) * root**2 + 2 * w * root + U


def _scalar(name: str, claim: sp.Expr, witness: sp.Expr, region: Region) -> Certificate:
    return Certificate(name, claim, {}, (), witness, region)


def tangents() -> tuple[Obligation, ...]:
    """psi is the minimum of the one-step bounds over varrho: the difference is a square over tau = A - varrho."""
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
    """psi is increasing (it needs A <= 1, proved too) and concave (it lies below its tangent at every r > 0)."""
    shrink = Region({sym.slack_shrink: 1 - A})
    r = sym.root_s_pos
    tangent = psi(r) + (1 - A + w / r) * (sigma**2 - r**2)
    strongly = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a).A
    weak = envelope.polyak_lojasiewicz(gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=sym.b).A
    return (
        _scalar(
            "psi-increasing", psi(sigma + d) - psi(sigma), d * (sym.slack_shrink * (2 * sigma + d) + 2 * w), shrink
        ),
        _scalar("psi-concave", tangent - psi(sigma), w / r * (sigma - r) ** 2, Region()),
        _scalar("rate-at-most-1", 1 - strongly, (1 - gamma * mu) ** 2 + gamma**2 * c**2, Region({}, {Lcal: LCAL_BY_C})),
        _scalar(
            "rate-at-most-1-pl",
            1 - weak,
            (1 - gamma * mu) ** 2 + gamma**2 * mu * (sym.slack_L + L * q**2),
            Region({sym.slack_L: L - mu}, {Lcal: LCAL_BY_Q}),
        ),
    )


def fixed_point() -> tuple[Obligation, ...]:
    """Phi = psi(Phi); iterates move towards it and do not cross it; Phi is the least of T_varrho/varrho, at varrho =
    A - w/sqrt(Phi)."""
    phi = PHI_ROOT
    region = Region({}, FIXED)
    best = A - w / phi
    line = envelope.Triple(A, U, w**2).constant(varrho)
    ratio = w**2 / U
    root = w * v / U  # sqrt(R(A + R)) with R = W/U
    return (
        Identity("floor-is-fixed-point", psi(phi) - phi**2, region),
        Identity("step-towards-floor", sigma**2 - psi(sigma) - (sigma - phi) * (A * sigma + v - w), region),
        _scalar(
            "contraction-above-floor",
            (1 - best) * (sigma**2 - phi**2) - (psi(sigma) - phi**2),
            w / phi * (sigma - phi) ** 2,
            region,
        ),
        _scalar("floor-is-least", line - varrho * phi**2, (tau * phi - w) ** 2 / tau, Region({tau: A - varrho}, FIXED)),
        Identity("best-rate", best - (A + ratio - root), region),
        Identity("best-rate-root", root**2 - ratio * (A + ratio), region),
    )


def regimes() -> tuple[Obligation, ...]:
    """The two strongly convex formulas differ by a square that vanishes at the boundary: continuous, and the noise
    one is smaller."""
    noise = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    bias = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
    gap = gamma**2 * (gamma * k * c - a * (1 - gamma * mu)) ** 2
    return (_scalar("regimes-meet", bias.W - noise.W, gap, Region({}, {Lcal: LCAL_BY_C})),)


def small_steps() -> tuple[Obligation, ...]:
    """No bias: Phi = a^2 (v' + gamma c)^2 / (mu (2 - gamma Lcal))^2 with v'^2 = gamma mu (2 - gamma mu); so Phi/gamma
    -> a^2/(2 mu).

    With c = 0 it is gamma a^2 / (mu (2 - gamma mu)), the stationary variance of a one-dimensional quadratic.
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


def weights() -> tuple[Obligation, ...]:
    """lam -> T_varrho and sqrt(floor) are convex.

    k = |lam||h| and a = |S - lam H'| are norms, convex in lam.  T/gamma^2 = k^2 + a^2 + M^2/tau, where M(k, a) =
    sqrt(W)/gamma is, over both
    regimes, the maximum of u_1 k + u_2 a over the slopes u >= 0 with |u|^2 <= 1 - A and u_2 <= gamma c: convex and
    increasing.
    sqrt(psi) is a norm of a non-negative linear image of (sqrt(s), k, a) in each regime, so the set of (k, a,
    sigma) with psi(sigma^2) <= sigma^2 is convex and its lower edge sqrt(floor) is a convex function of (k, a); it
    is increasing since psi is. Below s_0, psi = (1-varrho) s + T_varrho, whose root is a norm as well, and the
    pieces join with equal derivatives: this holds for one least rate (say gamma mu) in both regimes, and for Phi
    itself. With least rates gamma mu (noise) and 0 (bias) the floor jumps down at the boundary and is not convex;
    with the least rate of ``noise_dominated_wide`` it is continuous, yet not quite convex.
    """
    u1, u2, z = sym.slope_k, sym.slope_a, sym.slack_regime
    minorant = u1 * k + u2 * a
    g = gamma * mu
    largest = (1 - g) * k + gamma * c * a
    near = ((1 - g - u1) ** 2 + (gamma * c - u2) ** 2 + sym.slack_disc) / 2
    region = Region(
        {
            z: a * (1 - g) - gamma * k * c,
            sym.slack_cap: gamma * c - u2,
            sym.slack_disc: (1 - g) ** 2 + gamma**2 * c**2 - u1**2 - u2**2,
        }
    )
    noise = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    split = ((1 - g) * sigma + gamma * k) ** 2 + gamma**2 * (c * sigma + a) ** 2
    full = (1 - noise.A) * sigma**2 + 2 * gamma * largest * sigma + noise.U
    return (
        _scalar("largest-slope-noise", (1 - g) * (largest - minorant), k * near + z * sym.slack_cap, region),
        _scalar(
            "largest-slope-bias",
            (1 - A) * (k**2 + a**2) - minorant**2,
            sym.slack_disc * (k**2 + a**2) + (u1 * a - u2 * k) ** 2,
            Region({sym.slack_disc: 1 - A - u1**2 - u2**2}),
        ),
        Identity("root-psi-is-a-norm", full - split, Region({}, {Lcal: LCAL_BY_C})),
        _pl_norm(),
    )


def _pl_norm() -> Identity:
    """PL, with |g| for sqrt(2 mu s): psi is a sum of squares of linear forms, the last one by L >= mu."""
    grad, b = sym.slope, sym.b
    triple = envelope.polyak_lojasiewicz(gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=b)
    cross = gamma * grad * (k * b + L * gamma * a * q)  # 2 sqrt(W s)
    state = grad**2 / (2 * mu)
    squares = L * gamma**2 / 2 * ((a + q * grad) ** 2 + (k + b * grad / (L * gamma)) ** 2) + (L - mu) / L * state
    value = (1 - triple.A) * state + cross + triple.U
    return Identity(
        "root-psi-is-a-norm-pl",
        (value - squares).expand().xreplace({b**2: (1 - L * gamma) ** 2}),
        Region({}, {Lcal: LCAL_BY_Q}),
    )


def compression() -> tuple[Obligation, ...]:
    """(1+w)P + 2w|x*|sqrt(P) + w|x*|^2 is the minimum over p of (1+w(1+p))P + w(1+1/p)|x*|^2 (w = omega, P = psi), at
    p = |x*|/sqrt(P)."""
    omega, p, x, y = sym.omega, sym.p, sym.root_minimiser, sym.root_bound
    family = (1 + omega * (1 + p)) * y**2 + omega * (1 + 1 / p) * x**2
    closed = (1 + omega) * y**2 + 2 * omega * x * y + omega * x**2
    return (_scalar("compressed-below-every-p", family - closed, omega / p * (p * y - x) ** 2, Region()),)


def obligations() -> tuple[Obligation, ...]:
    """Everything above, in reading order."""
    return (*tangents(), *shape(), *fixed_point(), *regimes(), *small_steps(), *weights(), *compression())
