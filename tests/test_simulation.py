"""Monte Carlo: intervals that cover the exact mean, seeds, the slow path of a user's problem, and
divergence.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

import kdtheory as kd

RNG = np.random.default_rng(12)
PROBLEM = kd.LeastSquares(RNG.standard_normal((5, 3)), RNG.standard_normal(5), ridge=0.3)
THETA, START = RNG.standard_normal(3), RNG.standard_normal(3)
RUN = {"step_size": 0.08, "x0": START, "steps": 12, "replicates": 3000, "seed": 4}
RULES = [
    kd.DistilledSGD(0.6),
    kd.DistilledSGD(0.6, unbiased=True),
    kd.DistilledSGD(0.6, batch_size=2),
    kd.DistilledSGD(0.6, batch_size=3, replacement=False),
    kd.DistilledSGD(0.6, compressor=kd.RandK(2)),
    kd.DistilledSGD(0.6, compressor=kd.Bernoulli(0.9)),
]


class Bare:
    """The protocol and nothing else, so that no fast path exists."""

    n_terms, dim, minimiser, minimum, constants = (
        PROBLEM.n_terms,
        PROBLEM.dim,
        PROBLEM.minimiser,
        PROBLEM.minimum,
        PROBLEM.constants,
    )
    value, gradient, gradients = (
        staticmethod(getattr(PROBLEM, name)) for name in ("value", "gradient", "gradients")
    )


@pytest.mark.parametrize("rule", RULES)
def test_five_sigma_intervals_contain_the_exact_mean(rule):
    # Compressed, the second moment grows here, and soon rare runs carry it.
    steps = 12 if rule.compressor is None else 4
    run = kd.simulate(PROBLEM, THETA, rule, **{**RUN, "steps": steps})
    exact = kd.expected(PROBLEM, THETA, rule, step_size=RUN["step_size"], x0=START, steps=steps)
    five_sigma = math.erf(5 / math.sqrt(2))  # a false alarm in 1.7 million
    for (low, high), value in (
        (run.interval(five_sigma), exact.sq_distance),
        (run.gap_interval(five_sigma), exact.gap),
    ):
        assert (low <= value + 1e-13).all()  # t = 0 has no spread: only rounding
        assert (value <= high + 1e-13).all()
        assert (high - low)[
            1:
        ].max() < 0.5 * value.max()  # an interval wide enough to hold anything would prove nothing


def test_five_sigma_misses_a_wrong_weight():
    """The check above can fail: the mean of another rule lies outside."""
    low, high = kd.simulate(PROBLEM, THETA, kd.DistilledSGD(0.6), **RUN).interval(
        math.erf(5 / math.sqrt(2))
    )
    wrong = kd.expected(
        PROBLEM,
        THETA,
        kd.DistilledSGD(0.4),
        step_size=RUN["step_size"],
        x0=START,
        steps=RUN["steps"],
    ).sq_distance
    assert ((wrong < low) | (wrong > high)).any()


def test_same_seed_same_result():
    first, again, other = (
        kd.simulate(PROBLEM, THETA, RULES[4], **{**RUN, "seed": seed}) for seed in (4, 4, 5)
    )
    assert (first.sq_distance == again.sq_distance).all()
    assert (first.gap == again.gap).all()
    assert (first.sq_distance != other.sq_distance).any()
    assert (first.seed, first.replicates) == (4, 3000)


@pytest.mark.parametrize("seed", [None, -1, 1.5])
def test_seed_is_a_whole_number(seed):
    with pytest.raises(kd.InvalidInput, match="seed"):
        kd.simulate(PROBLEM, THETA, RULES[0], **{**RUN, "seed": seed})


def test_bare_protocol_gives_the_same_numbers():
    run = {**RUN, "replicates": 20}
    fast, slow = (kd.simulate(p, THETA, RULES[2], **run) for p in (PROBLEM, Bare()))
    assert slow.sq_distance == pytest.approx(fast.sq_distance, rel=1e-12)
    # F - f* as a difference cancels.
    assert slow.gap == pytest.approx(fast.gap, rel=1e-9, abs=1e-13)


def test_recorded_times_end_with_the_horizon():
    run = kd.simulate(PROBLEM, THETA, RULES[0], **{**RUN, "record_every": 5})
    assert run.steps.tolist() == [0, 5, 10, 12]
    every = kd.simulate(PROBLEM, THETA, RULES[0], **RUN)
    assert (run.sq_distance == every.sq_distance[run.steps]).all()


def test_interval_is_student():
    run = kd.simulate(PROBLEM, THETA, RULES[0], **{**RUN, "replicates": 2})
    low, high = run.interval(0.95)
    # T quantile, 1 degree of freedom.
    assert (high - low)[1:] == pytest.approx(2 * 12.706204736 * run.sq_distance_error[1:], rel=1e-9)
    with pytest.raises(kd.InvalidInput, match="confidence"):
        run.interval(1.0)


def test_divergence_names_the_step():
    with pytest.raises(kd.Diverged, match=r"overflows at t = \d+"):
        kd.simulate(
            PROBLEM, THETA, RULES[0], **{**RUN, "step_size": 50.0, "steps": 120, "replicates": 3}
        )
    with pytest.raises(kd.Diverged, match=r"no longer finite at t = \d+"):
        kd.simulate(
            PROBLEM, THETA, RULES[0], **{**RUN, "step_size": 50.0, "steps": 2000, "replicates": 3}
        )
