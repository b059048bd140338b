"""Verdicts: every statement on a small instance, wrong statements and updates refused, and how an
undecided simulation is decided.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.campaigns.batched import judge
from kdtheory.campaigns.blocks import draw
from kdtheory.campaigns.instances import read, written
from kdtheory.evidence import starts

RNG = np.random.default_rng(3)
TINY = kd.LeastSquares(RNG.standard_normal((3, 2)), RNG.standard_normal(3), ridge=0.2)
THETA = RNG.standard_normal(2)
START = RNG.standard_normal(2)
GAMMA = 0.11


@pytest.mark.parametrize("weight", [-0.5, 0.0, 0.3, 1.0, 1.7])
def test_exact_law_is_an_identity(weight):
    verdict = kd.verify(
        TINY, THETA, theorem="exact-quadratic", weight=weight, x0=START, step_size=GAMMA
    )
    assert verdict.status == "VERIFIED"
    law = kd.noise_floor(TINY, THETA, theorem="exact-quadratic", step_size=GAMMA, weight=weight)
    assert law == pytest.approx(
        kd.stationary(TINY, THETA, kd.DistilledSGD(weight), step_size=GAMMA).sq_distance, rel=1e-11
    )


@pytest.mark.parametrize(
    "name", [name for name, theorem in kd.THEOREMS.items() if theorem.quantity != "law"]
)
def test_every_statement_verifies(name):
    assert kd.verify(TINY, THETA, theorem=name).status == "VERIFIED"


def test_monte_carlo_sees_a_wrong_bound():
    """With the statement of plain SGD's noise halved nothing is seen (bounds are loose); without
    noise it is.
    """
    theorem = kd.THEOREMS["theorem-1"]
    noiseless = replace(
        theorem,
        psi=theorem.psi.subs({s: 0 for s in theorem.psi.free_symbols if str(s) == "sigma_star_sq"}),
    )
    wrong = kd.verify(TINY, THETA, theorem=noiseless, weight=0.0, x0=TINY.minimiser)
    assert wrong.status == "VIOLATED"
    assert (
        kd.verify(
            TINY,
            THETA,
            theorem=noiseless,
            weight=0.0,
            x0=TINY.minimiser,
            method="monte-carlo",
            replicates=2000,
        ).status
        == "VIOLATED"
    )


def test_verify_update_tells_right_from_wrong():
    gamma, weight = kd.step_size_limit(TINY, "theorem-1"), 0.3
    taught = TINY.gradients(THETA)

    def right(x, n):
        return x - gamma * (TINY.gradients(x)[n] - weight * taught[n])

    def wrong(x, n):
        return x - gamma * (TINY.gradients(x)[n] + weight * taught[n])

    found = {"theorem": "theorem-1", "step_size": gamma, "weight": weight}
    assert kd.verify_update(right, TINY, THETA, **found).status == "VERIFIED"
    assert kd.verify_update(wrong, TINY, THETA, **found).status == "VIOLATED"


def test_batch_larger_than_the_data():
    with pytest.raises(kd.InvalidInput, match="at most N = 3"):
        kd.simulate(
            TINY,
            THETA,
            kd.DistilledSGD(batch_size=4, replacement=False),
            step_size=GAMMA,
            x0=START,
            steps=1,
            replicates=2,
            seed=0,
        )


def test_both_sides_at_the_horizon():
    """``lhs_end`` and ``rhs_end`` are the engine's and the bound's last numbers, whatever times are
    looked at.
    """
    settings = {"theorem": "theorem-1", "step_size": 0.01, "weight": 0.3, "x0": START, "steps": 37}
    full, thin = (
        kd.verify(TINY, THETA, **settings),
        kd.verify(TINY, THETA, at=[0, 10, 20, 30, 37], **settings),
    )
    curve = kd.expected(TINY, THETA, kd.DistilledSGD(0.3), step_size=0.01, x0=START, steps=37)
    # Ways of computing differ by rounding.
    assert full.lhs_end == pytest.approx(curve.sq_distance[-1], rel=1e-13)
    assert thin.lhs_end == pytest.approx(curve.sq_distance[-1], rel=1e-13)
    assert full.rhs_end == thin.rhs_end == kd.bound(TINY, THETA, **settings)[-1]
    assert "at all 38 times" in full.reason
    assert "at all 5 times" in thin.reason


def test_tiny_steps_are_decided():
    """Tiny PL step sizes, where the noise of a few steps hides their gain: decided by bounded
    ranges, and a bound that falls too fast is refused.
    """
    problem = kd.LogisticRegression(
        RNG.standard_normal((40, 3)) * 6, RNG.integers(0, 2, 40), ridge=0.05
    )
    theta = starts.default_teacher(problem)
    right = kd.verify(problem, theta, theorem="theorem-2", steps=20)
    assert (right.status, right.evidence) == ("VERIFIED", "monte-carlo")
    theorem = kd.THEOREMS["theorem-2"]
    gamma, mu, s = (
        next(letter for letter in theorem.psi.free_symbols if str(letter) == name)
        for name in ("gamma", "mu", "s")
    )
    wrong = replace(theorem, psi=theorem.psi - 60 * gamma * mu * s)
    assert kd.verify(problem, theta, theorem=wrong, weight=0.0, steps=3).status == "VIOLATED"


def test_rounding_is_no_violation():
    """A good teacher far from the origin: the law's two sides are small differences of large terms,
    and agree to the rounding of those.
    """
    block = draw(0, 40)
    found = next(outcome for outcome in judge(block, ("exact-quadratic",)))
    arguments = read(written(block, found.case(186)))
    assert (
        kd.verify(arguments.pop("problem"), arguments.pop("theta"), **arguments).status
        == "VERIFIED"
    )


def test_a_rule_is_never_replaced():
    """A subclass that overrides its control variates is judged as it acts, in every evidence."""

    class Doubled(kd.DistilledSGD):
        def control_variates(self, problem, theta):
            return 2.0 * super().control_variates(problem, theta)

    settings = {"theorem": "theorem-1-sharp", "x0": START, "steps": 8}
    for method in ("exact", "rational", "ball", "monte-carlo"):
        twice = kd.verify(TINY, THETA, rule=Doubled(0.3), method=method, **settings)
        plain = kd.verify(
            TINY, THETA, weight=0.6, step_size=twice.step_size, method=method, **settings
        )
        assert twice.status == plain.status == "VERIFIED"
        assert twice.ratio == pytest.approx(plain.ratio, rel=1e-7)
        other = kd.verify(
            TINY, THETA, weight=0.3, step_size=twice.step_size, method=method, **settings
        )
        assert abs(other.ratio - twice.ratio) > 1e-6
    with pytest.raises(kd.InvalidInput, match="control variates with mean 0"):
        kd.verify(TINY, THETA, theorem="unbiased-sharp", rule=Doubled(0.3))
    with pytest.raises(kd.InvalidInput, match="takes the place"):
        kd.verify(TINY, THETA, theorem="theorem-1", rule=Doubled(0.3), weight=0.3)
    kd.verify(TINY, THETA, theorem="unbiased-sharp", rule=Doubled(0.3, unbiased=True)).check()


def test_several_teachers():
    both = np.stack([THETA, TINY.minimiser - 0.3])
    for theorem in ("theorem-1", "unbiased-envelope"):
        kd.verify(TINY, both, theorem=theorem, weight=[0.3, 0.2], step_size=0.01).check()
    law = {"theorem": "exact-quadratic", "weight": [0.3, 0.2], "step_size": 0.01}
    kd.verify(TINY, both, x0=TINY.minimiser + 1.0, steps=20, **law).check()


@pytest.mark.parametrize("method", ["exact", "rational", "monte-carlo"])
def test_a_compressor_belongs_to_the_compressed_statements(method):
    with pytest.raises(kd.InvalidInput, match="nothing about compressed"):
        kd.verify(TINY, THETA, theorem="theorem-1", compressor=kd.RandK(1), method=method)


def test_the_open_end_of_a_range_is_a_value_or_one_line():
    for name, theorem in kd.THEOREMS.items():
        if not theorem.strict:
            continue
        gamma = kd.step_size_limit(TINY, name)
        for _ in range(2):
            gamma = np.nextafter(gamma, 0.0)
            try:
                assert kd.bound(
                    TINY, THETA, theorem=name, step_size=gamma, weight=0.3, x0=START, steps=3
                ).shape == (4,)
            except kd.InvalidInput as error:
                assert "\n" not in str(error)


class Own:
    """A user's finite sum, around one of ours, with members that may be wrong."""

    def __init__(self, **changes):
        inner = kd.LogisticRegression(RNG.standard_normal((6, 2)), [0, 1, 0, 1, 1, 0], ridge=0.3)
        for name in ("n_terms", "dim", "minimiser", "minimum", "constants", "term_curvature"):
            setattr(self, name, getattr(inner, name))
        for name in ("value", "gradient", "gradients", "sampled_gradients", "gap"):
            if hasattr(inner, name):
                setattr(self, name, getattr(inner, name))
        for name, value in changes.items():
            setattr(self, name, value)


def test_optional_members_are_checked():
    right = Own()
    assert kd.check_finite_sum(right) is right
    theta = right.minimiser + 0.2
    assert kd.verify(right, theta, theorem="theorem-1-sharp", steps=10).status == "VERIFIED"
    wrong = (
        ("sampled_gradients", lambda points, indices: np.zeros_like(points)),
        ("gap", lambda points: np.ones(len(points))),
        ("gap", lambda points: 0.0),
        ("term_curvature", (0.0, 1e-3)),
        ("term_curvature", lambda: (0.0, 1.0)),
    )
    for name, value in wrong:
        with pytest.raises(kd.InvalidInput, match=name):
            kd.verify(Own(**{name: value}), theta, theorem="theorem-1-sharp", steps=10)
