"""One step of the envelope: E s(x+) <= (1 - varrho) s(x) + U + W/(A - varrho), for every admissible
rate.

One argument serves all cases.  Write P = e - gamma g, D = G' - S, N = S - lam H'.  For every alpha,
nu > 0

    |P + gamma lam h|^2 <= (1 + alpha) |P|^2 + (1 + 1/alpha) gamma^2 k^2,    E|D + N|^2 <= (1 + nu)
    E|D|^2 + (1 + 1/nu) a^2,

and A3 reads E|D|^2 <= 2 Lcal F - |g|^2.  What is left is a linear inequality in F, |e|^2, <e,g>,
|g|^2: A1 and A1' close it, with the square |g - mu e|^2 for the surplus gamma^2 (nu - alpha) of
-|g|^2 (``young``).  Sharp bounds take the alpha, nu at which the sum of the constants is least for
the given rate: alpha = gamma k / |P| and nu = a / D at the worst point, so with w = sqrt(W) and tau
= A - varrho

    noise-dominated: alpha = gamma k tau / ((1 - gamma mu) w),  nu = a tau / (c w);
    bias-dominated: alpha = nu = tau / (1 - A).

PL: alpha = k tau / (gamma mu w'), nu = a tau / (q gamma mu w') with w' = k |1 - L gamma| + L gamma
a q. Where such a parameter would be 0 or infinite (k = 0, a = 0, Lcal = mu) the bound is a limit:
``proofs.parts.corners``.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import assumptions as ass
from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.prover.obligations import Certificate, Region

gamma, mu, L, Lcal, lam, varrho = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.lam, sym.varrho
tau = sym.tau
ZERO = sp.Integer(0)

PROGRESS = vec.combine((1, vec.e), (-gamma, vec.g))  # P
FLUCTUATION = {"Gc": sp.Integer(1), "S": sp.Integer(-1)}  # D
NOISE = vec.combine((1, vec.S), (-lam, vec.H_centred))  # N
CURVATURE = vec.combine((1, vec.g), (-mu, vec.e))

LCAL_BY_C = mu + sym.c**2 / mu
LCAL_BY_Q = mu * (1 + sym.q**2)


def _suffix(unbiased: bool) -> str:
    return "-unbiased" if unbiased else ""


def strongly_convex_claim(contraction: sp.Expr, constant: sp.Expr, *, unbiased: bool) -> sp.Expr:
    """contraction |e|^2 + constant - E|x+ - x*|^2."""
    return contraction * vec.norm_sq(vec.e) + constant - vec.norm_sq(ass.updated(unbiased=unbiased))


def strongly_convex(
    name: str,
    claim: sp.Expr,
    region: Region,
    *,
    alpha: sp.Expr,
    nu: sp.Expr,
    surplus: sp.Expr,
    growth: sp.Expr,
    unbiased: bool,
) -> Certificate:
    """The argument with given alpha, nu; ``surplus`` is nu - alpha and ``growth`` the multiplier of
    A1', both written non-negatively."""
    smoothness = gamma**2 * (1 + nu)
    multipliers = {
        ass.expected_smoothness: smoothness,
        ass.quadratic_growth: growth,
        ass.strong_convexity: growth + 2 * Lcal * smoothness,
        ass.noise_norm: gamma**2 * (1 + 1 / nu),
    }
    squares: list[tuple[sp.Expr, vec.Vector]] = [
        (gamma**2 / nu, vec.combine((nu, FLUCTUATION), (-1, NOISE)))
    ]
    if surplus != 0:
        squares.append((gamma**2 * surplus, CURVATURE))
    if not unbiased:
        multipliers[ass.bias_norm] = gamma**2 * (1 + 1 / alpha)
        squares.append((1 / alpha, vec.combine((alpha, PROGRESS), (-gamma * lam, vec.h))))
    return Certificate(name + _suffix(unbiased), claim, multipliers, tuple(squares), ZERO, region)


def young(*, unbiased: bool = False) -> Certificate:
    """The family of affine bounds from which all others, the paper's included, are taken."""
    alpha = ZERO if unbiased else sym.alpha
    nu = sym.nu
    contraction = (1 + alpha) * (1 - gamma * mu) ** 2 + (1 + nu) * gamma**2 * mu * (Lcal - mu)
    constant = gamma**2 * (1 + 1 / nu) * sym.a**2 + (
        ZERO if unbiased else gamma**2 * (1 + 1 / alpha) * sym.k**2
    )
    slacks = {sym.slack_growth: (1 + alpha) * (1 - gamma * mu) - (1 + nu) * gamma * (Lcal - mu)}
    if not unbiased:
        slacks[sym.slack_young] = nu - alpha
    claim = strongly_convex_claim(contraction, constant, unbiased=unbiased)
    return strongly_convex(
        "young",
        claim,
        Region(slacks),
        alpha=alpha,
        nu=nu,
        surplus=nu if unbiased else sym.slack_young,
        growth=2 * gamma * sym.slack_growth,
        unbiased=unbiased,
    )


def noise_dominated(*, unbiased: bool = False) -> Certificate:
    """a(1 - gamma mu) >= gamma k c and gamma mu <= varrho < A; k, a, c > 0 (unbiased: c > 0 is
    enough).
    """
    k, a, c = (ZERO if unbiased else sym.k), sym.a, sym.c
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    claim = strongly_convex_claim(1 - varrho, triple.constant(varrho), unbiased=unbiased)
    one_minus = sym.slack_range + gamma * sym.c_pos**2 / mu  # 1 - gamma mu, seen to be positive
    slacks = {
        sym.c_pos: c,
        sym.slack_range: 1 - gamma * Lcal,
        sym.slack_rate: varrho - gamma * mu,
        tau: triple.A - varrho,
    }
    if unbiased:
        del slacks[
            sym.slack_range
        ]  # the unbiased step needs gamma < 1/Lcal only for a rate below A to exist
        nu = tau / (gamma**2 * sym.c_pos**2)
        return strongly_convex(
            "noise-dominated",
            claim,
            Region(slacks, {Lcal: LCAL_BY_C}),
            alpha=ZERO,
            nu=nu,
            surplus=nu,
            growth=2 * sym.slack_rate / mu,
            unbiased=True,
        )
    slacks |= {sym.k_pos: k, sym.a_pos: a, sym.slack_regime: a * (1 - gamma * mu) - gamma * k * c}
    root = gamma * (sym.k_pos * one_minus + gamma * sym.a_pos * sym.c_pos)
    return strongly_convex(
        "noise-dominated",
        claim,
        Region(slacks, {Lcal: LCAL_BY_C}),
        alpha=gamma * sym.k_pos * tau / (one_minus * root),
        nu=sym.a_pos * tau / (sym.c_pos * root),
        surplus=sym.slack_regime * tau / (sym.c_pos * one_minus * root),
        growth=2 * sym.slack_rate / mu + 2 * gamma * sym.k_pos * tau / (mu * root),
        unbiased=False,
    )


def noise_dominated_wide() -> Certificate:
    """The same bound below varrho = gamma mu, down to where A1' is no longer needed (our own
    finding).

    The condition is (1 - gamma Lcal) w >= gamma (a c/mu - k) tau: varrho >= gamma mu exactly when k
    = 0, lower rates when k > 0, and every rate below A when a c <= mu k.
    """
    base = noise_dominated()
    k, a, c = sym.k, sym.a, sym.c
    one_minus = sym.slack_range + gamma * sym.c_pos**2 / mu
    root = gamma * (sym.k_pos * one_minus + gamma * sym.a_pos * sym.c_pos)
    slacks = {
        letter: meaning
        for letter, meaning in base.region.slacks.items()
        if letter != sym.slack_rate
    }
    slacks[sym.slack_growth] = (1 - gamma * Lcal) * gamma * (
        k * (1 - gamma * mu) + gamma * a * c
    ) + gamma * (k - a * c / mu) * slacks[tau]
    return strongly_convex(
        "noise-dominated-wide",
        base.claim,
        Region(slacks, {Lcal: LCAL_BY_C}),
        alpha=gamma * sym.k_pos * tau / (one_minus * root),
        nu=sym.a_pos * tau / (sym.c_pos * root),
        surplus=sym.slack_regime * tau / (sym.c_pos * one_minus * root),
        growth=2 * gamma * sym.slack_growth / root,
        unbiased=False,
    )


def bias_dominated() -> Certificate:
    """Any k, a >= 0 and varrho < A; no division by k, a or c, so no corner (sharp where a(1 - gamma
    mu) <= gamma k c)."""
    triple = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=sym.k, a=sym.a)
    claim = strongly_convex_claim(1 - varrho, triple.constant(varrho), unbiased=False)
    n, c = sym.slack_range, sym.c
    alpha = tau / ((n + gamma * c**2 / mu) ** 2 + gamma**2 * c**2)  # the denominator is 1 - A
    region = Region({n: 1 - gamma * Lcal, tau: triple.A - varrho}, {Lcal: LCAL_BY_C})
    return strongly_convex(
        "bias-dominated",
        claim,
        region,
        alpha=alpha,
        nu=alpha,
        surplus=ZERO,
        growth=2 * gamma * (1 + alpha) * n,
        unbiased=False,
    )


def pl_claim(contraction: sp.Expr, constant: sp.Expr) -> sp.Expr:
    """contraction F + constant - F+."""
    return contraction * sym.F + constant - sym.F_plus


def pl_argument(
    name: str,
    claim: sp.Expr,
    region: Region,
    *,
    alpha: sp.Expr,
    nu: sp.Expr,
    growth: sp.Expr,
    unbiased: bool,
    sign: int,
) -> Certificate:
    """The PL argument with given alpha, nu; ``growth`` is PL's multiplier; ``sign`` that of 1 - L
    gamma (b is its size)."""
    noise = L * gamma**2 / 2
    multipliers = {
        (ass.descent_lemma_unbiased if unbiased else ass.descent_lemma): sp.Integer(1),
        ass.polyak_lojasiewicz: growth,
        ass.expected_smoothness: noise * (1 + nu),
        ass.noise_norm: noise * (1 + 1 / nu),
    }
    squares: list[tuple[sp.Expr, vec.Vector]] = [
        (noise / nu, vec.combine((nu, FLUCTUATION), (-1, NOISE)))
    ]
    if not unbiased:
        multipliers[ass.bias_norm] = noise + gamma * sym.b / (2 * alpha)
        squares.append(
            (gamma * sym.b / (2 * alpha), vec.combine((alpha, vec.g), (-sign * lam, vec.h)))
        )
    label = "" if unbiased else ("-short" if sign > 0 else "-long")
    return Certificate(
        name + label + _suffix(unbiased), claim, multipliers, tuple(squares), ZERO, region
    )


def pl_slacks(*, unbiased: bool, sign: int) -> dict[sp.Symbol, sp.Expr]:
    """b = |1 - L gamma| where it is needed: the unbiased step has no cross term, so the sign of 1 -
    L gamma does not matter."""
    return {} if unbiased else {sym.b: sign * (1 - L * gamma)}


def pl_young(*, unbiased: bool = False, sign: int = 1) -> Certificate:
    """The family of affine bounds for PL functions."""
    alpha, b = (ZERO, ZERO) if unbiased else (sym.alpha, sign * (1 - L * gamma))
    nu = sym.nu
    contraction = (
        1
        - 2 * mu * gamma
        + mu * L * gamma**2
        + L * gamma**2 * (Lcal - mu) * (1 + nu)
        + mu * gamma * b * alpha
    )
    constant = L * gamma**2 / 2 * (1 + 1 / nu) * sym.a**2
    if not unbiased:
        constant += (L * gamma**2 + gamma * b / alpha) / 2 * sym.k**2
    slacks = pl_slacks(unbiased=unbiased, sign=sign) | {
        sym.slack_growth: 2 + L * gamma * nu - b * alpha
    }
    return pl_argument(
        "pl-young",
        pl_claim(contraction, constant),
        Region(slacks),
        alpha=alpha,
        nu=nu,
        growth=gamma * sym.slack_growth / 2,
        unbiased=unbiased,
        sign=sign,
    )


def pl(*, unbiased: bool = False, sign: int = 1) -> Certificate:
    """PL, 0 <= varrho < A, for 1 - L gamma of the given sign; k, a, q > 0 (unbiased: q > 0 is
    enough).
    """
    k, a, q = (ZERO if unbiased else sym.k), sym.a, sym.q
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=sign * (1 - L * gamma)
    )
    slacks = pl_slacks(unbiased=unbiased, sign=sign) | {sym.q_pos: q, tau: triple.A - varrho}
    if unbiased:
        alpha, nu = ZERO, tau / (L * gamma**2 * mu * sym.q_pos**2)
    else:
        slacks |= {sym.k_pos: k, sym.a_pos: a}
        root = sym.k_pos * sym.b + L * gamma * sym.a_pos * sym.q_pos
        alpha = sym.k_pos * tau / (gamma * mu * root)
        nu = sym.a_pos * tau / (sym.q_pos * gamma * mu * root)
    growth = (varrho + L * gamma**2 * (1 + nu) * Lcal) / (2 * mu)
    return pl_argument(
        "pl",
        pl_claim(1 - varrho, triple.constant(varrho)),
        Region(slacks, {Lcal: LCAL_BY_Q}),
        alpha=alpha,
        nu=nu,
        growth=growth,
        unbiased=unbiased,
        sign=sign,
    )


def compressed(base: Certificate, *, unbiased: bool = False) -> Certificate:
    """E|C(y) - x*|^2 <= (1 + omega(1+p)) B + omega(1 + 1/p)|x*|^2 + d delta^2/4, where ``base``
    proves E|x+ - x*|^2 <= B."""
    omega, p = sym.omega, sym.p
    factor = 1 + omega * (1 + p)
    u = ass.updated(unbiased=unbiased)
    bound = base.claim + vec.norm_sq(u)
    claim = (
        factor * bound + omega * (1 + 1 / p) * vec.norm_sq(vec.xstar) + sym.rounding_sq - sym.out_sq
    )
    multipliers = {assumption: factor * weight for assumption, weight in base.multipliers.items()}
    multipliers[ass.compressor_unbiased if unbiased else ass.compressor] = sp.Integer(1)
    squares = tuple((factor * weight, vector) for weight, vector in base.squares)
    split = (omega / p, vec.combine((p, u), (-1, vec.xstar)))
    return Certificate(
        f"compressed-{base.name}",
        claim,
        multipliers,
        (*squares, split),
        factor * base.remainder,
        base.region,
    )


def compression_alone() -> Certificate:
    """E|C(y) - x*|^2 <= (1 + omega(1+p)) E|y - x*|^2 + omega(1 + 1/p)|x*|^2 + d delta^2/4."""
    omega, p, u = sym.omega, sym.p, ass.updated(unbiased=False)
    grown = (1 + omega * (1 + p)) * vec.norm_sq(u) + omega * (1 + 1 / p) * vec.norm_sq(vec.xstar)
    return Certificate(
        "compression-alone",
        grown + sym.rounding_sq - sym.out_sq,
        {ass.compressor: sp.Integer(1)},
        ((omega / p, vec.combine((p, u), (-1, vec.xstar))),),
    )


def compression_contracts() -> Certificate:
    """(1+omega)(1-A) < 1, so that the envelope after compression has a floor."""
    A = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=sym.k, a=sym.a).A
    n, omega = sym.slack_range, sym.omega
    return Certificate(
        "compressed-floor-exists",
        1 - (1 + omega) * (1 - A),
        {ass.contraction: sp.Integer(1)},
        (),
        (1 + omega) * gamma * mu * n,
        Region({n: 1 - gamma * Lcal}),
    )


def obligations() -> tuple[Certificate, ...]:
    """Every one-step certificate of the envelope, in reading order."""
    both = (False, True)
    return (
        *(young(unbiased=flag) for flag in both),
        *(noise_dominated(unbiased=flag) for flag in both),
        noise_dominated_wide(),
        bias_dominated(),
        *(pl_young(sign=sign) for sign in (1, -1)),
        pl_young(unbiased=True),
        *(pl(sign=sign) for sign in (1, -1)),
        pl(unbiased=True),
        *(compressed(young(unbiased=flag), unbiased=flag) for flag in both),
    )
