"""How much ``prove(statement)`` decides of what people may write: true variants of the affine
statements, and false ones.

``python -m kdtheory.checks.variants`` prints the counts and what is left UNDECIDED.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.proofs import prove
from kdtheory.proofs.counterexamples import cases
from kdtheory.statements.theorems import THEOREMS, Theorem

# Lines in s with a closed floor.
AFFINE = tuple(name for name, item in THEOREMS.items() if item.form in ("paper", "refined"))

HALF, RATE = sp.Rational(1, 2), sym.gamma * sym.mu

# the statements that ``proofs.counterexamples`` has cases for
RECURSIONS = tuple(name for name, item in THEOREMS.items() if item.claims is None)


def scaled(theorem: Theorem, factor: sp.Expr) -> Theorem:
    """``factor`` times everything that one step adds, and so of the floor."""
    assert theorem.psi is not None and theorem.floor is not None
    rest = theorem.psi.xreplace({sym.s: sp.Integer(0)})
    power = (1 - sym.gamma * sym.mu) ** sym.t
    return replace(
        theorem,
        psi=theorem.psi + (factor - 1) * rest,
        floor=factor * theorem.floor,
        rhs=power * sym.s0 + factor * theorem.floor * (1 - power),
    )


def true_variants(name: str) -> Iterator[tuple[str, Theorem]]:
    """Statements that follow from the one with this key."""
    theorem = THEOREMS[name]
    mine = replace(theorem, name=f"my-{name}")
    limit = theorem.step_size_max
    assert limit is not None
    yield "another name", mine
    yield "needs in another order", replace(theorem, needs=tuple(reversed(theorem.needs)))
    yield "half the range", replace(mine, step_size_max=limit / 2)
    yield "a strict range", replace(mine, strict=True)
    yield "1/10 more", scaled(mine, sp.Rational(11, 10))
    yield "twice the constant", scaled(mine, sp.Integer(2))
    extra = asm.nonnegative_gap if theorem.modulus == "mu" else asm.quadratic_growth
    yield "one assumption more", replace(mine, needs=(*theorem.needs, extra))
    yield "without the factor 1 - (1 - gamma mu)^t", _loose(mine)
    for weight in (sp.Integer(0), sp.Rational(1, 2), sp.Integer(1)):
        fixed = {**theorem.definitions, sym.lam: weight}
        yield f"lam = {weight}", replace(mine, definitions=fixed)


def _loose(theorem: Theorem) -> Theorem:
    assert theorem.floor is not None
    power = (1 - sym.gamma * sym.mu) ** sym.t
    return replace(theorem, rhs=power * sym.s0 + theorem.floor)


def false_variants(name: str) -> Iterator[tuple[str, Theorem]]:
    """One step too far (``kdtheory.proofs.counterexamples``)."""
    for case in cases(name):
        if case.statement is not None:
            yield case.what, case.statement
    if name in AFFINE:
        yield from _harder(replace(THEOREMS[name], name=f"my-{name}"))


def _harder(theorem: Theorem) -> Iterator[tuple[str, Theorem]]:
    """Errors that one step from a usual point does not show."""
    assert theorem.psi is not None and theorem.floor is not None
    late = 1 - HALF * sp.Max(0, sp.Min(1, sym.t - 1))
    yield "half the bound from t = 2 on", replace(theorem, rhs=theorem.rhs * late)
    later = 1 - HALF * sp.Max(0, sp.Min(1, sym.t - 9))
    yield "half the bound from t = 10 on", replace(theorem, rhs=theorem.rhs * later)
    yield "a fifth of the floor", replace(theorem, floor=theorem.floor / 5)
    for what, kinds in (
        ("without expected smoothness", {asm.expected_smoothness}),
        ("without convexity", {asm.strong_convexity, asm.quadratic_growth, asm.polyak_lojasiewicz}),
    ):
        yield what, replace(theorem, needs=tuple(n for n in theorem.needs if n not in kinds))
    power = (1 - 2 * RATE) ** sym.t
    fast = power * sym.s0 + theorem.floor * (1 - power)
    yield "rhs with twice the rate", replace(theorem, rhs=fast)
    gone = {sym.sigma_star_sq: sp.Integer(0)}
    yield "without sigma_*^2", _everywhere(theorem, gone)
    yield "another sign of the covariance", _everywhere(theorem, {sym.covariance: -sym.covariance})
    yield "lam not squared", _everywhere(theorem, {sym.lam**2: sym.lam})
    yield "without V", _everywhere(theorem, {sym.teacher_variance: sp.Integer(0)})


def _everywhere(theorem: Theorem, change: dict[sp.Basic, sp.Expr]) -> Theorem:
    """The same change in psi, rhs and floor."""
    assert theorem.psi is not None and theorem.floor is not None
    psi, rhs, floor = (sp.expand(x).subs(change) for x in (theorem.psi, theorem.rhs, theorem.floor))
    return replace(theorem, psi=psi, rhs=rhs, floor=floor)


def hard_variants() -> Iterator[tuple[str, Theorem]]:
    """False ones of Theorem 1 that only just are."""
    theorem = THEOREMS["theorem-1"]
    yield "the range 0.251/Lcal", replace(theorem, step_size_max=251 / (1000 * sym.Lcal))
    yield "0.77 times the constant", scaled(theorem, sp.Rational(77, 100))


def count(*, show: bool = False) -> tuple[Counter[str], Counter[str]]:
    """Statuses of the true and of the false ones."""
    true = [each for name in AFFINE for each in true_variants(name)]
    false = [each for name in RECURSIONS for each in false_variants(name)] + [*hard_variants()]
    return _statuses(true, show), _statuses(false, show)


def _statuses(variants: Sequence[tuple[str, Theorem]], show: bool) -> Counter[str]:
    found: Counter[str] = Counter()
    for what, statement in variants:
        status = prove(statement).status
        found[status] += 1
        if show:
            print(statement.name, what, status, file=sys.stderr, flush=True)
    return found


if __name__ == "__main__":
    yes, no = count(show=True)
    print(f"true: {dict(yes)}; false: {dict(no)}")
