"""A verdict sees a statement without its noise, on the main job's own instances and starts."""

from __future__ import annotations

import pytest

import kdtheory as kd
from kdtheory.checks import data_mutants

BOUNDS = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]


@pytest.mark.parametrize("name", BOUNDS)
def test_dropped_noise_is_seen(name):
    seen = data_mutants.looked_at(name, "noise dropped")
    assert seen is not None
    assert seen.outcome == "seen"


@pytest.mark.parametrize("name", ["theorem-1", "theorem-1-sharp", "unbiased-pl-envelope"])
def test_the_right_statement_is_not(name):
    problem, theta = next(data_mutants._instances())
    assert kd.verify(problem, theta, theorem=name, steps=data_mutants.STEPS).status == "VERIFIED"


@pytest.mark.parametrize("name", ["theorem-1-sharp", "unbiased-envelope"])
def test_a_tight_constant_is_seen_to_a_tenth(name):
    seen = data_mutants.looked_at(name, "noise lowered")
    assert seen is not None
    assert seen.outcome == "seen"


@pytest.mark.parametrize(
    ("name", "kind", "outcome"),
    [
        ("theorem-1", "noise lowered", "seen"),
        ("theorem-2", "range doubled", "seen"),
        ("compressed-envelope", "bias dropped", "seen"),
        ("compressed-envelope", "range doubled", "seen"),
        ("theorem-1", "range doubled", "true"),
    ],
)
def test_attaining_instances_see_what_random_ones_do_not(name, kind, outcome):
    """Half of Theorem 1's noise is refuted only where its step is worst; twice its range is true,
    and ``prove`` says so.
    """
    seen = data_mutants.looked_at(name, kind)
    assert seen is not None
    assert seen.outcome == outcome


@pytest.mark.slow
def test_every_copy_is_seen_or_proved():
    assert [row for row in data_mutants.table() if row.outcome == "not seen"] == []
