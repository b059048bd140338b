"""A user's update rule against the paper's, term by term and within a statement's bound."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.evidence.steps import RuleStep, Step, Visit, image, shown, unit_of
from kdtheory.evidence.terms import sentence
from kdtheory.evidence.updates import verify_update
from kdtheory.problems import FiniteSum
from kdtheory.problems.base import Array
from kdtheory.testing.setting import Setting


def check_step(
    step: Step,
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str = "theorem-1",
    step_size: float,
    weight: float,
    **options: Any,
) -> None:
    """:func:`kdtheory.verify_update` as an assertion: the verdict must be VERIFIED.

    Args:
        step: the update, ``step(x, n)`` -> (dim,).
        problem: a finite sum.
        theta: the teacher, (dim,).
        theorem: a key of ``THEOREMS`` that bounds a step.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam.
        options: whatever else :func:`kdtheory.verify_update` takes.

    Raises:
        AssertionError: the verdict's whole reason.
        InvalidInput: as :func:`kdtheory.verify_update`.

    >>> from kdtheory import LeastSquares
    >>> problem = LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> import numpy as np
    >>> theta = np.array([0.5])
    >>> def step(x, n):
    ...     return x - 0.01 * (problem.gradients(x)[n] - 0.5 * problem.gradients(theta)[n])
    >>> check_step(step, problem, theta, step_size=0.01, weight=0.5)
    """
    verdict = verify_update(
        step, problem, theta, theorem=theorem, step_size=step_size, weight=weight, **options
    )
    if verdict.status != "VERIFIED":
        raise AssertionError(f"{verdict.status}: {verdict.reason}")


def check_update(step: Step, setting: Setting, *, rtol: float | None = None) -> None:
    """Every x+ that ``step`` makes in a setting must be the rule's own; the wrong term is named.

    ``step(x, n)`` is called with a copy of x (dim,) and an index n, or for batches of more than one
    with an array of indices (B,); it returns x+ (dim,).  Compression is not looked at.  It is asked
    at the setting's point, at x*, and at a far point, with every index (for batches: with as many
    batches as there are indices), twice each.

    Args:
        step: the update.
        setting: problem, teacher, step size, weight, batch.
        rtol: rounding allowed, as a share of the numbers that a step adds up; None for 8 + dim
            units in the last place of the array that ``step`` returns (float64, float32, ...).

    Raises:
        AssertionError: which call differs, by how much, and the term that is wrong.
        InvalidInput: ``step`` returns something else than a finite (dim,) array.

    >>> from kdtheory import LeastSquares
    >>> problem = LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> s = Setting("theorem-1", problem, [0.5], [1.0], step_size=0.01, weight=0.5)
    >>> check_update(s.step, s)
    >>> try:
    ...     check_update(lambda x, n: x - 0.01 * problem.gradients(x)[n], s)
    ... except AssertionError as error:
    ...     print(str(error).split(": ")[1].split(". ")[0])
    +0 H_n, expected -0.5 H_n
    """
    calls = _calls(setting)
    made = [(x, n, image(step, setting.problem, x, n)) for x, n in calls]
    for x, n, made_here in made:
        off = float(np.abs(made_here - setting.step(x, n)).max())
        most = allowed(setting, x, made_here, rtol)
        if off > most:
            visits = [Visit(y, np.atleast_2d(m), z[None].astype(float), most) for y, m, z in made]
            raise AssertionError(
                f"step(x, {shown(n)}) differs from the rule by {off:.3g}, more than the"
                f" {most:.3g} of rounding: {sentence(rule_of(setting).wrong(visits))}."
                f" Setting: {setting!r}"
            )
    for x, n, first in reversed(made):
        again = image(step, setting.problem, x, n)
        if not np.array_equal(again, first):
            raise AssertionError(
                f"step(x, {shown(n)}) was {first!r} and is {again!r} when asked again: it keeps"
                " state (momentum, an average, a counter, randomness of its own). The statements"
                f" speak of rules without. Setting: {setting!r}"
            )


def _calls(setting: Setting) -> list[tuple[Array, Any]]:
    """Points, and what is asked there."""
    best, n_terms = setting.problem.minimiser, setting.problem.n_terms
    far = best + 8.0 * (1.0 + np.abs(best))
    indices: Sequence[Any] = range(n_terms)
    if setting.batch_size > 1:
        rng = np.random.default_rng(0)
        indices = [
            rng.choice(n_terms, size=setting.batch_size, replace=setting.replacement)
            for _ in range(n_terms)
        ]
    return [(x, n) for x in (setting.x, best, far) for n in indices]


def rule_of(setting: Setting) -> RuleStep:
    """The step that a user's should be in a setting."""
    return RuleStep(setting.problem, setting.teacher, setting.rule, setting.step_size)


def allowed(setting: Setting, x: Array, made: np.ndarray, rtol: float | None = None) -> float:
    """Rounding of one step, in the precision that it was made in or as a share."""
    unit = unit_of(made) if rtol is None else rtol / (8 + setting.problem.dim)
    return rule_of(setting).rounding(x, unit)
