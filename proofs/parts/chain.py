"""envelope <= sharp <= refined <= paper form, as constants of one step at the rate gamma mu.

Both settings are the same algebra.  With g = gamma mu (PL: L gamma), d = gamma (Lcal - mu) (PL: L
gamma (Lcal - mu)/mu), y = gamma c (PL: L gamma q), y^2 = g d, and m = 1 - 2(g + d) > 0, the three
constants over gamma^2 (PL: L gamma^2/2) are

    sharp    k^2 + a^2 + (k(1-g) + y a)^2 / (g (m+g+d))          noise-dominated; PL, where 1 - L
    gamma > 0 in this range refined  2a^2 + k^2 (2 + 1/(g m))                            paper  2a^2
    + k^2 (2 + 2/g)

The envelope is below sharp because it is a minimum that includes this rate
(``recursion``).
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.certificates import LCAL_BY_C, LCAL_BY_Q
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

gamma, mu, L, Lcal, k, a = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a
m = sym.slack_half


@dataclass(frozen=True)
class Column:
    """One column of the chain: dimensionless g, d, y and the unit of the constants."""

    suffix: str
    g: sp.Expr
    d: sp.Expr
    y: sp.Expr
    unit: sp.Expr
    smoothness: sp.Expr
    sharp: envelope.Triple
    substitutions: dict[sp.Symbol, sp.Expr]


def strongly_convex() -> Column:
    """Noise-dominated formula, c >= 0."""
    c = sym.c
    return Column(
        "",
        gamma * mu,
        gamma * c**2 / mu,
        gamma * c,
        gamma**2,
        gamma * Lcal,
        envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a),
        {Lcal: LCAL_BY_C},
    )


def pl() -> Column:
    """PL; below half the range L gamma < mu/(2 Lcal) <= 1/2, so |1 - L gamma| = 1 - L gamma."""
    q = sym.q
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=1 - L * gamma
    )
    return Column(
        "-pl",
        L * gamma,
        L * gamma * q**2,
        L * gamma * q,
        L * gamma**2 / 2,
        L * gamma * Lcal / mu,
        triple,
        {Lcal: LCAL_BY_Q},
    )


def refined(setting: Column) -> sp.Expr:
    """Constant of the refined form, 2 unit N(lam; kappa) with kappa = 1/(2 g m), by |S - lam H|^2 =
    a^2 + k^2.
    """
    return 2 * setting.unit * (a**2 + k**2 + k**2 / (2 * setting.g * (1 - 2 * setting.smoothness)))


def paper(setting: Column) -> sp.Expr:
    """Constant of the paper's form, kappa = 1/g."""
    return 2 * setting.unit * (a**2 + k**2 + k**2 / setting.g)


def sharp_below_refined(setting: Column) -> Certificate:
    """refined - sharp = unit [k^2 (1+m)^2/(m(m+g)) + (k (1-g) y/X - a)^2 X/(g(m+g+d))],  X =
    g(m+g).
    """
    g, d, y = setting.g, setting.d, setting.y
    X = g * (m + g)
    witness = setting.unit * (
        k**2 * (1 + m) ** 2 / (m * (m + g)) + (k * (1 - g) * y / X - a) ** 2 * X / (g * (m + g + d))
    )
    claim = refined(setting) - setting.sharp.constant(gamma * mu)
    region = Region({m: 1 - 2 * setting.smoothness}, setting.substitutions)
    return Certificate.plain("sharp-below-refined" + setting.suffix, claim, witness, region)


def sharp_below_refined_bias() -> Certificate:
    """The same in the bias-dominated regime z = k y - a(1-g) >= 0, c > 0 (at c = 0 it is the other
    one).
    """
    setting = strongly_convex()
    c = sym.c_pos
    g, d = gamma * mu, gamma * c**2 / mu
    z = sym.slack_bias
    one_minus_g, X, n = m + g + 2 * d, g * (m + g), m + g + d
    D = (m + g) * (m + 4 * d) + 4 * d**2  # (1-g)^2 - X
    first = (1 + m) ** 2 / (g * d * m * (m + g))
    witness = gamma**2 * (
        (first + D / (X * g * n)) * (z**2 + 2 * z * a * one_minus_g)
        + (first * one_minus_g**2 + D**2 / (X * g * n)) * a**2
    )
    bias = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
    slacks = {m: 1 - 2 * gamma * Lcal, c: sym.c, z: k * gamma * sym.c - a * (1 - gamma * mu)}
    return Certificate.plain(
        "sharp-below-refined-bias",
        refined(setting) - bias.constant(gamma * mu),
        witness,
        Region(slacks, setting.substitutions),
    )


def sharp_below_refined_all() -> tuple[Certificate, ...]:
    """Both regimes, and PL."""
    return (
        sharp_below_refined(strongly_convex()),
        sharp_below_refined_bias(),
        sharp_below_refined(pl()),
    )


def refined_below_paper(setting: Column) -> Certificate:
    """Up to a quarter of the range, gamma Lcal <= 1/4 (PL: L gamma Lcal/mu <= 1/4)."""
    witness = setting.unit * k**2 * sym.slack_quarter / (setting.g * m)
    region = Region({m: 1 - 2 * setting.smoothness, sym.slack_quarter: 1 - 4 * setting.smoothness})
    return Certificate.plain(
        "refined-below-paper" + setting.suffix, paper(setting) - refined(setting), witness, region
    )


def largest_ratio_paper_sharp(setting: Column) -> Certificate:
    """paper <= 2 (1 + g) sharp for gamma Lcal < 1 (PL: L gamma Lcal/mu < 1): at most 9/4 in the
    paper's range gamma Lcal <= 1/8, and 5/2 where it is 1/4.

    With n = 1 - g - d:  2 (1+g) sharp - paper = unit [2 g a^2 + 2 (1+g) (2 k (1-g) y a + y^2 a^2 +
    k^2 (1-g) d)/(g n)]. Equality at Lcal = mu and a = 0.  The bias-dominated constant is larger
    (``recursion.regimes``).
    """
    g, d, y, n = setting.g, setting.d, setting.y, sym.slack_range
    rest = 2 * k * (n + d) * y * a + y**2 * a**2 + k**2 * (n + d) * d
    return Certificate.plain(
        "largest-ratio-paper-sharp" + setting.suffix,
        2 * (1 + g) * setting.sharp.constant(gamma * mu) - paper(setting),
        setting.unit * (2 * g * a**2 + 2 * (1 + g) * rest / (g * n)),
        Region({n: 1 - setting.smoothness}, setting.substitutions),
    )


def largest_ratio_paper_envelope(setting: Column) -> Certificate:
    """The paper's floor is at most 2 (2 - g) Phi, so at most 4 Phi, up to gamma Lcal = 1/4 (PL: L
    gamma Lcal/mu = 1/4).

    Phi is the least T_varrho/varrho (``floor-is-least``), and its other form is one of them; so it
    is enough that 2 (2-g) T_varrho >= varrho paper/(gamma mu) for every varrho = A - tau.
    Completing the square in tau leaves a cubic in g <= 1/4, written in x = 1 - 4g.  Equality at
    Lcal = mu, k = 0, tau -> 0; 4 is approached as gamma -> 0.
    """
    g, d, y, m4 = setting.g, setting.d, setting.y, sym.slack_quarter
    A, tau = setting.sharp.A, sym.tau
    unit_rate = gamma * mu
    t, ratio = tau / unit_rate, A / unit_rate  # ratio = 2 - g - d
    x, n = m4 + 4 * d, sp.Rational(3, 4) + m4 / 4  # x = 1 - 4g, n = 1 - g - d
    cubic = (7 + 183 * x + 61 * x**2 + 5 * x**3) / 256 + (1 + g) * d / 2 * (1 + n + d / 2)
    two_minus_g = 1 + n + d
    square = (1 + g) * (t - ratio / 2) ** 2 + two_minus_g * g * t + cubic
    witness = setting.unit * (
        2 * (d + t) * a**2
        + 2 * two_minus_g * (2 * k * (n + d) * y * a + y**2 * a**2) / (g * t)
        + 2 * k**2 * square / (g * t)
    )
    return Certificate.plain(
        "largest-ratio-paper-envelope" + setting.suffix,
        2 * (2 - g) * setting.sharp.constant(A - tau) - (A - tau) * paper(setting) / unit_rate,
        witness,
        Region({m4: 1 - 4 * setting.smoothness}, setting.substitutions),
    )


def ratios_are_attained() -> tuple[Obligation, ...]:
    """Equality: without noise paper/sharp = 2(1 + gamma mu); without bias the paper's floor is 2(2
    - gamma mu) Phi; both at Lcal = mu.

    There Phi = gamma a^2/(mu (2 - gamma mu)) (``recursion.small_steps``), so the second
    ratio tends to 4 as gamma -> 0.
    """
    setting = strongly_convex()
    equal = {sym.c: sp.Integer(0)}
    constants = paper(setting) - 2 * (1 + gamma * mu) * setting.sharp.constant(gamma * mu)
    floor = gamma * a**2 / (mu * (2 - gamma * mu))
    floors = paper(setting) / (gamma * mu) - 2 * (2 - gamma * mu) * floor
    region = Region({}, {Lcal: mu})
    return (
        Identity(
            "ratio-paper-sharp-attained", constants.xreplace(equal | {a: sp.Integer(0)}), region
        ),
        Identity("ratio-paper-envelope-attained", floors.xreplace({k: sp.Integer(0)}), region),
    )


def obligations() -> tuple[Obligation, ...]:
    """The chain, strongly convex then PL."""
    return (
        sharp_below_refined(strongly_convex()),
        sharp_below_refined_bias(),
        refined_below_paper(strongly_convex()),
        sharp_below_refined(pl()),
        refined_below_paper(pl()),
        *(
            make(setting())
            for setting in (strongly_convex, pl)
            for make in (largest_ratio_paper_sharp, largest_ratio_paper_envelope)
        ),
        *ratios_are_attained(),
    )
