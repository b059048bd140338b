"""Verdicts: a statement confronted with exact or simulated iterates of one problem and one
teacher.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import assumptions
from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import default_step_size
from kdtheory.errors import InvalidInput, KdtheoryError, StepSizeTooLarge, unknown_name
from kdtheory.evidence import certified, monte_carlo
from kdtheory.evidence.averages import verify_average
from kdtheory.evidence.combined import combined
from kdtheory.evidence.floats import Question, compared
from kdtheory.evidence.gradient import verify_gradient
from kdtheory.evidence.instance import RationalInstance
from kdtheory.evidence.judgement import Judgement
from kdtheory.evidence.numbers import fraction
from kdtheory.evidence.scheduled import Along, verify_along
from kdtheory.evidence.starts import Start, default_start, several_starts
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import FiniteSum, frozen_array, point, positive_int, refuse_long
from kdtheory.problems.teacher import teachers
from kdtheory.problems.user import check_foreign
from kdtheory.rules.compressors import StochasticRounding
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.experiment import Planned
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.rules.schedule import as_schedule
from kdtheory.statements.theorems import Theorem, theorem_named

STEPS = 200  # the default horizon
METHODS = ("auto", "exact", "rational", "ball", "monte-carlo")
# What may be spent on what floats leave open: entries of the second-moment map times steps in
# balls (about two seconds), and the same in rationals, which grow with the steps.
BALL_WORK, RATIONAL_WORK = 3e7, 2e6


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
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    statement = theorem_named(theorem)
    check_foreign(problem)
    points = teachers(problem, theta)
    given_theta, many = theta, np.ndim(theta) == 2
    theta = points if many else points[0]
    if statement.quantity == "law":
        raise InvalidInput(
            f"{statement.title} is a law about bounds and weights, not about iterates; prove() is"
            " for it. Confront iterates with a bound, such as theorem='theorem-1-envelope'."
        )
    if statement.quantity == "gradient":
        x = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
        return verify_gradient(problem, points[0], x, 0.5 if weight is None else weight)
    if isinstance(rule, RenewedTeacher):
        raise InvalidInput(
            f"{statement.title} speaks of a teacher that stays, got RenewedTeacher. Use expected()"
            " or simulate(), which claim nothing."
        )
    if rule is not None:
        _refuse_both(weight, batch_size, replacement, compressor)
        compressor, batch_size = getattr(rule, "compressor", None), getattr(rule, "batch_size", 1)
    refuse_compressor(statement, compressor)
    method = _method(method, problem, compressor)
    if schedule is not None:
        if step_size is not None or weight is not None:
            raise InvalidInput(
                "schedule= takes the place of step_size= and weight=, got both. Leave those out."
            )
        plan = as_schedule(schedule, steps=None if steps == STEPS else steps)
        if rule is None:
            if plan.weights is None:
                raise InvalidInput(
                    "A schedule without weights keeps those of a rule, got none. Give rule=, or"
                    " schedule=(step_sizes, weights), with zeros for plain SGD."
                )
            rule = DistilledSGD(
                (0.0,) * len(points) if many else 0.0,
                unbiased=statement.unbiased,
                batch_size=batch_size,
                replacement=replacement,
                compressor=compressor,
            )
        asked = Along(problem, theta, statement, rule, plan, _times(at, len(plan)))
        origin = None if x0 is None else point(problem, x0, "x0")
        return verify_along(
            asked, origin, method=method, seed=seed, replicates=replicates, alpha=alpha
        )
    times = _times(at, steps)
    if statement.quantity == "average_gap":
        if rule is not None:
            raise InvalidInput(
                f"{statement.title} is checked for x+ = x - gamma (G - lam H), got rule=. Give"
                " weight= and batch_size= instead."
            )
        return verify_average(
            problem,
            theta,
            statement,
            x0=default_start(problem, seed) if x0 is None else point(problem, x0, "x0"),
            times=times,
            step_size=step_size,
            weight=weight,
            method=method,
            batch_size=batch_size,
            replacement=replacement,
        )
    if step_size is None:
        step_size = default_step_size(problem, statement, batch_size=batch_size)
        if method in ("rational", "ball"):  # certified constants move the limit by 2^-40 or so
            step_size *= 1.0 - 2.0**-30
    if rule is None:
        if weight is None:
            weight = optimal_weight(
                problem,
                theta,
                step_size=step_size,
                batch_size=batch_size,
                compressor=compressor,
                criterion="exact" if statement.kind == "identity" else statement,
            )
        rule = DistilledSGD(
            weight,
            unbiased=statement.unbiased,
            batch_size=batch_size,
            replacement=replacement,
            compressor=compressor,
        )
    question = Question(problem, theta, statement, rule, float(step_size), times)
    question.refuse_what_is_not_claimed()
    if x0 is None:
        starts = several_starts(problem, statement, question.letters, seed)
        given_start: Any = None
    else:
        starts, given_start = (Start("given", point(problem, x0, "x0")),), x0
    exact = _Exact(question, given_theta, weight, step_size)
    seen = []
    for place, start in enumerate(starts):
        own = start.x0 if given_start is None else given_start
        if method in ("rational", "ball"):
            judgement, evidence = exact.judged(own, times, balls=method == "ball"), method
        elif method == "exact":
            judgement, evidence = _in_floats(exact, start, own, alone=len(starts) == 1)
        else:
            judgement = _by_runs(question, start, len(starts), replicates, seed + place, alpha)
            evidence = method
        seen.append((start, judgement, evidence))
    return combined(question, seen, steps)


def _refuse_both(
    weight: Any, batch_size: int, replacement: bool, compressor: Compressor | None
) -> None:
    if weight is not None or batch_size != 1 or not replacement or compressor is not None:
        raise InvalidInput(
            "rule= takes the place of weight=, batch_size=, replacement= and compressor=, got both."
            " Leave those out."
        )


def refuse_compressor(statement: Theorem, compressor: Compressor | None) -> None:
    """``InvalidInput`` for a compressor under a statement that does not speak of one."""
    if compressor is not None and assumptions.compressor not in statement.needs:
        raise InvalidInput(
            f"{statement.title} claims nothing about compressed iterates, got compressor ="
            f" {compressor}. Use 'compressed' or 'compressed-envelope', or leave it out."
        )


def _in_floats(exact: _Exact, start: Start, own: Any, *, alone: bool) -> tuple[Judgement, str]:
    """The judgement of floats, and of exact arithmetic on the times that they leave open."""
    sides = exact.question.sides(start.x0)
    judgement = compared(exact.question, sides)
    if judgement.status != "UNDECIDED" or (sides.nothing_to_see and not alone):
        return judgement, "exact"
    found, evidence = exact.settled(judgement, own)
    if found.status == "UNDECIDED" and judgement.close:
        told = f"equal to {judgement.tolerance:g} at {len(judgement.open)} of them, to rounding"
        reason = f"lhs <= rhs at all {len(exact.question.times)} times, {told}"
        ratio = min(judgement.ratio, 1.0 + judgement.tolerance)
        return replace(judgement, status="VERIFIED", reason=reason, ratio=ratio), "exact"
    return found, evidence


def _by_runs(
    question: Question, start: Start, starts: int, replicates: int, seed: int, alpha: float
) -> Judgement:
    """A whole test from the far start or the one given, a glance from the others: to verify from
    there would cost as much again, and what they are for is a violation.
    """
    process, claim = question.sampled(start.x0)
    if start.name in ("far", "given"):
        return monte_carlo.judge(
            process, claim, replicates=replicates, seed=seed, alpha=alpha / starts
        )
    return monte_carlo.glance(process, claim, seed=seed, alpha=alpha / starts)


@dataclass(frozen=True)
class _Exact:
    """The same question for exact arithmetic: what was given, before it became floats."""

    question: Question
    theta: Any
    weight: Any
    step_size: Any

    @property
    def _weight(self) -> Any:
        """The weight as given, or the rule's own."""
        return self.question.rule.weight if self.weight is None else self.weight

    def judged(self, x0: Any, times: np.ndarray, *, balls: bool) -> Judgement:
        """By rationals or balls; ``InvalidInput`` where these cannot."""
        asked = self.question
        assert isinstance(asked.problem, LeastSquares)
        plain = asked.plain
        if asked.statement.kind == "identity" and not plain:
            raise InvalidInput(
                f"{asked.statement.title} of several teachers is checked in floats. Use"
                " method='exact', or one teacher."
            )
        at = RationalInstance(
            asked.problem,
            self.theta if plain else asked.problem.minimiser,
            asked.rule if plain else asked.table,
            weight=fraction(self._weight if plain else 1, "weight"),
            step_size=fraction(self.step_size, "step_size"),
            table=None if plain else asked.table.table,
            unbiased=asked.statement.unbiased,
        )
        return certified.judge(at, asked.statement, x0=x0, times=times, balls=balls)

    def settled(self, judgement: Judgement, x0: Any) -> tuple[Judgement, str]:
        """What floats left open, decided where exact arithmetic exists and is affordable."""
        asked, dim = self.question, self.question.problem.dim
        left, last = judgement.open, int(judgement.open[-1])
        size = dim * (dim + 1) / 2 + dim + 1
        identity = asked.statement.kind == "identity"
        rational = size**2 * last * (1 + last / 8) <= RATIONAL_WORK
        if identity and not asked.plain:  # the law of several teachers has no exact twin
            return judgement, "exact"
        if find_spec("flint") is None or not (
            rational or (not identity and size**2 * (last + size) <= BALL_WORK)
        ):
            return judgement, "exact"
        moved = ""
        try:
            try:
                found = self.judged(x0, left, balls=not rational)
            except StepSizeTooLarge:  # by rounding, or by certified constants: a hair inside, then
                gamma = asked.gamma * (1.0 - 2.0**-30)
                found = replace(self, step_size=gamma).judged(x0, left, balls=not rational)
                moved = (
                    f" with gamma = {gamma:.17g}, the one asked for being beyond the exact range"
                )
        except (KdtheoryError, ArithmeticError) as error:
            # The float question was a fair one; say why the exact one is not.
            told = " ".join(str(error).split())
            return replace(judgement, reason=f"{judgement.reason}; exactly: {told}"), "exact"
        evidence = "rational" if rational else "ball"
        if found.status == "VIOLATED":
            reason = f"{found.reason}{moved}"
            return replace(found, reason=reason, tolerance=judgement.tolerance), evidence
        if found.status == "UNDECIDED":
            return replace(judgement, reason=f"{judgement.reason}; {found.reason}{moved}"), evidence
        known = f"the {len(left)} that floats leave open in {evidence}s{moved}"
        reason = f"lhs {'=' if identity else '<='} rhs at all {len(asked.times)} times, {known}"
        ratio = max(found.ratio, min(judgement.ratio, 1.0 + judgement.tolerance))
        return replace(
            judgement, status="VERIFIED", reason=reason, open=left[:0], ratio=ratio
        ), evidence


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


def _times(at: ArrayLike | None, steps: int) -> np.ndarray:
    count = positive_int(steps, "steps", minimum=0)
    refuse_long(count, "verify()")
    times = np.arange(count + 1) if at is None else np.asarray(at)
    if (
        times.ndim != 1
        or not len(times)
        or times.dtype.kind not in "iu"
        or (np.diff(times) <= 0).any()
        or times[0] < 0
        or times[-1] > count
    ):
        raise InvalidInput(
            f"at must be increasing whole times between 0 and steps = {count}, got {at!r}."
        )
    return times


def _method(method: str, problem: FiniteSum, compressor: Compressor | None) -> str:
    """The evidence to use; ``InvalidInput`` where the one asked for does not apply."""
    closed = isinstance(problem, LeastSquares) and not isinstance(compressor, StochasticRounding)
    if method in ("exact", "rational", "ball") and not closed:
        raise InvalidInput(
            f"method={method!r} needs least squares and a second moment in closed form, got"
            f" {type(problem).__name__}{'' if compressor is None else f' with {compressor}'}. Use"
            " method='monte-carlo'."
        )
    if method != "auto":
        return method
    if not closed:
        return "monte-carlo"
    assert isinstance(problem, LeastSquares)
    return (
        "rational"
        if problem.given[0].dtype == object and find_spec("flint") is not None
        else "exact"
    )
