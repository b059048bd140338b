"""Hypothesis strategies for problems, points, teachers, batches, compressors and rules, legal by
construction: nothing is drawn and then rejected.

Numbers are multiples of 1/8 of moderate size, so that examples shrink to small integers and zeros.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from hypothesis import strategies as st

from kdtheory.problems import (
    FiniteSum,
    LeastSquares,
    LogisticRegression,
    SinusoidalSum,
    SoftmaxRegression,
)
from kdtheory.problems.base import Array
from kdtheory.problems.teacher import teacher_statistics
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.distilled import Compressor, DistilledSGD

# Fixed weights that every test should see: none, all, a negative one, more than all.
WEIGHTS = (0.0, 1.0, -0.75, 1.75)


def arrays(*shape: int) -> st.SearchStrategy[Array]:
    """Arrays of multiples of 1/8 in [-2, 2]; shrinks to zeros."""
    size = int(np.prod(shape))
    return st.lists(st.integers(-16, 16), min_size=size, max_size=size).map(
        lambda flat: np.array(flat).reshape(shape) / 8.0
    )


@st.composite
def least_squares(draw: st.DrawFn, *, strongly_convex: bool = True) -> LeastSquares:
    """2 to 5 samples in dimension 1 to 3; ridge > 0, or a repeated column without ridge.  Shrinks
    to zero data.
    """
    n, d = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    features, targets = draw(arrays(n, d)), draw(arrays(n))
    if strongly_convex or draw(st.booleans()):
        return LeastSquares(features, targets, ridge=draw(st.sampled_from([1.0, 0.25, 0.0625])))
    features[0, 0] = abs(features[0, 0]) + 0.5  # not all zero: f is not constant
    return LeastSquares(np.column_stack([features, features[:, 0]]), targets)


@st.composite
def logistic(draw: st.DrawFn) -> LogisticRegression:
    """Soft and hard labels, ridge > 0.  Shrinks to zero features and labels."""
    n, d = draw(st.integers(2, 5)), draw(st.integers(1, 3))
    labels = draw(st.lists(st.sampled_from([0.0, 1.0, 0.25, 0.5]), min_size=n, max_size=n))
    return LogisticRegression(
        draw(arrays(n, d)), labels, ridge=draw(st.sampled_from([1.0, 0.25, 0.0625]))
    )


@st.composite
def softmax(draw: st.DrawFn) -> SoftmaxRegression:
    """Two or three classes, ridge > 0.  Shrinks to one label."""
    n, d = draw(st.integers(2, 4)), draw(st.integers(1, 2))
    labels = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    return SoftmaxRegression(
        draw(arrays(n, d)), labels, ridge=draw(st.sampled_from([1.0, 0.25, 0.0625]))
    )


@st.composite
def sinusoidal(draw: st.DrawFn) -> SinusoidalSum:
    """Triangular directions with a diagonal of at least 1/2, hence independent.  Shrinks to one
    direction.
    """
    n, d = draw(st.integers(2, 4)), draw(st.integers(1, 2))
    directions = np.tril(draw(arrays(d, d)) / 2, -1) + np.diag(np.abs(draw(arrays(d))) / 2 + 0.5)
    raw = np.array(draw(st.lists(st.integers(1, 4), min_size=n, max_size=n)), dtype=float)
    shifts = draw(arrays(n, d))
    return SinusoidalSum(directions, raw / raw.mean(), shifts - shifts.mean(axis=0))


def kinds(*, strongly_convex: bool = False) -> tuple[st.SearchStrategy[FiniteSum], ...]:
    """A strategy for each of the four classes, or for the three strongly convex ones."""
    if strongly_convex:
        return least_squares(), logistic(), softmax()
    return least_squares(strongly_convex=False), logistic(), softmax(), sinusoidal()


def problems(*, strongly_convex: bool = False) -> st.SearchStrategy[FiniteSum]:
    """All four classes, or the three strongly convex ones.  Shrinks to least squares.

    >>> from hypothesis import find
    >>> type(find(problems(strongly_convex=True), lambda problem: True)).__name__
    'LeastSquares'
    """
    return st.one_of(*kinds(strongly_convex=strongly_convex))


def points(problem: FiniteSum) -> st.SearchStrategy[Array]:
    """Points around x*, x* included.  Shrinks to x*.

    >>> from hypothesis import find
    >>> from kdtheory import LeastSquares
    >>> find(points(LeastSquares([[1.0]], [2.0])), lambda x: True)
    array([2.])
    """
    return arrays(problem.dim).map(lambda offset: problem.minimiser + offset)


@st.composite
def teachers(draw: st.DrawFn, problem: FiniteSum) -> Array:
    """x* itself, a good teacher, a bad one, or the axis whose gradients correlate worst with S.
    Shrinks to x*.

    >>> from hypothesis import find
    >>> from kdtheory import LeastSquares
    >>> find(teachers(LeastSquares([[1.0]], [2.0])), lambda theta: True)
    array([2.])
    """
    kind = draw(st.sampled_from(["optimal", "good", "bad", "adversarial"]))
    best = problem.minimiser
    if kind == "optimal":
        return best.copy()
    if kind == "adversarial":
        radius = draw(st.sampled_from([1.0, 0.25, 4.0]))
        rows = radius * np.vstack([np.eye(problem.dim), -np.eye(problem.dim)])
        return min(
            (best + row for row in rows),
            key=lambda theta: teacher_statistics(problem, theta).covariance,
        )
    return best + draw(arrays(problem.dim)) * (1 / 16 if kind == "good" else 4.0)


@st.composite
def batches(
    draw: st.DrawFn, problem: FiniteSum, *, sizes: Sequence[int] | None = None
) -> tuple[int, bool]:
    """(size, with replacement): one index, a pair, or all terms; only ``sizes`` where given (no
    more than N without replacement).  Shrinks to the first size with replacement.

    >>> from hypothesis import find
    >>> from kdtheory import LeastSquares
    >>> find(batches(LeastSquares([[1.0], [2.0]], [0.0, 1.0])), lambda batch: batch[0] > 1)
    (2, True)
    """
    replacement = draw(st.sampled_from([True, False]))
    allowed = [1, 2] if replacement else [1, 2, problem.n_terms]
    if sizes is not None:
        allowed = [size for size in sizes if replacement or size <= problem.n_terms]
        replacement, allowed = (replacement, allowed) if allowed else (True, list(sizes))
    return draw(st.sampled_from(allowed)), replacement


@st.composite
def compressors(
    draw: st.DrawFn, problem: FiniteSum, *, step_size: float, enumerate_only: bool = False
) -> Compressor:
    """Bernoulli within (1+omega)(1-gamma mu) < 1, or (``enumerate_only``) rounding.  Shrinks to
    little compression.

    >>> from hypothesis import find
    >>> from kdtheory import LeastSquares
    >>> problem = LeastSquares([[1.0]], [0.0])
    >>> find(compressors(problem, step_size=0.5), lambda squeezed: True).q > 0.5
    True
    """
    if enumerate_only and draw(st.booleans()):
        return StochasticRounding(draw(st.sampled_from([0.125, 1.0])))
    contraction = step_size * float(problem.constants.mu)
    # Beyond 1/2 every omega <= 1 contracts.
    room = contraction / (1 - contraction) if contraction < 1 / 2 else 1.0
    omega = draw(st.sampled_from([1 / 8, 1 / 2, 3 / 4])) * room
    return Bernoulli(1 / (1 + omega))


@st.composite
def rules(draw: st.DrawFn) -> DistilledSGD:
    """Every kind of :class:`kdtheory.DistilledSGD`, with batches of one or two and compressors that
    any dimension allows.  Shrinks to plain SGD.

    >>> from hypothesis import find
    >>> find(rules(), lambda rule: True).weight
    0.0
    """
    squeezed = st.sampled_from([None, RandK(1), Bernoulli(0.5), StochasticRounding(0.125)])
    return DistilledSGD(
        draw(st.sampled_from(WEIGHTS)),
        unbiased=draw(st.booleans()),
        batch_size=draw(st.sampled_from([1, 2])),
        replacement=draw(st.sampled_from([True, False])),
        compressor=draw(squeezed),
    )
