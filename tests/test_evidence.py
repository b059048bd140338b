"""Rational and ball verdicts, the sequential Monte Carlo test, and the almost sure ranges that it
rests on.
"""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction as Q

import flint
import numpy as np
import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.bounds.letters import letters_for
from kdtheory.checks import sequential
from kdtheory.evidence import monte_carlo, numbers
from kdtheory.evidence.instance import RationalInstance
from kdtheory.evidence.lifted import ball_values, lifted_map, rational_values, reader, start
from kdtheory.evidence.matrices import exact_array, semidefinite
from kdtheory.evidence.monte_carlo import Claimed
from kdtheory.evidence.process import Process, values_of
from kdtheory.evidence.ranges import almost_sure
from kdtheory.rules.experiment import experiment

RNG = np.random.default_rng(8)
PROBLEM = kd.LeastSquares(RNG.standard_normal((4, 2)), RNG.standard_normal(4), ridge=0.25)
THETA, START = RNG.standard_normal(2), RNG.standard_normal(2)
FRACTIONS = kd.LeastSquares(
    [[Q(1), Q(1, 3)], [Q(0), Q(2)], [Q(-1, 7), Q(1)]], [Q(1, 2), Q(0), Q(3)], ridge=Q(1, 10)
)
TEACHER, ORIGIN = [Q(1, 5), Q(1)], [Q(2), Q(-1, 3)]
RULES = [
    kd.DistilledSGD(0.4),
    kd.DistilledSGD(-0.7, unbiased=True),
    kd.DistilledSGD(1.2, batch_size=3),
    kd.DistilledSGD(0.4, batch_size=2, replacement=False),
    kd.DistilledSGD(0.4, compressor=kd.RandK(1)),
    kd.DistilledSGD(0.4, compressor=kd.Bernoulli(0.75)),
]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("quantity", ["sq_distance", "gap"])
def test_rational_moments_are_the_float_ones(rule, quantity):
    """Two independent translations of the recursion, and balls around the rational one."""
    at = RationalInstance(PROBLEM, THETA, rule, weight=Q(rule.weight), step_size=Q(0.0625))
    S, z, row = lifted_map(at), start(exact_array(START, "x0")), reader(at, quantity)
    exact = [flint.fmpq(*pair) for pair in rational_values(S, z, row, 8)]
    floats = getattr(
        kd.expected(PROBLEM, THETA, rule, step_size=0.0625, x0=START, steps=8), quantity
    )
    assert [float(value) for value in exact] == pytest.approx(floats, rel=1e-12)
    assert all(
        ball.contains(value) for ball, value in zip(ball_values(S, z, row, 8), exact, strict=True)
    )


def test_rational_moments_are_the_mean_over_all_paths():
    """Exactly: every index path in fractions, the update written out."""
    at = RationalInstance(
        FRACTIONS, TEACHER, kd.DistilledSGD(0.5), weight=Q(1, 2), step_size=Q(1, 9)
    )
    rows, targets, best = (
        FRACTIONS.given[0],
        FRACTIONS.given[1],
        [Q(int(x.p), int(x.q)) for x in at.minimiser],
    )

    def gradient(x, n):
        residual = sum(a * b for a, b in zip(rows[n], x, strict=True)) - targets[n]
        return [residual * a + Q(1, 10) * b for a, b in zip(rows[n], x, strict=True)]

    assert [sum(column) for column in zip(*(gradient(best, n) for n in range(3)), strict=True)] == [
        0,
        0,
    ]
    total = Q(0)
    for path in itertools.product(range(3), repeat=3):
        x = ORIGIN
        for n in path:
            x = [
                a - Q(1, 9) * (g - Q(1, 2) * h)
                for a, g, h in zip(x, gradient(x, n), gradient(TEACHER, n), strict=True)
            ]
        total += sum((a - b) ** 2 for a, b in zip(x, best, strict=True))
    *_, (numerator, denominator) = rational_values(
        lifted_map(at), start(exact_array(ORIGIN, "x0")), reader(at, "sq_distance"), 3
    )
    assert Q(int(numerator), int(denominator)) == total / 27


@pytest.mark.parametrize("method", ["rational", "ball"])
@pytest.mark.parametrize(
    "name", [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
)
def test_every_bound_is_decided(name, method):
    verdict = kd.verify(PROBLEM, THETA, theorem=name, method=method, steps=12)
    assert (verdict.status, verdict.evidence) == ("VERIFIED", method)
    assert verdict.ratio == pytest.approx(
        kd.verify(PROBLEM, THETA, theorem=name, step_size=verdict.step_size, steps=12).ratio,
        rel=1e-8,
    )
    assert "certified" in verdict.reason


def mutated(name: str) -> kd.Theorem:
    """The statement without its noise."""
    theorem = kd.THEOREMS[name]
    noiseless = {s: 0 for s in theorem.psi.free_symbols if str(s) in ("sigma_star_sq", "U", "W")}
    return replace(theorem, psi=theorem.psi.subs(noiseless))


@pytest.mark.parametrize("method", ["exact", "rational", "ball", "monte-carlo"])
@pytest.mark.parametrize("name", ["theorem-1", "theorem-1-sharp"])
def test_a_wrong_bound_is_refuted(name, method):
    wrong = kd.verify(
        PROBLEM,
        THETA,
        theorem=mutated(name),
        weight=0.0,
        x0=PROBLEM.minimiser,
        method=method,
        steps=30,
    )
    assert wrong.status == "VIOLATED"


def test_equality_is_decided_in_rationals_and_left_open_by_balls():
    """One dimension, no noise, E|x-x*|^2 = (1 - gamma mu)^2 s: a bound equal to it is exactly
    attained.
    """
    sharp = kd.LeastSquares([[Q(1)], [Q(1)]], [Q(0), Q(0)])
    theorem = kd.THEOREMS["theorem-1"]
    gamma, mu, s = (
        next(x for x in theorem.psi.free_symbols if str(x) == name) for name in ("gamma", "mu", "s")
    )
    attained = replace(theorem, psi=(1 - gamma * mu) ** 2 * s)
    setting = {"theorem": attained, "weight": 0.0, "step_size": Q(1, 9), "x0": [Q(3)], "steps": 20}
    assert kd.verify(sharp, [Q(1)], method="rational", **setting).status == "VERIFIED"
    assert kd.verify(sharp, [Q(1)], method="ball", **setting).status == "UNDECIDED"
    # No float sees this, and floats know that they do not.
    barely = replace(theorem, psi=((1 - gamma * mu) ** 2 - sp.Rational(1, 10**30)) * s)
    for method, evidence in (("exact", "rational"), ("rational", "rational"), ("ball", "ball")):
        seen = kd.verify(sharp, [Q(1)], method=method, **{**setting, "theorem": barely})
        assert (seen.status, seen.evidence) == ("VIOLATED", evidence)


def test_fractions_are_taken_as_they_are():
    verdict = kd.verify(
        FRACTIONS, TEACHER, theorem="theorem-1-envelope", weight=Q(1, 3), x0=ORIGIN, steps=10
    )
    assert (verdict.status, verdict.evidence) == ("VERIFIED", "rational")
    assert (
        kd.verify(
            FRACTIONS,
            TEACHER,
            theorem="exact-quadratic",
            weight=Q(1),
            step_size=Q(1, 9),
            x0=ORIGIN,
            steps=10,
        ).status
        == "VERIFIED"
    )
    with pytest.raises(kd.InvalidInput, match="never verify"):
        kd.verify(FRACTIONS, TEACHER, theorem="exact-quadratic", method="ball", steps=3)
    with pytest.raises(kd.StepSizeTooLarge, match="Theorem 1 needs gamma <= 1"):
        kd.verify(
            FRACTIONS,
            TEACHER,
            theorem="theorem-1",
            weight=0.5,
            step_size=1.001 * kd.step_size_limit(FRACTIONS, "theorem-1"),
            steps=3,
        )
    with pytest.raises(kd.InvalidInput, match="least squares"):
        kd.verify(
            kd.LogisticRegression([[1.0], [2.0]], [0.0, 1.0], ridge=0.1),
            [0.0],
            theorem="theorem-1",
            method="rational",
        )


def test_rank_deficient_instances_have_the_shortest_minimiser_and_a_certified_pl_constant():
    rng = np.random.default_rng(1)
    features = (rng.integers(-3, 4, (5, 2)) @ rng.integers(-3, 4, (2, 3))).astype(float)
    flat = kd.LeastSquares(features, rng.integers(-5, 6, 5))
    at = RationalInstance(
        flat, np.ones(3), kd.DistilledSGD(0.5), weight=Q(1, 2), step_size=Q(1, 1000)
    )
    assert [float(x) for x in at.minimiser] == pytest.approx(flat.minimiser, rel=1e-10, abs=1e-12)
    assert (
        kd.verify(flat, np.ones(3), theorem="theorem-2", method="rational", steps=10).status
        == "VERIFIED"
    )
    assert float(at.constants("mu_pl")["mu"]) == pytest.approx(
        float(flat.constants.mu_pl), rel=1e-9
    )


def test_certificates_can_fail():
    A = exact_array([[2, 1], [1, 2]], "A")
    one = exact_array(np.eye(2, dtype=int), "I")
    assert semidefinite(A - one)  # singular, and semidefinite
    assert not semidefinite(A - flint.fmpq(10**12 + 1, 10**12) * one)
    assert not semidefinite(exact_array([[0, 1], [1, 5]], "A"))


def test_expressions_in_exact_numbers_are_the_float_ones():
    """Every definition and psi of every bound, against the float evaluation, at 128 bits."""
    with flint.ctx.workprec(128):
        for name, theorem in kd.THEOREMS.items():
            if theorem.psi is None:
                continue
            gamma = kd.step_size_limit(PROBLEM, name) / 2
            made = experiment(PROBLEM, THETA, kd.DistilledSGD(0.4), step_size=gamma)
            letters = letters_for(made, theorem)
            exact = {key: numbers.exact(value, key) for key, value in letters.items()}
            for letter, definition in theorem.definitions.items():
                if str(letter) != "a":
                    assert float(numbers.evaluate(definition, exact)) == pytest.approx(
                        letters[str(letter)], rel=1e-9, abs=1e-12
                    )
            assert float(numbers.evaluate(theorem.psi, exact | {"s": numbers.exact(0.7, "s")})) > 0
    assert numbers.root(flint.fmpq(4, 9)) == flint.fmpq(2, 3)
    assert numbers.less(flint.arb(2).sqrt(), flint.arb(2).sqrt()) is None


PROBLEMS = {
    "logistic": kd.LogisticRegression(RNG.standard_normal((5, 2)), [0, 1, 1, 0, 1], ridge=0.3),
    "softmax": kd.SoftmaxRegression(RNG.standard_normal((4, 2)), [0, 1, 2, 1], ridge=0.3),
    "sinusoidal": kd.SinusoidalSum(
        [[1.0, 0.4]], [0.5, 1.5, 1.0], [[0.2, -1.0], [0.3, 0.5], [-0.5, 0.5]]
    ),
    "least-squares": PROBLEM,
}


@pytest.mark.parametrize("kind", PROBLEMS)
@pytest.mark.parametrize("quantity", ["sq_distance", "gap"])
def test_ranges_hold_on_every_path(kind, quantity):
    """Greedy paths (the index that takes the error farthest) and random ones stay within; the range
    is not vacuous at first."""
    problem = PROBLEMS[kind]
    rng = np.random.default_rng(3)
    theta, x0 = (
        problem.minimiser + rng.standard_normal(problem.dim),
        problem.minimiser + 2 * rng.standard_normal(problem.dim),
    )
    gamma, rule, steps = 0.5 / float(problem.constants.Lcal), kd.DistilledSGD(0.8), 25
    made = experiment(problem, theta, rule, step_size=gamma, x0=x0)
    most = almost_sure(made, steps, quantity)
    push = rule.corrections(problem.gradients(theta))
    for greedy in (True, False, False):
        x = x0
        for t in range(steps + 1):
            value = values_of(problem, x[None], quantity)[0]
            assert value <= most[t]
            ahead = x - gamma * (problem.gradients(x) - push)
            x = ahead[
                np.argmax(((ahead - problem.minimiser) ** 2).sum(axis=1))
                if greedy
                else rng.integers(problem.n_terms)
            ]
    assert most[0] == pytest.approx(values_of(problem, x0[None], quantity)[0], rel=1e-6)


@pytest.mark.parametrize("kind", ["logistic", "softmax", "sinusoidal"])
def test_monte_carlo_verifies_with_a_range_and_not_without(kind):
    problem = PROBLEMS[kind]
    theta = problem.minimiser + 0.1
    known = kd.verify(problem, theta, theorem="theorem-2-sharp", steps=40, seed=2)
    assert (known.status, known.evidence) == ("VERIFIED", "monte-carlo")
    assert "bounded range" in known.reason

    class Bare:  # the protocol and nothing else: no curvature of single terms
        n_terms, dim, minimiser, minimum, constants = (
            problem.n_terms,
            problem.dim,
            problem.minimiser,
            problem.minimum,
            problem.constants,
        )
        value, gradient, gradients = (
            staticmethod(getattr(problem, name)) for name in ("value", "gradient", "gradients")
        )

    blind = kd.verify(Bare(), theta, theorem="theorem-2-sharp", steps=40, seed=2, replicates=60)
    assert blind.status == "UNDECIDED"
    assert "rare large value" in blind.reason


def test_near_the_stability_limit_samples_never_verify():
    """The exact error is of order 1 while nearly every run reports 1e-10 or less: a wrong claim
    must not pass.
    """
    wild = kd.LeastSquares(np.append(np.ones(19), 3.0)[:, None], np.zeros(20))
    rule, x0, steps = kd.DistilledSGD(0.0), np.array([1.0]), 100
    gamma = 0.999 * kd.stability_limit(wild, rule)
    truth = kd.expected(
        wild, [0.0], rule, step_size=gamma, x0=x0, steps=steps, at=[steps]
    ).sq_distance[0]
    run = kd.simulate(
        wild,
        [0.0],
        rule,
        step_size=gamma,
        x0=x0,
        steps=steps,
        replicates=300,
        seed=0,
        record_every=steps,
    )
    claim = truth / 10
    # The normal interval lies wholly below a claim that is ten times too small.
    assert run.interval(1 - 1e-6)[1][-1] < claim
    found = monte_carlo.judge(
        Process(experiment(wild, [0.0], rule, step_size=gamma, x0=x0), "sq_distance"),
        Claimed(np.array([steps]), np.array([claim]), np.zeros(1)),
        replicates=300,
        seed=0,
    )
    assert found.status == "UNDECIDED"


def test_identity_is_refuted_by_samples_and_never_verified():
    rule = kd.DistilledSGD(0.4)
    times = np.arange(13)
    truth = kd.expected(PROBLEM, THETA, rule, step_size=0.06, x0=START, steps=12).sq_distance
    made = experiment(PROBLEM, THETA, rule, step_size=0.06, x0=START)
    process = Process(made, "sq_distance")
    for scale, status in ((1.0, "UNDECIDED"), (0.7, "VIOLATED"), (1.4, "VIOLATED")):
        claimed = np.where(times > 8, scale, 1.0) * truth  # beyond the times that are enumerated
        claim = Claimed(times, claimed, 1e-12 * truth, identity=True)
        assert monte_carlo.judge(process, claim, replicates=800, seed=0).status == status


def test_false_alarm_rates_stay_below_the_level_and_students_does_not():
    """A quick version of ``python -m kdtheory.checks.sequential``."""
    rows = sequential.false_alarms(alpha=0.1, trials=120, runs=200)
    ceiling = sequential.allowed(0.1, 120)
    assert all(row.exceeds <= ceiling for row in rows)
    assert all(np.isnan(row.below) or row.below <= ceiling for row in rows)
    assert max(row.student for row in rows) > 0.5


def test_halved_bounds_are_refuted_and_doubled_ones_verified():
    found = {
        name: (halved, doubled) for name, halved, doubled in sequential.power(trials=20, runs=400)
    }
    for name in ("constant", "uniform on [0, 2]", "exponential"):
        assert found[name][0].exceeds == 1.0
    assert found["uniform on [0, 2]"][1].below == 1.0


def test_a_sweep_shares_its_level():
    problem = PROBLEMS["logistic"]
    theta = problem.minimiser + 0.2
    found = kd.verify_sweep(
        problem,
        theta,
        theorem="theorem-1-sharp",
        weights=[-0.5, 0.0, 0.5, 1.0],
        steps=25,
        x0=problem.minimiser + 1.0,
    )
    assert [verdict.status for verdict in found] == ["VERIFIED"] * 4
    assert all("level 2.5e-05" in verdict.reason for verdict in found)
    assert [verdict.weight for verdict in found] == [-0.5, 0.0, 0.5, 1.0]
    exact = kd.verify_sweep(PROBLEM, THETA, theorem="theorem-1", weights=[0.0, 1.0], steps=25)
    assert {verdict.evidence for verdict in exact} == {"exact"}


def test_an_unreachable_verification_is_not_paid_for():
    """Range 10^12 times the bound: 2000 runs, all of them 0, could not verify it, and at most 500
    are made.
    """
    spiky = kd.LeastSquares(np.append(np.ones(39), 9.0)[:, None], np.zeros(40))
    rule, times = kd.DistilledSGD(0.0), np.array([40])
    truth = kd.expected(
        spiky,
        [0.0],
        rule,
        step_size=0.03,
        x0=[1.0],
        steps=40,
        at=times,
        quantities=("sq_distance",),
    )
    found = monte_carlo.judge(
        Process(experiment(spiky, [0.0], rule, step_size=0.03, x0=[1.0]), "sq_distance"),
        Claimed(times, 2 * truth.sq_distance, np.zeros(1)),
        replicates=2000,
        seed=0,
    )
    assert found.status == "UNDECIDED"
    assert found.reason.startswith("500 runs")
