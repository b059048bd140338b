"""Verdicts: every statement on a small instance, wrong statements and updates refused, and how an undecided simulation is decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import kdtheory as kd
from kdtheory import verdicts

RNG = np.random.default_rng(3)
TINY = kd.LeastSquares(RNG.standard_normal((3, 2)), RNG.standard_normal(3), ridge=0.2)
THETA = RNG.standard_normal(2)
START = RNG.standard_normal(2)
GAMMA = 0.11


@pytest.mark.parametrize("weight", [-0.5, 0.0, 0.3, 1.0, 1.7])
def test_exact_law_is_an_identity(weight):
    verdict = kd.verify(TINY, THETA, theorem="exact-quadratic", weight=weight, x0=START, step_size=GAMMA)
    assert verdict.status == "VERIFIED"
    law = kd.noise_floor(TINY, THETA, theorem="exact-quadratic", step_size=GAMMA, weight=weight)
    assert law == pytest.approx(kd.stationary(TINY, THETA, kd.DistilledSGD(weight), step_size=GAMMA).sq_distance, rel=1e-11)


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_every_statement_verifies(name):
    assert kd.verify(TINY, THETA, theorem=name).status == "VERIFIED"


def test_monte_carlo_sees_a_wrong_bound():
    """With the statement of plain SGD's noise halved nothing is seen (bounds are loose); without noise it is."""
    theorem = kd.THEOREMS["theorem-1"]
    noiseless = replace(theorem, psi=theorem.psi.subs({s: 0 for s in theorem.psi.free_symbols if str(s) == "sigma_star_sq"}))
    wrong = kd.verify(TINY, THETA, theorem=noiseless, weight=0.0, x0=TINY.minimiser)
    assert wrong.status == "VIOLATED"
    assert kd.verify(TINY, THETA, theorem=noiseless, weight=0.0, x0=TINY.minimiser, method="monte-carlo", replicates=2000).status == "VIOLATED"


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
        kd.simulate(TINY, THETA, kd.DistilledSGD(batch_size=4, replacement=False), step_size=GAMMA, x0=START, steps=1, replicates=2, seed=0)


def test_both_sides_at_the_horizon():
    """``lhs_end`` and ``rhs_end`` are the engine's and the bound's last numbers, at every recording interval."""
    settings = {"theorem": "theorem-1", "step_size": 0.01, "weight": 0.3, "x0": START, "steps": 37}
    full, thin = kd.verify(TINY, THETA, **settings), kd.verify(TINY, THETA, record_every=10, **settings)
    curve = kd.expected(TINY, THETA, kd.DistilledSGD(0.3), step_size=0.01, x0=START, steps=37)
    assert full.lhs_end == thin.lhs_end == curve.sq_distance[-1]
    assert full.rhs_end == thin.rhs_end == kd.bound(TINY, THETA, **settings)[-1]
    assert "at 38 times up to t = 37" in full.reason
    assert "at 5 times up to t = 37" in thin.reason


HESITANT = kd.LogisticRegression(RNG.standard_normal((40, 3)) * 6, RNG.integers(0, 2, 40), ridge=0.05)


def test_a_control_variate_decides_what_plain_simulation_cannot(monkeypatch):
    """Tiny PL step sizes: the noise of a few steps hides their gain.  Both looks have half the error rate; neither alone is enough."""
    settings = {"theorem": "theorem-2", "steps": 20, "replicates": 50}
    theta = verdicts.default_teacher(HESITANT)
    decided = kd.verify(HESITANT, theta, **settings)
    assert (decided.status, decided.evidence) == ("VERIFIED", "monte-carlo")
    assert decided.reason.endswith("with a control variate")
    monkeypatch.setattr(verdicts, "simulate_compensated", verdicts.simulate)
    assert kd.verify(HESITANT, theta, **settings).status == "UNDECIDED"


def test_the_second_look_sees_a_violation():
    """A bound that falls far faster than the truth: the first look hesitates, the second refuses it."""
    theorem = kd.THEOREMS["theorem-2"]
    gamma, mu, s = (next(letter for letter in theorem.psi.free_symbols if str(letter) == name) for name in ("gamma", "mu", "s"))
    wrong = replace(theorem, psi=theorem.psi - 60 * gamma * mu * s)
    theta = verdicts.default_teacher(HESITANT)
    found = kd.verify(HESITANT, theta, theorem=wrong, weight=0.0, steps=3, replicates=50)
    assert (found.status, found.reason.endswith("with a control variate")) == ("VIOLATED", True)


def test_the_worse_of_two_horizons_counts():
    """A violation in the first steps is not forgotten because later times are fine, and the other way round."""
    from kdtheory.report import worse

    good = kd.verify(TINY, THETA, theorem="theorem-1", steps=5)
    bad = replace(good, status="VIOLATED", ratio=3.0, reason="at t = 1")
    open_ = replace(good, status="UNDECIDED", reason="at t = 2")
    for pair in ((good, bad), (bad, good), (open_, bad), (bad, open_)):
        found = worse(*pair)
        assert (found.status, found.ratio, "at t = 1" in found.reason) == ("VIOLATED", 3.0, True)
    assert worse(open_, good).status == worse(good, open_).status == "UNDECIDED"
    assert worse(good, good).status == "VERIFIED"
