"""A user's own update: right ones pass in float32 and float64, wrong ones are caught and named."""

from __future__ import annotations

import numpy as np
import pytest

import kdtheory as kd

RNG = np.random.default_rng(4)
FEATURES, TARGETS = RNG.standard_normal((7, 3)), RNG.standard_normal(7)
PROBLEMS = {
    "least squares": kd.LeastSquares(FEATURES, TARGETS, ridge=0.2),
    "logistic": kd.LogisticRegression(FEATURES, (TARGETS > 0).astype(float), ridge=0.2),
}
LAM = 0.5


def arguments(problem: object, theorem: str = "theorem-1") -> dict[str, object]:
    gamma = kd.step_size_limit(problem, theorem)
    return {"theorem": theorem, "step_size": gamma, "weight": LAM}


def made(problem, theta, gamma, *, student=1.0, teacher=-LAM, h=0.0, x=0.0, at=None, shift=0):
    """An update with these coefficients; the right one has 1 and -lam."""
    taught = problem.gradients(theta)

    def step(point, n):
        n = (n + shift) % problem.n_terms
        own = problem.gradients(point)
        other = (taught if at is None else at(point))[n]
        move = student * own[n] + teacher * other + h * taught.mean(axis=0) + x * point
        return point - gamma * move

    return step


class Momentum:
    """Heavy ball: the same x and n give another answer every time."""

    def __init__(self, problem, theta, gamma):
        self.right, self.velocity = made(problem, theta, gamma), np.zeros(problem.dim)

    def __call__(self, x, n):
        self.velocity = 0.5 * self.velocity + (self.right(x, n) - x)
        return x + self.velocity


WRONG = {
    "sign": ({"teacher": LAM}, r"\+0.5 H_n, expected -0.5 H_n"),
    "no teacher": ({"teacher": 0.0}, r"H_n, expected -0.5 H_n"),
    "weight 1.02 lam": ({"teacher": -1.02 * LAM}, r"-0.51 H_n, expected -0.5 H_n"),
    "weight squared": ({"teacher": -(LAM**2)}, r"-0.25 H_n, expected -0.5 H_n"),
    "1 - lam on the student": ({"student": 1 - LAM}, r"\+0.5 G_n, expected \+1 G_n"),
    "step twice": ({"student": 2.0, "teacher": -2 * LAM}, "G_n, expected"),
    "step 1.02": ({"student": 1.02, "teacher": -1.02 * LAM}, r"\+1.02 G_n, expected"),
    "unbiased": ({"h": LAM}, r"\+0.5 h, expected \+0 h"),
    "weight decay": ({"x": 0.1}, r"\+0.1 x, expected \+0 x"),
    "another index": ({"shift": 1}, "another index"),
    "ascent": ({"student": -1.0}, "-1 G_n, expected"),
    "nothing": ({"student": 0.0, "teacher": 0.0}, "G_n, expected"),
}


@pytest.mark.parametrize("kind", list(PROBLEMS))
@pytest.mark.parametrize("name", list(WRONG))
def test_wrong_steps_are_caught_and_named(kind, name):
    problem = PROBLEMS[kind]
    theta, (change, words) = problem.minimiser + 0.7, WRONG[name]
    settings = arguments(problem)
    step = made(problem, theta, settings["step_size"], **change)
    verdict = kd.verify_update(step, problem, theta, **settings)
    assert verdict.status == "VIOLATED"
    with pytest.raises(AssertionError, match=words):
        verdict.check()


def test_the_teacher_at_the_student_and_momentum():
    problem = PROBLEMS["least squares"]
    theta, settings = problem.minimiser + 0.7, arguments(problem)
    at_x = made(problem, theta, settings["step_size"], at=problem.gradients)
    found = kd.verify_update(at_x, problem, theta, **settings)
    assert found.status == "VIOLATED"
    assert "+0.5 G_n, expected +1 G_n" in found.reason
    for same_rule in (True, False):
        momentum = Momentum(problem, theta, settings["step_size"])
        found = kd.verify_update(momentum, problem, theta, same_rule=same_rule, **settings)
        assert found.status == "VIOLATED"
        assert "keeps state" in found.reason


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("kind", list(PROBLEMS))
@pytest.mark.parametrize(
    "theorem", ["theorem-1", "theorem-2", "theorem-1-sharp", "unbiased", "unbiased-pl-envelope"]
)
def test_right_steps_pass_in_their_own_precision(kind, theorem, dtype):
    problem, statement = PROBLEMS[kind], kd.THEOREMS[theorem]
    for theta in (problem.minimiser + 0.7, problem.minimiser):
        settings = arguments(problem, theorem)
        settings["step_size"] *= 0.5
        right = made(problem, theta, settings["step_size"], h=LAM if statement.unbiased else 0.0)

        def step(x, n, right=right):
            return right(x.astype(dtype).astype(float), n).astype(dtype)

        for same_rule in (True, False):
            kd.verify_update(step, problem, theta, same_rule=same_rule, **settings).check()


def test_what_a_bound_alone_can_flag():
    """same_rule=False: what moves more than the statement or its envelope allows, somewhere."""
    problem = PROBLEMS["least squares"]
    theta, settings = problem.minimiser + 0.02, arguments(problem)
    caught = []
    for name, (change, _) in WRONG.items():
        step = made(problem, theta, settings["step_size"], **change)
        found = kd.verify_update(step, problem, theta, same_rule=False, **settings)
        caught += [name] * (found.status == "VIOLATED")
        assert found.status == "VIOLATED" or "was not asked" in found.reason
    assert set(caught) >= {"sign", "no teacher", "weight squared", "ascent", "nothing"}, caught


def test_batches():
    problem = PROBLEMS["least squares"]
    theta, settings = problem.minimiser + 0.7, arguments(problem)
    taught, gamma = problem.gradients(theta), settings["step_size"]

    def step(x, batch, lam=LAM):
        return x - gamma * (problem.gradients(x)[batch] - lam * taught[batch]).mean(axis=0)

    for extra in ({}, {"replacement": False}):
        kd.verify_update(step, problem, theta, batch_size=2, **extra, **settings).check()
    found = kd.verify_update(
        lambda x, b: step(x, b, -LAM), problem, theta, batch_size=3, **settings
    )
    assert "+0.5 H_n, expected -0.5 H_n" in found.reason
    many = kd.verify_update(step, problem, theta, batch_size=6, same_rule=False, **settings)
    assert many.status == "UNDECIDED"
    kd.verify_update(step, problem, theta, batch_size=6, **settings).check()


def test_a_verdict_is_no_truth_value():
    problem = PROBLEMS["least squares"]
    verdict = kd.verify(problem, problem.minimiser + 0.1, theorem="theorem-1", steps=5)
    with pytest.raises(TypeError, match=r"check\(\)"):
        bool(verdict)
    assert verdict.check() is verdict


@pytest.mark.parametrize("theorem", ["theorem-1", "unbiased"])
def test_several_teachers(theorem):
    """The right step passes, and of a wrong one the teacher is named."""
    rng = np.random.default_rng(2)
    problem = kd.LeastSquares(rng.standard_normal((9, 3)), rng.standard_normal(9), ridge=0.4)
    theta, lams = problem.minimiser + rng.standard_normal((2, 3)), np.array([0.3, -0.2])
    taught = np.array([problem.gradients(one) for one in theta])
    if theorem == "unbiased":
        taught = taught - taught.mean(axis=1, keepdims=True)
    asked = {"theorem": theorem, "step_size": 0.01, "weight": lams}

    def step(x, n, factors=(1.0, 1.0)):
        return x - 0.01 * (problem.gradients(x)[n] - (lams * factors) @ taught[:, n])

    seen = kd.verify_update(step, problem, theta, **asked)
    assert seen.status == "VERIFIED" and np.isnan(seen.weight)
    wrong = kd.verify_update(lambda x, n: step(x, n, (1.0, -1.0)), problem, theta, **asked)
    assert wrong.status == "VIOLATED"
    assert "-0.2 H2_n, expected +0.2 H2_n" in wrong.reason


@pytest.mark.parametrize("how", ["rtol", "float16"])
def test_rounding_that_hides_a_term_decides_nothing(how):
    """A share of 1/2, or float16, allowed a step with the teacher's sign wrong: VERIFIED."""
    problem = PROBLEMS["least squares"]
    theta = problem.minimiser + 0.3
    gamma = 1e-3
    words = arguments(problem) | {"step_size": gamma}
    kind, rtol = (float, 0.5) if how == "rtol" else (np.float16, None)
    for sign in (1.0, -1.0):
        step = made(problem, theta, gamma, teacher=-sign * LAM)
        verdict = kd.verify_update(
            lambda x, n, step=step: step(x, n).astype(kind), problem, theta, **words, rtol=rtol
        )
        assert verdict.status == "UNDECIDED" and "a step without it would pass" in verdict.reason
