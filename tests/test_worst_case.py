"""The sharp formulas lie between rational certificates of the one-step worst case, and are false
where they should be."""

from __future__ import annotations

import dataclasses
import math
import random
import time
from fractions import Fraction

import numpy as np
import pytest

from kdtheory.algebra import envelope
from kdtheory.errors import InvalidInput, StepSizeTooLarge
from kdtheory.statements.theorems import THEOREMS
from kdtheory.worst_cases.primal import ExactStep, largest_rate
from kdtheory.worst_cases.value import ONE_STEP, WorstCase, worst_case, worst_case_interval

WIDTH = 1e-6  # the interval's promised relative width


def _number(rng: random.Random, low: float, high: float) -> Fraction:
    return Fraction(1 + round(1000 * 10 ** rng.uniform(low, high)), 1000)


def _case(rng: random.Random) -> tuple[str, dict[str, Fraction], envelope.Triple]:
    """Random regime, roots rational by construction; corners c = 0, k = 0, a = 0 and steps near the
    limit included.
    """
    mu, k, a = (
        _number(rng, -1, 1),
        rng.choice([Fraction(0), _number(rng, -2, 2)]),
        rng.choice([Fraction(0), *[_number(rng, -2, 2)] * 3]),
    )
    q = rng.choice([Fraction(0), *[_number(rng, -2, 1.5)] * 4])
    Lcal, c = mu * (1 + q**2), q * mu
    share = rng.choice([Fraction(999, 1000), Fraction(1, 8), Fraction(rng.randint(1, 999), 1000)])
    numbers = {"mu": mu, "Lcal": Lcal, "bias": k, "noise": a}
    if rng.random() < 1 / 3:
        L = mu + (Lcal - mu) * Fraction(rng.randint(0, 10), 10)
        gamma = share * 2 * mu / (L * Lcal)
        triple = envelope.polyak_lojasiewicz(
            gamma=gamma, mu=mu, L=L, Lcal=Lcal, q=q, k=k, a=a, b=abs(1 - L * gamma)
        )
        lowest, name = Fraction(0), "theorem-2-sharp"
    else:
        L, gamma = Lcal, share / Lcal
        lowest, name = Fraction(0), "theorem-1-sharp"
        triple = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
        if a * (1 - gamma * mu) >= gamma * k * c:
            triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
            lowest = gamma * mu
    rate = lowest + (triple.A - lowest) * Fraction(rng.choice([0, rng.randint(0, 99)]), 100)
    return name, numbers | {"L": L, "step_size": gamma, "rate": rate}, triple


def _largest_gap(points: int, seed: int) -> float:
    """Largest relative distance between the formula and either end of its rational interval, over
    noisy random points.
    """
    rng = random.Random(seed)
    largest, tried = 0.0, 0
    for _ in range(points):
        name, numbers, triple = _case(rng)
        interval = worst_case_interval(name, **numbers)
        claimed = triple.constant(numbers["rate"])
        assert interval.lower <= claimed <= interval.upper, (name, numbers)
        if claimed > 0:
            tried += 1
            largest = max(
                largest,
                float((interval.upper - claimed) / claimed),
                float((claimed - interval.lower) / claimed),
            )
    assert tried > 0.7 * points
    return largest


def test_sharp_constant_lies_inside_a_hundred_intervals() -> None:
    """T_varrho, exact, is in [lower, upper], and both ends are near."""
    assert _largest_gap(100, seed=0) <= WIDTH


@pytest.mark.slow
def test_sharp_constant_lies_inside_a_thousand_intervals() -> None:
    """The same at 1,000 points; prints the largest |sharp - worst case| / sharp."""
    largest = _largest_gap(1000, seed=1)
    print(f"\nlargest |sharp - worst case| / sharp over 1,000 random points: {largest:.3g}")
    assert largest <= WIDTH


def _recheck(interval: WorstCase, step: ExactStep) -> None:
    """Strongly convex: rebuild both Gram blocks from A1, A1', A3 and their multipliers, and factor
    them by LDL^T over Q."""
    dual = interval.dual
    m, p = 1 + dual.nu, 2 * step.mu * dual.nu + 2 * (1 - step.mu) * dual.alpha + 2
    growth = p - 2 * step.Lcal * m  # F cancels: p on A1, growth on A1', m on A3
    e_e, e_g, g_g = -step.rate + step.mu / 2 * (p + growth), 1 - p / 2, m - 1
    block = [
        [e_e, e_g, Fraction(-1)],
        [e_g, g_g, Fraction(1)],
        [Fraction(-1), Fraction(1), dual.y_k - 1],
    ]
    noise = [[m - 1, Fraction(-1)], [Fraction(-1), dual.y_a - 1]]
    assert growth >= 0 and p >= 0 and m >= 0
    for matrix in (block, noise):
        assert all(pivot >= 0 for pivot in _pivots(matrix))


def _pivots(matrix: list[list[Fraction]]) -> list[Fraction]:
    """LDL^T without pivoting; a zero pivot must have a zero column."""
    rows, pivots = [row[:] for row in matrix], []
    for i, row in enumerate(rows):
        pivots.append(row[i])
        for other in rows[i + 1 :]:
            assert row[i] != 0 or other[i] == 0
            factor = other[i] / row[i] if row[i] else Fraction(0)
            other[:] = [x - factor * y for x, y in zip(other, row, strict=True)]
    return pivots


def test_dual_is_a_proof_in_the_original_letters() -> None:
    """The dual's letters are a change of basis; here the check is done in (e, g, lam h), as the
    theory writes it.
    """
    rng = random.Random(1)
    checked = 0
    for _ in range(120):
        name, numbers, _ = _case(rng)
        if THEOREMS[name].is_pl or numbers["bias"] + numbers["noise"] == 0:
            continue
        gamma = numbers["step_size"]
        mu, L, Lcal, bias, noise = (
            gamma * numbers[key] for key in ("mu", "L", "Lcal", "bias", "noise")
        )
        step = ExactStep(mu, L, Lcal, bias, noise, numbers["rate"])
        interval = worst_case_interval(name, **numbers)
        _recheck(interval, step)
        assert (
            interval.upper == interval.dual.y_k * step.bias**2 + interval.dual.y_a * step.noise**2
        )
        assert numbers["rate"] < largest_rate(step, pl=False)
        checked += 1
    assert checked > 50


BELOW = {
    "step_size": Fraction(1, 5),
    "mu": Fraction(1, 2),
    "L": Fraction(13, 8),
    "Lcal": Fraction(13, 8),
}  # c = 3/4


def test_formula_is_false_below_its_rates() -> None:
    """Without bias the noise-dominated formula fails as soon as varrho < gamma mu: the primal
    instance is the counterexample."""
    gamma_mu = BELOW["step_size"] * BELOW["mu"]
    triple = envelope.noise_dominated(
        gamma=BELOW["step_size"],
        mu=BELOW["mu"],
        Lcal=BELOW["Lcal"],
        c=Fraction(3, 4),
        k=Fraction(0),
        a=Fraction(1),
    )
    for share in (Fraction(0), Fraction(1, 2), Fraction(9, 10)):
        interval = worst_case_interval(
            "theorem-1-sharp", **BELOW, bias=0, noise=1, rate=share * gamma_mu
        )
        assert interval.lower > triple.constant(share * gamma_mu)
        assert (
            interval.primal.gap > BELOW["step_size"] * BELOW["mu"] / 2 * interval.primal.e[0] ** 2
        )


def test_with_bias_the_true_lowest_rate_is_smaller() -> None:
    """The exact threshold A - (1 - gamma Lcal) mu w / (gamma (a c - mu k)): inside at it, false a
    tenth below it.
    """
    gamma, mu, Lcal, c, k, a = (
        BELOW["step_size"],
        BELOW["mu"],
        BELOW["Lcal"],
        Fraction(3, 4),
        Fraction(1, 10),
        Fraction(1),
    )
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    root = gamma * (k * (1 - gamma * mu) + gamma * a * c)
    lowest = triple.A - (1 - gamma * Lcal) * mu * root / (gamma * (a * c - mu * k))
    assert 0 < lowest < gamma * mu
    at = worst_case_interval("theorem-1-sharp", **BELOW, bias=k, noise=a, rate=lowest)
    below = worst_case_interval("theorem-1-sharp", **BELOW, bias=k, noise=a, rate=lowest * 9 / 10)
    assert at.lower <= triple.constant(lowest) <= at.upper
    assert below.lower > triple.constant(lowest * 9 / 10)


@pytest.mark.parametrize("theorem", ONE_STEP)
def test_every_key_and_default_rate(theorem: str) -> None:
    """rate=None is gamma mu; the float is the upper end; a statement is as good as its key."""
    statement = dataclasses.replace(THEOREMS[theorem], name="mine")
    bias = 0.0 if statement.unbiased else 0.3
    numbers = {"step_size": 0.1, "mu": 0.5, "L": 1.0, "Lcal": 2.0, "bias": bias, "noise": 1.0}
    value = worst_case(theorem, **numbers)
    assert value == worst_case(theorem, **numbers, rate=0.1 * 0.5)
    assert value == worst_case_interval(theorem, **numbers).value
    assert value == worst_case(statement, **numbers)
    if statement.is_pl:
        triple = envelope.polyak_lojasiewicz(
            gamma=0.1, mu=0.5, L=1.0, Lcal=2.0, q=math.sqrt(3), k=bias, a=1.0, b=0.9
        )
    else:
        triple = envelope.noise_dominated(
            gamma=0.1, mu=0.5, Lcal=2.0, c=math.sqrt(0.75), k=bias, a=1.0
        )
    assert value == pytest.approx(triple.constant(0.05), rel=WIDTH)


def test_change_of_units() -> None:
    """f -> 4f, gamma -> gamma/4, x -> 2x: k and a scale by 2, |x|^2 by 4."""
    base = {"step_size": 0.1, "mu": 0.5, "L": 1.0, "Lcal": 2.0, "bias": 0.3, "noise": 1.0}
    scaled = {"step_size": 0.1 / 4, "mu": 2.0, "L": 4.0, "Lcal": 8.0, "bias": 2.4, "noise": 8.0}
    assert worst_case("theorem-1", **scaled) == pytest.approx(
        4 * worst_case("theorem-1", **base), rel=1e-6
    )


def test_speed() -> None:
    """At most 20 ms an interval at default accuracy (median, on a shared machine)."""
    rng, times = random.Random(2), []
    for _ in range(30):
        name, numbers, _ = _case(rng)
        start = time.perf_counter()
        worst_case_interval(name, **numbers)
        times.append(time.perf_counter() - start)
    assert float(np.median(times)) <= 0.02


GOOD = {"step_size": 0.1, "mu": 0.5, "L": 1.0, "Lcal": 2.0, "bias": 0.3, "noise": 1.0}


@pytest.mark.parametrize(
    ("theorem", "change", "error", "words"),
    [
        ("theorem-9", {}, InvalidInput, "Did you mean"),
        ("theorem-1", {"step_size": 0.5}, StepSizeTooLarge, "1/Lcal = 0.5"),
        ("theorem-2", {"step_size": 0.5}, StepSizeTooLarge, "2\\*mu/\\(L\\*Lcal\\) = 0.5"),
        ("theorem-1", {"step_size": 0.0}, InvalidInput, "step_size > 0"),
        ("theorem-1", {"mu": 3.0}, InvalidInput, "mu <= Lcal"),
        ("theorem-1", {"bias": -1.0}, InvalidInput, "bias = -1.0"),
        ("theorem-1", {"noise": float("nan")}, InvalidInput, "noise = nan"),
        ("theorem-1", {"rate": 0.095}, InvalidInput, "rate < A = 0.09"),
        ("unbiased", {}, InvalidInput, "needs bias = 0"),
    ],
)
def test_refusals(
    theorem: str, change: dict[str, float], error: type[Exception], words: str
) -> None:
    """Who, which rule, the numbers, the way out."""
    with pytest.raises(error, match=words):
        worst_case(theorem, **(GOOD | change))


def test_silent_teacher_and_student() -> None:
    """k = a = 0: nothing is left."""
    interval = worst_case_interval("theorem-1", **(GOOD | {"bias": 0.0, "noise": 0.0}))
    assert interval.lower == interval.upper == 0
