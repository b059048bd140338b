"""Exact moments when step sizes and weights change: against all index paths, and against the
engine of constant ones.
"""

from __future__ import annotations

import numpy as np
import pytest
from paths import ANY, CHANCES, START, TEACHERS, THETA, TINY, Halved, Own, paths

import kdtheory as kd
from kdtheory.engines.exact import packed

GAMMAS, WEIGHTS = np.array([0.1, 0.02, 0.15]), np.array([0.9, -0.4, 0.3])
PAIRS = np.stack([WEIGHTS, 1 - WEIGHTS], axis=1)


def both(curve) -> np.ndarray:
    return np.stack([curve.sq_distance, curve.gap], axis=1)


SETTINGS = {
    "plain": (kd.DistilledSGD(), THETA, WEIGHTS),
    "unbiased": (kd.DistilledSGD(unbiased=True), THETA, WEIGHTS),
    "own weight": (kd.DistilledSGD(0.6), THETA, None),
    "rows": (Own(ANY), THETA, None),
    "rows, sampled": (Own(ANY, probabilities=CHANCES), THETA, None),
    "sampled": (kd.ImportanceSampling(kd.DistilledSGD(), CHANCES), THETA, WEIGHTS),
    "without replacement": (kd.DistilledSGD(batch_size=2, replacement=False), THETA, WEIGHTS),
    "teachers": (kd.DistilledSGD([0, 0]), TEACHERS, PAIRS),
    "blocks": (kd.DistilledSGD([0, 0], blocks=[[0, 2], [1]]), THETA, PAIRS),
}


@pytest.fixture(params=["packed", "step by step"])
def way(request, monkeypatch):
    """Both ways of a schedule: all moments as one vector, and passes over the terms."""
    if request.param != "packed":
        monkeypatch.setattr(packed, "LARGEST", 0)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("name", SETTINGS)
def test_against_paths(name):
    rule, theta, weights = SETTINGS[name]
    count = 2 if rule.batch_size > 1 else 3
    tables = [
        (rule if weights is None else rule.with_weight(weights[t])).control_variates(TINY, theta)
        for t in range(count)
    ]
    truth = paths(
        TINY,
        tables,
        GAMMAS[:count],
        x0=START,
        chances=getattr(rule, "probabilities", None),
        batch=rule.batch_size,
        replacement=rule.replacement,
    )
    plan = (GAMMAS[:count], None if weights is None else weights[:count])
    found = kd.expected(TINY, theta, rule, x0=START, schedule=plan)
    assert both(found) == pytest.approx(truth, rel=1e-12)
    late = kd.expected(TINY, theta, rule, x0=START, schedule=plan, at=[count, 0])
    assert both(late) == pytest.approx(truth[[count, 0]], rel=1e-12)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("compressor", [None, kd.RandK(2), kd.Bernoulli(0.9)])
@pytest.mark.parametrize("probabilities", [None, CHANCES])
@pytest.mark.parametrize("start", [Own(ANY), kd.DistilledSGD(0.7)])
def test_nearly_constant_is_constant(start, probabilities, compressor):
    """Steps that are all the same but for the last, which is not looked at, against the engine of
    one step size.
    """
    table = start.control_variates(TINY, THETA)
    rule = Own(table, compressor=compressor, probabilities=probabilities)
    gammas = np.append(np.full(30, 0.05), 0.01)
    found = kd.expected(TINY, THETA, rule, x0=START, schedule=(gammas, None), at=range(31))
    plain = kd.expected(TINY, THETA, rule, x0=START, step_size=0.05, steps=30)
    assert both(found) == pytest.approx(both(plain), rel=1e-11)


def test_a_step_of_size_zero_is_not_made():
    plan = ([0.1, 0.0, 0.05], [0.5, 9.0, 0.2])
    some = both(kd.expected(TINY, THETA, kd.DistilledSGD(), x0=START, schedule=plan))
    assert some[2] == pytest.approx(some[1], rel=1e-14)
    none = kd.expected(TINY, THETA, kd.DistilledSGD(), x0=START, schedule=([0.0] * 3, [1.0] * 3))
    assert both(none)[3] == pytest.approx(both(none)[0], rel=1e-14)


@pytest.mark.usefixtures("way")
def test_rank_one_and_other_rows_are_two_ways_to_the_same():
    """A row that is moved off its feature by nothing but the general way: same numbers."""
    rule = kd.DistilledSGD(0.6)
    plan = (GAMMAS, None)
    fast = both(kd.expected(TINY, THETA, rule, x0=START, schedule=plan))
    spoilt = rule.control_variates(TINY, THETA) + 1e-9 * ANY
    slow = both(kd.expected(TINY, THETA, Own(spoilt), x0=START, schedule=plan))
    assert slow == pytest.approx(fast, rel=1e-7) and (slow != fast).any()


@pytest.mark.usefixtures("way")
def test_small_step_sizes_keep_their_digits():
    """E|x^1 - x*|^2 from x* is gamma^2 E|S - c|^2 / 1, however small gamma."""
    rule = Own(ANY)
    noise = TINY.gradients(TINY.minimiser) - ANY
    for gamma in (1e-3, 1e-9):
        plan = ([gamma, gamma / 2], None)
        found = kd.expected(TINY, THETA, rule, x0=TINY.minimiser, schedule=plan)
        assert found.sq_distance[1] == pytest.approx(
            gamma**2 * (noise**2).sum(axis=1).mean(), rel=1e-9
        )


@pytest.mark.usefixtures("way")
def test_divergence_is_said():
    plan = (np.full(2000, 50.0) * np.linspace(1, 2, 2000), np.zeros(2000))
    with pytest.raises(kd.Diverged, match="overflows by t = .* step sizes up to 100"):
        kd.expected(TINY, THETA, kd.DistilledSGD(), x0=START, schedule=plan)
    with pytest.raises(kd.InvalidInput, match="needs one step size"):
        kd.expected(
            TINY, THETA, kd.DistilledSGD(), x0=START, schedule=(GAMMAS, WEIGHTS), method="lanczos"
        )


def test_subclasses_keep_their_meaning_under_step_sizes():
    rule = Halved(0.6)
    table = rule.control_variates(TINY, THETA)
    found = kd.expected(TINY, THETA, rule, x0=START, schedule=(GAMMAS, None))
    assert both(found) == pytest.approx(paths(TINY, [table] * 3, GAMMAS, x0=START), rel=1e-12)
