"""What a statement claims along a schedule: psi changes from step to step with gamma_t and lam_t.

A statement whose psi is increasing and bounds one step from every x bounds T steps by its psi's
applied in order, whatever the step sizes and weights are (theory, Section 8).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import contraction
from kdtheory.algebra.evaluate import ARRAYS, compiled, value_of
from kdtheory.bounds.letters import (
    check_step_size,
    constants_for,
    own_conditions,
    refuse_below,
    too_large,
)
from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.mixtures import mixture
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.schedule import Schedule
from kdtheory.statements.theorems import NOISE_NORM, Theorem


def bound_along(
    problem: FiniteSum,
    theta: ArrayLike,
    statement: Theorem,
    plan: Schedule,
    start: float,
    *,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
) -> Array:
    """The right-hand side for t = 0..len(plan), (T + 1,), from ``start`` = s(x^0).  A step of size
    0 leaves it where it is.

    Raises:
        InvalidInput: weights that do not fit the teachers, or a statement without psi.
        StepSizeTooLarge: some gamma_t outside the statement's range.
    """
    if statement.psi is None:
        raise InvalidInput(
            f"{statement.title} bounds no single step, so it takes no schedule. Use an envelope"
            " such as theorem-1-envelope."
        )
    fixed = [letter for letter in (sym.lam, sym.gamma) if letter in statement.definitions]
    if fixed:
        raise InvalidInput(
            f"{statement.title} says itself what {fixed[0]} is, so it takes no schedule. Ask"
            " prove(), which is for it."
        )
    gammas = plan.step_sizes
    still = gammas == 0.0
    if still.any() and compressor is not None:
        raise InvalidInput(
            "A step of size 0 is no step, but a compressor acts all the same, got step_sizes[t] = 0"
            f" at t = {int(np.argmax(still))}. Leave such steps out."
        )
    constants = constants_for(problem, statement, batch_size=batch_size, replacement=replacement)
    largest = float(gammas.max())
    if largest == 0.0:
        return np.full(len(gammas) + 1, start)
    check_step_size(statement, constants, largest)
    best = problem.minimiser
    letters: dict[str, Any] = {
        **constants,
        # Any number of the range will do where no step is made: it is not used.
        "gamma": np.where(still, largest, gammas),
        "xstar_sq": float(best @ best),
        "omega": compressor.omega(problem.dim) if compressor else 0.0,
        "delta_sq": compressor.absolute_error(problem.dim) if compressor else 0.0,
    }
    rule = DistilledSGD(batch_size=batch_size, replacement=replacement)
    factor = rule.noise_factor(problem.n_terms)
    letters |= _teaching(problem, theta, plan.weights, len(gammas), factor)
    return _follow(statement, _completed(statement, letters), start, still)


def _teaching(
    problem: FiniteSum, theta: ArrayLike, weights: Array | None, steps: int, factor: float
) -> dict[str, Any]:
    """The letters of a teacher with gradients sum_j lam_tj H_j and the weight 1, (T,) each."""
    taught = mixture(problem, theta).batched(factor)
    count = len(taught.covariance)
    if weights is None:
        raise InvalidInput(
            "A bound along a schedule needs its weights. Give schedule=(step_sizes, weights), with"
            " zeros for plain SGD."
        )
    lams = weights[:, None] if weights.ndim == 1 else weights
    if lams.shape != (steps, count):
        shape = f"({steps},)" if count == 1 else f"({steps}, {count})"
        raise InvalidInput(
            f"The schedule's weights must be {shape}, for {count} teachers, got {weights.shape}."
            " Give one weight for each teacher and step."
        )
    total = lams @ taught.means
    return {
        "lam": 1.0,
        "sigma_star_sq": taught.sigma_sq,
        "V": np.einsum("ti,ij,tj->t", lams, taught.variance, lams),
        "C": lams @ taught.covariance,
        "bias_sq": np.einsum("ti,ti->t", total, total),
        "noise_sq": taught.noise_sq_along(lams),
    }


def _completed(statement: Theorem, letters: dict[str, Any]) -> dict[str, Any]:
    """The letters with the statement's definitions, as arrays over the steps."""
    found = dict(letters)
    if contraction in statement.needs:
        room = np.broadcast_to(value_of(contraction.slack, found, ARRAYS), letters["gamma"].shape)
        if (room <= 0.0).any():
            t = int(np.argmin(room))
            raise AssumptionFails(
                f"{statement.title} contracts only for (1+omega)(1-gamma mu) < 1, got"
                f" {1.0 - room[t]:.6g} at t = {t}. Use larger step sizes or less compression."
            )
    for item in own_conditions(statement, found):
        refuse_below(statement, item, float(np.min(value_of(item.slack, found, ARRAYS))))
    for letter, definition in statement.definitions.items():
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            found[letter.name] = value_of(definition, found, ARRAYS)
        if letter is sym.a and definition == NOISE_NORM:
            found["a"] = np.sqrt(found["noise_sq"])  # the mean of squares, without cancellation
    return found


def _follow(statement: Theorem, letters: dict[str, Any], start: float, still: Array) -> Array:
    names, psi = compiled(statement.psi)
    place, steps = names.index("s"), len(still)
    columns = [still if name == "s" else np.broadcast_to(letters[name], (steps,)) for name in names]
    values = np.empty(steps + 1)
    values[0] = state = start
    for t, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        if not row[place]:
            try:
                state = float(psi(*row[:place], state, *row[place + 1 :]))
            except OverflowError as error:
                largest = {name: float(np.max(letters[name])) for name in names if name != "s"}
                raise too_large(largest) from error
        values[t + 1] = state
    return values
