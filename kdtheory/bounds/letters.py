"""A number behind every letter of a statement, for a problem and its teachers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import ASSUMPTIONS, Assumption, contraction
from kdtheory.algebra.evaluate import compiled
from kdtheory.errors import AssumptionFails, InvalidInput, StepSizeTooLarge
from kdtheory.problems.base import FiniteSum, moderate_float, real_float
from kdtheory.problems.mixtures import mixture, weights_for
from kdtheory.problems.teacher import noise_sq, teacher_statistics
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.statements.theorems import NOISE_NORM, Theorem

Letters = dict[str, float]


def evaluate(expression: sp.Expr, numbers: Mapping[str, float]) -> float:
    """The expression's value at the letters' numbers; ``InvalidInput`` where it leaves the range of
    floats.
    """
    names, function = compiled(expression)
    try:
        return float(function(*(numbers[name] for name in names)))
    except OverflowError as error:
        raise too_large(numbers) from error
    except (ZeroDivisionError, ValueError) as error:
        raise at_the_edge(numbers) from error


def at_the_edge(numbers: Mapping[str, float]) -> InvalidInput:
    """The error for letters at which floats divide by 0 or take the root of a negative number."""
    told = ", ".join(
        f"{name} = {numbers[name]:.6g}" for name in ("gamma", "mu", "Lcal") if name in numbers
    )
    return InvalidInput(
        f"A bound has no value in floats here ({told}): the step size lies within rounding of an"
        " end of its range, or the numbers underflow. Use a slightly smaller step size, or data of"
        " moderate size."
    )


def too_large(numbers: Mapping[str, float]) -> InvalidInput:
    """The error for letters that overflow, with the largest of them."""
    name = max(numbers, key=lambda name: abs(numbers[name]))
    return InvalidInput(
        f"A bound overflows: its largest letter is {name} = {numbers[name]:.3g}. Use a weight and"
        " data of moderate size."
    )


def constants_for(
    problem: FiniteSum, theorem: Theorem, *, batch_size: int = 1, replacement: bool = True
) -> Letters:
    """mu (or the PL constant), L and Lcal as the statement reads them, Lcal for the batch.

    E|G_B - S_B|^2 = |g|^2 + factor (E|G-S|^2 - |g|^2) <= 2 ((1-factor) L + factor Lcal) F, as |g|^2
    <= 2 L F.

    Raises:
        AssumptionFails: the problem is not strongly convex (or not PL) and the statement needs it.
    """
    found = problem.constants
    modulus = float(getattr(found, theorem.modulus))
    if modulus <= 0.0 and any(sym.mu in item.slack.free_symbols for item in theorem.needs):
        need = "strong convexity (mu > 0)" if theorem.modulus == "mu" else "a PL constant mu_pl > 0"
        way = "a PL statement such as theorem-2, or ridge > 0" if found.mu_pl > 0 else "ridge > 0"
        raise AssumptionFails(
            f"{theorem.title} needs {need}, got {theorem.modulus} = {modulus} ({found.mu.why}). Use"
            f" {way}."
        )
    factor = DistilledSGD(batch_size=batch_size, replacement=replacement).noise_factor(
        problem.n_terms
    )
    smooth = min(float(found.L), float(found.Lcal))
    return {
        "mu": modulus,
        "L": smooth,
        "Lcal": (1.0 - factor) * smooth + factor * float(found.Lcal),
    }


def range_of(theorem: Theorem, letters: Letters) -> float:
    """The largest step size at these constants."""
    if theorem.step_size_max is None:
        raise InvalidInput(f"{theorem.title} states no step size range in closed form.")
    return evaluate(theorem.step_size_max, letters)


def check_step_size(theorem: Theorem, letters: Letters, step_size: float) -> float:
    """The step size, when the statement allows it; ``StepSizeTooLarge`` says by how much it does
    not.
    """
    gamma = moderate_float(step_size, "step_size")
    limit = range_of(theorem, letters)
    # The limit comes from computed eigenvalues, good to about 1e-13 relative: their rounding must
    # not refuse the end point.
    if gamma > limit * (1 + 1e-12) or (theorem.strict and gamma >= limit):
        relation = "<" if theorem.strict else "<="
        raise StepSizeTooLarge(
            f"{theorem.title} needs gamma {relation} {theorem.step_size_max} = {limit:.6g} (mu ="
            f" {letters['mu']:.6g}, L = {letters['L']:.6g}, Lcal = {letters['Lcal']:.6g}), got"
            f" gamma = {gamma:.6g}. Use a smaller gamma, a statement with a wider range"
            f" (theorem-1-sharp: gamma < 1/Lcal = {1 / letters['Lcal']:.6g}), or simulate(), which"
            " claims nothing."
        )
    return gamma


def letters_for(
    problem: FiniteSum,
    theta: ArrayLike,
    theorem: Theorem,
    *,
    step_size: float,
    weight: ArrayLike,
    batch_size: int = 1,
    replacement: bool = True,
    compressor: Compressor | None = None,
) -> Letters:
    """A number behind every letter of the statement, definitions included."""
    letters = constants_for(problem, theorem, batch_size=batch_size, replacement=replacement)
    letters["gamma"] = check_step_size(theorem, letters, step_size)
    factor = DistilledSGD(batch_size=batch_size, replacement=replacement).noise_factor(
        problem.n_terms
    )
    letters |= _teaching(problem, theta, weight, factor)
    best = problem.minimiser
    letters |= {
        "xstar_sq": float(best @ best),
        "omega": compressor.omega(problem.dim) if compressor else 0.0,
        "delta_sq": compressor.absolute_error(problem.dim) if compressor else 0.0,
    }
    if not all(math.isfinite(number) for number in letters.values()):
        raise too_large(letters)
    return agreed(theorem, letters)


def agreed(theorem: Theorem, letters: Letters) -> Letters:
    """:func:`complete`, for a statement that leaves the weight and the step size open, or fixes
    them to these.

    Raises:
        InvalidInput: it is about others.
    """
    found = complete(theorem, letters)
    for letter in (sym.lam, sym.gamma):
        said, given = theorem.definitions.get(letter), letters[letter.name]
        if said is not None and (
            sym.t in said.free_symbols or not math.isclose(found[letter.name], given, rel_tol=1e-12)
        ):
            raise InvalidInput(
                f"{theorem.title} is about {letter} = {said} alone, got {given:.6g}. Give that, or"
                " ask prove(), which is for all of it."
            )
    return found


def _teaching(problem: FiniteSum, theta: ArrayLike, weight: ArrayLike, factor: float) -> Letters:
    """What a teacher and its weight put into a step.  Several teachers are one with the gradients
    sum_j lam_j H_j and the weight 1: a statement sees no more of them (theory, Section 9).
    """
    if np.ndim(theta) != 2:
        lam, one = real_float(weight, "weight"), teacher_statistics(problem, theta)
        return {
            "lam": lam,
            "sigma_star_sq": factor * one.sigma_star_sq,
            "V": factor * one.variance,
            "C": factor * one.covariance,
            "bias_sq": one.bias_sq,
            "F_theta": one.gap,
            "D_sq": one.distance_sq,
            "noise_sq": factor * noise_sq(problem, theta, lam),
        }
    several = mixture(problem, theta).batched(factor)
    lams = weights_for(weight, len(several.covariance))
    return {
        "lam": 1.0,
        "sigma_star_sq": several.sigma_sq,
        "V": float(lams @ several.variance @ lams),
        "C": float(lams @ several.covariance),
        "bias_sq": several.bias_sq(lams),
        "noise_sq": several.noise_sq(lams),
    }


def own_conditions(theorem: Theorem, letters: Mapping[str, Any]) -> list[Assumption]:
    """What somebody's own statement assumes of these letters beyond the paper: no problem's
    constants grant that.
    """
    return [
        item
        for item in theorem.needs
        if item not in ASSUMPTIONS.values()
        and {letter.name for letter in item.slack.free_symbols} <= letters.keys()
    ]


def refuse_below(theorem: Theorem, item: Assumption, slack: float) -> None:
    """``AssumptionFails`` where a condition of this slack does not hold."""
    if slack < 0.0 or (item.strict and slack == 0.0):
        raise AssumptionFails(
            f"{theorem.title} needs {item}, {item.meaning!r}, and {item.slack} is {slack:.6g} here."
            " Use other numbers, or a statement without it."
        )


def complete(theorem: Theorem, letters: Letters) -> Letters:
    """The letters with the statement's definitions evaluated in order."""
    found = dict(letters)
    if contraction in theorem.needs and evaluate(contraction.slack, found) <= 0.0:
        room = found["gamma"] * found["mu"] / (1.0 - found["gamma"] * found["mu"])
        raise AssumptionFails(
            f"{theorem.title} contracts only for (1+omega)(1-gamma mu) < 1, which is omega <"
            f" {room:.6g} at gamma = {found['gamma']:.6g}, mu = {found['mu']:.6g}, got omega ="
            f" {found['omega']:.6g}. Keep more coordinates or use a larger gamma."
        )
    for item in own_conditions(theorem, found):
        refuse_below(theorem, item, evaluate(item.slack, found))
    for letter, definition in theorem.definitions.items():
        if sym.t in definition.free_symbols:
            continue  # a letter of its own for every horizon
        found[letter.name] = evaluate(definition, found)  # str(letter) runs SymPy's printer
        if letter is sym.a and definition == NOISE_NORM and "noise_sq" in found:
            # sigma_*^2 - 2 lam C + lam^2 V cancels where lam H' is close to S, and eps in a^2 is
            # sqrt(eps) in a; the mean itself is exact.
            found["a"] = math.sqrt(found["noise_sq"])
    return found
