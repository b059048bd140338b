"""What ``kdtheory.verify`` itself sees in data: every bound with its noise dropped or lowered, its
bias dropped or its range doubled; first on the main job's own instances and starts, then at finite
sums in one dimension that attain the best bound there is (``kdtheory.instances.matching``).

A copy that no data refute is handed to ``prove``: where it is PROVED it was no mutant (Theorem 1
holds on twice its range), else it is told as not seen.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.errors import KdtheoryError
from kdtheory.instances import matching
from kdtheory.problems import LeastSquares
from kdtheory.report.one_verdict import mild_compressor
from kdtheory.report.random_instances import random_instances
from kdtheory.rules.compressors import Bernoulli
from kdtheory.rules.distilled import Compressor

NOISE = (sym.sigma_star_sq, sym.teacher_variance, sym.covariance)
KINDS = ("noise dropped", "noise lowered", "bias dropped", "range doubled")
INSTANCES, STEPS = 24, 40
# Attaining instances: sqrt(Lcal/mu - 1), share of the range, bias k and noise a; and how little a
# compressor does there, omega/(gamma mu), so that it hides nothing.
ROOTS = (Fraction(0), Fraction(1, 2), Fraction(2))
SHARES = (Fraction(99, 100), Fraction(1, 2))
LEVELS = tuple(
    (Fraction(k), Fraction(a)) for k, a in (("0", 1), ("1/4", 1), ("3/2", 1), ("3/2", 0))
)
FAINT, SHORT = 1e-3, 10


@dataclass(frozen=True)
class Seen:
    """``outcome``: "seen" (some instance is VIOLATED), "true" (PROVED) or "not seen"; ``looked`` at
    how many instances, until then.
    """

    statement: str
    kind: str
    outcome: str
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


def _faint(step_size: float, mu: float) -> Compressor:
    return Bernoulli(1.0 / (1.0 + FAINT * step_size * mu))


def _at_the_main_job(wrong: kd.Theorem) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """At the mutant's own step size and, for small steps are where a constant is tight, a tenth of
    it; with the statement's own weight and twice that.
    """
    for problem, theta in _instances():
        gamma = kd.step_size_limit(problem, wrong) * (0.95 if wrong.strict else 1.0)
        compressors = [mild_compressor(problem, wrong.name)]
        if wrong.compresses:
            compressors.append(_faint(gamma, float(problem.constants.mu)))
        try:
            best = kd.optimal_weight(
                problem, theta, step_size=gamma / 2, criterion=kd.THEOREMS[wrong.name]
            )
        except KdtheoryError:  # no such mutant here
            continue
        for step_size in (gamma, gamma / 10):
            for factor in (1.0, 2.0):
                for compressor in compressors:
                    given = {"step_size": step_size, "weight": factor * best, "steps": STEPS}
                    yield problem, theta, {**given, "compressor": compressor}


def _attaining(wrong: kd.Theorem) -> Iterator[tuple[Any, Any, dict[str, Any]]]:
    """f_n(x) = mu x^2/2 + w_n (c x|x|/2 + s x) at the worst x and at x* = 0; least squares where
    c <= mu, for on x > 0 it is (mu + c w_n) x^2/2 + w_n s x.
    """
    for q in ROOTS:
        shape = matching.SignedQuadratics(mu=Fraction(1), c=q, s=Fraction(1))
        limit = Fraction(kd.step_size_limit(shape, wrong))
        for gamma in (share * limit for share in SHARES):
            for bias, noise in LEVELS:
                try:
                    case = matching.noise_dominated(
                        mu=Fraction(1), c=q, gamma=gamma, bias=bias, noise=noise, rate=gamma
                    )
                # A weight of 1 leaves no noise to choose; without c every x is the worst one.
                except (KdtheoryError, ZeroDivisionError):
                    continue
                given = {
                    "step_size": float(gamma),
                    "weight": float(case.weight),
                    "steps": SHORT,
                    "compressor": _faint(float(gamma), 1.0) if wrong.compresses else None,
                }
                if q < 1 or not wrong.compresses:
                    problem = _least_squares(case.problem) if q < 1 else case.problem
                    for x0 in ([float(case.x)], [0.0]):
                        yield problem, [float(case.theta)], {**given, "x0": x0}


def _least_squares(problem: matching.SignedSum) -> LeastSquares:
    roots = np.sqrt([float(problem.mu + problem.c), float(problem.mu - problem.c)])
    return LeastSquares(roots[:, None], float(problem.s) * np.array([-1.0, 1.0]) / roots)


def looked_at(name: str, kind: str) -> Seen | None:
    """One mutant against ``kd.verify`` until it is refuted; None where there is none."""
    wrong = mutant(kd.THEOREMS[name], kind)
    if wrong is None:
        return None
    count = 0
    for cases in (_at_the_main_job(wrong), _attaining(wrong)):
        for problem, theta, given in cases:
            count += 1
            try:
                found = kd.verify(problem, theta, theorem=wrong, **given)
            except KdtheoryError:  # no such mutant here: say, compression that does not contract
                continue
            if found.status == "VIOLATED":
                return Seen(name, kind, "seen", count)
    true = kd.prove(wrong).status == "PROVED"
    return Seen(name, kind, "true" if true else "not seen", count)


def table(kinds: tuple[str, ...] = KINDS) -> list[Seen]:
    """Every statement that bounds a step, every kind."""
    names = [name for name, theorem in kd.THEOREMS.items() if theorem.psi is not None]
    found = (looked_at(name, kind) for name in names for kind in kinds)
    return [seen for seen in found if seen is not None]


def text(rows: list[Seen]) -> str:
    """One line a statement: "seen" with the instances that it took, "true" where the copy is
    proved, or "not seen".
    """
    cells: dict[str, dict[str, str]] = {}
    for row in rows:
        told = {"seen": f"seen ({row.looked})", "true": "true (proved)"}
        cells.setdefault(row.statement, {})[row.kind] = told.get(row.outcome, row.outcome)
    lines = [f"{'by data alone':24}" + "".join(f"{kind:16}" for kind in KINDS)]
    for name, row_cells in cells.items():
        lines.append(f"{name:24}" + "".join(f"{row_cells.get(kind, '-'):16}" for kind in KINDS))
    return "\n".join(line.rstrip() for line in lines)
