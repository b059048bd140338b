"""Schedules: what they hold, yield and refuse."""

from __future__ import annotations

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.rules.schedule import as_schedule


def test_pairs_one_for_each_step():
    plain = kd.Schedule([0.5, 0.25], [1.0, 0.0])
    assert list(plain) == [(0.5, 1.0), (0.25, 0.0)] and len(plain) == 2
    several = kd.Schedule([0.5, 0.25], [[1.0, 2.0], [3.0, 4.0]])
    assert [tuple(weight) for _, weight in several] == [(1.0, 2.0), (3.0, 4.0)]
    assert list(kd.Schedule([0.5], None)) == [(0.5, None)]


def test_frozen_and_copied():
    gammas = np.array([0.5, 0.25])
    held = kd.Schedule(gammas, [1.0, 0.0], [np.inf, 2.0, 1.0], [0.1, 0.2])
    gammas[0] = 9.0
    assert held.step_sizes[0] == 0.5 and held.bound[0] == np.inf
    for array in (held.step_sizes, held.weights, held.bound, held.signal_to_noise):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_constant_and_head():
    assert kd.Schedule([0.5, 0.5], [[1.0, 2.0]] * 2).constant
    assert not kd.Schedule([0.5, 0.5], [1.0, 2.0]).constant
    assert not kd.Schedule([0.5, 0.25], None).constant
    assert list(kd.Schedule([0.5, 0.25], [1.0, 0.0], [3.0, 2.0, 1.0]).head(1)) == [(0.5, 1.0)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([0.1, 0.2], [0.5]), "A schedule of 2 step sizes has 2 entries in weights, got 1"),
        (([0.1], [0.5], [1.0]), "has 2 entries in bound, got 1"),
        (([0.1], [0.5], None, [1.0, 2.0]), "has 1 entries in signal_to_noise, got 2"),
        (([0.1, -0.2], [0.5, 0.5]), "step_sizes must be >= 0, got -0.2 at t = 1"),
        (([0.1, np.nan], [0.5, 0.5]), "step_sizes must be finite"),
        (([[0.1]], [0.5]), "step_sizes must have 1 axes"),
        (([0.1], [[[0.5]]]), "weights must have 1 axes"),
        (([], []), "step_sizes is empty"),
    ],
)
def test_refused(arguments, message):
    with pytest.raises(kd.InvalidInput) as caught:
        kd.Schedule(*arguments)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_the_way_in():
    held = kd.Schedule([0.5], [1.0])
    assert as_schedule(held) is held and as_schedule(held, steps=1) is held
    assert list(as_schedule(([0.5], [1.0]))) == list(held)
    with pytest.raises(kd.InvalidInput, match="has 1 steps and steps = 3 are asked for"):
        as_schedule(held, steps=3)
    for wrong in (0.1, [0.1, 0.2, 0.3], None):
        with pytest.raises(kd.InvalidInput, match="a Schedule or a pair"):
            as_schedule(wrong)
