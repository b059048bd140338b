"""Every statement is proved, and no corrupted certificate is accepted."""

from __future__ import annotations

from dataclasses import replace

import pytest
import sympy as sp
from kdtheory.proofs import OBLIGATIONS, paper

import kdtheory as kd
from kdtheory.closed_forms import batched_noise
from kdtheory.prover import sympy_checker
from kdtheory.prover.obligations import Certificate
from kdtheory.vectors import norm_sq

AFFINE = ("theorem-1", "theorem-2", "theorem-1-refined", "theorem-2-refined", "unbiased", "unbiased-pl")


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_proved(name):
    assert kd.prove(name).status == "PROVED"


@pytest.mark.parametrize("name", AFFINE)
def test_the_certificate_uses_what_the_theorem_lists_and_nothing_else(name):
    used = set(paper.one_step(name).multipliers)
    assert used <= set(kd.THEOREMS[name].needs)


def corruptions(certificate: Certificate):
    for key, weight in certificate.multipliers.items():
        for changed in (2 * weight, weight / 2, -weight, sp.Integer(0)):
            yield replace(certificate, multipliers={**certificate.multipliers, key: changed})
        yield replace(certificate, multipliers={other: value for other, value in certificate.multipliers.items() if other is not key})
    for index, (weight, vector) in enumerate(certificate.squares):
        for changed in ((2 * weight, vector), (-weight, vector), (weight, {name: 2 * value for name, value in vector.items()}),
                        *((weight, {**vector, name: -value}) for name, value in vector.items())):
            if sp.expand(changed[0] * norm_sq(changed[1]) - weight * norm_sq(vector)) == 0:
                continue        # a lone letter of its block: the other sign is the same square, hence a valid proof
            yield replace(certificate, squares=(*certificate.squares[:index], changed, *certificate.squares[index + 1 :]))
    for letter, meaning in certificate.region.slacks.items():
        yield replace(certificate, region=replace(certificate.region, slacks={**certificate.region.slacks, letter: 2 * meaning}))


@pytest.mark.parametrize("name", AFFINE)
def test_corrupted_certificates_are_refused(name):
    tried = list(corruptions(paper.one_step(name)))
    assert len(tried) > 20
    assert [bad for bad in tried if sympy_checker.accepted(bad)] == []


@pytest.mark.parametrize("name", AFFINE)
@pytest.mark.parametrize("letter", ["sigma_star_sq", "bias_sq", "C", "V"])
def test_weaker_noise_is_not_proved_by_the_same_certificate(name, letter):
    """Halving any letter of the claim breaks the identity (bias_sq is absent from unbiased claims and is added instead)."""
    certificate = paper.one_step(name)
    symbol = next(row for row in certificate.claim.free_symbols | {kd.THEOREMS["theorem-1"].psi.free_symbols.pop()} | set(
        kd.THEOREMS["theorem-1"].psi.free_symbols) if str(row) == letter)
    assert not sympy_checker.accepted(replace(certificate, claim=certificate.claim - symbol / 2))


def test_a_missing_checker_is_never_a_pass():
    assert kd.prove("theorem-1", checkers=("sympy", "coq")).status == "UNDECIDED"
    with pytest.raises(kd.InvalidInput, match="Unknown checker"):
        kd.prove("theorem-1", checkers=("lean",))
    assert set(OBLIGATIONS) == set(kd.THEOREMS)


def test_closed_forms():
    n = batched_noise()
    weight, floor = kd.closed_form("lambda-star"), kd.closed_form("noise-floor")
    (lam,) = [row for row in n.free_symbols if str(row) == "lam"]
    (size,) = [row for row in n.free_symbols if str(row) == "B"]
    assert sp.simplify(sp.diff(n, lam).subs(lam, weight)) == 0
    assert sp.diff(n, lam, 2).is_nonnegative
    assert sp.simplify(n.subs(lam, weight) / size - floor) == 0
    at_zero, at_one = n.subs(lam, 0) / size, n.subs(lam, 1) / size
    curvature = sp.diff(n, lam, 2) / 2
    # N(0) - N(lam*) and N(1) - N(lam*) are curvature * (distance to lam*)^2 / B.
    assert sp.simplify(at_zero - floor - curvature * weight**2 / size) == 0
    assert sp.simplify(at_one - floor - curvature * (1 - weight) ** 2 / size) == 0
