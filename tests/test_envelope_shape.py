"""Convexity in the weight, the jump at the regime border, and the largest ratios: what the proofs
say, seen in numbers.
"""

from __future__ import annotations

import math
import random

import pytest

from kdtheory.algebra import envelope
from kdtheory.proofs.parts import convexity


def _triple(*, gamma: float, mu: float, c: float, k: float, a: float) -> envelope.Triple:
    Lcal = mu + c**2 / mu
    if a * (1 - gamma * mu) >= gamma * k * c:
        return envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    return envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)


def _root_floor(triple: envelope.Triple, least: float) -> float:
    """sqrt of the floor with that least rate."""
    phi = ((math.sqrt(triple.U * triple.A + triple.W) + math.sqrt(triple.W)) / triple.A) ** 2
    low = phi * (triple.A - least) ** 2 < triple.W
    return math.sqrt(triple.constant(least) / least if low else phi)


def _settings(count: int) -> list[dict[str, float]]:
    rng, found = random.Random(5), []
    for _ in range(count):
        mu, q, share = (
            math.exp(rng.uniform(-2, 2)),
            math.exp(rng.uniform(-2, 1)),
            rng.choice([0.05, 0.3, 0.6, 0.9]),
        )
        found.append({"mu": mu, "c": q * mu, "gamma": share / (mu * (1 + q**2))})
    return found


def _convex_violation(value, rng: random.Random, *, scale: float) -> float:
    """Largest (f(midpoint) - mean of f)/f over random segments of the quadrant (k, a); negative
    when convex.
    """
    worst = -1.0
    for _ in range(60):
        k1, a1, k2, a2 = (scale * rng.random() for _ in range(4))
        middle = value((k1 + k2) / 2, (a1 + a2) / 2)
        worst = max(worst, (middle - (value(k1, a1) + value(k2, a2)) / 2) / middle)
    return worst


@pytest.mark.parametrize("setting", _settings(12), ids=str)
def test_convex_with_one_least_rate_in_both_regimes(setting: dict[str, float]) -> None:
    """T at a fixed rate and sqrt(floor) with varrho_min = gamma mu; rounding is below 1e-12 of the
    value.
    """
    rate, rng = setting["gamma"] * setting["mu"], random.Random(1)
    assert (
        _convex_violation(lambda k, a: _triple(**setting, k=k, a=a).constant(rate), rng, scale=1.0)
        < 1e-12
    )
    assert (
        _convex_violation(
            lambda k, a: _root_floor(_triple(**setting, k=k, a=a), rate), rng, scale=1.0
        )
        < 1e-12
    )


def test_not_convex_across_the_border_with_the_least_rate_of_each_regime() -> None:
    """Exactly, over Q: the floor jumps down where bias starts to dominate, so the middle point lies
    above the chord.
    """
    before, border, beyond = convexity.border_counterexample()
    assert before <= border
    assert beyond < border / 2


@pytest.mark.parametrize("setting", _settings(12), ids=str)
def test_floor_is_continuous_at_the_border_with_one_least_rate(setting: dict[str, float]) -> None:
    """From both sides; a step of 1e-9 in k moves nothing by more than 1e-6."""
    gamma, mu, c = setting["gamma"], setting["mu"], setting["c"]
    a = gamma * c / (1 - gamma * mu)
    here, there = (
        _root_floor(_triple(**setting, k=k, a=a), gamma * mu) for k in (1 - 1e-9, 1 + 1e-9)
    )
    assert here == pytest.approx(there, rel=1e-6)


def test_largest_ratios_are_reached() -> None:
    """9/4 at gamma = 1/(8 Lcal), Lcal = mu, without noise; 4 in the limit of small steps, without
    bias; no random point exceeds them.
    """

    def ratios(*, gamma: float, mu: float, c: float, k: float, a: float) -> tuple[float, float]:
        triple, g = _triple(gamma=gamma, mu=mu, c=c, k=k, a=a), gamma * mu
        paper = 2 * gamma**2 * (a**2 + k**2 * (1 + 1 / g))
        return paper / triple.constant(g), paper / g / _root_floor(triple, g) ** 2

    assert ratios(gamma=1 / 8, mu=1.0, c=0.0, k=1.0, a=0.0)[0] == pytest.approx(9 / 4, rel=1e-12)
    assert ratios(gamma=1e-6, mu=1.0, c=0.0, k=0.0, a=1.0)[1] == pytest.approx(4, rel=1e-5)
    rng = random.Random(7)
    for _ in range(2000):
        mu, q = math.exp(rng.uniform(-3, 3)), math.exp(rng.uniform(-4, 2))
        gamma = rng.random() / (8 * mu * (1 + q**2))
        sharp, floor = ratios(
            gamma=gamma,
            mu=mu,
            c=q * mu,
            k=math.exp(rng.uniform(-6, 6)),
            a=math.exp(rng.uniform(-6, 6)),
        )
        assert sharp <= 2 * (1 + gamma * mu) * (1 + 1e-12)
        assert floor <= 2 * (2 - gamma * mu) * (1 + 1e-12)
