"""Verdicts: a statement confronted with exact or simulated iterates of one problem and one
teacher.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds.best_weights import optimal_weight
from kdtheory.bounds.values import bound, curve, default_step_size, letters_for, theorem_named
from kdtheory.engines.exact import expected
from kdtheory.errors import AssumptionFails, InvalidInput, unknown_name
from kdtheory.evidence import certified, monte_carlo
from kdtheory.evidence.judgement import ROUNDING, compare
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import (
    LARGEST,
    Array,
    FiniteSum,
    frozen_array,
    point,
    positive_int,
    real_float,
    refuse_long,
)
from kdtheory.problems.teacher import gap_at
from kdtheory.rules.compressors import StochasticRounding
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.statements.theorems import Theorem

METHODS = ("auto", "exact", "rational", "ball", "monte-carlo")


@dataclass(frozen=True)
class Verdict:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs seen; ``evidence``
    how the lhs was had.

    ``lhs_end`` and ``rhs_end`` are both sides at t = ``steps``, in units of x^2 (of f for PL
    statements); NaN where nothing moves in time.
    """

    theorem: str
    status: str
    ratio: float
    evidence: str
    reason: str
    step_size: float
    weight: float
    steps: int
    lhs_end: float = math.nan
    rhs_end: float = math.nan

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)


def default_start(problem: FiniteSum, seed: int = 0) -> Array:
    """x* plus a random direction as long as 1 + |x*|, (dim,); ``InvalidInput`` for a negative
    ``seed``.
    """
    direction = np.random.default_rng(positive_int(seed, "seed", minimum=0)).standard_normal(
        problem.dim
    )
    length = 1.0 + float(np.linalg.norm(problem.minimiser))
    return problem.minimiser + length * direction / np.linalg.norm(direction)


def default_teacher(problem: FiniteSum) -> Array:
    """A fair teacher where the user has none: x* shrunk by 0.8 and moved a little, (dim,)."""
    return 0.8 * problem.minimiser + 0.02 * default_start(problem, 1)


def verify(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    theorem: str | Theorem,
    step_size: float | None = None,
    weight: float | None = None,
    x0: ArrayLike | None = None,
    steps: int = 200,
    at: ArrayLike | None = None,
    method: str = "auto",
    seed: int = 0,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
    replicates: int = 4000,
    alpha: float = monte_carlo.ALPHA,
) -> Verdict:
    """Confront a statement with the iterates of ``problem`` and teacher ``theta`` (dim,).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: None for the statement's limit (half of it where the range is open), in units of
            x^2/f.
        weight: None for the statement's optimal weight.
        x0: start, (dim,); None for a random one.
        steps: horizon.
        at: times to look at, (T,), increasing and up to ``steps``; None for all.
        method: "exact" (least squares, floats), "rational" (the data in Q, decided in exact
            arithmetic: VERIFIED is a theorem about the
            instance), "ball" (the same in interval arithmetic, to any horizon), "monte-carlo" (a
            sequential test at level ``alpha``), or "auto": rational for data given as fractions,
            else exact where it applies, else monte-carlo.
        seed: seed of the default start and of the simulation.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements.
        replicates: most independent runs of a simulation; it stops as soon as its test decides.
        alpha: level of that test, over all times and sample sizes at once.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`kdtheory.bound`.  Diverged: the
        iterates overflow.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    statement = theorem_named(theorem)
    given_theta, given_start, theta = theta, x0, point(problem, theta, "theta")
    start = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
    if statement.quantity == "gradient":
        return _verify_gradient(problem, theta, start, 0.5 if weight is None else weight)
    method = _method(method, problem, compressor)
    times = _times(at, steps)
    over_rationals = method in ("rational", "ball")
    if step_size is None:
        step_size = default_step_size(problem, statement, batch_size=batch_size)
        if over_rationals:  # certified constants move the limit by 2^-40 or so
            step_size *= 1.0 - 2.0**-30
    if weight is None:
        weight = optimal_weight(
            problem,
            theta,
            step_size=step_size,
            batch_size=batch_size,
            compressor=compressor,
            criterion="exact" if statement.name == "exact-quadratic" else statement,
        )
    gamma = float(step_size)
    rule = DistilledSGD(
        weight,
        unbiased=statement.unbiased,
        batch_size=batch_size,
        replacement=replacement,
        compressor=compressor,
    )
    if over_rationals:
        assert isinstance(problem, LeastSquares)
        judgement = certified.judge(
            problem,
            given_theta,
            statement,
            rule,
            weight=weight,
            step_size=step_size,
            times=times,
            x0=start if given_start is None else given_start,
            balls=method == "ball",
        )
        return Verdict(
            statement.name,
            judgement.status,
            judgement.ratio,
            method,
            judgement.reason,
            gamma,
            float(weight),
            steps,
            *judgement.ends,
        )
    claimed = bound(
        problem,
        theta,
        theorem=statement,
        step_size=gamma,
        weight=weight,
        x0=start,
        steps=steps,
        batch_size=batch_size,
        replacement=replacement,
        compressor=compressor,
    )[times]
    identity = statement.kind == "identity"
    if method == "exact":
        moments = expected(
            problem,
            theta,
            rule,
            step_size=gamma,
            x0=start,
            steps=steps,
            at=times,
            quantities=(statement.quantity,),
        )
        judgement = compare(
            moments.gap if statement.quantity == "gap" else moments.sq_distance,
            claimed,
            times,
            identity=identity,
        )
    else:
        judgement = monte_carlo.judge(
            problem,
            theta,
            rule,
            times,
            claimed,
            gamma=gamma,
            x0=start,
            quantity=statement.quantity,
            identity=identity,
            replicates=replicates,
            seed=seed,
            alpha=alpha,
        )
    return Verdict(
        statement.name,
        judgement.status,
        judgement.ratio,
        method,
        judgement.reason,
        gamma,
        float(weight),
        steps,
        *judgement.ends,
    )


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


def _verify_gradient(problem: FiniteSum, theta: Array, x: Array, weight: float) -> Verdict:
    """The KD objective's own gradients against grad f_n(x) - lam grad f_n(theta), term by term."""
    weight = real_float(weight, "weight")
    own = getattr(problem, "distillation_gradients", None)
    if own is None:
        raise AssumptionFails(
            "The distillation gradient needs a model with a KD objective (least squares, logistic,"
            f" softmax), got {type(problem).__name__}, whose terms are no losses of a model."
        )
    if abs(weight) > LARGEST:
        raise InvalidInput(
            f"weight must lie within {LARGEST:g}, got weight = {weight:g}: the gradients would"
            " overflow."
        )
    objective = own(x, theta, weight)
    claimed = problem.gradients(x) - weight * problem.gradients(theta)
    size = float(np.abs(claimed).max())
    off = float(np.abs(objective - claimed).max())
    fine = off <= ROUNDING * max(size, np.finfo(float).tiny)
    return Verdict(
        "distillation-gradient",
        "VERIFIED" if fine else "VIOLATED",
        1.0 + off / max(size, np.finfo(float).tiny),
        "exact",
        f"largest difference {off:.3g} of {size:.3g} over {problem.n_terms} terms",
        0.0,
        weight,
        0,
    )


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
