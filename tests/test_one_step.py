"""OneStep: what it accepts and refuses; its worst case against everything the package states."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.bounds.letters import complete, evaluate
from kdtheory.discovery.stated import step_of
from kdtheory.statements.theorems import THEOREMS

gamma, mu, L = sp.symbols("gamma mu L", positive=True)
STEPS = [
    theorem
    for theorem in THEOREMS.values()
    if theorem.quantity in ("sq_distance", "gap") and theorem.psi is not None
]
SHARP = [theorem for theorem in STEPS if theorem.name.endswith("sharp")]
WIDTH = Fraction(1, 10**6)


def descent(**changes):
    """Gradient descent on smooth strongly convex functions, by both interpolation inequalities."""
    given = {
        "mean": ("e", "g"),
        "centred": (),
        "scalars": ("F",),
        "after": {("e", "e"): 1, ("e", "g"): -2 * gamma, ("g", "g"): gamma**2},
        "before": {("e", "e"): 1},
        "slacks": {
            "back": {"F": -1, ("e", "g"): L / (L - mu), ("g", "g"): -1 / (2 * (L - mu))}
            | {("e", "e"): -mu * L / (2 * (L - mu))},
            "forth": {"F": 1, ("e", "g"): mu / (L - mu), ("g", "g"): -1 / (2 * (L - mu))}
            | {("e", "e"): -mu * L / (2 * (L - mu))},
        },
        "data": {},
        "letters": (gamma, mu, L),
        "conditions": (L - mu,),
    }
    return kd.OneStep(**(given | changes))


@pytest.mark.parametrize("step_size", [Fraction(1, 20), Fraction(3, 20), Fraction(2, 11)])
def test_gradient_descent_contracts_as_known(step_size):
    low, high = descent().worst_case({"gamma": step_size, mu: 1, "L": 10}, rate=None)
    known = max((1 - step_size) ** 2, (1 - 10 * step_size) ** 2)
    assert low <= known <= high and high - low <= WIDTH * high


def test_no_data_at_the_best_rate_is_exactly_zero():
    at = {"gamma": Fraction(1, 20), "mu": 1, "L": 10}
    best = 1 - (1 - gamma * mu) ** 2
    assert descent().worst_case(at, rate=best) == (0, 0)
    with pytest.raises(kd.InvalidInput, match="no finite constant"):
        descent().worst_case(at, rate=best + sp.Rational(1, 1000))


NUMBERS = {
    "gamma": Fraction(1, 50),
    "mu": Fraction(1),
    "L": Fraction(3, 2),
    "Lcal": Fraction(4),
    "lam": Fraction(1, 2),
    "omega": Fraction(1, 200),
    "delta_sq": Fraction(1, 1000),
    "xstar_sq": Fraction(1, 4),
    "root_X": Fraction(1, 2),
}


def claimed(theorem, k, a, s):
    """psi(s) in floats, for a teacher with |lam h| = k, E|S - lam H'|^2 = a^2."""
    lam = float(NUMBERS["lam"])
    letters = {name: float(value) for name, value in NUMBERS.items()}
    letters |= {"sigma_star_sq": a * a, "C": 0.0, "V": 0.0, "bias_sq": (k / lam) ** 2, "s": s}
    return evaluate(theorem.psi, complete(theorem, letters))


@pytest.mark.parametrize("theorem", STEPS, ids=lambda theorem: theorem.name)
@pytest.mark.parametrize(("k", "a"), [(0.5, 1.0), (4.0, 0.1)])
def test_every_statement_is_a_one_step_claim(theorem, k, a):
    step = step_of(theorem)
    k = 0.0 if theorem.unbiased else k
    given = NUMBERS | {"k": k, "a": a}
    names = {letter.name for letter in step.letters}
    numbers = {name: value for name, value in given.items() if name in names}
    floor = claimed(theorem, k, a, 0.0)
    for s in (30 * floor, 1e4 * floor):
        # V(x) <= s in place of a rate: the sharpest bound there is, whatever its shape
        capped = kd.OneStep(
            mean=step.mean,
            centred=step.centred,
            scalars=step.scalars,
            after=step.after,
            before=step.before,
            slacks=step.slacks,
            data={**step.data, "state": (step.before, sp.Rational(Fraction(s)))},
            letters=step.letters,
            conditions=step.conditions,
        )
        low, high = capped.worst_case(numbers, rate=1)
        assert high - low <= WIDTH * high
        bound = claimed(theorem, k, a, s)
        assert float(low) <= bound * (1 + 1e-9)
        sharp = theorem.psi.has(sym.W) and step.centred and "out_sq" not in step.scalars
        if sharp and theorem.rhs.has(sym.iterate) and s > 100 * floor:  # beyond s_0
            assert math.isclose(float(high), bound, rel_tol=1e-6)


@pytest.mark.parametrize("theorem", SHARP, ids=lambda theorem: theorem.name)
def test_sharp_constants_are_the_worst_case(theorem):
    step = step_of(theorem)
    for k, a in ((0.5, 1.0), (4.0, 0.1)):
        k = 0.0 if theorem.unbiased else k
        names = {letter.name for letter in step.letters}
        given = {name: v for name, v in (NUMBERS | {"k": k, "a": a}).items() if name in names}
        low, high = step.worst_case(given, rate=sym.gamma * sym.mu)
        constant = claimed(theorem, k, a, 0.0)
        assert float(low) <= constant * (1 + 1e-12) and float(high) >= constant * (1 - 1e-12)
        assert high - low <= WIDTH * high


def test_pairs_are_products_and_names_are_liberal():
    once = descent(after={("e", "e"): 1, ("g", "e"): -2 * gamma, ("g", "g"): gamma**2})
    twice = descent(
        after={("e", "e"): 1, ("g", "e"): -gamma, ("e", "g"): -gamma, ("g", "g"): gamma**2}
    )
    plain = descent(letters=("gamma", "mu", sp.Symbol("L")), mean="e g", conditions=(sp.Gt(L, mu),))
    assert once == twice == plain == descent()
    assert "1" not in once.after and descent(before={("e", "e"): 1, 1: 3}).before["1"] == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"after": {("e", "x"): 1}}, "Unknown vector in after: 'x'"),
        ({"after": {("e", "e"): 0.5}}, "neither a SymPy expression nor an exact number"),
        ({"after": {("e", "e"): sp.Float("0.5")}}, "floats prove nothing"),
        ({"after": {("e", "e"): sp.sqrt(mu)}}, "announce a letter"),
        ({"after": {("e", "e"): sp.Symbol("nu")}}, "nu is not announced"),
        ({"after": {"G": 1}}, "Unknown scalar"),
        ({"centred": ("D",), "after": {("e", "D"): 1}}, "0 in the mean"),
        ({"mean": ("e", "e")}, "named twice"),
        ({"scalars": ("F", "gamma")}, "names two things"),
        ({"data": {"a": {("e", "e"): 1}}}, r"must be \(form, bound\)"),
        ({"data": {"back": ({("e", "e"): 1}, 1)}}, "a slack and a datum"),
        ({"conditions": (sp.Ge(L, mu),)}, "not strict"),
        ({"letters": (sp.Symbol("gamma", negative=True), mu, L)}, "cannot be positive"),
        ({"slacks": [1]}, "must be a dict"),
    ],
)
def test_what_is_wrong_is_named(changes, said):
    with pytest.raises(kd.InvalidInput, match=said):
        descent(**changes)


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ({"gamma": 1, "mu": 1}, "L is missing"),
        ({"gamma": 1, "mu": 1, "L": 2, "x": 1}, "x is none of them"),
        ({"gamma": 0, "mu": 1, "L": 2}, "letters are positive"),
        ({"gamma": 1, "mu": 3, "L": 2}, "the condition"),
        ({"gamma": "1", "mu": 1, "L": 2}, "must be a finite number"),
        ({"gamma": math.nan, "mu": 1, "L": 2}, "must be a finite number"),
    ],
)
def test_numbers_are_checked(numbers, said):
    with pytest.raises(kd.InvalidInput, match=said):
        descent().worst_case(numbers, rate=None)


def test_no_factor_beside_data():
    with pytest.raises(kd.InvalidInput, match="needs a step without data"):
        descent(data={"a": ({("g", "g"): 1}, mu)}).worst_case(
            {"gamma": 1, "mu": 1, "L": 2}, rate=None
        )


def test_a_vector_that_is_nought_in_the_worst_case_keeps_its_unit():
    """Where the rate leaves a vector's square to spare, it is 0 at the worst point: shrunk round by
    round, no margin could be kept, and the interval was 1e6 wide.
    """
    h, s = sp.symbols("h s", positive=True)
    step = kd.OneStep(
        mean=("e",),
        centred=("N",),
        after={("e", "e"): (1 - h) ** 2, ("N", "N"): 1},
        before={("e", "e"): 1},
        slacks={},
        data={"noise": ({("N", "N"): 1}, s)},
        letters=(h, s),
        conditions=(1 - h,),
    )
    for share, noise in ((Fraction(2, 3), 8), (Fraction(1, 1000), Fraction(1, 7))):
        low, high = step.worst_case({h: share, s: noise}, rate=share)
        assert low <= noise <= high and high - low <= noise / Fraction(10**6)
    assert kd.discover(step, rate=h).constant == s


def test_the_point_that_does_not_fit_is_named():
    problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0])
    with pytest.raises(kd.InvalidInput, match="^x must have dimension 1"):
        kd.one_step(problem, [0.5], kd.DistilledSGD(), step_size=0.1, x=[1.0, 2.0])
