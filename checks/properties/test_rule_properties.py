"""The update rule itself, on every problem class: its gradient, its noise, its simulation; each
check with mutants that it refuses.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdtheory.bounds.values import bound, step_size_limit
from kdtheory.checks.comparing import after_one_step, few, magnitude
from kdtheory.engines.exact import expected
from kdtheory.engines.simulate import simulation
from kdtheory.problems import (
    FiniteSum,
    LeastSquares,
    LogisticRegression,
    SinusoidalSum,
    SoftmaxRegression,
)
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import NOISE_SQ, THEOREMS, noise
from kdtheory.testing import data as made
from kdtheory.testing import strategies as own
from kdtheory.testing.setting import Setting

Model = LeastSquares | LogisticRegression | SoftmaxRegression
Gradients = Callable[[Model, Array, Array, float], Array]


def objective(problem: Model, x: Array, theta: Array, weight: float) -> Array:
    """The KD objective's terms from the losses themselves, (N,): (1-lam) loss(z, b) + lam loss(z,
    r(z_theta)), ridge likewise.
    """
    ridge = problem.ridge / 2 * ((1 - weight) * x @ x + weight * (x - theta) @ (x - theta))
    if isinstance(problem, LeastSquares):
        z, taught = problem.features @ x, problem.features @ theta
        return (
            (1 - weight) * (z - problem.targets) ** 2 / 2 + weight * (z - taught) ** 2 / 2 + ridge
        )
    z, taught = (point.reshape(problem.n_outputs, -1) @ problem.features.T for point in (x, theta))
    labels = (1 - weight) * problem.labels + weight * problem.response(taught.T)
    return problem.log_partition(z.T) - (labels * z.T).sum(axis=1) + ridge


def mismatch(gradients: Gradients, problem: Model, x: Array, theta: Array, weight: float) -> float:
    """The largest difference between ``gradients`` and central differences of the objective,
    relative to the sizes at hand.
    """
    # Differences err by step^2 |f'''| + 1e-16 |f| / step, about 1e-10 for data of size 1.
    step = 1e-5
    columns = []
    for axis in np.eye(problem.dim):
        ahead, behind = (
            objective(problem, x + sign * step * axis, theta, weight) for sign in (1, -1)
        )
        columns.append((ahead - behind) / (2 * step))
    sizes = [np.abs(objective(problem, at, theta, weight)).max() for at in (x, theta)]
    off = np.abs(gradients(problem, x, theta, weight) - np.array(columns).T).max()
    return float(off / (1.0 + sum(sizes)))


def by_proposition(problem: Model, x: Array, theta: Array, weight: float) -> Array:
    return problem.gradients(x) - weight * problem.gradients(theta)


WRONG_GRADIENTS: dict[str, Gradients] = {
    "sign of lambda": lambda p, x, theta, lam: p.gradients(x) + lam * p.gradients(theta),
    "lambda squared": lambda p, x, theta, lam: p.gradients(x) - lam**2 * p.gradients(theta),
    "student scaled too": lambda p, x, theta, lam: (
        (1 - lam) * p.gradients(x) - lam * p.gradients(theta)
    ),
    "teacher's mean": lambda p, x, theta, lam: p.gradients(x) - lam * p.gradient(theta),
    "ridge not distilled": lambda p, x, theta, lam: (
        by_proposition(p, x, theta, lam) + lam * p.ridge * theta
    ),
}
CLOSE = 1e-7  # far above the differences' error, far below any of the mutants


@given(
    st.one_of(made.least_squares(), made.logistic(), made.softmax()),
    st.sampled_from([0.0, 0.3, 1.0, -0.75, 1.75]),
    st.data(),
)
@few
def test_distillation_gradient(problem: Model, weight: float, data: st.DataObject) -> None:
    """Equality: grad f_n(x) - lam grad f_n(theta) is the gradient of the KD objective, term by
    term, for any real lam.
    """
    theta, x = data.draw(made.teachers(problem)), data.draw(made.points(problem))
    assert mismatch(by_proposition, problem, x, theta, weight) < CLOSE
    assert np.allclose(
        problem.distillation_gradients(x, theta, weight),
        by_proposition(problem, x, theta, weight),
        atol=1e-12 * magnitude(problem, x, theta),
    )


def classes() -> dict[str, FiniteSum]:
    rng = np.random.default_rng(4)
    features, shifts = rng.standard_normal((4, 2)), rng.standard_normal((4, 2))
    return {
        "least squares": LeastSquares(features, rng.standard_normal(4), ridge=0.25),
        "logistic": LogisticRegression(features, [0, 1, 1, 0], ridge=0.25),
        "softmax": SoftmaxRegression(features, [0, 1, 2, 0], ridge=0.25),
        "sinusoidal": SinusoidalSum(
            [[1.0, 0.5], [0.0, 1.0]], [0.5, 1.5, 1.0, 1.0], shifts - shifts.mean(axis=0)
        ),
    }


@pytest.mark.parametrize("wrong", WRONG_GRADIENTS)
def test_wrong_gradients_are_refused(wrong: str) -> None:
    for name, problem in classes().items():
        if isinstance(problem, (LeastSquares, LogisticRegression, SoftmaxRegression)):
            x, theta = np.ones(problem.dim), np.full(problem.dim, 0.5)
            assert mismatch(WRONG_GRADIENTS[wrong], problem, x, theta, 0.6) > 1e-3, name


def setting(
    problem: FiniteSum, theta: Array, x: Array, gamma: float, weight: float, size: int = 1
) -> Setting:
    return Setting("theorem-1-envelope", problem, theta, x, gamma, weight, size, True, None)


@given(made.problems(), st.booleans(), st.data())
@few
def test_perfect_teacher_keeps_the_optimum(
    problem: FiniteSum, unbiased: bool, data: st.DataObject
) -> None:
    """Equality: theta = x* and lam = 1 take the noise away, so a step from x* stays there, on every
    class and for every batch.
    """
    best, (size, replacement) = problem.minimiser, data.draw(made.batches(problem))
    gamma = data.draw(own.step_sizes(problem, "theorem-2-envelope", batch_size=size))
    case = Setting("theorem-1-envelope", problem, best, best, gamma, 1.0, size, replacement, None)
    left = after_one_step("unbiased-pl" if unbiased else "theorem-2", case)
    # |gamma grad f(x*)| is rounding in x*, about 1e-15 of the sizes at hand, and enters squared.
    assert left <= 1e-13 * magnitude(problem, best)


def test_imperfect_teachers_do_not() -> None:
    """What the check above refuses: another weight, another teacher."""
    for name, problem in classes().items():
        best, gamma = problem.minimiser, step_size_limit(problem, "theorem-2")
        for theta, weight in ((best, 0.9), (best + 0.1, 1.0)):
            case = setting(problem, theta, best, gamma, weight)
            assert after_one_step("theorem-2", case) > 1e-12, name


def misses(engine: str, case: Setting, rule: DistilledSGD, *, replicates: int = 400) -> list[str]:
    """Times and quantities at which the engine's mean is more than 6 standard errors off the exact
    one.

    Six sigma: 2e-9 for normal errors, and 60 examples with 16 comparisons each make 2e-6 in all;
    means of 400 runs of bounded noise over few steps are near enough to normal, and the seed is
    fixed, so that a pass stays a pass.
    """
    # Nearer to the mean-square limit rare runs carry the mean, and no run of 400 sees them.
    gamma = case.step_size / 2
    run = simulation.simulate(
        case.problem,
        case.teacher,
        rule,
        step_size=gamma,
        x0=case.x,
        steps=8,
        replicates=replicates,
        seed=1,
        engine=engine,
    )
    own = DistilledSGD(case.weight, batch_size=case.batch_size, replacement=case.replacement)
    true = expected(case.problem, case.teacher, own, step_size=gamma, x0=case.x, steps=8)
    rounding = 1e-10 * magnitude(case.problem, case.x, case.teacher)
    found = []
    for name, mean, error, value in (
        ("E|x-x*|^2", run.sq_distance, run.sq_distance_error, true.sq_distance),
        ("E f - f*", run.gap, run.gap_error, true.gap),
    ):
        off = np.abs(mean - value)
        found += [
            f"{name} at t = {t}: {mean[t]:.6g}, exact {value[t]:.6g}"
            for t in np.flatnonzero(off > 6 * error + rounding)
        ]
    return found


@pytest.mark.parametrize("engine", ["numpy", "numba"])
def test_monte_carlo_stays_inside_its_interval(engine: str) -> None:
    """Simulated means, by either engine, against exact moments, all rules that ``cases`` draws."""

    @given(own.settings("theorem-1-envelope", exact=True))
    @settings(few, max_examples=60)
    def check(case: Setting) -> None:
        rule = DistilledSGD(case.weight, batch_size=case.batch_size, replacement=case.replacement)
        assert misses(engine, case, rule) == []

    check()


@pytest.mark.parametrize("engine", ["numpy", "numba"])
@pytest.mark.parametrize(
    "change", [{"weight": -0.6}, {"weight": 0.36}, {"unbiased": True}, {"batch_size": 1}]
)
def test_wrong_rules_leave_the_interval(engine: str, change: dict[str, Any]) -> None:
    """What the check above refuses: sign, square, centring, batch."""
    problem = classes()["least squares"]
    gamma = step_size_limit(problem, "theorem-1-envelope") / 2
    case = setting(problem, np.array([3.0, -2.0]), problem.minimiser, gamma, 0.6, 2)
    right = DistilledSGD(0.6, batch_size=2)
    assert misses(engine, case, right, replicates=4000) == []
    assert misses(engine, case, dataclasses.replace(right, **change), replicates=4000) != []


@pytest.mark.parametrize("name", ["theorem-1", "theorem-2", "unbiased", "unbiased-pl"])
def test_one_step_refuses_a_bound_without_noise(name: str) -> None:
    """What ``test_properties.test_one_step`` catches beyond quadratics: from x* every class moves,
    and the statement must say so.
    """
    theorem = THEOREMS[name]
    assert theorem.psi is not None
    sent = NOISE_SQ if theorem.unbiased else noise(next(iter(theorem.definitions)))
    calm = dataclasses.replace(
        theorem, psi=theorem.psi.subs(sent, 0), rhs=theorem.rhs.subs(sent, 0)
    )
    assert calm.psi != theorem.psi
    for kind, problem in classes().items():
        if float(getattr(problem.constants, theorem.modulus)) > 0.0:
            best, gamma = problem.minimiser, step_size_limit(problem, name)
            theta = best + 0.5
            left = after_one_step(name, setting(problem, theta, best, gamma, 0.3))
            right = [
                bound(problem, theta, theorem=one, step_size=gamma, weight=0.3, x0=best, steps=1)[1]
                for one in (theorem, calm)
            ]
            assert right[1] * 2 < left <= right[0], kind
