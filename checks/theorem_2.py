"""Theorem 2 and its refinement misremembered; the paper's certificate as an oracle."""

from __future__ import annotations

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.checks import changing
from kdtheory.checks.mutant import Mutant
from kdtheory.checks.statement_oracles import one_step_tight, unrolls
from kdtheory.statements import THEOREMS, Theorem

PAPER = THEOREMS["theorem-2"]
FLOOR = changing.floor_of(PAPER)


def certificate_closes(theorem: Theorem) -> str:
    """psi - E s(x+) is the paper's combination of descent lemma, PL, A3 and squares, exactly."""
    assert theorem.psi is not None
    g, mu, L, LC, lam = sym.gamma, sym.mu, sym.L, sym.Lcal, sym.lam
    claim = theorem.psi.subs(theorem.definitions).subs(sym.s, sym.F)
    mixed = vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H))
    left = claim - sym.F_plus
    right = (
        asm.descent_lemma.slack
        + 3 * g / 4 * asm.polyak_lojasiewicz.slack
        + L * g**2 * asm.expected_smoothness.slack
        + g * (mu - 4 * g * L * LC) / 2 * sym.F
        + L * g**2 / 2 * vec.norm_sq(mixed)
        + g / 4 * vec.norm_sq(vec.combine((1, vec.g), (-2 * lam, vec.h)))
    )
    return changing.left_over(left, right)


MUTANTS: tuple[Mutant, ...] = (
    *changing.paper_form("theorem-2", certificate_closes),
    changing.statement(
        "theorem-2",
        "rate doubled",
        "1 - 2 gamma mu with the same noise",
        one_step_tight,
        psi=(1 - 2 * sym.gamma * sym.mu) * sym.s + sym.gamma * sym.mu * FLOOR,
    ),
    changing.affine(
        "theorem-2",
        "mu for L",
        "floor mu gamma / mu N",
        one_step_tight,
        lambda f: f.subs(sym.L, sym.mu),
    ),
    changing.statement(
        "theorem-2",
        "range beyond truth",
        "gamma <= 4 mu/(L Lcal)",
        one_step_tight,
        step_size_max=4 * sym.mu / (sym.L * sym.Lcal),
    ),
    changing.affine(
        "theorem-2",
        "E<S,H> once",
        "lam E<S,H>, not twice it",
        one_step_tight,
        lambda f: f.subs(sym.covariance, sym.covariance / 2),
    ),
    changing.statement(
        "theorem-2", "power t - 1", "off by one in t", unrolls, rhs=PAPER.rhs.subs(sym.t, sym.t - 1)
    ),
    changing.affine(
        "theorem-2-refined", "half the noise", "floor halved", one_step_tight, lambda f: f / 2
    ),
)
TRUE: tuple[Mutant, ...] = ()
