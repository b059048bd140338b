"""Bounds side by side at one step size: at their own limits the sharper bound looks worse, for it
allows larger steps.
"""

from __future__ import annotations

import math
from itertools import groupby
from typing import Any

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import bound, default_step_size, noise_floor
from kdtheory.engines.exact import stationary
from kdtheory.evidence.starts import default_start, default_teacher
from kdtheory.problems import LeastSquares
from kdtheory.problems.datasets import load
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS

Row = dict[str, Any]
LONGEST = 100_000  # steps: a fifth of a second for a bound


def equal_steps(source: str, names: list[str]) -> list[Row]:
    """Rows of the statements ``names`` that bound something without a compressor, at the largest
    step size that all with the same state allow.

    ``noise_share`` is the part of the bound at the last step ``t`` that would stand there from a
    start at x*; ``truth`` the stationary state of the iterates, where it is exact.
    """
    problem = load(source)
    theta, x0 = default_teacher(problem), default_start(problem, 0)
    chosen = [
        name
        for name in names
        if THEOREMS[name].psi is not None
        and THEOREMS[name].modulus in ("mu", "mu_pl")
        and not any(need.name == "contraction" for need in THEOREMS[name].needs)
    ]
    rows: list[Row] = []
    for _, group in groupby(sorted(chosen, key=_order, reverse=True), key=_order):
        together = list(group)
        gamma = min(default_step_size(problem, name) for name in together)
        for name in together:
            theorem = THEOREMS[name]
            weight = float(optimal_weight(problem, theta, step_size=gamma, criterion=name))
            modulus = float(getattr(problem.constants, theorem.modulus))
            steps = min(math.ceil(5.0 / (gamma * modulus)), LONGEST)
            far, near = (
                float(
                    bound(
                        problem,
                        theta,
                        theorem=name,
                        step_size=gamma,
                        weight=weight,
                        x0=start,
                        steps=steps,
                    )[-1]
                )
                for start in (x0, problem.minimiser)
            )
            truth = None
            if isinstance(problem, LeastSquares):
                rule = DistilledSGD(weight, unbiased=theorem.unbiased)
                limit = stationary(problem, theta, rule, step_size=gamma)
                truth = float(limit.gap if theorem.quantity == "gap" else limit.sq_distance)
            floor = noise_floor(problem, theta, theorem=name, step_size=gamma, weight=weight)
            rows.append(
                {
                    "data": source,
                    "statement": name,
                    "step_size": gamma,
                    "weight": weight,
                    "floor": floor,
                    "truth": truth,
                    "steps": steps,
                    "noise_share": near / far if far > 0 else 1.0,
                }
            )
    return rows


def _order(name: str) -> str:
    return THEOREMS[name].quantity
