"""Every certificate of the envelope expands to 0 with visible signs, and a corrupted one does
not.
"""

from __future__ import annotations

import random
from dataclasses import replace
from fractions import Fraction

import pytest
import sympy as sp

from kdtheory.algebra import envelope
from kdtheory.algebra import symbols as sym
from kdtheory.proofs.parts import (
    certificates,
    chain,
    convexity,
    corners,
    every_horizon,
    limits,
    recursion,
)
from kdtheory.prover.obligations import Certificate, Obligation
from kdtheory.prover.sympy_checker import accepted, difference, vanishes

MODULES = (
    certificates,
    corners,
    recursion,
    chain,
    convexity,
    limits,
    every_horizon,
)
ALL: dict[str, Obligation] = {
    item.name: item for module in MODULES for item in module.obligations()
}
CERTIFICATES = [item for item in ALL.values() if isinstance(item, Certificate)]


def test_names_are_unique() -> None:
    """A clash would hide an obligation."""
    assert len(ALL) == sum(len(module.obligations()) for module in MODULES)


@pytest.mark.parametrize("name", ALL)
def test_accepted(name: str) -> None:
    """Identity exact, multipliers written non-negatively."""
    assert accepted(ALL[name])


@pytest.mark.parametrize(
    "item", [item for item in CERTIFICATES if item.multipliers], ids=lambda item: item.name
)
def test_every_multiplier_and_square_matters(item: Certificate) -> None:
    """Drop or double one ingredient: the identity breaks."""
    broken = [
        replace(item, multipliers={**item.multipliers, key: 2 * weight})
        for key, weight in item.multipliers.items()
    ]
    broken += [
        replace(item, squares=item.squares[:i] + item.squares[i + 1 :])
        for i in range(len(item.squares))
    ]
    numbers = _point(difference(item).free_symbols)
    assert difference(item).xreplace(numbers) == 0
    assert all(difference(bad).xreplace(numbers) != 0 for bad in broken)


@pytest.mark.parametrize(
    "item", [item for item in CERTIFICATES if not item.multipliers], ids=lambda item: item.name
)
def test_every_witness_matters(item: Certificate) -> None:
    """Half the witness is another number."""
    assert not vanishes(difference(replace(item, remainder=item.remainder / 2)))


def _point(letters: set[sp.Basic]) -> dict[sp.Basic, sp.Rational]:
    rng = random.Random(0)
    return {
        letter: sp.Rational(rng.randint(1, 99), rng.randint(100, 199))
        for letter in sorted(letters, key=str)
    }


def test_triples_agree_at_the_regime_boundary() -> None:
    """a(1 - gamma mu) = gamma k c: one number from both formulas, exactly."""
    gamma, mu, c, k = Fraction(1, 7), Fraction(2), Fraction(3, 2), Fraction(5)
    Lcal = mu + c**2 / mu
    a = gamma * k * c / (1 - gamma * mu)
    noise = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    bias = envelope.bias_dominated(gamma=gamma, mu=mu, Lcal=Lcal, k=k, a=a)
    assert noise == bias


def test_young_parameters_give_the_sharp_constant() -> None:
    """The alpha, nu of the docstring turn Young's two numbers into 1 - varrho and T."""
    gamma, mu, c, k, a = (Fraction(*pair) for pair in ((1, 7), (2, 1), (3, 2), (1, 5), (4, 1)))
    Lcal = mu + c**2 / mu
    triple = envelope.noise_dominated(gamma=gamma, mu=mu, Lcal=Lcal, c=c, k=k, a=a)
    for varrho in (gamma * mu, (gamma * mu + triple.A) / 2):
        tau = triple.A - varrho
        root = gamma * (k * (1 - gamma * mu) + gamma * a * c)
        alpha, nu = gamma * k * tau / ((1 - gamma * mu) * root), a * tau / (c * root)
        assert (1 + alpha) * (1 - gamma * mu) ** 2 + (1 + nu) * gamma**2 * c**2 == 1 - varrho
        assert gamma**2 * ((1 + 1 / alpha) * k**2 + (1 + 1 / nu) * a**2) == triple.constant(varrho)


def test_symbols_have_the_signs_that_the_regions_use() -> None:
    """A letter that a certificate divides by must be positive."""
    assert all(
        letter.is_positive
        for letter in (
            sym.k_pos,
            sym.a_pos,
            sym.c_pos,
            sym.q_pos,
            sym.b_pos,
            sym.tau,
            sym.slack_range,
            sym.slack_half,
        )
    )
