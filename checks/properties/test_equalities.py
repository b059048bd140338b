"""Equality oracles: instances that attain the bounds, units, the exact law, and the engine against
all index paths.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdtheory.algebra import assumptions as asm
from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import bound, noise_floor, step_size_limit
from kdtheory.checks.comparing import (
    ROUNDING,
    VALUE_ROUNDING,
    WEIGHED,
    after_one_step,
    at_most,
    claimed,
    equal,
    few,
    magnitude,
)
from kdtheory.engines.exact import expected, stationary
from kdtheory.evidence.meaning import gram_letters, slack_at, slack_size
from kdtheory.instances import matching
from kdtheory.problems import Constant, Constants, FiniteSum, LeastSquares
from kdtheory.problems.base import Array
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS
from kdtheory.testing import data as made
from kdtheory.testing import strategies as own
from kdtheory.testing.setting import Setting


@given(made.least_squares(), st.data())
@few
def test_letters_of_one_step(problem: LeastSquares, data: st.DataObject) -> None:
    """Equality: |u|^2 expanded in Gram letters is the mean of |x+ - x*|^2, biased and unbiased."""
    theta, x = data.draw(made.teachers(problem)), data.draw(made.points(problem))
    gamma = data.draw(own.step_sizes(problem, "theorem-1-envelope"))
    weight = data.draw(own.weights(problem, theta, "theorem-1-envelope", step_size=gamma))
    for assumption, unbiased in ((asm.compressor, False), (asm.compressor_unbiased, True)):
        letters = gram_letters(problem, x, theta, step_size=gamma, weight=weight, unbiased=unbiased)
        room = ROUNDING * slack_size(assumption, letters) + VALUE_ROUNDING * magnitude(
            problem, x, theta
        )
        assert abs(slack_at(assumption, letters)) <= room


@given(own.settings("theorem-1-sharp", exact=True))
@few
def test_engine_is_the_mean_over_index_paths(case: Setting) -> None:
    """Equality: the exact engine against all N^3 paths, walked one by one."""
    problem = case.problem
    assert isinstance(problem, LeastSquares)
    push = case.weight * problem.gradients(case.teacher)
    ends = [case.x]
    for _ in range(3):
        ends = [row for x in ends for row in x - case.step_size * (problem.gradients(x) - push)]
    seen = expected(
        problem,
        case.teacher,
        DistilledSGD(case.weight),
        step_size=case.step_size,
        x0=case.x,
        steps=3,
    )
    walked = float(np.mean([((x - problem.minimiser) ** 2).sum() for x in ends]))
    assert equal(walked, float(seen.sq_distance[-1]), size=magnitude(problem, case.x, case.teacher))


@dataclass(frozen=True)
class Rescaled:
    """c f(x / r): the same problem in other units."""

    inner: FiniteSum
    c: float
    r: float

    @property
    def n_terms(self) -> int:
        return self.inner.n_terms

    @property
    def dim(self) -> int:
        return self.inner.dim

    @property
    def minimiser(self) -> Array:
        return self.r * self.inner.minimiser

    @property
    def minimum(self) -> float:
        return self.c * self.inner.minimum

    @property
    def constants(self) -> Constants:
        old = self.inner.constants
        mu, mu_pl, L, Lcal = (
            Constant(value * self.c / self.r**2, exact=value.exact, why=value.why)
            for value in (old.mu, old.mu_pl, old.L, old.Lcal)
        )
        noise = Constant(
            old.sigma_star_sq * (self.c / self.r) ** 2, exact=True, why=old.sigma_star_sq.why
        )
        return Constants(mu=mu, mu_pl=mu_pl, L=L, Lcal=Lcal, sigma_star_sq=noise)

    def value(self, x: Array) -> float:
        return self.c * self.inner.value(x / self.r)

    def gap(self, points: Array) -> Array:
        return self.c * np.array([gap_at(self.inner, x / self.r) for x in points])

    def gradient(self, x: Array) -> Array:
        return self.c / self.r * self.inner.gradient(x / self.r)

    def gradients(self, x: Array) -> Array:
        return self.c / self.r * self.inner.gradients(x / self.r)


@pytest.mark.parametrize("theorem", WEIGHED)
def test_change_of_units(theorem: str) -> None:
    """Equality: f -> c f, x -> r x, gamma -> gamma r^2/c moves a bound by its unit and lambda* not
    at all.
    """

    @given(own.settings(theorem), st.sampled_from([4.0, 0.25]), st.sampled_from([1.0, 2.0]))
    @settings(few, max_examples=20)
    def check(case: Setting, c: float, r: float) -> None:
        other = Rescaled(case.problem, c, r)
        moved = Setting(
            theorem,
            other,
            r * case.teacher,
            r * case.x,
            case.step_size * r**2 / c,
            case.weight,
            case.batch_size,
            case.replacement,
            None,
        )
        unit = c if THEOREMS[theorem].quantity == "gap" else r**2
        for left, right in zip(
            claimed(theorem, moved, 10), unit * claimed(theorem, case, 10), strict=True
        ):
            assert equal(left, right)
        same, again = (
            optimal_weight(
                here.problem,
                here.teacher,
                step_size=here.step_size,
                criterion=theorem,
                batch_size=here.batch_size,
            )
            for here in (case, moved)
        )
        # A flat minimum places a golden section only to the square root of rounding.
        assert same == pytest.approx(again, rel=1e-6, abs=1e-6)

    check()


@given(made.least_squares(), st.sampled_from([4.0, 0.25]), st.sampled_from([1.0, 2.0]))
@few
def test_constants_change_with_units(problem: LeastSquares, c: float, r: float) -> None:
    """Equality: constants computed anew from rescaled data are the rescaled constants."""
    root = c**0.5
    scaled = LeastSquares(
        problem.features * root / r, problem.targets * root, ridge=problem.ridge * c / r**2
    )
    wanted = Rescaled(problem, c, r).constants
    for name in ("mu", "mu_pl", "L", "Lcal", "sigma_star_sq"):
        assert equal(getattr(scaled.constants, name), getattr(wanted, name)), name


@given(made.least_squares(), st.data())
@few
def test_exact_law(problem: LeastSquares, data: st.DataObject) -> None:
    """Equality: the law is the exact engine at every t, any weight, and lambda-degree minimises its
    floor.
    """
    theta, x = data.draw(made.teachers(problem)), data.draw(made.points(problem))
    gamma = data.draw(st.sampled_from([7 / 8, 1 / 2, 1 / 16])) * step_size_limit(
        problem, "exact-quadratic"
    )
    best = optimal_weight(problem, theta, step_size=gamma, criterion="exact")
    weight = data.draw(st.sampled_from([0.0, 1.0, best, -0.75, 1.75]))
    law = bound(
        problem, theta, theorem="exact-quadratic", step_size=gamma, weight=weight, x0=x, steps=20
    )
    seen = expected(
        problem, theta, DistilledSGD(weight), step_size=gamma, x0=x, steps=20
    ).sq_distance
    # Near a weight of 1 the law divides by (1 - lam) and multiplies back, and at 1 it takes a
    # difference of runs.
    size = 1e3 * magnitude(problem, x, theta)
    for left, right in zip(law, seen, strict=True):
        assert equal(left, right, size=size)
    floors = [
        noise_floor(problem, theta, theorem="exact-quadratic", step_size=gamma, weight=best + d)
        for d in (0.0, -0.1, 0.1)
    ]
    assert at_most(floors[0], min(floors[1:]))


@given(made.least_squares(), st.data())
@few
def test_perfect_teacher_removes_the_noise(problem: LeastSquares, data: st.DataObject) -> None:
    """Equality: theta = x* and weight 1 leave no floor, and started at x* the iterates stay
    there.
    """
    gamma, best = data.draw(own.step_sizes(problem, "theorem-1")), problem.minimiser
    size = magnitude(problem, best)
    assert equal(
        noise_floor(problem, best, theorem="theorem-1", step_size=gamma, weight=1.0), 0.0, size=size
    )
    seen = expected(problem, best, DistilledSGD(1.0), step_size=gamma, x0=best, steps=20)
    assert equal(float(seen.sq_distance.max()), 0.0, size=size)


positive = st.sampled_from([Fraction(1), Fraction(1, 4), Fraction(3, 2)])
nonnegative = st.sampled_from([Fraction(0), Fraction(1, 3), Fraction(2)])


@given(
    mu=positive,
    c=nonnegative,
    share=st.sampled_from([Fraction(1, 8), Fraction(1, 2), Fraction(7, 8)]),
    bias=st.sampled_from([Fraction(1, 5), Fraction(3, 5)]),
    extra=nonnegative,
    place=st.sampled_from([Fraction(0), Fraction(1, 2)]),
)
@few
def test_matching_instance_attains(
    mu: Fraction, c: Fraction, share: Fraction, bias: Fraction, extra: Fraction, place: Fraction
) -> None:
    """Equality in exact fractions at every rate, then in the tool: sharp at gamma mu, envelope at
    any rate's point.
    """
    gamma = share / (mu + c**2 / mu)
    # Noise dominates: a (1 - gamma mu) >= gamma k c, with equality drawn.
    noise = gamma * bias * c / (1 - gamma * mu) + extra
    if bias == mu:
        bias = bias / 2  # weight 1 has no instance; a smaller bias keeps noise dominating
    A = gamma * mu * (2 - gamma * (mu + c**2 / mu))
    rate = gamma * mu + place * (A - gamma * mu)
    case = matching.noise_dominated(mu=mu, c=c, gamma=gamma, bias=bias, noise=noise, rate=rate)
    W = (gamma * (bias * (1 - gamma * mu) + gamma * noise * c)) ** 2
    exact = case.problem.exact_step(case.x, case.theta, case.weight, gamma)[0]
    assert exact == (1 - rate) * case.x**2 + gamma**2 * (bias**2 + noise**2) + W / (A - rate)
    names = (
        ("theorem-1-envelope", "theorem-1-sharp") if rate == gamma * mu else ("theorem-1-envelope",)
    )
    for name in names:
        found = bound(
            case.problem,
            [float(case.theta)],
            theorem=name,
            step_size=float(gamma),
            weight=float(case.weight),
            x0=[float(case.x)],
            steps=1,
        )[1]
        assert equal(found, float(exact), size=0.0), name


@given(
    mu=positive,
    ratio=st.sampled_from([Fraction(1), Fraction(10, 9)]),
    q=st.sampled_from([Fraction(1, 2), Fraction(1, 3)]),
    share=st.sampled_from([Fraction(1, 8), Fraction(1, 16)]),
    noise=nonnegative,
)
@few
def test_knee_attains_the_pl_bound(
    mu: Fraction, ratio: Fraction, q: Fraction, share: Fraction, noise: Fraction
) -> None:
    """Equality for PL with L >= mu at the rate 0, where every outcome goes uphill."""
    L = ratio * mu
    gamma = share * 2 / (L * (1 + q**2))
    # At q <= 1/2 and the rate 0, (1+q)|g| is at most 3/4 of the bias: every outcome goes uphill.
    bias = 20 * noise + 1
    case = matching.pl_uphill(
        mu=mu, L=L, q=q, gamma=gamma, bias=bias, noise=noise, rate=Fraction(0)
    )
    A = gamma * mu * (2 - L * gamma * (1 + q**2))
    W = mu * gamma**2 / 2 * (bias * (1 - L * gamma) + L * gamma * noise * q) ** 2
    exact = case.problem.exact_step(case.x, case.theta, case.weight, gamma)[1]
    assert (
        exact == case.problem.exact_value(case.x) + L * gamma**2 / 2 * (bias**2 + noise**2) + W / A
    )
    found = bound(
        case.problem,
        [float(case.theta)],
        theorem="theorem-2-envelope",
        step_size=float(gamma),
        weight=float(case.weight),
        x0=[float(case.x)],
        steps=1,
    )[1]
    assert equal(found, float(exact), size=0.0)


def line(curvature: float, noise: float) -> LeastSquares:
    """f_n(x) = curvature x^2/2 -+ noise x: mu = L = Lcal, x* = 0.

    Curvatures are powers of 4, so that Lcal - mu is 0 exactly: the statements take its root, and a
    rounding of 1e-16 there would lift a bound by 1e-9 (upwards, so it stays a bound).
    """
    root = curvature**0.5
    return LeastSquares([[root], [root]], [noise / root, -noise / root])


@given(
    st.sampled_from([1.0, 0.25, 4.0]),
    st.sampled_from([0.5, 2.0]),
    st.sampled_from([-0.75, 0.0, 0.5, 1.75]),
    st.sampled_from([1 / 8, 1 / 2, 63 / 64]),
    st.sampled_from([1.0, 1.5, 4.0]),
)
@few
def test_one_dimensional_quadratics_attain_one_step(
    mu: float, noise: float, weight: float, share: float, stretch: float
) -> None:
    """Equality of the envelope at every x on the teacher's side with |x - x*| >= |lam| |theta -
    x*|.
    """
    theta = 1.0
    x = stretch * abs(weight * theta) * np.sign(weight * theta) if weight else stretch
    case = Setting(
        "theorem-1-envelope",
        line(mu, noise),
        np.array([theta]),
        np.array([x]),
        share / mu,
        weight,
        1,
        True,
        None,
    )
    assert equal(
        after_one_step("theorem-1-envelope", case), claimed("theorem-1-envelope", case, 1)[1]
    )


@given(
    st.sampled_from([1.0, 0.25, 4.0]),
    st.sampled_from([0.5, 2.0]),
    st.sampled_from([-0.75, 0.0, 0.5, 1.75]),
    st.sampled_from([1 / 8, 1 / 2, 63 / 64]),
)
@few
def test_one_dimensional_quadratics_attain_the_floor(
    mu: float, noise: float, weight: float, share: float
) -> None:
    """Equality at t = infinity for unbiased distillation: gamma a^2 / (mu (2 - gamma mu)) is the
    envelope's floor.
    """
    problem, theta, gamma = line(mu, noise), np.array([1.0]), share / mu
    truth = stationary(
        problem, theta, DistilledSGD(weight, unbiased=True), step_size=gamma
    ).sq_distance
    assert equal(
        truth,
        noise_floor(problem, theta, theorem="unbiased-envelope", step_size=gamma, weight=weight),
    )
    assert equal(truth, gamma * ((1 - weight) * noise) ** 2 / (mu * (2 - gamma * mu)))
