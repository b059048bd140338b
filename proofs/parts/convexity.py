"""lam -> T_varrho(lam) and lam -> sqrt(floor(lam)) are convex, so every optimal weight is a
one-dimensional convex minimisation.

1. k = |lam||h| and a = |S - lam H'| are norms of affine functions of lam, hence convex (``norms``;
Cauchy-Schwarz says z_P >= 0).
2. T/gamma^2 = k^2 + a^2 + M^2/tau with M(k, a) = sqrt(W)/gamma.  Over both regimes M is the maximum
of u_1 k + u_2 a over the slopes
   u >= 0 with |u|^2 <= 1 - A and u_2 <= gamma c: no slope gives more (``largest-slope``), and an
   admissible one gives M: in the noise regime u = (1 - gamma mu, gamma c), in the other u =
   sqrt(1-A) (k, a)/|(k, a)|, whose u_2 is <= gamma c there.  So M is convex, non-negative and
   increasing in k and a, its square is convex (``square-is-convex``), and T is convex and
   increasing in (k, a); with 1, convex in lam.  PL: M is linear.
3. One least rate in both regimes, varrho_min = A - tau: fix a slope u and put m = gamma (u_1 k +
u_2 a), p = (k, a).  Then

       g_u^2 = (1-A) sigma^2 + 2 sigma m + gamma^2 |p|^2                        where tau sigma >=
       m, g_u^2 = (1-varrho_min) sigma^2 + gamma^2 |p|^2 + m^2/tau                 elsewhere,

   are both squared norms of linear images of (sigma, k, a) (``root-psi-is-a-norm``; the second is a
   sum of squares by sight), and they differ by (tau sigma - m)^2/tau, so they join with equal
   derivatives across the plane tau sigma = m (``psi-below-every-tangent``): g_u is convex, and it
   grows with m.  sqrt(psi) = max over u of g_u is convex in (sigma, k, a).  {psi(sigma^2) <=
   sigma^2} is then a convex set of (sigma, k, a), and sqrt(floor) is its lower edge: convex in (k,
   a), increasing since psi is, hence convex in lam by 1.
   PL: varrho_min = 0, psi is one squared norm (``root-psi-is-a-norm-pl``).
4. With least rates gamma mu (noise) and 0 (bias) in the two regimes the floor is convex in each,
but it jumps down where noise stops to
   dominate, and is not convex across: ``border_counterexample``.  T and Phi themselves are
   continuous there (``regimes-meet``).
"""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.certificates import LCAL_BY_C, LCAL_BY_Q
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region
from kdtheory.statements.theorems import NOISE_SQ

gamma, mu, L, Lcal, k, a, c, q = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a, sym.c, sym.q
A = sym.A
u1, u2, sigma = sym.slope_k, sym.slope_a, sym.root_s
g = gamma * mu
SHRINK = (1 - g) ** 2 + gamma**2 * c**2  # 1 - A


def norms() -> tuple[Obligation, ...]:
    """a(w_1 lam + w_2 lam') <= w_1 a(lam) + w_2 a(lam'), squared, with P = a(lam) a(lam'); k =
    |lam||h| is convex by sight.
    """
    here, there, w1, w2 = sym.lam, sym.lam_other, sym.share, sym.slack_share

    def noise(at: sp.Expr) -> sp.Expr:
        return NOISE_SQ.xreplace({sym.lam: at})

    inner = (
        sym.sigma_star_sq - (here + there) * sym.covariance + here * there * sym.teacher_variance
    )
    determinant = sym.sigma_star_sq * sym.teacher_variance - sym.covariance**2
    mixed = (
        w1**2 * noise(here)
        + (1 - w1) ** 2 * noise(there)
        + 2 * w1 * (1 - w1) * sym.product_of_norms
    )
    slacks = {w2: 1 - w1, sym.slack_product: sym.product_of_norms - inner}
    return (
        Identity(
            "noise-cauchy-schwarz",
            noise(here) * noise(there) - inner**2 - (here - there) ** 2 * determinant,
        ),
        Certificate.plain(
            "noise-is-a-norm",
            mixed - noise(w1 * here + (1 - w1) * there),
            2 * w1 * w2 * sym.slack_product,
            Region(slacks),
        ),
    )


def largest_slope() -> tuple[Obligation, ...]:
    """No admissible slope gives more than M, and one gives M."""
    z, minorant = sym.slack_regime, u1 * k + u2 * a
    largest = (1 - g) * k + gamma * c * a
    near = ((1 - g - u1) ** 2 + (gamma * c - u2) ** 2 + sym.slack_disc) / 2
    noise = Region(
        {
            z: a * (1 - g) - gamma * k * c,
            sym.slack_cap: gamma * c - u2,
            sym.slack_disc: SHRINK - u1**2 - u2**2,
        }
    )
    bias = Region({sym.slack_disc: 1 - A - u1**2 - u2**2})
    # k gamma c - a (1 - gamma mu) >= 0; the other factor is gamma c k + a (1 - gamma mu) = edge + 2
    # a (n + ...)
    edge = sym.slack_bias
    n = sym.slack_range
    reach = Region({edge: k * gamma * c - a * (1 - g), n: 1 - gamma * Lcal}, {Lcal: LCAL_BY_C})
    return (
        Certificate.plain(
            "largest-slope-noise",
            (1 - g) * (largest - minorant),
            k * near + z * sym.slack_cap,
            noise,
        ),
        Identity("largest-slope-noise-admissible", SHRINK - (1 - g) ** 2 - (gamma * c) ** 2),
        Certificate.plain(
            "largest-slope-bias",
            (1 - A) * (k**2 + a**2) - minorant**2,
            sym.slack_disc * (k**2 + a**2) + (u1 * a - u2 * k) ** 2,
            bias,
        ),
        Certificate.plain(
            "largest-slope-bias-admissible",
            (gamma * c) ** 2 * (k**2 + a**2) - SHRINK * a**2,
            edge * (edge + 2 * a * (n + gamma * c**2 / mu)),
            reach,
        ),
    )


def squares() -> tuple[Obligation, ...]:
    """w_1 x^2 + w_2 y^2 - (w_1 x + w_2 y)^2 = w_1 w_2 (x - y)^2, here with x = u_1, y = u_2."""
    w1, w2 = sym.share, sym.slack_share
    claim = w1 * u1**2 + (1 - w1) * u2**2 - (w1 * u1 + (1 - w1) * u2) ** 2
    return (
        Certificate.plain(
            "square-is-convex", claim, w1 * w2 * (u1 - u2) ** 2, Region({w2: 1 - w1})
        ),
    )


def root_psi() -> tuple[Obligation, ...]:
    """g_u^2 as a sum of squares of linear forms in (sigma, k, a); M's own slope in the noise
    regime; and PL.
    """
    curve = (1 - A) * sigma**2 + 2 * gamma * sigma * (u1 * k + u2 * a) + gamma**2 * (k**2 + a**2)
    rest = 1 - A - u1**2 - u2**2
    norm = (gamma * k + u1 * sigma) ** 2 + (gamma * a + u2 * sigma) ** 2 + rest * sigma**2
    noise = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    split = ((1 - g) * sigma + gamma * k) ** 2 + gamma**2 * (c * sigma + a) ** 2
    full = (1 - noise.A) * sigma**2 + 2 * gamma * ((1 - g) * k + gamma * c * a) * sigma + noise.U
    return (
        Identity("root-psi-is-a-norm", curve - norm),
        Identity("root-psi-noise-dominated", full - split, Region({}, {Lcal: LCAL_BY_C})),
        _pl_norm(),
    )


def _pl_norm() -> Identity:
    """PL, with |g| for sqrt(2 mu s): psi is a sum of squares of linear forms, the last one by L >=
    mu.
    """
    grad, b = sym.slope, sym.b
    triple = envelope.polyak_lojasiewicz(gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=b)
    cross = gamma * grad * (k * b + L * gamma * a * q)  # 2 sqrt(W s)
    state = grad**2 / (2 * mu)
    parts = (
        L * gamma**2 / 2 * ((a + q * grad) ** 2 + (k + b * grad / (L * gamma)) ** 2)
        + (L - mu) / L * state
    )
    value = (1 - triple.A) * state + cross + triple.U
    return Identity(
        "root-psi-is-a-norm-pl",
        (value - parts).expand().xreplace({b**2: (1 - L * gamma) ** 2}),
        Region({}, {Lcal: LCAL_BY_Q}),
    )


def border_counterexample() -> tuple[Fraction, Fraction, Fraction]:
    """Floors at three equally spaced points of one line through the border, gamma = 1, with the
    least rate of each regime: an upper bound on the noise side, the value at the border, the value
    on the bias side.  The middle one is larger than both.

    r = sqrt(1-A) = 9/10, 1 - mu = 12r/13, c = 5r/13: all roots rational.  The border is (k, a) = (1
    - mu, c); k moves by 1/1000.
    """
    r = Fraction(9, 10)
    along, spread = r * Fraction(12, 13), r * Fraction(5, 13)
    least, step = 1 - along, Fraction(1, 1000)
    smooth = least + spread**2 / least

    def sharp_floor(bias: Fraction) -> Fraction:
        """T/varrho at varrho = mu: the floor where the curve's own is below s_0, and never less
        than the floor.
        """
        triple = envelope.noise_dominated(
            gamma=Fraction(1), mu=least, Lcal=smooth, c=spread, k=bias, a=spread
        )
        return Fraction(triple.constant(least) / least)

    border = envelope.noise_dominated(
        gamma=Fraction(1), mu=least, Lcal=smooth, c=spread, k=along, a=spread
    )
    # W = (1-A)U at the border, so sqrt(Phi) = sqrt(U)/(1 - r).
    curve_floor = border.U / (1 - r) ** 2
    assert smooth < 1 and curve_floor * (border.A - least) ** 2 < border.W
    beyond = envelope.bias_dominated(
        gamma=Fraction(1), mu=least, Lcal=smooth, k=along + step, a=spread
    )
    return sharp_floor(along - step), sharp_floor(along), beyond.U / (1 - r) ** 2


def obligations() -> tuple[Obligation, ...]:
    """Everything above, in reading order."""
    return (*norms(), *largest_slope(), *squares(), *root_psi())
