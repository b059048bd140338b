"""What the advice says of weights outside [0, 1] and students away from their minimiser; what
intervals rest on.
"""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import t as student

from kdtheory.checks.student_gap import random_ridge
from kdtheory.estimate import lambda_star
from kdtheory.estimate.data import open_rows
from kdtheory.estimate.interval import _SlopeTest
from kdtheory.estimate.moments import from_scalars, scalars
from kdtheory.estimate.statements import make_criterion


def pair(n: int = 400, d: int = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    noise = rng.standard_normal((n, d))
    return 0.6 * noise + 0.3 * rng.standard_normal((n, d)), noise


@pytest.mark.parametrize("criterion", ["unbiased", "second-moment"])
def test_a_weight_outside_the_unit_interval_is_allowed_and_explained(criterion):
    student_gradients, teacher = pair()
    assert (
        "outside [0, 1]" not in lambda_star(student_gradients, teacher, criterion=criterion).advice
    )
    for scale in (0.25, -1.0):
        found = lambda_star(student_gradients, scale * teacher, criterion=criterion)
        assert not 0 <= found.weight <= 1
        assert "a weight outside [0, 1] is allowed: it only rescales the correction" in found.advice
        assert found.advice.count(".  ") == 0 and found.advice.endswith(".")


def test_a_student_away_from_its_minimiser_is_told():
    problem = random_ridge(1)
    mu, Lcal = problem.constants()
    teacher = problem.gradients(problem.minimiser + 0.5)
    near, far = (problem.gradients(problem.minimiser + shift) for shift in (0.0, 2.0))
    assert (
        "x*" not in lambda_star(near, teacher).advice
        and "x*" not in lambda_star(near, teacher, mu=mu, Lcal=Lcal).advice
    )
    noise = np.sum((far - far.mean(0)) ** 2) / 199
    share = 100 * (np.sum(far.mean(0) ** 2) / noise - 1 / 200)
    assert f"whose |g|² is {share:.0f} % of its noise" in lambda_star(far, teacher).advice
    bounded = lambda_star(far, teacher, mu=mu, Lcal=Lcal)
    assert f"at x* the weight may differ by up to {bounded.student_error:.2g}" in bounded.advice
    truth = lambda_star(near, teacher).weight
    assert abs(bounded.weight - truth) <= bounded.student_error


def slope_test(student_gradients: np.ndarray, teacher: np.ndarray) -> _SlopeTest:
    moments = from_scalars(scalars(open_rows(student_gradients, "s"), open_rows(teacher, "t")))
    return _SlopeTest(
        make_criterion("unbiased", step_size=None, mu=None, L=None, Lcal=None, batch_size=1),
        moments,
        0.95,
    )


def test_degrees_of_freedom_are_what_the_heaviest_samples_leave():
    direction = np.array([0.0, -1.0, 0.6, 0.0])
    calm = slope_test(*pair())
    # chi-square like deviations have kurtosis 3 to 9: between n/4 and n degrees of freedom.
    assert student.ppf(0.975, 399) <= calm._student_t(direction) <= student.ppf(0.975, 100)
    student_gradients, teacher = pair()
    teacher[0] *= (
        # one sample carries nearly all of the variance: kurtosis near n, two degrees of freedom
        40.0
    )
    heavy = slope_test(student_gradients, teacher)
    assert heavy._student_t(direction) == pytest.approx(student.ppf(0.975, 2), rel=0.1)


@pytest.mark.parametrize(("n", "draws"), [(50, 11), (200, 22)])
def test_intervals_are_wider_than_students_by_what_the_bootstrap_takes(n, draws):
    """For Gaussian gradients, of E<S,H> alone: t's 98.5 % point at draws - 1 degrees, and up to a
    tenth more, for it never counts where Student's is larger.
    """
    direction = np.array([0.0, -1.0, 0.0, 0.0])
    found = []
    for seed in range(30):
        test = slope_test(*pair(n, 10, seed))
        error = math.sqrt(float(direction @ test.moments.errors @ direction))
        found += [test._allowance(direction, side) / error for side in (-1, 1)]
    at_most = student.ppf(0.985, draws - 1)
    assert student.ppf(0.985, n - 1) < at_most <= np.mean(found) <= 1.1 * at_most


def test_an_end_at_a_kink_is_the_kink_itself():
    student_gradients, teacher = pair()
    found = lambda_star(
        student_gradients,
        teacher + 4.0,
        criterion="theorem-1-sharp",
        step_size=0.02,
        mu=0.5,
        Lcal=3.0,
    )
    assert (found.weight, found.low, found.high) == (0.0, 0.0, 0.0) and math.isclose(
        found.variance_reduction, 1.0
    )
