"""Matching instances attain the sharp bounds exactly, over Q."""

from __future__ import annotations

import random
from fractions import Fraction

import numpy as np
import pytest

from kdtheory.algebra import envelope
from kdtheory.errors import InvalidInput
from kdtheory.instances import gram as matching_gram
from kdtheory.instances import matching
from kdtheory.instances.matching import SignedSum


def _f(rng: random.Random, low: int, high: int) -> Fraction:
    return Fraction(rng.randint(low, high), 97)


@pytest.mark.parametrize("seed", range(20))
def test_noise_dominated_equality(seed: int) -> None:
    """E|x+|^2 = (1-varrho) x^2 + T_varrho at x = sqrt(W)/(A - varrho), for random admissible rates;
    also PL with L = mu."""
    rng = random.Random(seed)
    mu, c, noise = _f(rng, 20, 90), _f(rng, 1, 200), _f(rng, 50, 99)
    Lcal = mu + c**2 / mu
    gamma = Fraction(rng.randint(1, 99), 100) / Lcal
    bias = noise * (1 - gamma * mu) / (gamma * c) * Fraction(rng.randint(0, 100), 100)
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=bias, a=noise)
    rate = gamma * mu + (triple.A - gamma * mu) * Fraction(rng.randint(0, 99), 100)
    case = matching.noise_dominated(mu=mu, c=c, gamma=gamma, bias=bias, noise=noise, rate=rate)
    square, gap = case.problem.exact_step(case.x, case.theta, case.weight, gamma)
    assert case.problem.teacher(case.theta, case.weight) == (bias, noise)
    assert square == (1 - rate) * case.x**2 + triple.constant(rate)
    weak = envelope.polyak_lojasiewicz(
        gamma=gamma, mu=mu, L=mu, Lcal=Lcal, q=c / mu, k=bias, a=noise, b=1 - gamma * mu
    )
    assert gap == (1 - rate) * case.problem.exact_value(case.x) + weak.constant(rate)


def test_unbiased_equality() -> None:
    """The same instance with H' in place of H attains the unbiased bounds."""
    gamma, mu, c = Fraction(1, 5), Fraction(1, 2), Fraction(3, 4)
    problem = matching.SignedQuadratics(mu=mu, c=c, s=Fraction(7, 3))
    theta, weight = Fraction(1), Fraction(1, 3)
    _, noise = problem.teacher(theta, weight)
    triple = envelope.noise_dominated(
        gamma=gamma, mu=mu, Lcal=problem.Lcal, c=c, k=Fraction(0), a=noise
    )
    x = gamma**2 * noise * c / (triple.A - gamma * mu)
    square, _ = problem.exact_step(x, theta, weight, gamma, unbiased=True)
    assert square == (1 - gamma * mu) * x**2 + triple.constant(gamma * mu)


def test_pl_uphill_equality() -> None:
    """A PL sum with L > mu attains the PL bound when each outcome moves uphill."""
    mu, L, q, gamma, rate = (
        Fraction(1),
        Fraction(11, 10),
        Fraction(1, 2),
        Fraction(1, 10),
        Fraction(1, 50),
    )
    case = matching.pl_uphill(
        mu=mu, L=L, q=q, gamma=gamma, bias=Fraction(5), noise=Fraction(1, 4), rate=rate
    )
    triple = envelope.polyak_lojasiewicz(
        gamma=gamma,
        mu=mu,
        L=L,
        Lcal=case.problem.Lcal,
        q=q,
        k=case.bias,
        a=case.noise,
        b=1 - L * gamma,
    )
    _, gap = case.problem.exact_step(case.x, case.theta, case.weight, gamma)
    assert case.problem.teacher(case.theta, case.weight) == (case.bias, case.noise)
    assert gap == (1 - rate) * case.problem.exact_value(case.x) + triple.constant(rate)


PROBLEMS = [
    matching.SignedQuadratics(mu=Fraction(1, 2), c=Fraction(3, 4), s=Fraction(7, 3)),
    matching.KneeSum(Fraction(1), Fraction(11, 10), Fraction(1, 2), Fraction(-2), Fraction(2)),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda problem: type(problem).__name__)
def test_assumptions_hold_everywhere(problem: SignedSum) -> None:
    """A1, A1', PL and A3 on a grid, exactly; gradients are those of the values (one-sided slopes of
    a piecewise quadratic)."""
    for x in (Fraction(i, 7) for i in range(-40, 41)):
        value, slope, noise = (
            problem.exact_value(x),
            problem.exact_gradient(x),
            problem.exact_noise(x) - problem.s,
        )
        assert x * slope >= value + problem.mu / 2 * x * x
        assert value >= problem.mu / 2 * x * x
        assert slope**2 >= 2 * problem.mu * value
        assert slope**2 + noise**2 <= 2 * problem.Lcal * value
        step = Fraction(1, 10**6)
        assert (
            abs(
                (problem.exact_value(x + step) - problem.exact_value(x - step)) / (2 * step) - slope
            )
            <= problem.L * step
        )
        assert abs(problem.exact_gradient(x + step) - slope) <= problem.L * step


def test_protocol_in_floats() -> None:
    """The float face agrees with the exact one."""
    problem = PROBLEMS[1]
    x = np.array([2.5])
    assert problem.gradients(x).mean(axis=0) == pytest.approx(problem.gradient(x))
    assert problem.value(x) == float(problem.exact_value(Fraction(5, 2)))
    assert problem.constants.sigma_star_sq == 4.0
    assert problem.gradients(problem.minimiser).mean() == 0.0


@pytest.mark.parametrize("seed", range(10))
def test_bias_dominated_gram_equality(seed: int) -> None:
    """Three vectors, two noises: A1, A1', A3 tight, and the bias-dominated bound attained."""
    rng = random.Random(seed)
    point = matching_gram.bias_dominated(
        mu=Fraction(1),
        gamma=Fraction(1, 20),
        turn=Fraction(rng.randint(1, 9), 100),
        fluctuation=Fraction(rng.randint(1, 20), 10),
        scale=Fraction(rng.randint(1, 19), 20),
    )
    triple = envelope.bias_dominated(
        gamma=point.gamma, mu=point.mu, Lcal=point.Lcal, k=point.bias, a=point.noise
    )
    assert set(point.slacks().values()) == {0}
    c_squared = point.mu * (point.Lcal - point.mu)
    assert (point.noise * (1 - point.gamma * point.mu)) ** 2 < (
        point.gamma * point.bias
    ) ** 2 * c_squared
    assert 0 <= point.rate < triple.A
    assert point.step() == (1 - point.rate) * matching_gram.dot(point.e, point.e) + triple.constant(
        point.rate
    )


def test_refusals() -> None:
    """Instances outside their range say why."""
    with pytest.raises(InvalidInput, match="larger bias"):
        matching.pl_uphill(
            mu=Fraction(1),
            L=Fraction(2),
            q=Fraction(1),
            gamma=Fraction(1, 10),
            bias=Fraction(1),
            noise=Fraction(1),
            rate=Fraction(0),
        )
    with pytest.raises(InvalidInput, match="L <= Lcal"):
        matching.KneeSum(Fraction(1), Fraction(3), Fraction(1), Fraction(0), Fraction(1))
    with pytest.raises(InvalidInput, match="gamma\\*Lcal < 1"):
        matching_gram.bias_dominated(
            mu=Fraction(1),
            gamma=Fraction(1, 2),
            turn=Fraction(1, 2),
            fluctuation=Fraction(3),
            scale=Fraction(1),
        )
