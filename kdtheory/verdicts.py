"""Verdicts: a statement confronted with exact or simulated iterates of one problem and one teacher."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.bounds import (
    bound,
    curve,
    default_step_size,
    letters_for,
    optimal_weight,
    theorem_named,
)
from kdtheory.compressors import StochasticRounding
from kdtheory.errors import AssumptionFails, InvalidInput, unknown_name
from kdtheory.moments import expected
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum, point
from kdtheory.rules import Compressor, DistilledSGD
from kdtheory.simulation import simulate
from kdtheory.teacher import gap_at
from kdtheory.theorems import Theorem

# Exact moments are sums of positive terms and matrix products in float64: some 1e-12 relative after hundreds of steps.  A wrong
# constant changes a bound by per cents, so 1e-9 separates rounding from violation on both sides.
ROUNDING = 1e-9
CONFIDENCE = 1e-6       # error rate of a Monte Carlo verdict, over all times together (Bonferroni)
METHODS = ("auto", "exact", "monte-carlo")


@dataclass(frozen=True)
class Verdict:
    """``status`` VERIFIED, VIOLATED or UNDECIDED; ``ratio`` the largest lhs/rhs seen; ``evidence`` how the lhs was had."""

    theorem: str
    status: str
    ratio: float
    evidence: str
    reason: str
    step_size: float
    weight: float
    steps: int

    def to_dict(self) -> dict[str, Any]:
        """The fields, for JSON."""
        return asdict(self)


def default_start(problem: FiniteSum, seed: int = 0) -> Array:
    """x* plus a random direction as long as 1 + |x*|, (dim,)."""
    direction = np.random.default_rng(seed).standard_normal(problem.dim)
    length = 1.0 + float(np.linalg.norm(problem.minimiser))
    return problem.minimiser + length * direction / np.linalg.norm(direction)


def default_teacher(problem: FiniteSum) -> Array:
    """A fair teacher where the user has none: x* shrunk by 0.8 and moved a little, (dim,)."""
    return 0.8 * problem.minimiser + 0.02 * default_start(problem, 1)


def verify(problem: FiniteSum, theta: ArrayLike, *, theorem: str | Theorem, step_size: float | None = None, weight: float | None = None,
           x0: ArrayLike | None = None, steps: int = 200, method: str = "auto", seed: int = 0, batch_size: int = 1,
           replacement: bool = True, compressor: Compressor | None = None, replicates: int = 400) -> Verdict:
    """Confront a statement with the iterates of ``problem`` and teacher ``theta`` (dim,).

    Args:
        problem: a finite sum.
        theta: the teacher, (dim,).
        theorem: a key of ``THEOREMS``, or a statement of one's own.
        step_size: None for the statement's limit (half of it where the range is open), in units of x^2/f.
        weight: None for the statement's optimal weight.
        x0: start, (dim,); None for a random one.
        steps: horizon.
        method: "exact" (least squares), "monte-carlo", or "auto" for the best of the two.
        seed: seed of the default start and of the simulation.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements.
        replicates: independent runs of a simulation.

    Raises:
        InvalidInput, StepSizeTooLarge, AssumptionFails: as :func:`kdtheory.bound`.
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    statement = theorem_named(theorem)
    theta = point(problem, theta, "theta")
    start = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
    if statement.quantity == "gradient":
        return _verify_gradient(problem, theta, start, 0.5 if weight is None else weight)
    gamma = default_step_size(problem, statement, batch_size=batch_size) if step_size is None else step_size
    if weight is None:
        weight = optimal_weight(problem, theta, step_size=gamma, batch_size=batch_size, compressor=compressor,
                                criterion="exact" if statement.name == "exact-quadratic" else statement)
    claimed = bound(problem, theta, theorem=statement, step_size=gamma, weight=weight, x0=start, steps=steps,
                    batch_size=batch_size, replacement=replacement, compressor=compressor)
    rule = DistilledSGD(weight, unbiased=statement.unbiased, batch_size=batch_size, replacement=replacement, compressor=compressor)
    closed = isinstance(problem, LeastSquares) and not isinstance(compressor, StochasticRounding)
    if method == "exact" and not closed:
        raise InvalidInput(f"method='exact' needs least squares, got {type(problem).__name__}. Use method='monte-carlo'.")
    if closed and method != "monte-carlo":
        moments = expected(problem, theta, rule, step_size=gamma, x0=start, steps=steps)
        seen = moments.gap if statement.quantity == "gap" else moments.sq_distance
        status, ratio, reason = _compare(seen, seen, claimed, identity=statement.kind == "identity")
        return Verdict(statement.name, status, ratio, "exact", reason, gamma, weight, steps)
    run = simulate(problem, theta, rule, step_size=gamma, x0=start, steps=steps, replicates=replicates, seed=seed,
                   quantities=(statement.quantity,))     # the gap of a classifier costs a pass over the data at every time
    level = 1.0 - CONFIDENCE / (steps + 1)
    low, high = run.gap_interval(level) if statement.quantity == "gap" else run.interval(level)
    status, ratio, reason = _compare(low, high, claimed[run.steps], identity=statement.kind == "identity")
    return Verdict(statement.name, status, ratio, "monte-carlo", reason, gamma, weight, steps)


def _compare(low: Array, high: Array, claimed: Array, *, identity: bool) -> tuple[str, float, str]:
    """Status, largest ratio and reason from bounds on the left-hand side (equal for exact evidence)."""
    room = ROUNDING * float(np.abs(claimed).max())
    middle = (low + high) / 2
    # Both sides are the known start at t = 0: the ratio is about the times after it.
    later = slice(1, None) if len(claimed) > 1 else slice(None)
    ratio = float((middle / np.maximum(claimed, np.finfo(float).tiny))[later].max())
    worst = int(np.argmax(low - claimed))
    if (low > claimed + room).any():
        return "VIOLATED", ratio, f"at t = {worst}: lhs >= {low[worst]:.6g} > rhs = {claimed[worst]:.6g}"
    if identity and (high < claimed - room).any():
        worst = int(np.argmin(high - claimed))
        return "VIOLATED", ratio, f"at t = {worst}: lhs <= {high[worst]:.6g} < rhs = {claimed[worst]:.6g}, an identity"
    # At t = 0 both sides are the known start; beyond it the whole interval must lie below the bound.
    if (high > claimed + room).any():
        worst = int(np.argmax(high - claimed))
        return "UNDECIDED", ratio, f"at t = {worst} the interval [{low[worst]:.6g}, {high[worst]:.6g}] holds rhs = {claimed[worst]:.6g}"
    return "VERIFIED", ratio, f"lhs {'=' if identity else '<='} rhs at all {len(claimed)} times"


def _verify_gradient(problem: FiniteSum, theta: Array, x: Array, weight: float) -> Verdict:
    """The KD objective's own gradients against grad f_n(x) - lam grad f_n(theta), term by term."""
    own = getattr(problem, "distillation_gradients", None)
    if own is None:
        raise AssumptionFails(
            f"The distillation gradient needs a model with a KD objective (least squares, logistic, softmax), got "
            f"{type(problem).__name__}, whose terms are no losses of a model."
        )
    objective = own(x, theta, weight)
    claimed = problem.gradients(x) - weight * problem.gradients(theta)
    size = float(np.abs(claimed).max())
    off = float(np.abs(objective - claimed).max())
    fine = off <= ROUNDING * max(size, np.finfo(float).tiny)
    return Verdict("distillation-gradient", "VERIFIED" if fine else "VIOLATED", 1.0 + off / max(size, np.finfo(float).tiny), "exact",
                   f"largest difference {off:.3g} of {size:.3g} over {problem.n_terms} terms", 0.0, weight, 0)


def verify_update(step: Callable[[Array, int], ArrayLike], problem: FiniteSum, theta: ArrayLike, *, theorem: str | Theorem,
                  step_size: float, weight: float, x0: ArrayLike | None = None, points: int = 8, same_rule: bool = True,
                  seed: int = 0) -> Verdict:
    """Confront a user's own update ``step(x, n) -> x_next`` with a statement, exactly: means over all N terms.

    At ``points`` points along the update's own trajectory, E|x+ - x*|^2 (or E f(x+) - f*) must not exceed psi, and, with
    ``same_rule``, every x_next must be the rule's own x - gamma(grad f_n(x) - lam grad f_n(theta)) up to rounding: bounds have slack that
    would hide a wrong sign, an equality has none.

    Raises:
        InvalidInput: the update returns something that is not a finite (dim,) array; else as :func:`verify`.
    """
    statement = theorem_named(theorem)
    if statement.psi is None:
        raise InvalidInput(f"{statement.title} makes no claim about a step; use a bound such as 'theorem-1'.")
    letters = letters_for(problem, theta, statement, step_size=step_size, weight=weight)
    rule = DistilledSGD(weight, unbiased=statement.unbiased)
    corrections = rule.corrections(problem.gradients(point(problem, theta, "theta")))
    rng = np.random.default_rng(seed)
    x = default_start(problem, seed) if x0 is None else point(problem, x0, "x0")
    largest = 0.0
    for visit in range(points):
        images = np.array([point(problem, step(x.copy(), n), f"step(x, {n})") for n in range(problem.n_terms)])
        own = x - letters["gamma"] * (problem.gradients(x) - corrections)
        off = np.abs(images - own).max(axis=1)
        size = float(np.abs(own).max() + np.abs(x).max())
        if same_rule and off.max() > ROUNDING * size:
            n = int(off.argmax())
            return Verdict(statement.name, "VIOLATED", largest, "exact", f"step(x, {n}) differs from the rule by {off[n]:.3g} at visit "
                           f"{visit}: x - gamma (grad f_n(x) - lam grad f_n(theta)) is expected", step_size, weight, visit)
        e = x - problem.minimiser
        pl = statement.quantity == "gap"
        before = gap_at(problem, x) if pl else float(e @ e)
        after = [gap_at(problem, y) if pl else float((y - problem.minimiser) @ (y - problem.minimiser)) for y in images]
        claimed = float(curve(statement, letters, before, 1)[1])
        ratio = float(np.mean(after)) / claimed if claimed > 0 else 0.0
        largest = max(largest, ratio)
        if ratio > 1.0 + ROUNDING:
            return Verdict(statement.name, "VIOLATED", ratio, "exact", f"one step exceeds the bound {ratio:.6g} times at visit {visit}",
                           step_size, weight, visit)
        x = images[int(rng.integers(problem.n_terms))]
    return Verdict(statement.name, "VERIFIED", largest, "exact", f"every step within the bound at {points} points", step_size, weight,
                   points)


