"""discover: theorems from rules alone, on the whole region, by several checkers; and what it must
not claim.
"""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy as sp
from test_one_step import descent

import kdtheory as kd
from kdtheory.discovery.family import family_of
from kdtheory.prover import sympy_checker

gamma, mu, L, c, k, a, varrho = sp.symbols("gamma mu L c k a varrho", positive=True)
LCAL = mu + c**2 / mu


def distilled(**changes):
    """One step of biased distillation with b = lambda h, D = G'-S, N = S - lambda H'."""
    given = {
        "mean": ("e", "g", "b"),
        "centred": ("D", "N"),
        "scalars": ("F",),
        "after": {("e", "e"): 1, ("g", "g"): gamma**2, ("b", "b"): gamma**2}
        | {("e", "g"): -2 * gamma, ("e", "b"): 2 * gamma, ("g", "b"): -2 * gamma**2}
        | {("D", "D"): gamma**2, ("D", "N"): 2 * gamma**2, ("N", "N"): gamma**2},
        "before": {("e", "e"): 1},
        "slacks": {
            "A1": {("e", "g"): 1, "F": -1, ("e", "e"): -mu / 2},
            "A1'": {"F": 1, ("e", "e"): -mu / 2},
            "A3": {"F": 2 * LCAL, ("g", "g"): -1, ("D", "D"): -1},
        },
        "data": {"bias": ({("b", "b"): 1}, k**2), "noise": ({("N", "N"): 1}, a**2)},
        "letters": (gamma, mu, c, k, a, varrho),
        "conditions": (
            1 - gamma * LCAL,
            gamma * mu * (2 - gamma * LCAL) - varrho,
            varrho - gamma * mu,
        ),
    }
    return kd.OneStep(**(given | changes))


def agrees(found, step, rate, count=6):
    """The closed form lies in the worst case's own interval at fresh points."""
    family = family_of(step, step.rate(rate))
    for at in family.points(random.Random(77), count):
        low, high = step.worst_case({z.name: value for z, value in at.items()}, rate=rate)
        here = {z: sp.Rational(x.numerator, x.denominator) for z, x in at.items()}
        value = found.constant.subs({step.symbols[z.name]: x for z, x in here.items()})
        assert low - abs(low) / 10**9 <= Fraction(str(sp.Rational(value))) <= high, at


def test_gradient_descent_in_both_ranges():
    step = descent()
    found = kd.discover(step, rate=None, checkers=("sympy", "z3"))
    assert found.status == "PROVED", found.reason
    agrees(found, step, None)
    at = {mu: 1, L: 10}
    for size in (sp.Rational(1, 20), sp.Rational(3, 20), sp.Rational(5, 2)):
        known = max((1 - size) ** 2, (1 - 10 * size) ** 2)
        assert found.constant.subs({**at, gamma: size}) == known


@pytest.mark.slow
def test_the_envelope_from_the_rule_alone():
    step = distilled()
    found = kd.discover(step, rate=varrho)
    assert found.status == "PROVED" and len(found.regimes) == 2, found.reason
    agrees(found, step, varrho)


def test_one_regime_with_a_root():
    """𝓛 as a letter: the root of mu (Lcal - mu) is found, not given."""
    lcal = sp.Symbol("Lcal", positive=True)
    step = kd.OneStep(
        mean=("e", "g"),
        centred=("D", "N"),
        scalars=("F",),
        after={("e", "e"): 1, ("e", "g"): -2 * gamma, ("g", "g"): gamma**2}
        | {("D", "D"): gamma**2, ("D", "N"): 2 * gamma**2, ("N", "N"): gamma**2},
        before={("e", "e"): 1},
        slacks={
            "A1": {("e", "g"): 1, "F": -1, ("e", "e"): -mu / 2},
            "A1'": {"F": 1, ("e", "e"): -mu / 2},
            "A3": {"F": 2 * lcal, ("g", "g"): -1, ("D", "D"): -1},
        },
        data={"noise": ({("N", "N"): 1}, a**2)},
        letters=(gamma, mu, lcal, a),
        conditions=(1 - gamma * lcal, lcal - mu),
    )
    found = kd.discover(step, rate=gamma * mu)
    assert found.status == "PROVED", found.reason
    known = gamma**2 * a**2 * (1 + (gamma * lcal - gamma * mu) / (1 - gamma * lcal))
    assert sp.simplify(found.constant - known) == 0
    assert found.theorem.psi is not None and r"\le" in found.to_latex()


def test_nothing_is_claimed_beyond_what_is_true():
    fast = kd.discover(descent(conditions=(L - mu, 2 - gamma * L)), rate=1 - (1 - gamma * mu) ** 2)
    assert fast.status == "UNDECIDED" and fast.constant is None and fast.certificate is None
    assert fast.to_coq() == ""
    slow = kd.discover(
        descent(conditions=(L - mu, 2 - gamma * (L + mu))), rate=1 - (1 - gamma * mu) ** 2
    )
    assert slow.status == "PROVED" and slow.constant == 0


def test_a_missing_assumption_is_felt():
    step = descent()
    fewer = descent(slacks={"back": step.slacks["back"]})
    assert kd.discover(fewer, rate=None).status == "UNDECIDED"


def test_unknown_checker():
    with pytest.raises(kd.InvalidInput, match="Unknown checker"):
        kd.discover(descent(), rate=None, checkers=("sympi",))


@pytest.mark.slow
def test_in_coq():
    step = descent(conditions=(L - mu, 2 - gamma * (L + mu)))
    found = kd.discover(step, rate=1 - (1 - gamma * mu) ** 2, checkers=("sympy", "coq"))
    assert found.status == "PROVED", found.reason
    assert "Theorem discovered_certificate (P : moments)" in found.to_coq()
    assert sympy_checker.accepted(found.certificate)


X, Y = ("x", "x"), ("y", "y")


@pytest.mark.parametrize(
    "changes",
    [
        {"slacks": {"zero": {X: -1}}},
        {"slacks": {"zero": {X: -1, Y: -1}}, "mean": ("x", "y")},
        {"slacks": {"never": {1: -1}}},
        {"slacks": {"large": {X: 1, 1: -2}, "small": {X: -1, 1: 1}}},
        {"data": {"zero": ({X: 1}, 0)}},
        {"slacks": {"zero": {"F": -1}, "one": {"F": 1, X: -gamma}}, "scalars": ("F",)},
    ],
)
def test_a_step_about_nothing_is_refused(changes):
    """Five times V(x) is at most half of it where V(x) = 0, or where nothing is."""
    given = {
        "mean": ("x",),
        "centred": (),
        "before": {X: 1},
        "after": {X: 5},
        "slacks": {},
        "data": {},
        "letters": (gamma,),
        "conditions": (1 - gamma,),
    }
    found = kd.discover(kd.OneStep(**(given | changes)), rate=gamma)
    assert found.status == "UNDECIDED"
    assert "may be about nothing" in found.reason
