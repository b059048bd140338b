"""The statements in proofs/coq/Reading*.v are those of THEOREMS: their text is read as formulas
here and compared at rational points of both regimes.
"""

from __future__ import annotations

import re

import pytest
import sympy as sp
from coq_text import NOISE, Text, agree, points, regimes, resolved, source, values

import kdtheory as kd
from kdtheory import proofs
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import families, in_coq, whole_in_coq
from kdtheory.prover.coq import identifier

READING = Text(source("Reading"))
NAMES = {name: identifier(name) for name in whole_in_coq()}
LAWS = [name for name in whole_in_coq() if kd.THEOREMS[name].quantity == "law"]
AVERAGES = [name for name, theorem in kd.THEOREMS.items() if theorem.quantity == "average_gap"]
RECURSIONS = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
ITERATED = [name for name in RECURSIONS if name.endswith("envelope")]
CLOSED = [name for name in RECURSIONS if name not in ITERATED]


def claimed(text: Text, name: str) -> sp.Expr:
    """What is claimed for t steps, or psi(s) where it is claimed as psi applied t times."""
    right = text.bound(NAMES[name])[1]
    if name in CLOSED:
        return text.read(right)
    applied = re.fullmatch(r"times \((.*)\) t s0", right, re.DOTALL)
    assert applied, right
    function = re.fullmatch(r"fun s =>(.*)", applied[1].strip(), re.DOTALL)
    return text.read(function[1] if function else f"{applied[1]} s")


def ours(name: str) -> sp.Expr:
    theorem = kd.THEOREMS[name]
    return resolved(theorem.rhs if name in CLOSED else theorem.psi, theorem.definitions)


def same(text: Text, name: str) -> bool:
    return agree(claimed(text, name), ours(name), kd.THEOREMS[name].step_size_max)


def test_all_statements_are_compared():
    """Recursions and averages by number, the two identities symbol by symbol, laws in
    test_coq_laws.py; what Coq does not have whole is listed.
    """
    compared = {*RECURSIONS, *AVERAGES, *LAWS, "distillation-gradient", "exact-quadratic"}
    assert compared == set(whole_in_coq()) == set(kd.THEOREMS) - set(families.NOT_WHOLE)
    assert set(families.NOT_WHOLE) <= set(kd.THEOREMS)
    read = {name for names in in_coq.readings().values() for name in names}
    assert {name for names in families.NOT_WHOLE.values() for name in names} <= read


@pytest.mark.parametrize("name", RECURSIONS)
def test_the_bound_is_that_of_the_statement(name):
    assert same(READING, name)


@pytest.mark.parametrize("name", RECURSIONS)
def test_the_range_is_at_least_that_of_the_statement(name):
    """gamma < r, or r gamma < 1 after division: at the statement's limit (inside it, where open)
    the Coq hypothesis holds.
    """
    theorem, text = kd.THEOREMS[name], READING.bound(NAMES[name])[0]
    relation = "<=" if "<=" in text else "<"
    low, high = (READING.read(part) for part in text.split(relation))
    share = sp.Rational(99999, 100000) if theorem.strict else sp.Integer(1)
    numbers = {sym.mu: sp.Rational(2, 3), sym.L: sp.Integer(3), sym.Lcal: sp.Integer(5)}
    at = {**numbers, sym.gamma: share * theorem.step_size_max.xreplace(numbers)}
    difference = (high - low).xreplace(at)
    assert difference > 0 or (relation == "<=" and difference == 0)


# One wrong text each: where it stands, and the statements that must notice.
SHARP_AND_ENVELOPE = {"theorem-1-sharp", "theorem-1-envelope", "compressed-envelope"}
PLANTED = {
    "W of the noise-dominated regime is a hundredth": (
        "(gamma * (k * (1 - gamma * mu) + gamma * (a * c))) ^ 2.",
        "(gamma * (k * (1 - gamma * mu) + gamma * (a * c))) ^ 2 / 100.",
        {*SHARP_AND_ENVELOPE, "unbiased-sharp", "unbiased-envelope"},
    ),
    "W of the bias-dominated regime is a hundredth": (
        "else (1 - A) * U k.",
        "else (1 - A) * U k / 100.",
        SHARP_AND_ENVELOPE,
    ),
    "W is a hundredth, PL": (
        "(k * Rabs (1 - L * gamma) + L * gamma * (a * q)) ^ 2.",
        "(k * Rabs (1 - L * gamma) + L * gamma * (a * q)) ^ 2 / 100.",
        {"theorem-2-sharp", "theorem-2-envelope", "unbiased-pl-sharp", "unbiased-pl-envelope"},
    ),
    "the step is never long": (
        "Rabs (1 - L * gamma)",
        "(1 - L * gamma)",
        {"theorem-2-envelope"},
    ),
    "the least rate is gamma mu in both regimes": (
        "then gamma * mu else 0.",
        "then gamma * mu else gamma * mu.",
        {"theorem-1-envelope", "compressed-envelope"},
    ),
    "the bias of Theorem 2 is charged half": (
        "N_ (1 / (L * gamma))",
        "N_ (1 / (2 * L * gamma))",
        {"theorem-2"},
    ),
    "p* forgets the rounding": (
        "omega * minimiser_sq + delta))",
        "omega * minimiser_sq))",
        {"compressed"},
    ),
    "psi is a tangent everywhere": (
        "(1 - A) * s + 2 * sqrt (W * s) + U else",
        "(1 - least) * s + U + W / (A - least) else",
        set(ITERATED),
    ),
}


@pytest.mark.parametrize("what", PLANTED)
def test_a_planted_constant_is_noticed(what):
    """By every statement that has it, and by no other."""
    old, new, who = PLANTED[what]
    text = READING.changed(old, new)
    assert {name for name in RECURSIONS if not same(text, name)} == who


HORIZON = Text(source("Reading", "ReadingHorizon"))
# A wrong constant in each, where its bound ends.
AVERAGE_PLANTED = {
    "horizon": ("exp 1 * gamma * N_ (INR T / 2)", "exp 1 * gamma * N_ (INR T / 4)"),
    "horizon-envelope": ("(k ^ 2 + a ^ 2)", "(k ^ 2 + a ^ 2 / 2)"),
}


@pytest.mark.parametrize("name", AVERAGES)
def test_the_mean_over_the_horizon_is_that_of_the_statement(name):
    """The bound for T = t steps, the range, and a planted constant."""
    theorem = kd.THEOREMS[name]
    ours_ = resolved(theorem.rhs, theorem.definitions)

    def claimed_(text: Text) -> sp.Expr:
        said = text.statement(identifier(name))
        right = said.split("mean_over step T suboptimality x <=", 1)[1]
        return text.read(right.replace("INR T", "t").replace("distance x", "s0"))

    assert agree(claimed_(HORIZON), ours_, theorem.step_size_max)
    assert not agree(
        claimed_(HORIZON.changed(*AVERAGE_PLANTED[name])), ours_, theorem.step_size_max
    )
    setting = re.search(r"Definition convex_setting := (.*?)\.\n", HORIZON.text, re.DOTALL)
    assert setting and theorem.strict
    low, high = (HORIZON.read(side) for side in setting[1].rsplit("/\\", 1)[1].split("<"))
    assert sp.simplify(sp.solve(high - low, sym.gamma)[0] - theorem.step_size_max) == 0


FLOORS = {
    "theorem-1-envelope": "theorem_1_floor",
    "theorem-2-envelope": "theorem_2_floor",
    "unbiased-envelope": "unbiased_floor",
    "unbiased-pl-envelope": "unbiased_pl_floor",
}


@pytest.mark.parametrize("name", FLOORS)
def test_the_floor_is_that_of_the_statement(name):
    """Where psi, applied again and again, ends."""
    text = Text(source("Reading", "ReadingRates"))
    found = re.search(
        r"Un_cv \(fun t => .*?\) \((floor .*)\)$", text.statement(FLOORS[name]), re.DOTALL
    )
    assert found
    theorem = kd.THEOREMS[name]
    ends = resolved(theorem.floor, theorem.definitions)
    assert agree(text.read(found[1]), ends, theorem.step_size_max)
    wrong = text.changed(
        "(sqrt (U * A + W) + sqrt W) ^ 2 / A ^ 2", "(sqrt (U * A + W)) ^ 2 / A ^ 2"
    )
    assert not agree(wrong.read(found[1]), ends, theorem.step_size_max)


WEIGHT = Text(source("ReadingWeight"))


def test_the_weight_is_the_closed_form():
    """lam*, its noise, and both in rho and beta; the batch size of the closed forms is 1 here."""
    derived = {
        name: kd.closed_form(name).xreplace({sym.batch: sp.Integer(1)})
        for name in ("lambda-star", "noise-floor", "lambda-star-rho-beta", "noise-floor-rho-beta")
    }
    letters = {"kappa": sym.kappa}
    star = WEIGHT.read("lambda_star kappa", **letters)
    least = WEIGHT.statement("noise_at_lambda_star").rsplit(" = ", 1)[1]
    both = WEIGHT.statement("lambda_star_in_letters")
    plain = {"rho": sym.rho, "beta": sym.beta}
    weight, noise = re.findall(r"= (.*?)(?: /\\|$)", both.split("->")[-1], re.DOTALL)
    assert sp.cancel(star - derived["lambda-star"]) == 0
    assert sp.cancel(WEIGHT.read(least, **letters) - derived["noise-floor"]) == 0
    assert (
        sp.simplify(WEIGHT.read(weight, **letters, **plain) - derived["lambda-star-rho-beta"]) == 0
    )
    assert sp.cancel(WEIGHT.read(noise, **letters, **plain) - derived["noise-floor-rho-beta"]) == 0


def test_the_headline_is_what_the_weight_gives():
    """min(gamma sigma*^2, O(F_theta)): N(0) and the good teacher's N(1) in Theorem 1's and 2's own
    floors, with E|S - H|^2 = 2 Lcal F_theta and |h|^2 = 2 L F_theta, the largest they can be.
    """
    good = {
        sym.covariance: sym.teacher_variance / 2
        + sym.sigma_star_sq / 2
        - sym.Lcal * sym.F_theta
        + sym.bias_sq / 2,
    }
    for name in ("theorem-1", "theorem-2", "unbiased", "unbiased-pl"):
        said = WEIGHT.statement(f"{identifier(name)}_at_lambda_star")
        found = re.search(r"affine_bound \(gamma \* mu\) \((.*?) \* Rmin (.*)\) t", said, re.DOTALL)
        assert found, name
        first, second = split_arguments(found[2])
        floor = resolved(kd.THEOREMS[name].floor, kd.THEOREMS[name].definitions)
        factor = WEIGHT.read(found[1])
        without = floor.xreplace({sym.lam: sp.Integer(0)})
        assert sp.cancel(factor * WEIGHT.read(first) - without) == 0
        theta = second.replace("suboptimality theta", "F_theta")
        # Unbiased: E|S - H'|^2 = E|S - H|^2 - |h|^2, so the bias is dropped, not needed.
        bias = {sym.bias_sq: 2 * sym.L * sym.F_theta if not kd.THEOREMS[name].unbiased else sp.S(0)}
        with_teacher = floor.xreplace({sym.lam: sp.Integer(1)}).xreplace(good).xreplace(bias)
        assert sp.cancel(factor * WEIGHT.read(theta, F_theta=sym.F_theta) - with_teacher) == 0


def split_arguments(text: str) -> list[str]:
    """Two arguments in brackets, one after the other."""
    depth = 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0:
            return [text[: place + 1], text[place + 1 :].strip()]
    raise AssertionError(text)


def test_the_exact_law_is_that_of_the_statement():
    """The three quantities are defined in the text; what is made of them is compared."""
    right = READING.statement("exact_quadratic").split("distance x =", 1)[1]
    named = {
        "paths N shifted_step t (square d) y": "shifted_t",
        "inner d D (contracted_by t y)": "drift_t",
        "square d D": "D2",
    }
    for old, new in named.items():
        assert old in right
        right = right.replace(old, new)
    found = READING.read(right, shifted_t=sym.shifted_t, drift_t=sym.drift_t)
    theorem = kd.THEOREMS["exact-quadratic"]
    assert sp.expand(found - theorem.rhs) == 0
    limit = Text(source("ReadingExact")).statement("exact_quadratic_stationary")
    ends = re.search(r"distance x\) \((.*)\)$", limit, re.DOTALL)
    assert ends
    law = READING.read(ends[1].replace("square d D", "D2"))
    assert sp.expand(law - theorem.floor) == 0


def test_the_gradient_is_that_of_the_statement():
    """K = 2 logits and one parameter, written out: both sides of the identity."""
    text = READING.statement("distillation_gradient")
    left, right = re.split(r"\n\s*=", text.split(" in\n", 1)[1])
    own = {
        f"{at}{target}": f"total_{at}_{label}".replace(" ", "")
        for at in ("x", "theta")
        for target, label in ((" b", "b"), (" (r (phi theta))", "taught"))
    }
    K = 2
    J = {at: [sp.Symbol(f"J_{at}_{c}") for c in range(K)] for at in ("x", "theta")}
    r = {at: [sp.Symbol(f"r_{at}_{c}") for c in range(K)] for at in ("x", "theta")}
    b = [sp.Symbol(f"b_{c}") for c in range(K)]
    targets = {"b": b, "taught": r["theta"]}
    letters = {
        f"total_{at}_{label}": sum(J[at][c] * (r[at][c] - targets[label][c]) for c in range(K))
        for at in ("x", "theta")
        for label in targets
    }
    gap = "total K (fun c => (J theta c i - J x c i) * (r (phi theta) c - b c))"
    assert gap in right
    letters["gap"] = sum((J["theta"][c] - J["x"][c]) * (r["theta"][c] - b[c]) for c in range(K))
    right = right.replace(gap, "gap")
    for old, new in own.items():
        left, right = (side.replace(f"own {old}", new) for side in (left, right))
    theorem = kd.THEOREMS["distillation-gradient"]
    columns = {
        sym.J_x: sp.Matrix(J["x"]),
        sym.J_theta: sp.Matrix(J["theta"]),
        sym.r_x: sp.Matrix(r["x"]),
        sym.r_theta: sp.Matrix(r["theta"]),
        sym.label: sp.Matrix(b),
    }
    sizes = {sym.J_x.shape[0]: K, sym.J_x.shape[1]: 1}
    for said, side in ((left, theorem.lhs), (right, theorem.rhs)):
        matrix = side.subs(sizes).subs({k.subs(sizes): v for k, v in columns.items()}).doit()
        assert sp.expand(READING.read(said, **letters) - sp.Matrix(matrix)[0]) == 0


@pytest.mark.parametrize("name", RECURSIONS)
def test_the_points_have_real_numbers_in_both_regimes(name):
    """Noise is not below 0 at any of them; for the long steps some have L gamma > 1."""
    limit = kd.THEOREMS[name].step_size_max
    at = list(points(limit))
    assert min(values(NOISE, at)) >= 0
    assert kd.THEOREMS[name].modulus != "mu" or min(regimes(limit).values()) >= 10
    if name == "theorem-2-envelope":
        assert {p[sym.L] * p[sym.gamma] > 1 for p in at} == {True, False}


def test_the_guide_to_the_files_names_them_all():
    """proofs/coq/README.md has a row for every file of the development; what begins
    with Reading and Instance has readings and witnesses.
    """
    told = (proofs.COQ_SOURCES / "README.md").read_text(encoding="utf-8")
    files = {path.stem for path in proofs.COQ_SOURCES.glob("*.v")}
    assert [name for name in sorted(files) if f"`{name}.v`" not in told] == []
    assert all({**in_coq.readings(), **in_coq.witnesses()}.values())
