"""What ``kdtheory.verify`` itself sees in data: every bound with its noise dropped or lowered, its
bias dropped or its range doubled, on the main job's own instances and starts.

A statement's slack may hide a wrong constant from every instance at hand; the table says which.
Dropped noise must be seen for every statement.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.errors import KdtheoryError
from kdtheory.problems import LeastSquares
from kdtheory.report.main_job import mild_compressor, random_instances

NOISE = (sym.sigma_star_sq, sym.teacher_variance, sym.covariance)
KINDS = ("noise dropped", "noise lowered", "bias dropped", "range doubled")
INSTANCES, STEPS = 24, 40


@dataclass(frozen=True)
class Seen:
    """``killed``: some instance is VIOLATED; ``looked`` at how many, until then."""

    statement: str
    kind: str
    killed: bool
    looked: int


def _in(theorem: kd.Theorem, changes: dict[sp.Symbol, sp.Expr]) -> kd.Theorem:
    """Letters replaced in psi and in all definitions."""
    assert theorem.psi is not None
    definitions = {key: value.subs(changes) for key, value in theorem.definitions.items()}
    return replace(theorem, psi=theorem.psi.subs(changes), definitions=definitions)


def mutant(theorem: kd.Theorem, kind: str) -> kd.Theorem | None:
    """The wrong statement; None where the statement has no such part."""
    assert theorem.psi is not None and theorem.step_size_max is not None
    if kind == "noise dropped":
        return _in(theorem, dict.fromkeys(NOISE, sp.Integer(0)))
    if kind == "noise lowered":
        if sym.U in theorem.definitions:  # nine tenths of a triple that cannot be improved
            lower = {key: sp.Rational(9, 10) * theorem.definitions[key] for key in (sym.U, sym.W)}
            return replace(theorem, definitions={**theorem.definitions, **lower})
        return _in(theorem, {letter: letter / 2 for letter in NOISE})
    if kind == "bias dropped":
        return None if theorem.unbiased else _in(theorem, {sym.bias_sq: sp.Integer(0)})
    return replace(theorem, step_size_max=2 * theorem.step_size_max)


def _instances() -> Iterator[tuple[LeastSquares, object]]:
    for _, problem, theta in random_instances(0, INSTANCES):
        if isinstance(problem, LeastSquares):
            yield problem, theta


def looked_at(name: str, kind: str) -> Seen | None:
    """One mutant against ``kd.verify`` until it is refuted; None where there is none.

    At the statement's own step size and, for small steps are where a constant is tight, a tenth of
    it; with the statement's own weight and twice that.
    """
    wrong = mutant(kd.THEOREMS[name], kind)
    if wrong is None:
        return None
    count = 0
    for problem, theta in _instances():
        gamma = kd.step_size_limit(problem, wrong) * (0.95 if wrong.strict else 1.0)
        compressor = mild_compressor(problem, name)
        for step_size in (gamma, gamma / 10):
            for factor in (1.0, 2.0):
                count += 1
                try:
                    weight = factor * kd.optimal_weight(
                        problem, theta, step_size=gamma / 2, criterion=kd.THEOREMS[name]
                    )
                    found = kd.verify(
                        problem,
                        theta,
                        theorem=wrong,
                        step_size=step_size,
                        weight=weight,
                        steps=STEPS,
                        compressor=compressor,
                    )
                except (
                    KdtheoryError
                ):  # no such mutant here: say, compression that does not contract
                    continue
                if found.status == "VIOLATED":
                    return Seen(name, kind, True, count)
    return Seen(name, kind, False, count)


def table(kinds: tuple[str, ...] = KINDS) -> list[Seen]:
    """Every statement that bounds a step, every kind."""
    names = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
    found = (looked_at(name, kind) for name in names for kind in kinds)
    return [seen for seen in found if seen is not None]


def text(rows: list[Seen]) -> str:
    """One line a statement: the instances that it took, or "not seen"."""
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        told = f"seen ({row.looked})" if row.killed else "not seen"
        cells.setdefault(row.statement, {})[row.kind] = told
    lines = [f"{'by data alone':24}" + "".join(f"{kind:16}" for kind in KINDS)]
    for name, row_cells in cells.items():
        lines.append(f"{name:24}" + "".join(f"{row_cells.get(kind, '-'):16}" for kind in KINDS))
    return "\n".join(line.rstrip() for line in lines)
