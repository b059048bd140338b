"""A user's own update, confronted with a statement and with the rule that it should be."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds.values import curve, letters_for, theorem_named
from kdtheory.errors import InvalidInput
from kdtheory.evidence.starts import default_start
from kdtheory.evidence.tolerances import ROUNDING
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import Array, FiniteSum, point
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import Theorem


def verify_update(
    step: Callable[[Array, int], ArrayLike],
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float,
    weight: float,
    x0: ArrayLike | None = None,
    points: int = 8,
    same_rule: bool = True,
    seed: int = 0,
) -> Verdict:
    """Confront a user's own update ``step(x, n) -> x_next`` with a statement, exactly: means over
    all N terms.

    At ``points`` points along the update's own trajectory, E|x+ - x*|^2 (or E f(x+) - f*) must not
    exceed psi, and, with ``same_rule``, every x_next must be the rule's own x - gamma(grad f_n(x) -
    lam grad f_n(theta)) up to rounding: bounds have slack that would hide a wrong sign, an equality
    has none.

    Args:
        step: the update, called with a copy of x (dim,) and a term's index n; returns (dim,).
        problem: a finite sum.
        theta: the teacher, (dim,).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number.
        x0: the start, (dim,).
        points: points of the update's trajectory that are looked at.
        same_rule: also compare every x_next with the rule's own.
        seed: a whole number >= 0.

    Raises:
        InvalidInput: the update returns something that is not a finite (dim,) array; else as
            :func:`verify`.
    """
    statement = theorem_named(theorem)
    if statement.psi is None:
        raise InvalidInput(
            f"{statement.title} makes no claim about a step; use a bound such as 'theorem-1'."
        )
    letters = letters_for(problem, theta, statement, step_size=step_size, weight=weight)
    rule = DistilledSGD(weight, unbiased=statement.unbiased)
    corrections = rule.corrections(problem.gradients(point(problem, theta, "theta")))
    rng = np.random.default_rng(seed)
    x = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
    largest = 0.0
    for visit in range(points):
        images = np.array(
            [point(problem, step(x.copy(), n), f"step(x, {n})") for n in range(problem.n_terms)]
        )
        own = x - letters["gamma"] * (problem.gradients(x) - corrections)
        off = np.abs(images - own).max(axis=1)
        size = float(np.abs(own).max() + np.abs(x).max())
        if same_rule and off.max() > ROUNDING * size:
            n = int(off.argmax())
            return Verdict(
                statement.name,
                "VIOLATED",
                largest,
                "exact",
                f"step(x, {n}) differs from the rule by {off[n]:.3g} at visit "
                f"{visit}: x - gamma (grad f_n(x) - lam grad f_n(theta)) is expected",
                step_size,
                weight,
                visit,
            )
        e = x - problem.minimiser
        pl = statement.quantity == "gap"
        before = gap_at(problem, x) if pl else float(e @ e)
        after = [
            gap_at(problem, y) if pl else float((y - problem.minimiser) @ (y - problem.minimiser))
            for y in images
        ]
        claimed = float(curve(statement, letters, before, 1)[1])
        ratio = float(np.mean(after)) / claimed if claimed > 0 else 0.0
        largest = max(largest, ratio)
        if ratio > 1.0 + ROUNDING:
            return Verdict(
                statement.name,
                "VIOLATED",
                ratio,
                "exact",
                f"one step exceeds the bound {ratio:.6g} times at visit {visit}",
                step_size,
                weight,
                visit,
            )
        x = images[int(rng.integers(problem.n_terms))]
    return Verdict(
        statement.name,
        "VERIFIED",
        largest,
        "exact",
        f"every step within the bound at {points} points",
        step_size,
        weight,
        points,
    )
