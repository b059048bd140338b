"""A user's own update, confronted with a statement and with the rule that it should be."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import assumptions
from kdtheory.bounds.values import step_size_limit
from kdtheory.errors import InvalidInput
from kdtheory.evidence.floats import Question
from kdtheory.evidence.starts import direction, several_starts
from kdtheory.evidence.steps import (
    MOST_BATCHES,
    RuleStep,
    Step,
    Visit,
    batches_of,
    image,
    kept_state,
    shown,
    visited,
)
from kdtheory.evidence.terms import sentence
from kdtheory.evidence.tolerances import about
from kdtheory.evidence.verdict import Verdict
from kdtheory.problems.base import Array, FiniteSum, point, positive_float, positive_int
from kdtheory.problems.teacher import gap_at
from kdtheory.problems.user import check_foreign
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.statements.theorems import THEOREMS, Theorem, theorem_named


def verify_update(
    step: Step,
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float,
    weight: Any,
    x0: ArrayLike | None = None,
    points: int = 8,
    same_rule: bool = True,
    seed: int = 0,
    batch_size: int = 1,
    replacement: bool = True,
    rtol: float | None = None,
) -> Verdict:
    """Confront a user's own update ``step(x, n) -> x_next`` with a statement, exactly: means over
    all N terms.

    At ``points`` points, E|x+ - x*|^2 (or E f(x+) - f*) must not exceed psi, nor that of the
    statement's envelope, and, with ``same_rule``, every x_next must be the rule's own x -
    gamma(grad f_n(x) - lam grad f_n(theta)) up to rounding: bounds have slack that would hide a
    wrong sign, an equality has none, and the term that is wrong is named.  The points are x*, the
    teacher, points on either side of x* as far as the statement's floor, a far one, and then the
    update's own trajectory; with ``x0`` that trajectory alone.  An update that answers differently
    when asked again keeps state (momentum, an average) or draws numbers of its own: VIOLATED, for
    statements speak of neither.  UNDECIDED where the rounding allowed would hide a whole term.

    Args:
        step: the update, called with a copy of x (dim,) and a term's index n, or with indices (B,)
            where ``batch_size`` is more than 1; returns (dim,).
        problem: a finite sum.
        theta: the teacher, (dim,), or m of them, (m, dim).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam, any real number; (m,) for m teachers.
        x0: the start, (dim,); None for several.
        points: points that are looked at.
        same_rule: also compare every x_next with the rule's own.
        seed: a whole number >= 0.
        batch_size: indices a step, averaged.
        replacement: how a batch is drawn.
        rtol: rounding of a step as a share of the numbers that it adds up; None for 8 + dim units
            in the last place of the type that ``step`` returns (float64, float32, ...).

    Raises:
        InvalidInput: the update returns something that is not a finite (dim,) array; else as
            :func:`verify`.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> theta = problem.minimiser + 0.1
    >>> H = problem.gradients(theta)
    >>> step = lambda x, n: x - 0.05 * (problem.gradients(x)[n] - 0.5 * H[n])
    >>> words = {'theorem': 'theorem-1-sharp', 'step_size': 0.05, 'weight': 0.5}
    >>> kd.verify_update(step, problem, theta, **words).status
    'VERIFIED'
    """
    statement = theorem_named(theorem)
    if statement.psi is None or assumptions.compressor in statement.needs:
        raise InvalidInput(
            f"{statement.title} makes no claim about a plain step; use a bound such as 'theorem-1'."
        )
    check_foreign(problem)
    positive_int(points, "points")
    relative = None if rtol is None else positive_float(rtol, "rtol") / (8 + problem.dim)
    rule = DistilledSGD(
        weight, unbiased=statement.unbiased, batch_size=batch_size, replacement=replacement
    )
    made = experiment(problem, theta, rule, step_size=step_size)
    questions = [
        Question(made, which, np.arange(2))
        for which in (statement, *_envelopes(problem, statement, made.gamma, batch_size))
    ]
    batches, whole = batches_of(problem.n_terms, rule, seed)
    visits = []
    for x in _points(questions[0], step, x0, points, seed, batches):
        visits.append(visited(step, problem, x, batches, relative))
    largest, found = 0.0, ""
    kept = kept_state(step, problem, visits[0], relative)
    if kept:
        found = kept
    if not found and same_rule:
        found = _unlike_the_rule(questions[0], visits)
    for question, visit in itertools.product(questions if whole else [], visits):
        ratio, excess = _beyond(question, visit)
        largest = max(largest, ratio)
        found = found or excess
    reason = found or (
        f"every step within the bound at {len(visits)} points"
        if whole
        else f"every step is the rule's at {len(visits)} points, on {len(batches)} batches each"
    )
    if whole and not same_rule and not found:
        reason += "; whether they are the rule's was not asked, and a bound has room for others"
    undecided = ""
    if not found and same_rule:
        undecided = _rule(questions[0]).hidden(visits)
    elif not found and not whole:
        undecided = f"more than {MOST_BATCHES} batches: no mean is exact; use same_rule=True"
    return Verdict(
        statement.name,
        "VIOLATED" if found else "UNDECIDED" if undecided else "VERIFIED",
        largest,
        "exact",
        undecided or reason,
        made.gamma,
        questions[0].weight,
        len(visits),
    )


def _envelopes(
    problem: FiniteSum, statement: Theorem, gamma: float, batch_size: int
) -> list[Theorem]:
    """The best concave recursion about the same step, where its range holds the step size."""
    return [
        other
        for other in THEOREMS.values()
        if other is not statement
        and other.psi is not None
        and (other.quantity, other.unbiased, other.modulus)
        == (statement.quantity, statement.unbiased, statement.modulus)
        and set(other.needs) == set(statement.needs)
        and gamma < step_size_limit(problem, other, batch_size=batch_size)
    ][-1:]


def _points(
    question: Question,
    step: Step,
    x0: ArrayLike | None,
    points: int,
    seed: int,
    batches: np.ndarray,
) -> Iterator[Array]:
    """Where the update is looked at: fixed places first, then its own trajectory."""
    problem, rng = question.problem, np.random.default_rng(seed)
    if x0 is None:
        best = problem.minimiser
        at, near, far = (
            start.x0
            for start in several_starts(problem, question.statement, question.letters, seed)
        )
        across = best - float(np.linalg.norm(near - best)) * direction(problem, seed + 1)
        places = [far, at, near, across, *question.made.teachers]
    else:
        places = [point(problem, x0, "x0")]
    yield from places[:points]
    x = places[0]
    for _ in range(points - len(places)):
        x = image(step, problem, x, batches[int(rng.integers(len(batches)))]).astype(float)
        yield x


def _rule(question: Question) -> RuleStep:
    return RuleStep(question.problem, question.made.theta, question.rule, question.gamma)


def _unlike_the_rule(question: Question, visits: list[Visit]) -> str:
    """The worst call whose x+ is not the rule's, and the terms that are wrong."""
    rule = _rule(question)
    worst, told = 1.0, ""
    for visit in visits:
        off = np.abs(visit.images - rule.images(visit.x, visit.batches)).max(axis=1)
        share = float(off.max()) / rule.rounding(visit.x, visit.unit)
        if share > worst:
            worst, place = share, int(off.argmax())
            told = (
                f"step(x, {shown(visit.batches[place])}) differs from the rule"
                " x - gamma (grad f_n(x) - lam grad f_n(theta)"
                f"{' + lam h' if question.statement.unbiased else ''}) by"
                f" {off[place]:.3g}, {share:.3g} times what rounding explains"
            )
    if not told:
        return ""
    terms = rule.wrong(visits)
    return f"{told}: {'in units of -gamma, ' if terms else ''}{sentence(terms)}"


def _beyond(question: Question, visit: Visit) -> tuple[float, str]:
    """E s(x+) less its own rounding against psi(s(x)) and its, as a ratio; and what is wrong."""
    problem, gap = question.problem, question.statement.quantity == "gap"
    e = visit.images - problem.minimiser
    after = [gap_at(problem, y) for y in visit.images] if gap else (e**2).sum(axis=1)
    mean = float(np.mean(after))
    values, errors, doubts = question.claimed(visit.x)
    off = _rule(question).rounding(visit.x, visit.unit) * math.sqrt(problem.dim)
    off = off * math.sqrt(question.letters["L"] / 2) if gap and question.letters else off
    off += math.sqrt(question.known.height) if gap else question.known.place
    room = float(about(max(mean, values[1]), off)) + float(errors[1] + doubts[1])
    left = max(mean - room, 0.0)
    ratio = left / float(values[1]) if values[1] > 0 else math.inf if left > 0 else 0.0
    if ratio <= 1.0:
        return ratio, ""
    return ratio, (
        f"one step exceeds the bound of {question.statement.name} {ratio:.6g} times at a point"
        f" {float(np.linalg.norm(visit.x - problem.minimiser)):.3g} from x*: {mean:.6g} >"
        f" {values[1]:.6g}"
    )
