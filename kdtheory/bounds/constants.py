"""The constants of a problem as a statement reads them, and the step sizes that it allows."""

from __future__ import annotations

from collections.abc import Mapping

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.evaluate import compiled
from kdtheory.errors import AssumptionFails, InvalidInput, StepSizeTooLarge
from kdtheory.problems.base import FiniteSum, moderate_float
from kdtheory.statements.theorems import Theorem

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


def constants_for(problem: FiniteSum, theorem: Theorem, factor: float = 1.0) -> Letters:
    """mu (or the PL constant), L and Lcal as the statement reads them, Lcal for a batch that
    divides centred second moments by 1/``factor``.

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
