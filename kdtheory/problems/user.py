"""A user's own finite sum, checked on entry: the gradients are those of f, and the constants do not
contradict it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, frozen_array, point, positive_int
from kdtheory.problems.memory import OURS

# Central differences with step h = eps^(1/3) err by about h^2 |f'''| + eps |f| / h, some 1e-10
# relative for tame f; a wrong sign or factor errs by the gradient itself.  1e-4 of the gradient's
# size separates the two by orders of magnitude on both sides.
DIFFERENCE_TOLERANCE = 1e-4
# Equalities between two ways of summing N float64 terms agree to about N * eps.
ROUNDING = 1e-8
# Gradients of a power iteration; and what divides where nothing is left to scale, at x* itself.
POWERS, SMALLEST = 8, 1e-300
MEMBERS = (
    *("n_terms", "dim", "minimiser", "minimum", "constants"),
    *("value", "gradient", "gradients"),
)


def check_finite_sum(problem: object, *, probes: int = 8, seed: int = 0) -> FiniteSum:
    """``problem`` itself, once it has passed: protocol, shapes, gradient, mean of terms, minimiser,
    constants.

    Args:
        problem: an object with the members of :class:`kdtheory.FiniteSum`.
        probes: number of random points around the minimiser at which everything is compared.
        seed: seed of those points.

    Raises:
        InvalidInput: a member is missing, or a check fails; the message gives both numbers.

    Slacks are checked at the probes only, so passing is evidence for the constants, not a proof.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> kd.check_finite_sum(problem) is problem
    True
    """
    # Not isinstance: from Python 3.12 on it does not see what a wrapper's __getattr__ gives.
    missing = [name for name in MEMBERS if not hasattr(problem, name)]
    if missing:
        raise InvalidInput(
            f"{type(problem).__name__} is no FiniteSum: missing {', '.join(missing)}."
        )
    problem = cast(FiniteSum, problem)
    positive_int(problem.n_terms, "problem.n_terms")
    positive_int(problem.dim, "problem.dim")
    best = point(problem, problem.minimiser, "problem.minimiser")
    _check_minimiser(problem, best)
    scale = max(1.0, float(np.abs(best).max()))
    rng = np.random.default_rng(seed)
    for _ in range(probes):
        _check_probe(problem, best + scale * rng.standard_normal(problem.dim), rng)
    for x in _telling(problem, best, scale * rng.standard_normal(problem.dim)):
        gradient = problem.gradient(x)
        # Where f is flat there are only roundings to compare.
        reach = float(problem.constants.L) * float(np.linalg.norm(x - best))
        if float(np.linalg.norm(gradient)) > ROUNDING * reach:
            _check_constants(problem, x, gradient, problem.gradients(x))
    return problem


def _telling(problem: FiniteSum, best: Array, start: Array) -> Iterator[Array]:
    """Points where a wrong L, mu and Lcal show, as far from x* as ``start``: along the steepest and
    the flattest curvature of f, by power iteration, and of the steepest term.  Random directions
    have little of any.
    """
    length = float(np.linalg.norm(start))
    terms = problem.gradients(best + start) - problem.gradients(best)
    steepest = terms[int((terms**2).sum(axis=1).argmax())]
    for own, pull in ((0.0, 1.0), (1.0, -1.0 / float(problem.constants.L))):
        step = start
        for _ in range(POWERS):
            moved = own * step + pull * problem.gradient(best + step)
            step = moved * length / max(float(np.linalg.norm(moved)), SMALLEST)
        yield best + step
    yield best + steepest * length / max(float(np.linalg.norm(steepest)), SMALLEST)


def _check_minimiser(problem: FiniteSum, best: Array) -> None:
    terms = frozen_array(problem.gradients(best), "problem.gradients(minimiser)", ndim=2)
    if terms.shape != (problem.n_terms, problem.dim):
        raise InvalidInput(
            f"problem.gradients(x) must have shape {(problem.n_terms, problem.dim)}, got"
            f" {terms.shape}."
        )
    size = float(np.sqrt((terms**2).sum(axis=1).mean()))
    norm = float(np.linalg.norm(problem.gradient(best)))
    curvature = float(problem.constants.L) * (1.0 + float(np.linalg.norm(best)))
    if norm > ROUNDING * (size + curvature):
        raise InvalidInput(
            f"problem.minimiser is not stationary: |gradient| = {norm:.3g} there. Solve to full"
            " precision."
        )
    if abs(problem.value(best) - problem.minimum) > ROUNDING * max(1.0, abs(problem.minimum)):
        raise InvalidInput(
            f"problem.minimum = {problem.minimum} but f(minimiser) = {problem.value(best)}."
        )
    claimed = float(problem.constants.sigma_star_sq)
    if abs(claimed - size**2) > ROUNDING * max(size**2, claimed) + (ROUNDING * curvature) ** 2:
        raise InvalidInput(
            f"constants.sigma_star_sq = {claimed} but the mean of |grad f_n(x*)|^2 is {size**2}."
        )
    constants = problem.constants
    if (
        not 0.0
        <= constants.mu
        <= constants.mu_pl * (1 + ROUNDING)
        <= constants.L * (1 + 2 * ROUNDING)
    ):
        raise InvalidInput(
            "constants must satisfy 0 <= mu <= mu_pl <= L (strong convexity implies PL, PL and"
            f" smoothness imply the rest), got mu = {constants.mu}, mu_pl = {constants.mu_pl}, L ="
            f" {constants.L}."
        )


def _check_probe(problem: FiniteSum, x: Array, rng: np.random.Generator) -> None:
    gradient = frozen_array(problem.gradient(x), "problem.gradient(x)", ndim=1)
    terms = frozen_array(problem.gradients(x), "problem.gradients(x)", ndim=2)
    size = float(np.sqrt((terms**2).sum(axis=1).mean()))
    off = float(np.linalg.norm(terms.mean(axis=0) - gradient))
    if off > ROUNDING * size:
        raise InvalidInput(
            f"The mean of problem.gradients(x) differs from problem.gradient(x) by {off:.3g} (size"
            f" {size:.3g})."
        )
    direction = rng.standard_normal(problem.dim)
    direction /= np.linalg.norm(direction)
    step = np.finfo(float).eps ** (1 / 3) * max(1.0, float(np.abs(x).max()))
    difference = (problem.value(x + step * direction) - problem.value(x - step * direction)) / (
        2 * step
    )
    if abs(difference - gradient @ direction) > DIFFERENCE_TOLERANCE * max(
        float(np.linalg.norm(gradient)),
        1e-8 * size,  # near x* the terms cancel, and values are as rough as the terms are large
    ):
        raise InvalidInput(
            "problem.gradient is not the gradient of problem.value: finite difference"
            f" {difference:.6g}, gradient {gradient @ direction:.6g} along a random direction. Look"
            " for a sign or a factor (mean against sum)."
        )
    _check_optional(problem, x, terms, rng)
    _check_constants(problem, x, gradient, terms)


def _check_constants(problem: FiniteSum, x: Array, gradient: Array, terms: Array) -> None:
    constants = problem.constants
    gap = problem.value(x) - problem.minimum
    if gap < -ROUNDING * max(1.0, abs(problem.minimum)):
        raise InvalidInput(
            f"f takes {problem.value(x)} at a probe, below problem.minimum = {problem.minimum}."
        )
    e = x - problem.minimiser
    noise = float(((terms - problem.gradients(problem.minimiser)) ** 2).sum(axis=1).mean())
    slack = ROUNDING * (abs(problem.value(x)) + abs(problem.minimum) + gap)
    for rule, left, right in (
        ("strong convexity: F >= (mu/2)|x-x*|^2", constants.mu / 2 * float(e @ e), gap),
        (
            "strong convexity: <x-x*, g> >= F + (mu/2)|x-x*|^2",
            gap + constants.mu / 2 * float(e @ e) if constants.mu > 0 else -np.inf,
            float(e @ gradient),
        ),
        ("PL: 2 mu_pl F <= |g|^2", 2 * constants.mu_pl * gap, float(gradient @ gradient)),
        ("smoothness: |g|^2 <= 2 L F", float(gradient @ gradient), 2 * constants.L * gap),
        ("expected smoothness: E|G-S|^2 <= 2 Lcal F", noise, 2 * constants.Lcal * gap),
    ):
        if left > right * (1 + ROUNDING) + slack * (1 + constants.L + constants.Lcal):
            raise InvalidInput(
                f"The constants contradict the gradients, {rule} fails at a probe: {left:.6g} >"
                f" {right:.6g}."
            )


def _check_optional(problem: FiniteSum, x: Array, terms: Array, rng: np.random.Generator) -> None:
    """What a problem may offer beyond the protocol decides verdicts where it does, and must agree
    with the rest of it.
    """
    size = float(np.abs(terms).max())
    sampled = getattr(problem, "sampled_gradients", None)
    if sampled is not None:
        indices = rng.integers(problem.n_terms, size=(2, 3))
        points = np.array([x, problem.minimiser])
        own = np.array(
            [problem.gradients(p)[row].mean(axis=0) for p, row in zip(points, indices, strict=True)]
        )
        off = float(np.abs(np.asarray(sampled(points, indices)) - own).max())
        if not off <= ROUNDING * max(size, float(np.abs(own).max())):
            raise InvalidInput(
                "problem.sampled_gradients(points, indices) must be the mean of problem.gradients"
                f" over each row's indices, and differs by {off:.3g} (size {size:.3g})."
            )
    gap = getattr(problem, "gap", None)
    if gap is not None:
        made = np.asarray(gap(x[None, :]), dtype=float)
        if made.shape != (1,):
            raise InvalidInput(
                f"problem.gap(points) must have shape (m,) for points (m, {problem.dim}), got"
                f" {made.shape} for m = 1."
            )
        told, level = float(made[0]), problem.value(x)
        if not abs(told - (level - problem.minimum)) <= ROUNDING * (
            abs(level) + abs(problem.minimum)
        ):
            raise InvalidInput(
                f"problem.gap must be f - problem.minimum, got {told:.6g} at a probe where that is"
                f" {level - problem.minimum:.6g}."
            )
    curvature = getattr(problem, "term_curvature", None)
    if curvature is not None:
        if not isinstance(curvature, tuple) or len(curvature) != 2:
            raise InvalidInput(
                "problem.term_curvature must be a pair (low, high) of numbers, no method, got"
                f" {curvature!r:.60}. Make it a property."
            )
        low, high = (float(bound) for bound in curvature)
        e = x - problem.minimiser
        length, along = float(e @ e), (terms - problem.gradients(problem.minimiser)) @ e
        slack = ROUNDING * (max(abs(low), abs(high)) * length + size * length**0.5)
        if not (low * length - slack <= along.min() and along.max() <= high * length + slack):
            raise InvalidInput(
                f"problem.term_curvature = ({low:.6g}, {high:.6g}) must bound the Hessian of every"
                f" f_n, and between x* and a probe some f_n curves by {along.min() / length:.6g} or"
                f" {along.max() / length:.6g}."
            )


def check_foreign(problem: object) -> None:
    """:func:`check_finite_sum` with one random probe, for another's class; nothing for our own.

    Raises:
        InvalidInput: as :func:`check_finite_sum`.
    """
    if type(problem) not in OURS:
        check_finite_sum(problem, probes=1)
