"""No certificate rests on empty hypotheses: all of them hold at a finite sum, in fractions."""

from __future__ import annotations

import random
from fractions import Fraction

import pytest
import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.checks.corruptions import obligations
from kdtheory.prover.obligations import Certificate
from kdtheory.prover.regions import evaluate

ALL = obligations()


def instance(item: Certificate, draw: random.Random) -> dict[sp.Symbol, Fraction]:
    """f_n(x) = (mu + c w_n) y^2/2 + s w_n y with y = x - x*, w = 1 or -1: the letters of one step,
    exactly; free letters at random.
    """

    def some() -> Fraction:
        return Fraction(draw.randint(1, 20), draw.choice((1, 3, 20, 200)))

    at = {row.symbol: some() for row in sym.TABLE.values()}
    # The certificate of the compressed rate divides by 1 - gamma mu.
    if at[sym.gamma] * at[sym.mu] == 1:
        at[sym.gamma] /= 2
    at[sym.L] = at[sym.mu] * draw.choice((1, 1, 2))
    if sym.gamma in item.region.substitutions:
        at[sym.gamma] = evaluate(item.region.substitutions[sym.gamma], at)
    mu, gamma, lam, best, y, far = at[sym.mu], at[sym.gamma], at[sym.lam], some(), some(), some()
    s = some()
    equal = item.region.substitutions.get(sym.Lcal) == sym.mu
    c = at[sym.c] = Fraction(0) if equal else at[sym.c]
    at |= {sym.q: c / mu, sym.Lcal: mu + c**2 / mu, sym.b: abs(1 - at[sym.L] * gamma)}
    vectors = {
        "e": y,
        "g": mu * y,
        "h": mu * far,
        "xstar": best,
        "Gc": c * y + s,
        "S": s,
        "Hc": c * far + s,
    }
    at |= {letter: vectors[u] * vectors[v] for (u, v), letter in sym.GRAM.items()}
    unbiased = (
        asm.descent_lemma_unbiased in item.multipliers
        or asm.compressor_unbiased in item.multipliers
    )
    mean = y - gamma * (vectors["g"] - (0 if unbiased else lam * vectors["h"]))
    after = mean**2 + gamma**2 * (vectors["Gc"] - lam * vectors["Hc"]) ** 2
    at |= {
        sym.F: mu * y**2 / 2,
        sym.F_theta: mu * far**2 / 2,
        sym.F_plus: mu * after / 2,
        sym.out_sq: after,
        sym.k: abs(lam * vectors["h"]),
        sym.a: abs(s - lam * vectors["Hc"]),
    }
    for letter, meaning in (*item.region.substitutions.items(), *item.region.slacks.items()):
        at[letter] = evaluate(meaning, at)
    return at


@pytest.mark.parametrize(
    "name",
    [name for name, item in ALL.items() if isinstance(item, Certificate) and item.multipliers],
)
def test_hypotheses_hold_together_at_a_rational_finite_sum(name: str) -> None:
    """Every condition and assumption of a certificate holds at a finite sum with gap, noise and
    bias, and there its claim is true.
    """
    item, draw = ALL[name], random.Random(name)
    assert isinstance(item, Certificate)
    for _ in range(20_000):
        at = instance(item, draw)
        letters = (*item.region.slacks, *item.region.substitutions)
        strict = [key.slack for key in item.multipliers if key.strict]
        if all(at[x] > 0 if x.is_positive else at[x] >= 0 for x in letters) and all(
            evaluate(slack, at) > 0 for slack in strict
        ):
            break
    else:
        raise AssertionError("no instance found")
    assert at[sym.F] > 0 and at[sym.sigma_star_sq] > 0 and at[sym.bias_sq] > 0
    for key in item.multipliers:
        slack = evaluate(key.slack, at)
        assert slack == 0 if key.equality else slack >= 0, key
    claim = evaluate(item.claim, at)
    total = evaluate(item.remainder, at) + sum(
        (evaluate(m, at) * evaluate(key.slack, at) for key, m in item.multipliers.items()),
        Fraction(0),
    )
    assert claim >= total >= 0  # the squares make up the difference
