"""A statement is all of its parts: numbers and verdicts are about the rhs and the lhs that stand in
it, also where its psi says something else.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.algebra import symbols as sym

RNG = np.random.default_rng(8)
PROBLEM = kd.LeastSquares(RNG.standard_normal((4, 2)), RNG.standard_normal(4), ridge=0.2)
THETA, START = PROBLEM.minimiser + 0.5, PROBLEM.minimiser + 1.0
AT = {"step_size": 0.01, "weight": 0.3, "x0": START, "steps": 5}
RECURSIONS = [key for key, statement in kd.THEOREMS.items() if statement.psi is not None]
POWER = sym.lam**3 - sym.lam


@pytest.mark.parametrize("key", RECURSIONS)
def test_every_recursion_unrolls(key):
    statement = kd.THEOREMS[key]
    assert statement.unrolls
    assert not replace(statement, rhs=statement.rhs + 1).unrolls
    if not statement.is_curve:
        assert not replace(statement, psi=statement.psi + 1).unrolls


@pytest.mark.parametrize("key", ["theorem-1", "theorem-2-sharp", "theorem-1-envelope"])
def test_a_halved_rhs_is_violated(key):
    """At t = 0 it lies below the start itself."""
    right = kd.THEOREMS[key]
    wrong = replace(right, rhs=right.rhs / 2)
    halved = kd.bound(PROBLEM, THETA, theorem=wrong, **AT)
    np.testing.assert_allclose(2 * halved, kd.bound(PROBLEM, THETA, theorem=right, **AT))
    assert kd.verify(PROBLEM, THETA, theorem=wrong, **AT).status == "VIOLATED"
    soft = kd.LogisticRegression(PROBLEM.features, [0.2, 0.9, 0.4, 0.5], ridge=0.3)
    assert kd.verify(soft, THETA, theorem=wrong, x0=START, steps=2).status == "VIOLATED"


@pytest.mark.parametrize("method", ["exact", "rational", "ball"])
def test_psi_and_rhs_are_two_claims_where_they_differ(method):
    right = kd.THEOREMS["theorem-1"]
    asked = {"method": method, **AT}
    for wrong in (replace(right, psi=right.psi / 1000), replace(right, rhs=right.rhs / 2)):
        assert kd.verify(PROBLEM, THETA, theorem=wrong, **asked).status == "VIOLATED"
    larger = replace(right, rhs=2 * right.rhs)
    assert kd.verify(PROBLEM, THETA, theorem=larger, **asked).status == "VERIFIED"
    exact = kd.LeastSquares([[Fraction(1)], [Fraction(2)]], [Fraction(0), Fraction(1)])
    halved = replace(right, rhs=right.rhs / 2)
    assert kd.verify(exact, [Fraction(3)], theorem=halved, steps=4).status == "VIOLATED"


@pytest.mark.parametrize("method", ["exact", "rational"])
@pytest.mark.parametrize("more", [sym.lam * sym.drift_t, POWER * sym.drift_t, sym.shifted_t / 9])
def test_a_changed_law_is_violated(method, more):
    law = kd.THEOREMS["exact-quadratic"]
    asked = {"x0": START, "step_size": 0.1, "weight": 0.3, "steps": 4, "method": method}
    assert kd.verify(PROBLEM, THETA, theorem=law, **asked).status == "VERIFIED"
    wrong = replace(law, rhs=law.rhs + more)
    assert kd.verify(PROBLEM, THETA, theorem=wrong, **asked).status == "VIOLATED"


def test_another_lhs_is_refused():
    wrong = replace(kd.THEOREMS["theorem-1"], lhs=kd.THEOREMS["theorem-2"].lhs)
    with pytest.raises(kd.InvalidInput, match="lhs and quantity"):
        kd.verify(PROBLEM, THETA, theorem=wrong, **AT)


def test_the_law_is_a_criterion_by_its_key_and_by_itself():
    """One of another floor is not: the weight would be the old one's."""
    law = kd.THEOREMS["exact-quadratic"]
    by_word, by_key, itself = (
        kd.optimal_weight(PROBLEM, THETA, step_size=0.1, criterion=criterion)
        for criterion in ("exact", law.name, law)
    )
    assert by_word == by_key == itself
    with pytest.raises(kd.InvalidInput, match="no floor to minimise"):
        kd.optimal_weight(PROBLEM, THETA, step_size=0.1, criterion=replace(law, floor=sym.lam))


def test_the_floor_of_a_law_is_the_one_that_stands_in_it():
    """Twice S_0 where plain SGD is asked for, and |D|^2 where only the teacher counts."""
    right = kd.THEOREMS["exact-quadratic"]
    doubled = replace(right, floor=2 * right.floor)
    for weight in (0.0, 0.3, 1.0):
        at = {"step_size": 0.01, "weight": weight}
        floor = kd.noise_floor(PROBLEM, THETA, theorem=right, **at)
        assert kd.noise_floor(PROBLEM, THETA, theorem=doubled, **at) == pytest.approx(2 * floor)
    assert floor == pytest.approx(0.5)  # |D|^2


def test_weights_that_add_up_to_nothing_move_the_centre():
    """Against the exact stationary moments."""
    teachers = np.stack([THETA, PROBLEM.minimiser - 0.25])
    at = {"step_size": 0.01, "weight": (0.4, -0.4)}
    floor = kd.noise_floor(PROBLEM, teachers, theorem="exact-quadratic", **at)
    rule = kd.DistilledSGD((0.4, -0.4))
    exact = kd.stationary(PROBLEM, teachers, rule, step_size=0.01).sq_distance
    assert floor == pytest.approx(exact, rel=1e-9)
