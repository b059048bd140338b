"""A weight on the border of two regimes: floats do not tell which, and each is a claim."""

from __future__ import annotations

from dataclasses import replace

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.report.random_instances import random_instances

KEY = "theorem-1-envelope"


def at_the_border() -> tuple[kd.FiniteSum, object, float, float]:
    """A random instance whose best weight lies there, its step size and that weight."""
    problem, theta = [(one, theta) for _, one, theta in random_instances(0, 24)][21]
    gamma = kd.step_size_limit(problem, KEY) / 2
    return problem, theta, gamma, kd.optimal_weight(problem, theta, step_size=gamma, criterion=KEY)


def test_what_lies_below_both_claims_is_verified() -> None:
    problem, theta, gamma, weight = at_the_border()
    found = kd.verify(problem, theta, theorem=KEY, step_size=gamma, weight=weight, steps=40)
    assert found.status == "VERIFIED", found.reason


def test_what_exceeds_both_claims_is_violated() -> None:
    problem, theta, gamma, weight = at_the_border()
    asked = {"step_size": gamma, "weight": weight, "steps": 20}
    right = kd.THEOREMS[KEY]
    low = {letter: right.definitions[letter] / 100 for letter in (sym.U, sym.W)}
    wrong = replace(right, definitions={**right.definitions, **low})
    assert kd.verify(problem, theta, theorem=wrong, **asked).status == "VIOLATED"
