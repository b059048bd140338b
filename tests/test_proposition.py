"""The proposition: derivatives, gap, its bound, the temperature; each wrong form is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.instances.models import Softened, TwoLayers
from kdtheory.problems.classification import softmax
from kdtheory.proofs import proposition
from kdtheory.prover import solvers, sympy_checker
from kdtheory.prover.obligations import Certificate, Identity

DERIVED = ["distillation-gradient-objective", "distillation-gradient-two-sides"]
NAMES = [*(item.name for item in proposition.obligations()), *DERIVED]


@pytest.mark.parametrize("checker", ["sympy", "z3", "cvc5"])
def test_every_obligation(checker):
    proof = kd.prove("distillation-gradient", checkers=(checker,))
    assert proof.status == "PROVED", proof.reason
    assert [step.name for step in proof.steps] == NAMES
    assert {
        "squared-loss",
        "logistic-loss",
        "softmax-loss",
        "chain-rule",
        "linear-model",
        "deep-linear-layer",
        "gap-bound",
        "temperature-gap",
        "temperature-limit",
    } <= set(NAMES)


def wrong():
    """Sign, lambda, gap, factor of the temperature, loss: one changed thing each."""
    gap = proposition.gap_bound()
    z, y = sym.logits[0], sym.labels[0]
    p = sp.exp(z) / (sp.exp(z) + sym.others)
    loss = proposition.one_logit(z, y, sym.others)
    return {
        "sign of the label": Identity("wrong", proposition.rational(sp.diff(loss, z) - (p + y))),
        "labels that do not sum to 1": Identity(
            "wrong",
            proposition.rational(
                sp.diff(proposition.cross_entropy(sym.logits[:2], sym.labels[:2]), z)
                - (proposition.softmax(sym.logits[:2])[0] - y)
            ),
        ),
        "gap dropped": proposition.output_by_output(gap=False)[1],
        "gap dropped, objective": proposition.chain_rule(gap=False),
        "T for T^2": proposition.temperature(factor=sym.temperature),
        "T^2 dropped": proposition.temperature(factor=sp.Integer(1)),
        "bound without lambda": replace(gap, claim=gap.claim / sym.lam**2),
        "bound halved": replace(
            gap, claim=gap.claim - sym.lam**2 * sym.bias_sq**2 * sym.GRAM["g", "g"] / 2
        ),
        "limit without 1/K": Identity(
            "wrong",
            proposition.temperature_limit()[0].expression * sym.classes + (1 - sym.classes) * z,
        ),
    }


@pytest.mark.parametrize("what", list(wrong()))
def test_wrong_forms_are_refused(what):
    bad = wrong()[what]
    found = sympy_checker.check(bad)
    assert found.status == ("UNDECIDED" if isinstance(bad, Certificate) else "REFUTED")
    assert solvers.check(bad, "z3").status != "PROVED"


def test_the_sign_of_the_gap(monkeypatch):
    monkeypatch.setattr(
        proposition, "gap_row", lambda change, residual: -sym.lam * change * residual
    )
    assert [
        sympy_checker.check(make).status
        for make in (proposition.output_by_output()[1], proposition.chain_rule())
    ] == ["REFUTED"] * 2


def test_layer_by_layer_by_hand():
    """w = (1, 1), v = (1, 2), a = 1, b = 0, lambda = 1/2: the objective is (z-0)^2/4 + (z-2)^2/4
    with z = w_1 w_2, flat at z = 1."""
    case = TwoLayers(
        (Fraction(1), Fraction(1)),
        (Fraction(1), Fraction(2)),
        Fraction(1, 2),
        Fraction(1),
        Fraction(0),
    )
    assert case.objective_gradient() == (0, 0)
    assert case.identity() == (1 - Fraction(1, 2) * 4, 1 - Fraction(1, 2) * 2)
    assert case.end_to_end() == (0, 0)
    interpolating = replace(case, b=Fraction(2))
    assert interpolating.objective_gradient() == interpolating.identity()
    twin = replace(case, teacher=case.student)
    assert twin.objective_gradient() == twin.identity()


def test_layers_against_sympy():
    """Both sides from SymPy's own derivatives, three layers of 2 x 2 matrices and softmax; end to
    end equal, layer by layer not."""
    entries = sp.symbols("w:12", real=True)
    layers = [sp.Matrix(2, 2, entries[i : i + 4]) for i in (0, 4, 8)]
    a, b, lam = sp.Matrix([1, 2]), (sp.Rational(1, 3), sp.Rational(2, 3)), sp.Rational(3, 10)
    z = layers[2] * layers[1] * layers[0] * a
    student = dict(zip(entries, (1, 0, 2, 1, 1, 1, 0, 1, 1, -1, 0, 1), strict=True))
    teacher = dict(zip(entries, (1, 1, 0, 1, 2, 0, 0, 1, 1, 0, 1, 1), strict=True))
    q = tuple(p.subs(teacher) for p in proposition.softmax(tuple(z)))
    f = proposition.cross_entropy(tuple(z), b)
    kd_loss = (1 - lam) * f + lam * proposition.cross_entropy(tuple(z), q)
    gaps = []
    for w in entries:
        gap = (sp.diff(kd_loss, w) - sp.diff(f, w)).subs(student) + lam * sp.diff(f, w).subs(
            teacher
        )
        change = [sp.diff(out, w).subs(teacher) - sp.diff(out, w).subs(student) for out in z]
        assert (
            abs(
                sp.N(gap - lam * sum(c * (t - y) for c, t, y in zip(change, q, b, strict=True)), 30)
            )
            < 1e-25
        )
        gaps.append(abs(sp.N(gap)))
    assert max(gaps) > 0.1


def test_temperature_by_hand():
    """ln 4 and ln 9: softmax 4/5 and 9/10, at T = 2 2/3 and 3/4; the gap is lam (2 (2/3 - 3/4) -
    (4/5 - 9/10)) = -lam/15."""
    case = Softened(Fraction(4), Fraction(9), Fraction(1, 2), Fraction(1))
    assert case.objective_gradient() - case.identity() == case.gap() == -Fraction(1, 30)
    with pytest.raises(kd.InvalidInput, match="squares of rationals"):
        Softened(Fraction(2), Fraction(9), Fraction(1, 2), Fraction(1))


def test_distillation_gap_is_what_the_objective_lacks():
    """Against central differences of the objective at T = 3 (error about 1e-9), and its limit at T
    = 1e6 (error O(1/T))."""
    rng = np.random.default_rng(0)
    z, v, b, lam = (
        rng.standard_normal((1, 4)),
        rng.standard_normal((1, 4)),
        np.array([0.1, 0.2, 0.3, 0.4]),
        0.7,
    )

    def objective(u, T):
        hard, soft = np.log(softmax(u)), np.log(softmax(u / T))
        return float(-(1 - lam) * (hard @ b)[0] - lam * T**2 * (soft @ softmax(v / T).T)[0, 0])

    for T in (3.0, 1.0):
        gradient = np.array(
            [(objective(z + step, T) - objective(z - step, T)) / 2e-5 for step in 1e-5 * np.eye(4)]
        )
        identity = (softmax(z) - b - lam * (softmax(v) - b))[0]
        np.testing.assert_allclose(
            kd.distillation_gap(z, v, weight=lam, temperature=T)[0], gradient - identity, atol=1e-8
        )
    centred = (z - v) - (z - v).mean()
    limit = lam * (centred / 4 - (softmax(z) - softmax(v)))
    np.testing.assert_allclose(
        kd.distillation_gap(z, v, weight=lam, temperature=1e6), limit, atol=1e-5
    )


def test_limit_against_sympys_own():
    T = sym.temperature
    z, v = sp.log(2), sp.log(5)
    softened = T * (1 / (1 + sp.exp(-z / T)) - 1 / (1 + sp.exp(-v / T)))
    assert sp.simplify(sp.limit(softened, T, sp.oo) - (z / 2 - v / 2) / 2) == 0


def test_refusals():
    with pytest.raises(kd.InvalidInput, match="K >= 2"):
        kd.distillation_gap([[1.0]], [[1.0]], weight=0.5, temperature=2.0)
    with pytest.raises(kd.InvalidInput, match="temperature"):
        kd.distillation_gap([[1.0, 0.0]], [[1.0, 1.0]], weight=0.5, temperature=0.0)
