"""Every statement that calls itself tight is attained, exactly; and without bias at every horizon
in the limit.
"""

from __future__ import annotations

import itertools
import random
from fractions import Fraction
from typing import Any

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.errors import InvalidInput
from kdtheory.instances import attained

TIGHT = [name for name, theorem in kd.THEOREMS.items() if theorem.kind == "tight"]


def _numbers(rng: random.Random, gamma: Any, mu: Any, c: Any) -> dict[str, Any]:
    """A noise-dominated step with random bias and noise."""
    noise = Fraction(rng.randint(1, 200), 97)
    bias = noise * Fraction(rng.randint(0, 96), 97) * (1 - gamma * mu) / (gamma * c)
    return {
        "mu": mu,
        "c": c,
        "gamma": gamma,
        "noise": noise,
        "bias": bias,
        "share": Fraction(rng.randint(0, 96), 97),
    }


def test_the_list_is_that_of_the_statements() -> None:
    assert list(attained.TIGHT) == TIGHT
    with pytest.raises(InvalidInput, match="tight theorem"):
        attained.equality(
            "theorem-1", **_numbers(random.Random(0), Fraction(1, 9), Fraction(1), Fraction(1))
        )


@pytest.mark.parametrize("name", TIGHT)
def test_attained_by_a_finite_sum_over_the_rationals(name: str) -> None:
    rng = random.Random(11)
    for _ in range(40):
        mu, c = Fraction(rng.randint(20, 90), 97), Fraction(rng.randint(1, 200), 97)
        gamma = Fraction(rng.randint(1, 99), 100) / (mu + c**2 / mu)
        found = attained.equality(name, **_numbers(rng, gamma, mu, c))
        assert found.by == attained.FINITE_SUM
        assert found.step == found.bound > 0


@pytest.mark.parametrize("name", TIGHT)
@pytest.mark.parametrize(("mu", "Lcal"), [(1, 3), (2, 7), (sp.Rational(1, 3), 1)])
def test_attained_where_c_is_irrational(name: str, mu: Any, Lcal: Any) -> None:
    """c = sqrt(mu(Lcal - mu)) is no rational number; equality holds in the field Q(c)."""
    mu, Lcal = sp.Rational(mu), sp.Rational(Lcal)
    c, gamma = sp.sqrt(mu * (Lcal - mu)), sp.Rational(1, 2) / Lcal
    assert not c.is_rational
    noise, share = sp.Rational(3, 2), sp.Rational(1, 3)
    found = attained.equality(
        name,
        mu=mu,
        c=c,
        gamma=gamma,
        noise=noise,
        bias=noise * (1 - gamma * mu) / (2 * gamma * c),
        share=share,
    )
    assert sp.radsimp(sp.expand(sp.radsimp(found.step - found.bound))) == 0
    assert sp.minimal_polynomial(found.step - found.bound, polys=True).degree() == 1


@pytest.mark.parametrize("name", TIGHT[:2])
def test_attained_by_a_gram_matrix_where_bias_dominates(name: str) -> None:
    rng = random.Random(12)
    for _ in range(20):
        found = attained.equality_where_bias_dominates(
            name,
            mu=Fraction(1),
            gamma=Fraction(1, 20),
            turn=Fraction(rng.randint(1, 9), 100),
            fluctuation=Fraction(rng.randint(1, 20), 10),
            scale=Fraction(rng.randint(1, 19), 20),
        )
        assert found.by == attained.GRAM_MATRIX
        assert found.step == found.bound > 0


def test_a_smaller_constant_is_not_attained() -> None:
    """The equality above can fail: 1 % less noise in the bound and the step exceeds it."""
    numbers = _numbers(random.Random(3), Fraction(1, 9), Fraction(1), Fraction(1))
    step = attained.equality("theorem-1-sharp", **numbers).step
    less = attained.equality(
        "theorem-1-sharp", **numbers | {"noise": numbers["noise"] * Fraction(99, 100)}
    )
    assert step > less.bound


MU, C, A, GAMMA = Fraction(1, 2), Fraction(3, 4), Fraction(2), Fraction(1, 3)


def _one_step(x: tuple[Fraction, ...], length: Fraction) -> list[Fraction]:
    """|x+|^2 for each of the 2d terms of ``FreshDirections``; ``length`` = |x|, rational."""
    out = []
    for axis, sign in itertools.product(range(len(x)), (1, -1)):
        lean = C * sign * x[axis] / length
        after = [(1 - GAMMA * (MU + lean)) * value for value in x]
        after[axis] -= GAMMA * sign * (C * length + A)
        out.append(sum((value**2 for value in after), Fraction(0)))
    return out


@pytest.mark.parametrize("x", [(3, 4), (2, 3, 6), (1, 2, 2, 4), (1, 1, 1, 1, 2, 2, 2)], ids=str)
def test_mean_and_spread_of_one_step_are_as_the_proof_says(x: tuple[int, ...]) -> None:
    """Steps 1 and 2 of the theorem, over Q, by enumeration of all terms."""
    d, length = len(x), Fraction(int(sum(value**2 for value in x) ** 0.5 + 0.5))
    assert length**2 == sum(value**2 for value in x)
    psi = (1 - GAMMA * MU) ** 2 * length**2 + GAMMA**2 * (C * length + A) ** 2
    lean = GAMMA**2 * (3 * C**2 * length**2 + 2 * A * C * length)
    out = _one_step(tuple(Fraction(value) for value in x), length)
    mean = sum(out, Fraction(0)) / (2 * d)
    assert mean == psi + lean / d
    assert lean <= 3 * psi
    assert sum(((value - mean) ** 2 for value in out), Fraction(0)) / (2 * d) <= 13 * psi**2 / d
