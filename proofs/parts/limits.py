"""Where a letter reaches the end of its range: closed forms of the floor, and what tends to what.

a = 0, or any bias-dominated step   sqrt(Phi) = gamma sqrt(k^2 + a^2)/(1 - sqrt(1-A))
``floor-bias-dominated`` k = 0                               sqrt(Phi) = a (sqrt(gamma mu (2 - gamma
mu)) + gamma c)/(mu (2 - gamma Lcal))
                                                                                        ``recursion.small_steps``
Lcal = mu, a = 0                    sqrt(Phi) = k/mu, the fixed point of x -> (1 - gamma mu) x +
gamma k   ``floor-deterministic`` gamma -> 0                          sqrt(Phi) = (v + w)/(mu (2 -
gamma Lcal)) with w = k (1 - gamma mu) + gamma a c and
                                    v^2 = gamma mu (2 - gamma Lcal)(k^2 + a^2) + w^2, continuous at
                                    0: sqrt(Phi) -> k/mu (the teacher's own error, however small the
                                    steps); without bias Phi/gamma -> a^2/(2 mu)
gamma -> 1/Lcal                     A - gamma mu = gamma mu (1 - gamma Lcal): the sharp floor, which
divides by it, grows without
                                    bound; Phi stays finite, A -> mu/Lcal
                                    ``rate-left``
gamma -> 2 mu/(L Lcal), PL          A -> 0 and Phi >= U/A: the envelope ends where A does
``floor-at-least``
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts.certificates import LCAL_BY_C
from kdtheory.prover.obligations import Certificate, Identity, Obligation, Region

gamma, mu, L, Lcal, k, a, c, A = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.k, sym.a, sym.c, sym.A
U = sym.U
w, v, r = sym.root_W, sym.root_UAW, sym.root_shrink
ZERO = sp.Integer(0)


def closed_forms() -> tuple[Obligation, ...]:
    """The floor without noise, and with Lcal = mu; v stands for sqrt(U), r for sqrt(1 - A)."""
    # U = v^2 and W = r^2 v^2, so sqrt(UA + W) = v.
    bias = (v + r * v) / (1 - r**2) - v / (1 - r)
    square = v**2 * (1 - r**2) + (r * v) ** 2 - v**2
    still = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=mu, c=ZERO, k=k, a=ZERO)
    root = gamma * k  # sqrt(UA + W) here
    return (
        Identity("floor-bias-dominated", bias),
        Identity("floor-bias-dominated-root", square),
        Identity("floor-deterministic-root", still.U * still.A + still.W - root**2),
        Identity("floor-deterministic", (root + gamma * k * (1 - gamma * mu)) / still.A - k / mu),
    )


def small_steps() -> tuple[Obligation, ...]:
    """gamma cancels from sqrt(Phi); at gamma = 0 the two roots are both k, and without bias
    v^2/gamma = 2 mu a^2.
    """
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    cross = k * (1 - gamma * mu) + gamma * a * c
    under = gamma * mu * (2 - gamma * Lcal) * (k**2 + a**2) + cross**2
    by_c = Region({}, {Lcal: LCAL_BY_C})
    at_zero = {gamma: ZERO}
    unbiased = under.xreplace({k: ZERO})
    return (
        Identity("floor-small-steps", triple.U * triple.A + triple.W - gamma**2 * under, by_c),
        Identity("floor-at-zero-steps", under.xreplace(at_zero) - k**2),
        Identity(
            "floor-unbiased-slope", sp.diff(unbiased, gamma).xreplace(at_zero) - 2 * mu * a**2
        ),
    )


def largest_steps() -> tuple[Obligation, ...]:
    """What is left of the rate near the limit, and Phi >= U/A."""
    triple = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
    fixed = Region({}, {U: (v**2 - w**2) / A})
    weak = envelope.polyak_lojasiewicz(gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=ZERO, k=k, a=a, b=ZERO)
    return (
        Identity("rate-left", triple.A - gamma * mu - gamma * mu * (1 - gamma * Lcal)),
        Identity("rate-left-pl", weak.A.xreplace({gamma: 2 * mu / (L * Lcal)})),
        Certificate.plain(
            "floor-at-least", ((v + w) / A) ** 2 - U / A, 2 * w * (v + w) / A**2, fixed
        ),
    )


def obligations() -> tuple[Obligation, ...]:
    """Everything above, in reading order."""
    return (*closed_forms(), *small_steps(), *largest_steps())
