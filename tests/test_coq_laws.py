"""The laws in proofs/coq are those of THEOREMS: their second reading is read as formulas, which are
compared with the statements symbol by symbol.
"""

from __future__ import annotations

import random
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
    """To 50 digits at random positive rational points: both are analytic there."""
    letters, draw = sorted(left.free_symbols | right.free_symbols, key=str), random.Random(0)
    for _ in range(3):
        at = {letter: sp.Rational(draw.randint(1, 99), draw.randint(1, 99)) for letter in letters}
        off = sp.N((left - right).xreplace(at), 60, chop=True)
        if not abs(off) < sp.Float("1e-50") * (1 + abs(sp.N(right.xreplace(at)))):
            return False
    return True


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


def snr_step(text: Text) -> Pairs:
    theorem, law = kd.THEOREMS["snr-step"], part(text, "snr_step", r"lam s = (s / .*?) /")
    return [
        (text.read(law, **OWN), meant(theorem.name, theorem.rhs)),
        (text.read("best_gamma lam s", **OWN), meant(theorem.name, sym.best_step)),
    ]


def snr_step_pl(text: Text) -> Pairs:
    theorem, law = kd.THEOREMS["snr-step-pl"], part(text, "snr_step_pl", r"= (law_pl lam s) /")
    return [
        (text.read(law, **OWN), meant(theorem.name, theorem.rhs)),
        (text.read("best_gamma_pl lam s", **OWN), meant(theorem.name, sym.best_step)),
    ]


def snr_schedule(text: Text) -> Pairs:
    law = part(text, "snr_schedule", r"s \(S j\) = (.*?)\) ->")
    law = law.replace("(lam j) (s j)", "lam s").replace("s j", "s")
    theorem = kd.THEOREMS["snr-schedule"]
    return [
        (text.read(law, **OWN), meant(theorem.name, theorem.rhs)),
        (text.read("best_gamma lam s", **OWN), meant(theorem.name, sym.best_step)),
    ]


def steps_needed(text: Text) -> Pairs:
    more = part(text, "steps_needed", r"0 <= INR t - steps_low <= (.*)$")
    assert "exp log = s0 / s ->" in text.statement("steps_needed")
    letters = {"q": sym.q, "a": sym.a_pos, "log": sp.log(sym.s0 / sym.s)}
    theorem = kd.THEOREMS["steps-needed"]
    return [
        (text.read(more, **letters), theorem.rhs),
        (text.read("steps_low", **letters), theorem.definitions[sym.steps_low]),
    ]


def stop_distilling(text: Text) -> Pairs:
    assert part(text, "stop_distilling", r"\((u <= signal_stop) -> forall lam")
    letters = {"h": sym.bias_norm_h, "sigma": sym.sigma_pos, "p": sym.covariance, "q": sym.q}
    return [(text.read("signal_stop", **letters), kd.THEOREMS["stop-distilling"].rhs)]


M = {(0, 0): sym.gram_11, (0, 1): sym.gram_12, (1, 0): sym.gram_12, (1, 1): sym.gram_22}
STAR = (sym.best_1, sym.best_2)


def several_teachers(text: Text) -> Pairs:
    """m = 2."""
    term = part(text, "several_teachers", r"- total m \(fun i => total m \(fun j => (.*?)\)\)")
    total = sym.sigma_star_sq
    for (i, j), entry in M.items():
        known = {"star_i": STAR[i], "star_j": STAR[j], "entry": entry}
        plain = term.replace("star i", "star_i").replace("star j", "star_j")
        total -= text.read(plain.replace("gram kappa i j", "entry"), **known)
    return [(total, kd.THEOREMS["several-teachers"].rhs)]


def affine_hull(text: Text) -> Pairs:
    """m = 2: M w = 1 is solved, and |D_2|^2 written by |D_1 - D_2|^2."""
    least = part(text, "affine_hull", r"limit -> (.*) <= limit$")
    given = part(text, "affine_hull", r"let delta2 := (/ total m w) in")
    theorem = kd.THEOREMS["affine-hull"]
    gram = sp.Matrix(2, 2, lambda i, j: M[i, j])
    apart = sym.spread_of_two - sym.gram_11 + 2 * sym.gram_12
    total = sum(gram.LUsolve(sp.ones(2, 1))).xreplace({sym.gram_22: apart})
    read = text.read(f"1 {given}".replace("total m w", "w_"), w_=total)
    S0, D = sym.sgd_floor_pos, sym.distance_theta
    return [
        (text.read(least, S0=S0, delta2=D), theorem.rhs),
        (read, theorem.definitions[D]),
    ]


def blocks(text: Text) -> Pairs:
    """Two of them."""
    term = part(text, "blocks", r"- total m \(fun b => \(.*?\)\) \* (block_star b \^ 2)\)")
    total = sym.sigma_star_sq
    for b in range(2):
        total -= M[b, b] * text.read(term.replace("block_star b", "star"), star=STAR[b])
    return [(total, kd.THEOREMS["blocks"].rhs)]


def renewed_teacher(text: Text) -> Pairs:
    law = part(text, "renewed_teacher", r".*\(fun m => e m \^ 2\) = (.*)$")
    letters = {"yh": sym.decay, "alpha": sym.renewal, "a": sym.a}
    return [(text.read(law, **letters), kd.THEOREMS["renewed-teacher"].rhs)]


def importance_sampling(text: Text) -> Pairs:
    """Two terms."""
    law = part(text, "importance_sampling", r"total N p = 1 -> (.*?) <= total N")
    law = law.replace("total N r", "all_").replace("INR N", "N_terms")
    read = text.read(law, all_=sym.size_1 + sym.size_2, N_terms=sp.Integer(2))
    return [(read, kd.THEOREMS["importance-sampling"].rhs)]


def laws() -> Text:
    return Text(source("ReadingLaws"))


def teachers() -> Text:
    return Text(source("ReadingTeachers"))


READINGS: dict[str, tuple[Callable[[], Text], Callable[[Text], Pairs]]] = {
    "snr-step": (schedules, snr_step),
    "snr-step-pl": (schedules, snr_step_pl),
    "snr-schedule": (schedules, snr_schedule),
    "steps-needed": (laws, steps_needed),
    "stop-distilling": (laws, stop_distilling),
    "several-teachers": (teachers, several_teachers),
    "affine-hull": (teachers, affine_hull),
    "blocks": (teachers, blocks),
    "renewed-teacher": (laws, renewed_teacher),
    "importance-sampling": (teachers, importance_sampling),
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
