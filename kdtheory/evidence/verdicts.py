"""Verdicts: a statement confronted with exact or simulated iterates of one problem and one
teacher.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds.best_weights import best_weight
from kdtheory.bounds.values import default_step_size
from kdtheory.evidence import monte_carlo
from kdtheory.evidence.answers import Effort, answered
from kdtheory.evidence.asking import STEPS, evidence_for, rule_of, schedule_of, times_of
from kdtheory.evidence.averages import verify_average
from kdtheory.evidence.exactly import Given
from kdtheory.evidence.floats import Question
from kdtheory.evidence.gradient import verify_gradient
from kdtheory.evidence.scheduled import Along, verify_along
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import FiniteSum, frozen_array
from kdtheory.problems.user import check_foreign
from kdtheory.rules.distilled import Compressor
from kdtheory.rules.experiment import Planned, experiment
from kdtheory.statements.horizon import HORIZON
from kdtheory.statements.theorems import Theorem, theorem_named


def verify(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float | None = None,
    weight: Any = None,
    x0: ArrayLike | None = None,
    steps: int = STEPS,
    at: ArrayLike | None = None,
    method: str = "auto",
    seed: int = 0,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
    rule: Any = None,
    schedule: Planned | None = None,
    replicates: int = 4000,
    alpha: float = monte_carlo.ALPHA,
) -> Verdict:
    """Confront a statement with the iterates of ``problem`` and teacher ``theta`` (dim,).

    Without ``x0`` it is looked at from several starts, at x*, near the statement's floor and far
    away, at every time; a start where both sides are 0 to rounding is left out.  What floats cannot
    tell goes on to rationals or balls where these exist and are affordable, and is UNDECIDED
    elsewhere.  Simulations test the far start in full; from the others the first steps are exact
    while index paths are few, and fifty runs of ten steps look for a violation.

    Args:
        problem: a finite sum; another's class is checked (:func:`kdtheory.check_finite_sum`).
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: None for the statement's limit (half of it where the range is open), in units of
            x^2/f.
        weight: None for the statement's optimal weight; (m,) for m teachers.
        x0: start, (dim,); None for several.
        steps: horizon; of a schedule its length, whatever the default is.
        at: times to look at, (T,), increasing and up to ``steps``; None for all.
        method: "exact" (least squares, floats), "rational" (the data in Q, decided in exact
            arithmetic: VERIFIED is a theorem about the
            instance), "ball" (the same in interval arithmetic, to any horizon), "monte-carlo" (a
            sequential test at level ``alpha``), or "auto": rational for data given as fractions,
            else exact where it applies, else monte-carlo.
        seed: seed of the default starts and of the simulation.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements; the others claim nothing about it.
        rule: any rule in place of weight, batch_size, replacement and compressor: the statement is
            read with its control variates c_n for lam H_n.
        schedule: a ``Schedule``, or step sizes (T,) with weights (T,) or (T, m), in place of
            step_size and weight: psi changes from step to step.  Exact moments in floats, or runs.
        replicates: most independent runs of a simulation; it stops as soon as its test decides.
        alpha: level of that test, over all starts, times and sample sizes at once.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`kdtheory.bound`.  Diverged: the
        iterates overflow.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> kd.verify(problem, [0.5], theorem='unbiased', weight=1.0, steps=20).status
    'VERIFIED'
    """
    statement = theorem_named(theorem)
    check_foreign(problem)
    if statement.quantity == "gradient":
        return verify_gradient(problem, theta, x0, weight, seed)
    own = rule_of(
        statement,
        rule,
        count=np.shape(theta)[0] if np.ndim(theta) == 2 else None,
        weight=weight,
        batch_size=batch_size,
        replacement=replacement,
        compressor=compressor,
    )
    effort = Effort(evidence_for(method, problem, own), seed, replicates, alpha)
    if schedule is not None:
        plan = schedule_of(schedule, steps, step_size, weight, bare=rule is None)
        made = experiment(problem, theta, own, schedule=plan, x0=x0)
        return verify_along(Along(made, plan, statement, times_of(at, len(plan))), effort)
    times, gamma = times_of(at, steps), step_size
    if gamma is None:
        gamma = default_step_size(problem, statement, batch_size=own.batch_size)
        if effort.method in ("rational", "ball"):
            # certified constants move the limit by 2^-40 or so
            gamma *= 1.0 - 2.0**-30
    made = experiment(problem, theta, own, step_size=gamma, x0=x0)
    averaged = statement.quantity == "average_gap"
    if rule is None and weight is None:
        criterion = None if statement.kind == "identity" else HORIZON if averaged else statement
        best = best_weight(made, criterion, horizon=max(int(times[-1]), 1))
        made = made.with_rule(own.with_weight(best))
    question = Question(made, statement, times)
    if averaged:
        return verify_average(question, effort, ruled=rule is not None)
    return answered(question, Given(theta, weight, gamma, x0), effort, steps)


def verify_sweep(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    weights: ArrayLike,
    step_size: float | None = None,
    x0: ArrayLike | None = None,
    steps: int = 200,
    at: ArrayLike | None = None,
    method: str = "auto",
    seed: int = 0,
    replicates: int = 4000,
    alpha: float = monte_carlo.ALPHA,
) -> list[Verdict]:
    """:func:`verify` at each of ``weights`` (W,), the Monte Carlo level ``alpha`` holding over all
    weights and times together.

    Every weight's test runs at alpha/W: whatever the dependence, some false "VIOLATED" has
    probability at most alpha, and so has some false "VERIFIED".

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        theorem: as for :func:`verify`, like all that follow but the first.
        weights: the weights lam, (N,).
        step_size: gamma.
        x0: start, (dim,).
        steps: horizon.
        at: times, (T,).
        method: kind of evidence.
        seed: of the simulations.
        replicates: most runs for each weight.
        alpha: level over everything.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`verify`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> words = {'theorem': 'theorem-1', 'steps': 5}
    >>> found = kd.verify_sweep(problem, [0.5], weights=[0.0, 1.0], **words)
    >>> [verdict.status for verdict in found]
    ['VERIFIED', 'VERIFIED']
    """
    lam = frozen_array(weights, "weights", ndim=1)
    return [
        verify(
            problem,
            theta,
            theorem=theorem,
            step_size=step_size,
            weight=float(weight),
            x0=x0,
            steps=steps,
            at=at,
            method=method,
            seed=seed,
            replicates=replicates,
            alpha=alpha / len(lam),
        )
        for weight in lam
    ]
