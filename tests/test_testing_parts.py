"""kdtheory.testing: losses, problems, the pytest plugin; nothing costs before it is used."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.special import log_softmax, softmax

import kdtheory as kd
from kdtheory.testing import check_loss, check_problem, parametrize_with_checks

pytest_plugins = ["pytester"]


def hard(z, y):
    return -log_softmax(z, axis=1)[np.arange(len(z)), y].mean()


def soft(z, u, tau=1.0):
    return -(softmax(u / tau, axis=1) * log_softmax(z / tau, axis=1)).sum(axis=1).mean()


def entropy(u):
    return -(softmax(u, axis=1) * log_softmax(u, axis=1)).sum(axis=1).mean()


@pytest.mark.parametrize(
    "loss",
    [
        lambda z, u, y: 0.7 * hard(z, y) + 0.3 * soft(z, u),
        lambda z, u, y: 0.7 * hard(z, y) + 0.3 * (soft(z, u) - entropy(u)),
        lambda z, u, y: np.float32(0.7 * hard(z, y) + 0.3 * soft(z, u)),
    ],
)
def test_right_losses_pass(loss):
    check_loss(loss, weight=0.3)


def test_the_squared_loss_passes():
    def loss(z, u, y):
        return (0.6 * ((z - y) ** 2).sum(1) / 2 + 0.4 * ((z - u) ** 2).sum(1) / 2).mean()

    check_loss(loss, weight=0.4, kind="squared")


@pytest.mark.parametrize(
    ("loss", "words"),
    [
        (lambda z, u, y: 0.3 * hard(z, y) + 0.7 * soft(z, u), "weight is on the label"),
        (lambda z, u, y: len(z) * (0.7 * hard(z, y) + 0.3 * soft(z, u)), "sum over the samples"),
        (lambda z, u, y: 0.7 * hard(z, y) + 0.3 * 4 * soft(z, u, 2.0), "temperature"),
        (lambda z, u, y: 0.7 * hard(z, y) + 0.3 * soft(u, z), "temperature|expected"),
        (lambda z, u, y: 0.7 * hard(z, y), r"expected"),
        (lambda z, u, y: hard(z, y) + 0.3 * soft(z, u), r"\+1.3 \(r\(z\) - y\), expected \+1"),
        (lambda z, u, y: 0.69 * hard(z, y) + 0.31 * soft(z, u), "-0.31"),
        (lambda z, u, y: 0.7 * hard(z, y) + 0.3 * soft(z, u) / 4, "expected"),
    ],
)
def test_wrong_losses_are_named(loss, words):
    with pytest.raises(AssertionError, match=words):
        check_loss(loss, weight=0.3)


def test_a_loss_that_is_no_number_is_refused():
    with pytest.raises(kd.InvalidInput, match="finite"):
        check_loss(lambda z, u, y: np.nan, weight=0.3)
    with pytest.raises(kd.InvalidInput, match="kind"):
        check_loss(lambda z, u, y: 0.0, weight=0.3, kind="hinge")


class Rough:
    """Least squares whose minimiser is known to six digits only."""

    def __init__(self, scale: float = 1.0) -> None:
        self._inner = kd.LeastSquares([[1.0, 0.0], [0.5, 2.0]], [1.0, -1.0], ridge=0.1)
        self.minimiser = self._inner.minimiser + 1e-6
        self._scale = scale

    def gradient(self, x):
        return self._scale * self._inner.gradient(x)

    def __getattr__(self, name):
        return getattr(self._inner, name)


def test_a_problem_is_polished_and_checked():
    with pytest.raises(AssertionError, match="not stationary"):
        check_problem(Rough())
    better = check_problem(Rough(), polish=True)
    assert np.abs(better.minimiser - better._inner.minimiser).max() < 1e-12
    with pytest.raises(AssertionError, match="sign or a factor|differs from"):
        check_problem(Rough(scale=2.0), polish=True)
    with pytest.raises(AssertionError, match="missing"):
        check_problem(object())


def test_expected_failures_and_unknown_names():
    mark = parametrize_with_checks(
        lambda s: s.step, ["theorem-1"], expected_failed_checks={"batches": "not yet"}
    )
    by_name = {parameter.id: parameter for parameter in mark.args[1]}
    assert by_name["theorem-1-batches"].marks[0].kwargs == {"reason": "not yet", "strict": True}
    assert by_name["theorem-1-pairing"].marks == ()
    with pytest.raises(kd.InvalidInput, match="batches"):
        parametrize_with_checks(lambda s: s.step, expected_failed_checks={"batch": "?"})
    with pytest.raises(kd.InvalidInput, match="theorem-1"):
        parametrize_with_checks(lambda s: s.step, ["theorem-one"])


SUITE = """
import pytest
from kdtheory.testing import parametrize_with_checks

@parametrize_with_checks(lambda s: s.step, theorems=["theorem-1"])
def test_mine(check):
    check()

@pytest.mark.kdtheory("unbiased")
def test_property(kdtheory_setting):
    s = kdtheory_setting
    assert s.theorem == "unbiased" and s.step(s.x, 0).shape == s.x.shape
"""


def test_the_plugin(pytester):
    pytester.makepyfile(SUITE)
    found = pytester.runpytest("-q", "-p", "no:cacheprovider", "--kdtheory-instances", "3")
    found.assert_outcomes(passed=9 + 3)
    assert "kdtheory(theorem)" in pytester.runpytest("--markers").stdout.str()


def test_the_plugin_says_what_is_missing(pytester):
    pytester.makepyfile("def test_property(kdtheory_setting):\n    pass\n")
    found = pytester.runpytest("-q", "-p", "no:cacheprovider")
    assert "needs to know the statement" in found.stdout.str() + found.stderr.str()
    refused = pytester.runpytest("-q", "--kdtheory-instances", "0")
    assert "must be >= 1" in refused.stdout.str() + refused.stderr.str()


def loaded(code: str) -> set[str]:
    text = f"import sys\n{code}\nprint(*(m for m in sys.modules))"
    return set(
        subprocess.run(
            [sys.executable, "-c", text], capture_output=True, text=True, check=True
        ).stdout.split()
    )


def test_nothing_is_loaded_before_it_is_used():
    plugin = loaded("import kdtheory.testing.plugin")
    assert not {"numpy", "sympy", "hypothesis"} & plugin
    beside = loaded("import hypothesis")
    assert not {"kdtheory.problems", "sympy"} & beside
    assert "hypothesis" not in loaded("from kdtheory import LeastSquares")


@pytest.mark.parametrize(
    "order",
    [
        "import hypothesis.strategies as st; from kdtheory.problems import LeastSquares",
        "from kdtheory.problems import LeastSquares; import hypothesis.strategies as st",
    ],
)
def test_types_are_registered_in_either_order(order):
    code = (
        f"{order}\nprint(st.from_type(LeastSquares))\nassert 'kdtheory.testing.data' in sys.modules"
    )
    assert "kdtheory.testing.data" in loaded(code)
