"""The laws in proofs/coq are those of THEOREMS: their second reading is read as formulas, which are
compared with the statements symbol by symbol.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import sympy as sp
from coq_text import Text, source

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import whole_in_coq

Pairs = list[tuple[sp.Expr, sp.Expr]]
LAWS = [name for name in whole_in_coq() if kd.THEOREMS[name].quantity == "law"]


def meant(name: str, expression: sp.Expr) -> sp.Expr:
    """An expression of the statement without the letters that it defines; every state is s."""
    definitions = dict(kd.THEOREMS[name].definitions)
    for _ in definitions:
        expression = expression.xreplace(definitions)
    return expression.xreplace({sym.least_now: sym.s})


def part(text: Text, name: str, pattern: str) -> str:
    """What the pattern finds in a reading's statement."""
    found = re.search(pattern, text.statement(name), re.DOTALL)
    assert found, (name, pattern)
    return found[1]


def equal(left: sp.Expr, right: sp.Expr) -> bool:
    """As functions of positive letters."""
    positive = {letter: sp.Dummy(positive=True) for letter in (left - right).free_symbols}
    return sp.simplify((left - right).xreplace(positive)) == 0


def schedules() -> Text:
    """k, a and q are letters; SNR is max(0, delta)/n, of which 0 < delta is compared."""
    text = re.sub(
        r"Notation (delta|n|delta_pl|n_pl) lam s := (.*?)\.\n",
        r"Definition \1 (lam s : R) := \2.\n",
        source("ReadingSchedule"),
    )
    for old, new in (
        (r"\b([ka]) lam", r"\1_"),
        (r"\bc \* sqrt", "mu * q_ * sqrt"),
        (r"\bq \* sqrt", "q_ * sqrt"),
        ("Rmax 0", ""),
        (r"\bdelta\b", "clear"),  # delta is a letter of compressors
    ):
        text, count = re.subn(old, new, text)
        assert count
    return Text(text)


OWN = {"k_": sym.k, "a_": sym.a_pos, "q_": sym.q}


def snr_schedule(text: Text) -> Pairs:
    law = part(text, "snr_schedule", r"s \(S j\) = (.*?)\) ->")
    law = law.replace("(lam j) (s j)", "lam s").replace("s j", "s")
    theorem = kd.THEOREMS["snr-schedule"]
    return [
        (text.read(law, **OWN), meant(theorem.name, theorem.rhs)),
        (text.read("best_gamma lam s", **OWN), meant(theorem.name, sym.best_step)),
    ]


READINGS: dict[str, tuple[Callable[[], Text], Callable[[Text], Pairs]]] = {
    "snr-schedule": (schedules, snr_schedule),
}


def test_every_law_that_coq_has_whole_is_compared():
    assert set(READINGS) == set(LAWS)


@pytest.mark.parametrize("name", LAWS)
def test_the_law_is_that_of_the_statement(name):
    """And is not, with a letter of the statement doubled."""
    text, pairs = READINGS[name]
    found = pairs(text())
    for read, said in found:
        assert equal(read, said)
        for letter in said.free_symbols:
            assert not equal(read, said.xreplace({letter: 2 * letter}))
