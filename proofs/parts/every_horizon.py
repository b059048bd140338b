"""The checked steps of the theorem that the envelope is exact for every horizon without bias
(``kdtheory.instances.horizon`` has the proof).

One term moves x = sigma xhat to (q sigma - gamma c sigma z) xhat - gamma (c sigma + a) u with |u| =
1, <u, xhat> = z, q = 1 - gamma mu.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

# Q = 1 - gamma mu >= 0.
gamma, a, c, sigma, q = (sym.gamma, sym.a, sym.c, sym.root_s, sym.root_shrink)
z = sym.slope_a  # in [-1, 1]
PSI = (q * sigma) ** 2 + gamma**2 * (c * sigma + a) ** 2
LEAN = gamma**2 * (3 * c**2 * sigma**2 + 2 * a * c * sigma)  # r(s)


def one_step() -> Identity:
    """|x+|^2 as a polynomial in z."""
    along, across = q * sigma - gamma * c * sigma * z, gamma * (c * sigma + a)
    length = along**2 - 2 * along * across * z + across**2
    return Identity(
        "horizon-one-step",
        length - (PSI - 2 * gamma * q * sigma * (2 * c * sigma + a) * z + LEAN * z**2),
    )


def spread() -> tuple[Obligation, ...]:
    """4 gamma^2 q^2 s (2 c sigma + a)^2 <= 4 psi^2 and r <= 3 psi."""
    first, second = q * sigma, gamma * (c * sigma + a)
    half = gamma * a / 2
    rest = 4 * (first**2 - second**2) ** 2 + 16 * first**2 * half * (
        gamma * (2 * c * sigma + a) + half
    )
    return (
        Certificate.plain(
            "horizon-spread",
            4 * PSI**2 - 4 * gamma**2 * q**2 * sigma**2 * (2 * c * sigma + a) ** 2,
            rest,
        ),
        Certificate.plain(
            "horizon-lean", 3 * PSI - LEAN, 3 * first**2 + gamma**2 * a * (4 * c * sigma + 3 * a)
        ),
    )


def concavity() -> tuple[Obligation, ...]:
    """sqrt(y) >= 1 + (y-1)/2 - (y-1)^2/2 with y = sigma^2; and M(m) >= m M'(m) for M(s) = B s + 2 b
    sqrt(s) + U.
    """
    square = sigma**2
    root = sigma - 1 - (square - 1) / 2 + (square - 1) ** 2 / 2
    b, B, U, m = sym.root_W, sym.slack_shrink, sym.U, sym.root_s_pos
    value, slope = B * m**2 + 2 * b * m + U, B + b / m
    return (
        Certificate.plain("horizon-root", root, (sigma - 1) ** 2 * sigma * (sigma + 2) / 2),
        Certificate.plain("horizon-slope", value - m**2 * slope, b * m + U),
    )


def induction() -> Certificate:
    """(v + 16 e)(1 - v/2)^2 >= v + 13 (1 + v) e for e = 1/d, where v^2 <= 0.64 e and v <= 1/25."""
    v, e = sym.nu, sym.alpha
    small, tiny = sym.slack_rate, sym.slack_growth
    claim = (v + 16 * e) * (1 - v / 2) ** 2 - v - 13 * (1 + v) * e
    left = 3 - sp.Rational(16, 25) - sp.Rational(29, 25)
    rest = small + 29 * e * tiny + left * e + v**3 / 4 + 4 * e * v**2
    region = Region({small: sp.Rational(16, 25) * e - v**2, tiny: sp.Rational(1, 25) - v})
    return Certificate.plain("horizon-induction", claim, rest, region)


def obligations() -> tuple[Obligation, ...]:
    """Everything above, in the order of the proof."""
    return (one_step(), *spread(), *concavity(), induction())
