"""The envelope's floor as a criterion of lambda_star: equal to the statements' own numbers, slope
for slope.
"""

from __future__ import annotations

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import value_of
from kdtheory.errors import StepSizeTooLarge
from kdtheory.estimate.criteria import Quadratic, minimise, norms
from kdtheory.estimate.gram import Several
from kdtheory.estimate.statements import make_criterion
from kdtheory.problems.teacher import noise_sq
from kdtheory.statements.noise import NOISE_NORM, NOISE_SQ, noise

KEYS = ("theorem-1-envelope", "theorem-2-envelope")


def instance(seed: int, size: float) -> tuple[kd.LeastSquares, np.ndarray]:
    rng = np.random.default_rng(seed)
    problem = kd.LeastSquares(rng.standard_normal((30, 3)), rng.standard_normal(30), ridge=0.3)
    return problem, problem.minimiser + size * rng.standard_normal(3)


def rule_and_moments(problem, theta, key, gamma, batch=1):
    c, t = problem.constants, kd.teacher_statistics(problem, theta)
    rule = make_criterion(
        key, step_size=gamma, mu=float(c.mu), L=float(c.L), Lcal=float(c.Lcal), batch_size=batch
    )
    return rule, np.array([t.sigma_star_sq, t.covariance, t.variance, t.bias_sq])


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("size", [0.05, 0.3, 3.0])
@pytest.mark.parametrize("share", [0.1, 0.7])
def test_floor_and_weight_are_those_of_the_statement(key, size, share):
    for seed in range(4):
        problem, theta = instance(seed, size)
        gamma = share * kd.step_size_limit(problem, key)
        rule, moments = rule_and_moments(problem, theta, key, gamma)
        for weight in (-0.4, 0.1, 0.6, 1.5):
            floor = kd.noise_floor(problem, theta, theorem=key, step_size=gamma, weight=weight)
            assert rule.value(weight, moments) == pytest.approx(floor, rel=1e-9)
        # optimal_weight searches by golden section on values, which sees a minimum to sqrt(eps) ~
        # 1e-8 of the interval.
        best = kd.optimal_weight(problem, theta, step_size=gamma, criterion=key)
        assert minimise(rule, moments) == pytest.approx(
            best, abs=2e-6 * abs(moments[1] / moments[2])
        )


@pytest.mark.parametrize("key", KEYS)
def test_slope_is_half_the_derivative_in_both_regimes_and_on_the_tangent(key):
    problem, _ = instance(0, 1.0)
    gamma = 0.4 * kd.step_size_limit(problem, key)
    for bias_sq in (1e-6, 0.05, 1.0, 200.0):
        rule, _ = rule_and_moments(problem, problem.minimiser + 1.0, key, gamma)
        moments = np.array([1.0, 0.6, 0.8, bias_sq])
        for weight in (-0.7, 0.05, 0.5, 2.0):
            step = 1e-6
            numeric = (rule.value(weight + step, moments) - rule.value(weight - step, moments)) / (
                4 * step
            )
            assert rule.slope(weight, moments) == pytest.approx(numeric, rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("key", KEYS)
def test_weight_from_gradients_minimises_the_floor_on_a_grid(key):
    problem, theta = instance(5, 0.4)
    gamma = 0.3 * kd.step_size_limit(problem, key)
    c = problem.constants
    constants = {"step_size": gamma, "mu": float(c.mu), "L": float(c.L), "Lcal": float(c.Lcal)}
    for batch in (1, 8):
        found = kd.lambda_star(
            problem.gradients(problem.minimiser),
            problem.gradients(theta),
            criterion=key,
            batch_size=batch,
            **constants,
        )
        rule = make_criterion(key, batch_size=batch, **constants)
        moments = np.array(
            [found.sigma_sq, found.covariance, found.variance, max(found.bias_sq, 0.0)]
        )
        grid = np.linspace(-1.0, 2.0, 3001)
        assert rule.value(found.weight, moments) <= min(
            rule.value(float(x), moments) for x in grid
        ) * (1 + 1e-9)
        assert found.low <= found.weight <= found.high
        assert found.variance_reduction == pytest.approx(
            rule.value(found.weight, moments) / rule.value(0.0, moments)
        )


def test_without_bias_the_envelope_agrees_with_the_unbiased_weight():
    moments = np.array([1.0, 0.6, 0.8, 0.0])
    rule = make_criterion(
        "theorem-1-envelope", step_size=0.02, mu=0.5, L=1.5, Lcal=3.0, batch_size=1
    )
    assert minimise(rule, moments) == pytest.approx(0.75, rel=1e-7)


def test_collinear_noise_and_ranges():
    rule = make_criterion(
        "theorem-2-envelope", step_size=0.02, mu=0.5, L=1.5, Lcal=3.0, batch_size=1
    )
    assert (
        rule.value(2.0, np.array([4.0, 2.0, 1.0, 0.0])) == 0.0
        and rule.slope(2.0, np.array([4.0, 2.0, 1.0, 0.0])) == 0.0
    )
    with pytest.raises(StepSizeTooLarge, match="1/Lcal"):
        make_criterion("theorem-1-envelope", step_size=0.34, mu=0.5, L=None, Lcal=3.0, batch_size=1)
    # Beyond the sharp range.
    make_criterion("theorem-2-envelope", step_size=0.2, mu=0.5, L=1.5, Lcal=3.0, batch_size=1)
    with pytest.raises(StepSizeTooLarge, match=r"2\*mu"):
        make_criterion("theorem-2-envelope", step_size=0.23, mu=0.5, L=1.5, Lcal=3.0, batch_size=1)


def test_noise_of_an_estimate_is_the_statements():
    """Weights from data charge the very N(lam; kappa) that the statements name, letter for letter:
    one teacher, a norm, and several teachers mixed."""
    sigma_sq, C, V, bias_sq, weight, B, kappa = 2.0, 0.75, 1.5, 0.5, -0.625, 4, 3.0
    at = {"sigma_star_sq": sigma_sq / B, "C": C / B, "V": V / B, "bias_sq": bias_sq}
    at |= {"lam": weight, "kappa": kappa}
    moments = np.array([sigma_sq, C, V, bias_sq])
    # N(lam; kappa) writes the bias (1 + kappa) times; all numbers are short binary fractions.
    claimed = value_of(noise(sym.kappa), at)
    assert Quadratic("", B * (1 + kappa)).value(weight, moments) / B == claimed
    assert Quadratic("", B * kappa).value(weight, moments) / B != claimed
    assert norms(weight, moments, B)[1] == value_of(NOISE_NORM, at)
    mixed = Several(sigma_sq, np.array([C]), np.array([[V]]), np.array([[bias_sq]]), 9.0)
    share = mixed.reduction(np.array([weight]), B * (1 + kappa), cautious=False)
    assert share == claimed * B / sigma_sq
    # And both are the mean of squares that they expand.
    problem, theta = instance(3, 0.3)
    t = kd.teacher_statistics(problem, theta)
    at = {"sigma_star_sq": t.sigma_star_sq, "C": t.covariance, "V": t.variance, "lam": weight}
    assert value_of(NOISE_SQ, at) == pytest.approx(noise_sq(problem, theta, weight), rel=1e-12)
