"""Numbers from the statements: range, floor and curve for a problem and a teacher."""

from __future__ import annotations

from numpy.typing import ArrayLike

from kdtheory.bounds.constants import constants_for, range_of
from kdtheory.bounds.curves import bound_along, bound_of, floor_of
from kdtheory.bounds.exact_law import exact_floor
from kdtheory.bounds.letters import letters_for
from kdtheory.engines.exact import stability_limit
from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, positive_int, refuse_long
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.rules.schedule import Schedule, as_schedule
from kdtheory.statements.theorems import Theorem, theorem_named


def step_size_limit(problem: FiniteSum, theorem: str | Theorem, *, batch_size: int = 1) -> float:
    """The largest step size the statement allows (its supremum where the range is open), in units
    of x^2/f.

    Args:
        problem: a finite sum.
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        batch_size: indices a step.

    Raises:
        InvalidInput: unknown theorem, or one without a range.  AssumptionFails: not strongly
            convex, say.

    >>> import kdtheory as kd
    >>> kd.step_size_limit(kd.LeastSquares([[1.0], [1.0]], [0.0, 2.0]), 'theorem-1')
    0.125
    """
    statement = theorem_named(theorem)
    rule = DistilledSGD(batch_size=batch_size)
    if statement.is_law:
        return stability_limit(problem, rule)
    factor = rule.noise_factor(problem.n_terms)
    return range_of(statement, constants_for(problem, statement, factor))


def default_step_size(problem: FiniteSum, theorem: str | Theorem, *, batch_size: int = 1) -> float:
    """The limit where it is attained; half of it where the range is open."""
    limit = step_size_limit(problem, theorem, batch_size=batch_size)
    statement = theorem_named(theorem)
    return limit / 2 if statement.strict or statement.is_law else limit


def noise_floor(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float,
    weight: ArrayLike,
    batch_size: int = 1,
    compressor: Compressor | None = None,
) -> float:
    """The bound's limit as t grows, in units of x^2 (or of f for PL statements).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number; (m,) for m teachers.
        batch_size: indices a step.
        compressor: for the compressed statements.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`bound`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> at = {'theorem': 'unbiased', 'step_size': 0.05, 'weight': 1.0}
    >>> kd.noise_floor(problem, problem.minimiser, **at) < 1e-12
    True
    """
    statement = theorem_named(theorem)
    if statement.psi is None and not statement.is_law:
        raise InvalidInput(f"{statement.title} bounds nothing over time: it has no noise floor.")
    rule = DistilledSGD(batch_size=batch_size, compressor=compressor)
    made = experiment(problem, theta, rule.with_weight(weight), step_size=step_size)
    if statement.is_law:
        return exact_floor(made, statement)
    return floor_of(statement, letters_for(made, statement))


def bound(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float | None = None,
    weight: ArrayLike | None = None,
    x0: ArrayLike,
    steps: int | None = None,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
    schedule: Schedule | tuple[ArrayLike, ArrayLike] | None = None,
) -> Array:
    """The claimed right-hand side for t = 0..steps, (steps + 1,), in units of x^2 (of f for PL
    statements).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number; (m,) for m teachers.
        x0: the start, (dim,).
        steps: horizon T; entry t of "horizon" claims for the mean of the first t iterates.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements.
        schedule: a ``Schedule``, or step sizes (T,) with weights (T,) or (T, m), in place of
            step_size and weight; its length is the horizon.

    Raises:
        InvalidInput: unknown theorem, wrong shapes.  StepSizeTooLarge: outside the statement's
            range.  AssumptionFails: the problem lacks what the statement needs.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> at = {'step_size': 0.02, 'weight': 0.0, 'x0': [1.0], 'steps': 2}
    >>> kd.bound(problem, [0.5], theorem='theorem-1', **at).shape
    (3,)
    """
    statement = theorem_named(theorem)
    rule = DistilledSGD(batch_size=batch_size, replacement=replacement, compressor=compressor)
    if schedule is not None:
        if step_size is not None or weight is not None:
            raise InvalidInput(
                "schedule= takes the place of step_size= and weight=, got both. Leave those out."
            )
        plan = as_schedule(schedule, steps=steps)
        own = experiment(problem, theta, rule, step_size=1.0, x0=x0)
        return bound_along(own, statement, plan)
    if step_size is None or weight is None or steps is None:
        raise InvalidInput(
            "bound() needs step_size=, weight= and steps=, or schedule= in place of all three."
        )
    count = positive_int(steps, "steps", minimum=0)
    refuse_long(count, "bound()")
    made = experiment(problem, theta, rule.with_weight(weight), step_size=step_size, x0=x0)
    return bound_of(made, statement, count)
