"""A number behind every letter of a statement, for an experiment: of one step size, or of one for
every step.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS, Assumption, contraction
from kdtheory.algebra.evaluate import ARRAYS, value_of
from kdtheory.bounds.constants import Letters, check_step_size, constants_for, evaluate, too_large
from kdtheory.errors import AssumptionFails, InvalidInput
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.mixtures import mixture
from kdtheory.problems.teacher import gap_at, noise_sq, teacher_statistics
from kdtheory.rules.experiment import Experiment
from kdtheory.rules.schedule import Schedule
from kdtheory.statements.theorems import NOISE_NORM, Theorem


def state_of(statement: Theorem, problem: FiniteSum, x: Array) -> float:
    """What psi starts from at ``x``: |x - x*|^2, or f(x) - f*."""
    if statement.quantity == "gap":
        return gap_at(problem, x)
    e = x - problem.minimiser
    return float(e @ e)


def letters_for(made: Experiment, theorem: Theorem) -> Letters:
    """A number behind every letter of the statement at one step size, definitions included."""
    letters = _known(made, theorem)
    letters["gamma"] = check_step_size(theorem, letters, made.gamma)
    letters |= _teaching(made)
    if not all(math.isfinite(number) for number in letters.values()):
        raise too_large(letters)
    return _agreed(theorem, letters, complete(theorem, letters))


def letters_along(made: Experiment, theorem: Theorem, plan: Schedule) -> dict[str, Any]:
    """The same at every step of ``plan``, numbers or arrays (T,), whatever step size and weight
    ``made`` has.  Where no step is made the largest step size stands for 0: it is not used.
    """
    letters: dict[str, Any] = _known(made, theorem)
    gammas = plan.step_sizes
    largest = check_step_size(theorem, letters, float(gammas.max()))
    letters["gamma"] = np.where(gammas == 0.0, largest, gammas)
    letters |= _teaching_along(made, plan)

    def evaluated(expression: sp.Expr, numbers: Mapping[str, Any]) -> Any:
        with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
            return value_of(expression, numbers, ARRAYS)

    return _agreed(theorem, letters, complete(theorem, letters, evaluated))


def _agreed(theorem: Theorem, given: Mapping[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """The letters ``found``, where the statement leaves weight and step size open, or fixes them to
    those that are ``given``.
    """
    for letter in (sym.lam, sym.gamma):
        said = theorem.definitions.get(letter)
        if said is not None and (
            of_the_horizon(said)
            # One number, which a person has rounded once more than we have.
            or not np.allclose(found[letter.name], given[letter.name], 1e-12, 0.0)
        ):
            raise InvalidInput(
                f"{theorem.title} is about {letter} = {said} alone. Give that, or ask prove(),"
                " which is for all of it."
            )
    return found


def _known(made: Experiment, theorem: Theorem) -> Letters:
    """The letters that neither the step size nor the teachers move."""
    best, compressor, dim = made.problem.minimiser, made.compressor, made.problem.dim
    return constants_for(made.problem, theorem, made.factor) | {
        "xstar_sq": float(best @ best),
        "omega": compressor.omega(dim) if compressor else 0.0,
        "delta_sq": compressor.absolute_error(dim) if compressor else 0.0,
    }


def _teaching(made: Experiment) -> Letters:
    """What a teacher and its weight put into a step.  Every other rule is its control variates c_n
    in the place of lam H_n: the weight 1 of a teacher whose gradients they are, and a statement
    sees no more of several teachers (theory, Section 9).
    """
    problem, factor = made.problem, made.factor
    if made.plain:
        lam, one = made.weight, teacher_statistics(problem, made.theta)
        return {
            "lam": lam,
            "sigma_star_sq": factor * one.sigma_star_sq,
            "V": factor * one.variance,
            "C": factor * one.covariance,
            "bias_sq": one.bias_sq,
            "F_theta": one.gap,
            "D_sq": one.distance_sq,
            "noise_sq": factor * noise_sq(problem, made.theta, lam),
        }
    noise, table = problem.gradients(problem.minimiser), made.control_variates
    noise, mean = noise - noise.mean(axis=0), table.mean(axis=0)
    centred = table - mean

    def moment(left: Array, right: Array) -> float:
        return factor * float((left * right).sum() / problem.n_terms)

    return {
        "lam": 1.0,
        "sigma_star_sq": moment(noise, noise),
        "V": moment(centred, centred),
        "C": moment(noise, centred),
        "bias_sq": float(mean @ mean),
        "noise_sq": moment(noise - centred, noise - centred),
    }


def _teaching_along(made: Experiment, plan: Schedule) -> dict[str, Any]:
    """The same of a teacher with gradients sum_j lam_tj H_j and the weight 1, (T,) each."""
    taught = mixture(made.problem, made.theta).batched(made.factor)
    count, weights = len(taught.covariance), plan.weights
    if weights is None:
        raise InvalidInput(
            "A bound along a schedule needs its weights. Give schedule=(step_sizes, weights), with"
            " zeros for plain SGD."
        )
    lams = weights[:, None] if weights.ndim == 1 else weights
    if lams.shape != (len(plan), count):
        shape = f"({len(plan)},)" if count == 1 else f"({len(plan)}, {count})"
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


@lru_cache(maxsize=1024)
def of_the_horizon(definition: sp.Expr) -> bool:
    """Whether it depends on t; a search over weights asks thousands of times."""
    return sym.t in definition.free_symbols


@lru_cache(maxsize=64)
def _own_conditions(needs: tuple[Assumption, ...]) -> tuple[Assumption, ...]:
    """What somebody's own statement assumes beyond the paper: no problem's constants grant that."""
    return tuple(item for item in needs if item not in ASSUMPTIONS.values())


def complete(
    theorem: Theorem,
    letters: Mapping[str, Any],
    value: Callable[[sp.Expr, Mapping[str, Any]], Any] = evaluate,
) -> dict[str, Any]:
    """The letters with the statement's definitions evaluated in order, by ``value``."""
    found = dict(letters)
    if contraction in theorem.needs and np.min(slack := value(contraction.slack, found)) <= 0.0:
        t = int(np.argmin(slack))
        gamma, mu = float(np.ravel(found["gamma"])[t]), found["mu"]
        where = f" at t = {t}" if np.ndim(slack) else ""
        raise AssumptionFails(
            f"{theorem.title} contracts only for (1+omega)(1-gamma mu) < 1, which is omega <"
            f" {gamma * mu / (1.0 - gamma * mu):.6g} at gamma = {gamma:.6g}, mu = {mu:.6g}, got"
            f" omega = {found['omega']:.6g}{where}. Keep more coordinates or use a larger gamma."
        )
    for item in _own_conditions(theorem.needs):
        if {letter.name for letter in item.slack.free_symbols} <= found.keys():
            least = float(np.min(value(item.slack, found)))
            if least < 0.0 or (item.strict and least == 0.0):
                raise AssumptionFails(
                    f"{theorem.title} needs {item}, {item.meaning!r}, and {item.slack} is"
                    f" {least:.6g} here. Use other numbers, or a statement without it."
                )
    for letter, definition in theorem.definitions.items():
        if of_the_horizon(definition):
            continue  # a letter of its own for every horizon
        found[letter.name] = value(definition, found)  # str(letter) runs SymPy's printer
        if letter is sym.a and definition == NOISE_NORM and "noise_sq" in found:
            # sigma_*^2 - 2 lam C + lam^2 V cancels where lam H' is close to S, and eps in a^2 is
            # sqrt(eps) in a; the mean itself is exact.
            found["a"] = found["noise_sq"] ** 0.5
    return found
