"""prove(statement): true variants PROVED, false ones REFUTED, the rest with the numeric gap."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.checks.variants import (
    AFFINE,
    RECURSIONS,
    false_variants,
    hard_variants,
    scaled,
    true_variants,
)
from kdtheory.proofs import own
from kdtheory.prover import sympy_checker

ONE = kd.THEOREMS["theorem-1"]
QUICK = ("another name", "needs in another order", "1/10 more", "lam = 0")


@pytest.mark.parametrize("name", ["theorem-1", "unbiased-pl"])
def test_true_variants_are_proved(name):
    for what, statement in true_variants(name):
        if what in QUICK:
            proof = kd.prove(statement)
            assert proof.status == "PROVED", (what, proof.reason)


@pytest.mark.slow
def test_every_true_variant_is_proved():
    assert sum(1 for name in AFFINE for _ in true_variants(name)) >= 60
    for name in AFFINE:
        for what, statement in true_variants(name):
            proof = kd.prove(statement)
            assert proof.status == "PROVED", (name, what, proof.reason)


@pytest.mark.slow
def test_no_false_variant_is_proved():
    """The search itself, without a look for counterexamples, finds nothing for them."""
    for what, statement in (*false_variants("theorem-1"), *hard_variants()):
        with pytest.raises((own.NotFound, kd.InvalidInput, sp.PolynomialError)):
            own.searched(statement)
        assert what


HARD = {
    "theorem-1": (
        "the range 0.251/Lcal",
        "0.77 times the constant",
        "half the bound from t = 2 on",
    ),
    "theorem-2": ("half the bound from t = 10 on", "without expected smoothness"),
    "unbiased": ("a fifth of the floor", "without convexity"),
}


@pytest.mark.parametrize("name", HARD)
def test_what_one_usual_step_does_not_show_is_refuted(name):
    """Late errors by iterating exactly, small ones where gamma mu is tiny, floors by the limit."""
    for what, statement in false_variants(name):
        if what in HARD[name]:
            found = kd.refute(statement)
            assert found is not None and found.left > found.right, what


def test_what_is_false_by_a_hair_is_refuted():
    for what, statement in hard_variants():
        found = kd.refute(statement)
        assert found is not None and found.left > found.right, what


def test_true_statements_are_not_refuted_late():
    """The same instances say nothing against what is proved: 12 steps, the floor, steep samples."""
    for name in AFFINE:
        assert kd.refute(kd.THEOREMS[name]) is None
    close = replace(ONE, step_size_max=1 / (4 * sym.Lcal))
    assert kd.refute(close) is None and kd.refute(scaled(close, sp.Rational(11, 10))) is None


@pytest.mark.slow
def test_every_false_variant_is_refuted():
    count = 0
    for name in RECURSIONS:
        for what, statement in false_variants(name):
            assert kd.prove(statement).status == "REFUTED", (name, what)
            count += 1
    assert count >= 60 and all(kd.prove(item).status == "REFUTED" for _, item in hard_variants())


def schedule(**changes):
    """Plain SGD with gamma_t = 2/(mu (t + q)), q = 16 Lcal/mu, and a bound C/(t + q)."""
    noise, q = sym.sigma_star_sq, 16 * sym.Lcal / sym.mu
    given = {
        "name": "sgd-decreasing",
        "floor": None,
        "definitions": {sym.lam: sp.Integer(0), sym.gamma: 2 / (sym.mu * (sym.t + q))},
        "psi": (1 - sym.gamma * sym.mu) * sym.s + 2 * sym.gamma**2 * noise,
        "rhs": (8 * noise / sym.mu**2 + q * sym.s0) / (sym.t + q),
    }
    return replace(ONE, **(given | changes))


def test_decreasing_step_sizes_with_a_curve():
    proof = kd.prove(schedule(), checkers=("sympy", "z3"))
    assert proof.status == "PROVED", proof.reason
    assert all(sympy_checker.accepted(item) for item in proof.obligations)


@pytest.mark.parametrize(
    "changes",
    [
        {
            "rhs": (sym.sigma_star_sq / sym.mu**2 + 16 * sym.Lcal / sym.mu * sym.s0)
            / (sym.t + 16 * sym.Lcal / sym.mu)
        },
        {"definitions": {sym.lam: sp.Integer(0), sym.gamma: 2 / (sym.mu * (sym.t + 1))}},
        {"floor": sp.Integer(0)},
        {"psi": (1 - sym.gamma * sym.mu) * sym.s + sym.gamma**2 * sym.sigma_star_sq / 2},
    ],
)
def test_wrong_schedules_are_not_proved(changes):
    assert kd.prove(schedule(**changes)).status != "PROVED"


@pytest.mark.parametrize(
    "changes",
    [
        {"floor": ONE.floor / 2},
        {"lhs": sym.gap_t},
        {"kind": "tight"},
        {"needs": ONE.needs[1:]},
        {"rhs": ONE.rhs / 2},
        {"step_size_max": 1 / sym.Lcal},
        {"step_size_max": None},
        {"definitions": {sym.kappa: 1 / (2 * sym.gamma * sym.mu)}},
    ],
)
def test_each_field_counts(changes):
    assert kd.prove(replace(ONE, name="mine", **changes)).status != "PROVED"


def test_sgd_is_not_refuted_at_another_weight():
    """lam = 0 is fixed by the statement: an instance with lam = 1/2 says nothing about it."""
    fixed = {**ONE.definitions, sym.lam: sp.Integer(0)}
    assert kd.prove(replace(ONE, name="sgd", definitions=fixed)).status == "PROVED"
    half = scaled(replace(ONE, name="sgd", definitions=fixed), sp.Rational(1, 4))
    assert kd.prove(half).status == "REFUTED"


def test_the_gap_is_told():
    claim = scaled(replace(ONE, name="mine", needs=ONE.needs[:2]), sp.Integer(1))
    assert kd.prove(claim).status != "PROVED"
    near = scaled(replace(ONE, name="mine"), sp.Rational(4, 5))
    reason = own.gap(near)
    assert "the best constant at this rate is between" in reason


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"step_size_max": -ONE.step_size_max}, "may be empty"),
        ({"step_size_max": sp.Integer(0)}, "may be empty"),
        ({"step_size_max": sym.gamma}, "speaks of gamma itself"),
        ({"definitions": {**ONE.definitions, sym.distance_t: sym.s0}}, "of the state"),
    ],
)
@pytest.mark.parametrize("name", ["theorem-1", "mine"])
def test_a_statement_about_nothing_is_no_theorem(name, changes, reason, monkeypatch):
    """No step size at all, or E|x^t - x*|^2 under another meaning: all four were PROVED."""
    monkeypatch.setattr("kdtheory.proofs.proving.refute", lambda theorem: None)  # not needed
    found = kd.prove(replace(ONE, name=name, **changes))
    assert found.status == "UNDECIDED"
    assert reason in found.reason


@pytest.mark.parametrize("part", ["1", sp.oo, sp.nan, 0.5])
def test_only_expressions_make_a_statement(part):
    with pytest.raises(kd.InvalidInput, match="rhs must be a SymPy expression of finite numbers"):
        replace(ONE, rhs=part)
