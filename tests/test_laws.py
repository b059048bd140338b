"""The laws against minimisation, brute force and exact moments; and their mutants."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.checks import schedules, teachers

HELD_BY = schedules.HELD_BY | teachers.HELD_BY
LAWS = [name for name, statement in kd.THEOREMS.items() if statement.quantity == "law"]


@pytest.mark.parametrize("name", LAWS)
def test_the_law_holds(name):
    """Against searches, counts and exact moments; its mutants are refused by the same oracles."""
    assert HELD_BY[name](kd.THEOREMS[name]) == ""


def test_the_best_probabilities_of_three_terms():
    """a^2 = N^-2 sum r_n^2/p_n of three terms: no probabilities do better than p_n ~ r_n."""
    rng = np.random.default_rng(0)
    r = np.array([0.3, 1.0, 2.5])
    best = r.sum() ** 2 / 9
    for p in rng.dirichlet(np.ones(3), 2000):
        assert (r**2 / p).sum() / 9 >= best * (1 - 1e-12)
    assert (r**2 / (r / r.sum())).sum() / 9 == pytest.approx(best)


@pytest.mark.parametrize("name", LAWS)
def test_a_changed_law_is_not_proved(name):
    """Another factor, another letter, a constant more: nothing that differs passes."""
    theorem = kd.THEOREMS[name]
    assert kd.prove(theorem).status == "PROVED"
    changes = [
        {"rhs": theorem.rhs / 2},
        {"rhs": 2 * theorem.rhs},
        {"rhs": theorem.rhs + sym.increase},
        {"lhs": theorem.lhs + sym.increase},
    ]
    changes += [
        {"definitions": {**theorem.definitions, letter: 2 * value}}
        for letter, value in theorem.definitions.items()
    ]
    for change in changes:
        assert kd.prove(dataclasses.replace(theorem, **change)).status != "PROVED", change


def test_laws_are_not_held_against_iterates():
    problem = kd.LeastSquares([[1.0]], [1.0])
    with pytest.raises(kd.InvalidInput, match="a law about bounds and weights"):
        kd.verify(problem, [0.0], theorem="snr-step")
