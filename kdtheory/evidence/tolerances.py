"""Every tolerance of a verdict, and the argument for it.

A verdict compares two sides that are both computed in floats.  Each is known to an error of its
own at each time: that of the constants and of x* (here, :class:`Knowledge`), that of the engine
(:func:`left_error`), that of the statement's formula (``right_side``).  A difference inside the two
errors together decides nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.evidence.bounded import UNIT
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.memory import remembered

# Two sides that agree to this part are called equal, in a bound that may be attained; it is used
# only where both errors are smaller still.  A wrong constant changes a bound by per cents.
ROUNDING = 1e-9
# The same for an identity, whose two sides are differences of larger terms: an identity that is
# wrong is wrong in its letters, by far more than a millionth.
RESOLUTION = 1e-6
# What the exact engine says of itself: 1e-11 of |x0 - x*|^2 (times L for the gap) from its Krylov
# space, and as much again from the powers of its map.
ENGINE = 2e-11


@dataclass(frozen=True)
class Knowledge:
    """How well floats know a problem: bounds on absolute errors.

    ``place`` |x* as computed - x*|; ``height`` f there less f*; ``noise`` of S_n and ``taught`` of
    H_n, root mean squares over the terms; ``unit`` of a sum over the terms, relative to its
    uncancelled size; ``curvature`` the size that eigenvalues are exact to ``unit`` of.
    """

    place: float
    height: float
    noise: float
    taught: float
    unit: float
    curvature: float


def knowledge_of(problem: FiniteSum, theta: Array) -> Knowledge:
    """From the gradient that is left at the computed minimiser, and standard bounds on products."""

    def answer() -> Knowledge:
        with np.errstate(over="ignore", invalid="ignore"):
            if isinstance(problem, LeastSquares):
                return _of_least_squares(problem, theta)
            return _of_any(problem, theta)

    return remembered(problem, ("knowledge", theta.tobytes()), answer)


def _unit(problem: FiniteSum) -> float:
    """Of a sum of N terms, each made by a product over d entries: the classical worst case, of
    which about the square root is seen.
    """
    return (problem.n_terms + problem.dim + 8) * UNIT


def _of_least_squares(problem: LeastSquares, theta: Array) -> Knowledge:
    """Entry by entry, since badly scaled features are where it matters: |g_hat - g| <= u E|a_n|
    (|a_n||x| + |b_n|), and what is left of the gradient at the computed x* moves it by H^-1 of it.
    """
    unit, best, rows = _unit(problem), problem.minimiser, np.abs(problem.features)

    def rounding(x: Array) -> tuple[Array, Array]:
        sizes = rows @ np.abs(x) + np.abs(problem.targets)
        return sizes, rows.T @ sizes / problem.n_terms + problem.ridge * np.abs(x)

    sizes, mean = rounding(best)
    left = np.abs(problem.gradient(best)) + unit * mean
    values, vectors = np.linalg.eigh(problem.hessian)
    kept = values >= float(problem.constants.mu_pl) / 2
    size = float(np.einsum("nd,nd->n", rows, rows).mean()) + problem.ridge
    room = values[kept] - unit * size  # eigenvalues are known to that
    if not (room > 0).all():
        return Knowledge(np.inf, np.inf, np.inf, np.inf, unit, size)
    inverse = np.abs((vectors[:, kept] / room) @ vectors[:, kept].T)
    moved = inverse @ left
    lengths = np.linalg.norm(rows, axis=1)
    step = (problem.dim + 8) * UNIT
    noise = lengths * (rows @ moved + step * sizes) + problem.ridge * np.linalg.norm(moved)
    taught = lengths * step * rounding(theta)[0] + step * problem.ridge * np.linalg.norm(theta)
    return Knowledge(
        float(np.linalg.norm(moved)),
        float(left @ moved) / 2,
        float(np.sqrt((noise**2).mean())),
        float(np.sqrt((taught**2).mean())),
        unit,
        size,
    )


def _of_any(problem: FiniteSum, theta: Array) -> Knowledge:
    """By norms: |x_hat - x*| <= |g|/mu and f(x_hat) - f* <= |g|^2/(2 mu) (strong convexity or PL),
    and a term's gradient at x is good to a few units of |grad f_n(0)| + curvature |x|.
    """
    unit, best, constants = _unit(problem), problem.minimiser, problem.constants
    curvature = getattr(problem, "term_curvature", (0.0, float(constants.Lcal)))
    size = max(abs(float(curvature[0])), abs(float(curvature[1])), float(constants.L))
    origin = float(np.sqrt((problem.gradients(np.zeros(problem.dim)) ** 2).sum(axis=1).mean()))
    step = (problem.dim + 8) * UNIT

    def rounding(x: Array) -> float:
        return step * (origin + size * float(np.linalg.norm(x)))

    at_best = rounding(best) + unit * origin
    left = float(np.linalg.norm(problem.gradient(best))) + at_best
    mu = float(constants.mu_pl)
    if not mu > 0:
        return Knowledge(np.inf, np.inf, np.inf, np.inf, unit, size)
    height = left**2 / (2 * mu)
    noise = float(np.sqrt(2 * max(float(constants.Lcal), float(constants.L)) * height)) + at_best
    return Knowledge(left / mu, height, noise, rounding(theta), unit, size)


def about(value: Array | float, error: Array | float) -> Array:
    """The error of a squared norm ``value`` whose norm is off by ``error``."""
    return np.asarray(2 * np.sqrt(np.maximum(value, 0.0)) * error + np.square(error))


def left_error(
    known: Knowledge,
    seen: Array,
    times: np.ndarray,
    *,
    quantity: str,
    letters: dict[str, float],
    taught: float,
    reach: float,
) -> Array:
    """What the exact engine's E|x^t - x*|^2 or E f - f* ``seen`` (T,) at ``times`` is good to.

    ``reach`` is |x0 - x*|^2 + |lim E x^t - x*|^2, which the engine's own error is relative to
    (with L for the gap; ``ENGINE``, and some 4 units for each step of powers of eigenvalues).  The
    gradients that make the noise are off by ``known.noise + taught`` root mean square, ``taught``
    being the error of the control variates: that moves
    x^t by gamma times it a step in mean square, of which what is left fades by sqrt(1 - A), A =
    gamma mu (2 - gamma Lcal).  An eigenvalue h is off by ``unit`` of the curvature, and (1 - gamma
    h)^(2t) by 2 t gamma times that.  Last, distances are measured from the computed x*.
    """
    gamma, mu, Lcal = letters["gamma"], letters["mu"], letters["Lcal"]
    pl = quantity == "gap"
    shrink = max(0.0, 1.0 - gamma * mu * (2.0 - gamma * Lcal))
    lasting = 1.0 / (1.0 - np.sqrt(shrink)) if shrink < 1.0 else np.inf
    pushed = gamma * (known.noise + taught)
    size = np.sqrt(letters["L"] / 2) if pl else 1.0
    moved = np.minimum(times, lasting) * pushed * size
    moved = moved + (np.sqrt(known.height) if pl else known.place)
    scale = max(reach, 0.0 if pl else float(np.max(seen))) * (letters["L"] if pl else 1.0)
    engine = (ENGINE + 4 * UNIT * times) * scale
    fading = 2 * times * gamma * known.unit * known.curvature * np.abs(seen)
    return np.asarray(engine + fading + about(seen, moved) + known.unit * np.abs(seen))


def path_error(
    known: Knowledge,
    seen: Array,
    times: np.ndarray,
    *,
    gap: bool,
    gamma: float,
    taught: float,
    L: float,
) -> Array:
    """What means over iterates that were stepped one by one are good to.

    Each step is off by gamma times the error of a gradient, which later steps stretch by at most
    max(1, |1 - gamma curvature|); distances are measured from the computed x*.
    """
    stretch = max(1.0, abs(1.0 - gamma * known.curvature)) ** np.minimum(times, 64)
    moved = times * gamma * (known.noise + taught) * stretch
    moved = moved * np.sqrt(L / 2) + np.sqrt(known.height) if gap else moved + known.place
    return np.asarray(about(seen, moved) + known.unit * (times + 1) * np.abs(seen))


def step_error(
    problem: FiniteSum, theta: Array, x: Array, *, gamma: float, weight: float, unit: float
) -> float:
    """What one entry of a user's own x+ may be off by in a precision of ``unit`` (2^-52 for
    float64, 2^-23 for float32).

    Gradients are sums over d products, each off by a unit of what is multiplied: of |grad f_n(0)|
    and of the curvature times |x| and |theta|; x itself and the difference are rounded once more.
    """
    curvature = getattr(problem, "term_curvature", (0.0, float(problem.constants.Lcal)))
    steepest = max(abs(float(curvature[0])), abs(float(curvature[1])))
    origin = float(np.abs(problem.gradients(np.zeros(problem.dim))).max())
    reach = float(np.linalg.norm(x)) + abs(weight) * float(np.linalg.norm(theta))
    pulled = (1.0 + abs(weight)) * origin + steepest * reach
    return (8 + problem.dim) * unit * (float(np.abs(x).max()) + 2.0 * gamma * pulled)
