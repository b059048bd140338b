"""What a library author writes in a test file of her own, run as a test file (PyTorch parts:
``test_torch_testing.py``).
"""

from __future__ import annotations

import kdtheory.testing.suite  # noqa: F401  # pytester forgets what is loaded inside of it, and
import kdtheory.testing.sums  # noqa: F401  # NumPy cannot be loaded twice

pytest_plugins = ["pytester"]

OWN = """
import numpy as np
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as profile

import kdtheory as kd
from kdtheory.testing import check_problem, check_update, parametrize_with_checks, settings


class MySGD:
    def __init__(self, problem, teacher, lr, weight):
        self.problem, self.teacher, self.lr, self.weight = problem, teacher, lr, weight

    def step(self, x, n):
        grad, taught = self.problem.gradients(x)[n], self.problem.gradients(self.teacher)[n]
        if grad.ndim > 1:
            raise NotImplementedError("one index at a time")
        return x - self.lr * (grad - SIGN * self.weight * taught).astype(x.dtype)


def my_step(s):
    return MySGD(s.problem, s.teacher, s.step_size, s.weight).step


class Huber:
    '''Huber's loss with a ridge; its minimiser is known to three digits.'''

    def __init__(self, A, b, ridge=0.5):
        self.A, self.b, self.ridge = np.asarray(A), np.asarray(b), ridge
        self.n_terms, self.dim = self.A.shape
        x = np.zeros(self.dim)
        for _ in range(50):
            x = x - self.gradient(x) / float(self.constants_at(None).L)
        self.minimiser, self.minimum = x, self.value(x)

    def value(self, x):
        r = np.abs(self.A @ x - self.b)
        return float(np.where(r < 1, r**2 / 2, r - 1 / 2).mean() + self.ridge / 2 * x @ x)

    def gradients(self, x):
        return np.clip(self.A @ x - self.b, -1, 1)[:, None] * self.A + self.ridge * x

    def gradient(self, x):
        return self.gradients(x).mean(axis=0)

    def constants_at(self, x):
        most = float((self.A**2).sum(1).max()) + self.ridge
        noise = 0.0 if x is None else float((self.gradients(x) ** 2).sum() / self.n_terms)

        def known(value, why):
            return kd.Constant(value, exact=False, why=why)

        return kd.Constants(
            mu=known(self.ridge, "the ridge"),
            mu_pl=known(self.ridge, "the ridge"),
            L=known(most, "the largest term's"),
            Lcal=known(most, "the largest term's"),
            sigma_star_sq=known(noise, "mean over the terms"),
        )

    @property
    def constants(self):
        return self.constants_at(self.minimiser)


rng = np.random.default_rng(0)
A, b = rng.standard_normal((6, 2)), 2 * rng.standard_normal(6)


@parametrize_with_checks(
    lambda s: MySGD(s.problem, s.teacher, lr=s.step_size, weight=s.weight).step,
    theorems=["theorem-1", "theorem-1-envelope"],
    dtype="float32",
    expected_failed_checks={"batches": "not supported yet"},
)
def test_mine(check): check()


@profile(
    max_examples=10,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
@given(s=settings("theorem-1-envelope", batch_sizes=[1]))
def test_property(s): check_update(my_step(s), s, rtol=1e-5)


def test_huber(): check_problem(Huber(A, b), polish=True)
"""


def test_right_parts_pass(pytester):
    pytester.makepyfile(OWN.replace("SIGN", "1"))
    found = pytester.runpytest("-q", "-p", "no:cacheprovider", "--kdtheory-instances", "2")
    # 9 checks of 2 statements, less the 2 expected failures, and the two other tests.
    found.assert_outcomes(passed=16 + 2, xfailed=2)


def test_wrong_parts_fail_and_are_named(pytester):
    """A sign: plain_sgd, and the bound, hold all the same; Huber's loss is right."""
    pytester.makepyfile(OWN.replace("SIGN", "-1"))
    found = pytester.runpytest("-q", "-p", "no:cacheprovider", "--kdtheory-instances", "9")
    said = found.stdout.str()
    assert {"test_property", "test_mine[theorem-1-same_rule]"} <= {
        line.split("::")[1].split()[0] for line in said.splitlines() if line.startswith("FAILED")
    }
    assert "H_n, expected" in said and "test_huber" not in said.rsplit("short test summary")[-1]
