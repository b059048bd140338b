"""prove(statement): true variants PROVED, false ones REFUTED, the rest with the numeric gap."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
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


PL, UNBIASED_PL = kd.THEOREMS["theorem-2"], kd.THEOREMS["unbiased-pl"]


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        # The descent lemma of the unbiased step says nothing of the biased one.
        (replace(UNBIASED_PL, unbiased=False), "about another step"),
        (replace(UNBIASED_PL, needs=(*PL.needs, *UNBIASED_PL.needs), unbiased=False), "twice"),
        # Strong convexity with mu = mu_PL fails wherever x* is not unique.
        (replace(ONE, modulus="mu_pl"), "assumptions are about another one"),
        (replace(ONE, needs=(*ONE.needs, PL.needs[1]), modulus="mu_pl"), "about another one"),
        # 0.1 is not 1/10.
        (replace(ONE, rhs=ONE.rhs + sp.Float(0.1)), "holds a float"),
    ],
)
@pytest.mark.parametrize("name", [None, "mine"])
def test_what_the_search_does_not_look_at_is_asked_before(statement, reason, name, monkeypatch):
    """All were PROVED by a search that never compared the fields."""
    monkeypatch.setattr("kdtheory.proofs.proving.refute", lambda theorem: None)  # not needed
    found = kd.prove(replace(statement, name=name or statement.name))
    assert found.status == "UNDECIDED" and reason in found.reason


def test_those_statements_are_false():
    flat = kd.LeastSquares([[1.0, 1.0], [2.0, 2.0]], [1.0, 0.0])
    words = {"theorem": replace(ONE, modulus="mu_pl"), "weight": 0.5}
    assert kd.verify(flat, flat.minimiser + [0.3, 0.5], **words).status == "VIOLATED"
    rng = np.random.default_rng(0)
    problem = kd.LeastSquares(rng.standard_normal((6, 3)), rng.standard_normal(6), ridge=0.1)
    words = {"theorem": replace(UNBIASED_PL, unbiased=False), "weight": 0.5}
    assert kd.verify(problem, problem.minimiser + 10.0, **words).status == "VIOLATED"


@pytest.mark.parametrize("letter", [sym.mu, sym.Lcal, sym.sigma_star_sq, sp.Symbol("mu")])
def test_no_definition_changes_what_the_problem_gives(letter):
    """mu = Lcal/2 was PROVED (of another mu) and VIOLATED (of the problem's)."""
    with pytest.raises(kd.InvalidInput, match="the problem says what"):
        replace(ONE, definitions={**ONE.definitions, letter: sym.L / 2})


def test_a_modulus_is_one_of_two():
    with pytest.raises(kd.InvalidInput, match="modulus"):
        replace(ONE, modulus="L")


def test_a_statement_at_one_weight_is_not_asked_about_another():
    """It was VIOLATED by a rule that it does not speak of."""
    problem = kd.LeastSquares([[1.0, 0.5], [2.0, -1.0], [0.5, 1.0]], [0.0, 1.0, 2.0], ridge=0.1)
    theta = problem.minimiser + 0.5
    sgd = replace(ONE, definitions={**ONE.definitions, sym.lam: sp.Integer(0)})
    assert kd.verify(problem, theta, theorem=sgd, weight=0.0).status == "VERIFIED"
    for weight in (0.5, None):
        with pytest.raises(kd.InvalidInput, match="about lam = 0 alone"):
            kd.verify(problem, theta, theorem=sgd, weight=weight)
    gamma = kd.step_size_limit(problem, ONE)
    plan = ([gamma] * 3, [0.5] * 3)
    with pytest.raises(kd.InvalidInput, match="about lam = 0 alone"):
        kd.bound(problem, theta, theorem=sgd, schedule=plan, x0=theta)
    with pytest.raises(kd.InvalidInput, match="about gamma"):
        kd.verify(problem, theta, theorem=schedule(), weight=0.0)


@pytest.mark.parametrize("limit", [sp.Min, sp.Max])
def test_a_range_of_another_shape_is_no_crash(limit):
    wider = limit(1 / (8 * sym.Lcal), 1 / (9 * sym.L))
    assert kd.prove(replace(ONE, step_size_max=wider)).status != "PROVED"
    with pytest.raises(kd.InvalidInput, match="finite"):
        replace(ONE, rhs=ONE.rhs + sp.I)


def test_step_sizes_that_turn_negative_are_no_schedule():
    """gamma_t = (1-t)/(mu (t+q)^2) climbs from t = 2 on, and was PROVED to lose by little."""
    q = 16 * sym.Lcal / sym.mu
    turning = schedule(
        definitions={
            sym.lam: sp.Integer(0),
            sym.gamma: (1 - sym.t) / (sym.mu * (sym.t + q) ** 2),
        },
        rhs=(sym.t + q) * (sym.s0 / q + 100 * sym.sigma_star_sq / (sym.mu**2 * q)),
    )
    found = kd.prove(turning)
    assert found.status == "UNDECIDED" and "schedule-positive" in found.reason


def test_a_condition_of_ones_own_is_kept_by_verdicts():
    """It was proved for gamma <= 1/(1000 Lcal) alone, and judged at 1/(8 Lcal)."""
    small = kd.Assumption("small", "(s)", 1 - 1000 * sym.gamma * sym.Lcal, "small steps")
    kappa = 1 / (2 * sym.gamma * sym.mu * (1 - sp.Rational(2, 1000)))
    mine = replace(ONE, name="mine", needs=(*ONE.needs, small), definitions={sym.kappa: kappa})
    assert kd.prove(mine).status == "PROVED"
    problem = kd.LeastSquares([[1.0, 0.5], [2.0, -1.0], [0.5, 1.0]], [0.0, 1.0, 2.0], ridge=0.1)
    with pytest.raises(kd.AssumptionFails, match="small steps"):
        kd.verify(problem, problem.minimiser + 0.5, theorem=mine)
    plan = ([kd.step_size_limit(problem, mine)], [0.5])
    with pytest.raises(kd.AssumptionFails, match="small steps"):
        kd.bound(problem, problem.minimiser + 0.5, theorem=mine, schedule=plan, x0=[1.0, 1.0])
    gamma = 1e-3 / float(problem.constants.Lcal)
    at = {"theorem": mine, "step_size": gamma * (1 - 1e-9), "weight": 0.5}
    assert kd.verify(problem, problem.minimiser + 0.5, **at).status == "VERIFIED"
