"""Numbers from the statements: range, floor and curve for a problem and a teacher."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import contraction
from kdtheory.algebra.evaluate import ARRAYS, compiled, value_of
from kdtheory.errors import AssumptionFails, InvalidInput, StepSizeTooLarge, unknown_name
from kdtheory.problems.base import (
    Array,
    FiniteSum,
    moderate_float,
    point,
    positive_int,
    real_float,
    refuse_long,
)
from kdtheory.problems.mixtures import mixture, weights_for
from kdtheory.problems.teacher import gap_at, noise_sq, teacher_statistics, teachers
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.rules.schedule import Schedule, as_schedule
from kdtheory.statements.theorems import NOISE_NORM, THEOREMS, Theorem

Letters = dict[str, float]


def theorem_named(name: str | Theorem) -> Theorem:
    """The theorem under a key (or the theorem itself); ``InvalidInput`` names the nearest key."""
    if isinstance(name, Theorem):
        return name
    if name not in THEOREMS:
        raise unknown_name("theorem", name, THEOREMS)
    return THEOREMS[name]


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


def _range(theorem: Theorem, letters: Letters) -> float:
    if theorem.step_size_max is None:
        raise InvalidInput(f"{theorem.title} states no step size range in closed form.")
    return evaluate(theorem.step_size_max, letters)


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
    if statement.is_law:
        from kdtheory.engines.exact import stability_limit

        return stability_limit(problem, DistilledSGD(batch_size=batch_size))
    return _range(statement, constants_for(problem, statement, batch_size=batch_size))


def default_step_size(problem: FiniteSum, theorem: str | Theorem, *, batch_size: int = 1) -> float:
    """The limit where it is attained; half of it where the range is open."""
    limit = step_size_limit(problem, theorem, batch_size=batch_size)
    statement = theorem_named(theorem)
    return limit / 2 if statement.strict or statement.is_law else limit


def check_step_size(theorem: Theorem, letters: Letters, step_size: float) -> float:
    """The step size, when the statement allows it; ``StepSizeTooLarge`` says by how much it does
    not.
    """
    gamma = moderate_float(step_size, "step_size")
    limit = _range(theorem, letters)
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
    return complete(theorem, letters)


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
    for letter, definition in theorem.definitions.items():
        if sym.t in definition.free_symbols:
            continue  # a letter of its own for every horizon
        found[letter.name] = evaluate(definition, found)  # str(letter) runs SymPy's printer
        if letter is sym.a and definition == NOISE_NORM and "noise_sq" in found:
            # sigma_*^2 - 2 lam C + lam^2 V cancels where lam H' is close to S, and eps in a^2 is
            # sqrt(eps) in a; the mean itself is exact.
            found["a"] = math.sqrt(found["noise_sq"])
    return found


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
    if statement.is_law:
        return _exact_floor(problem, theta, step_size, weight, batch_size)
    if statement.psi is None:
        raise InvalidInput(f"{statement.title} bounds nothing over time: it has no noise floor.")
    letters = letters_for(
        problem,
        theta,
        statement,
        step_size=step_size,
        weight=weight,
        batch_size=batch_size,
        compressor=compressor,
    )
    return floor_of(statement, letters)


def floor_of(theorem: Theorem, letters: Letters) -> float:
    """The fixed point of psi at completed letters."""
    if theorem.floor is not None:
        return evaluate(theorem.floor, letters)
    assert theorem.psi is not None
    names, psi = compiled(theorem.psi)

    def excess(s: float) -> float:
        try:
            return float(psi(*(s if name == "s" else letters[name] for name in names))) - s
        except (ZeroDivisionError, ValueError) as error:
            raise at_the_edge(letters) from error

    if excess(0.0) <= 0.0:
        return 0.0
    high = max(letters["xstar_sq"], letters["U"], 1e-300)
    while excess(high) > 0.0:
        high *= 2.0
        if not math.isfinite(high):
            raise AssumptionFails(
                f"{theorem.title} has no floor here: the bound grows without limit. Use a larger"
                " gamma or less compression."
            )
    from scipy.optimize import brentq

    return float(brentq(excess, 0.0, high, xtol=1e-300, rtol=4 * np.finfo(float).eps))


def sgd_floor(problem: FiniteSum, step_size: float, batch_size: int) -> float:
    """S_0, the stationary E|x - x*|^2 of plain SGD."""
    from kdtheory.engines.exact import stationary

    gamma = moderate_float(step_size, "step_size")
    plain = DistilledSGD(batch_size=batch_size)
    return stationary(problem, problem.minimiser, plain, step_size=gamma).sq_distance


def shifted(problem: FiniteSum, theta: ArrayLike, weight: ArrayLike) -> tuple[Array, float]:
    """sum_j lam_j (theta_j - x*), (dim,), and sum_j lam_j: all that quadratics see of teachers."""
    points = teachers(problem, theta)
    lams = weights_for(weight, len(points))
    return lams @ (points - problem.minimiser), float(lams.sum())


def _exact_floor(
    problem: FiniteSum, theta: ArrayLike, step_size: float, weight: ArrayLike, batch_size: int
) -> float:
    plain = sgd_floor(problem, step_size, batch_size)
    shift, total = shifted(problem, theta, weight)
    return (1 - total) ** 2 * plain + float(shift @ shift)


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
    start = point(problem, x0, "x0")
    e = start - problem.minimiser
    first = gap_at(problem, start) if statement.quantity == "gap" else float(e @ e)
    if schedule is not None:
        if step_size is not None or weight is not None:
            raise InvalidInput(
                "schedule= takes the place of step_size= and weight=, got both. Leave those out."
            )
        from kdtheory.bounds.schedules_curve import bound_along

        return bound_along(
            problem,
            theta,
            statement,
            as_schedule(schedule, steps=steps),
            first,
            batch_size=batch_size,
            replacement=replacement,
            compressor=compressor,
        )
    if step_size is None or weight is None or steps is None:
        raise InvalidInput(
            "bound() needs step_size=, weight= and steps=, or schedule= in place of all three."
        )
    count = positive_int(steps, "steps", minimum=0)
    refuse_long(count, "bound()")
    if statement.is_law:
        return exact_law(
            problem,
            theta,
            step_size=step_size,
            weight=weight,
            x0=start,
            steps=count,
            batch_size=batch_size,
            replacement=replacement,
        )
    averaged = statement.quantity == "average_gap"
    if statement.psi is None and not averaged:
        raise InvalidInput(f"{statement.title} bounds nothing over time; verify() checks it.")
    letters = letters_for(
        problem,
        theta,
        statement,
        step_size=step_size,
        weight=weight,
        batch_size=batch_size,
        replacement=replacement,
        compressor=compressor,
    )
    if averaged:
        return _for_every_horizon(statement, letters, first, count)
    return curve(statement, letters, first, count)


def _for_every_horizon(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """rhs at t = 0..steps: what is claimed of the mean of the first t iterates, inf of none."""
    known = {**letters, "s0": start, "t": np.arange(1.0, steps + 1.0)}
    for letter, definition in theorem.definitions.items():
        if sym.t in definition.free_symbols:
            known[letter.name] = value_of(definition, known, ARRAYS)
    return np.r_[np.inf, value_of(theorem.rhs, known, ARRAYS)]


def curve(theorem: Theorem, letters: Letters, start: float, steps: int) -> Array:
    """psi applied 0..steps times to ``start``."""
    assert theorem.psi is not None
    names, psi = compiled(theorem.psi)
    values = np.empty(steps + 1)
    values[0] = state = start
    known = [start if name == "s" else letters[name] for name in names]
    place = names.index("s")
    for t in range(1, steps + 1):
        known[place] = state
        try:
            values[t] = state = float(psi(*known))
        except OverflowError as error:
            raise too_large(letters) from error
        except (ZeroDivisionError, ValueError) as error:
            raise at_the_edge(letters) from error
    return values


def exact_law(
    problem: FiniteSum,
    theta: ArrayLike,
    *,
    step_size: float,
    weight: ArrayLike,
    x0: Array,
    steps: int,
    batch_size: int = 1,
    replacement: bool = True,
) -> Array:
    """E|x^t - x*|^2 from plain SGD around the shifted centre (theory, Section 6), (steps + 1,),
    least squares only.
    """
    from kdtheory.engines.exact import expected
    from kdtheory.engines.exact.powers import at_times
    from kdtheory.problems.least_squares import LeastSquares

    shift, total = shifted(problem, theta, weight)
    if not isinstance(problem, LeastSquares):
        raise AssumptionFails(
            f"The exact law holds for least squares, got {type(problem).__name__}. Use a theorem,"
            " or simulate()."
        )
    step_size = moderate_float(step_size, "step_size")
    # Y^0; y follows SGD with noise (1-lam) S: that of the targets (1-lam) b.
    origin = x0 - problem.minimiser - shift
    calm = LeastSquares(problem.features, (1.0 - total) * problem.targets, ridge=problem.ridge)
    rule = DistilledSGD(0.0, batch_size=batch_size, replacement=replacement)
    square = expected(
        calm,
        calm.minimiser,
        rule,
        step_size=step_size,
        x0=calm.minimiser + origin,
        steps=steps,
        quantities=("sq_distance",),
    ).sq_distance
    spectrum, basis = np.linalg.eigh(problem.hessian)
    drift = at_times(
        np.diag(1.0 - step_size * spectrum),
        (basis.T @ origin)[:, None],
        (shift @ basis)[None],
        np.arange(steps + 1),
    )[:, 0, 0]
    return np.asarray(square + 2 * drift + float(shift @ shift))
