"""From a problem, a teacher and a rule to the arrays that the kernels read.

For a linear model distillation costs nothing: grad f_n(x) - lam H_n = (r(a_n.x) - c_n) a_n + ridge
x - v with the targets c_n = b_n + lam (r(a_n.theta) - b_n) and one vector v = lam (ridge theta,
less h when unbiased).  The state is y = x - o (times the eigenvectors of the Hessian where that
makes the gap a weighted sum of squares), so that a distance is a norm.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from kdtheory.engines.compiled.compress import BERNOULLI, NONE, RAND_K, ROUNDING
from kdtheory.engines.compiled.general import general
from kdtheory.engines.compiled.narrow import EIGHT, FOUR, narrow
from kdtheory.engines.compiled.pieces import IDENTITY, LOGISTIC, SOFTMAX
from kdtheory.engines.compiled.sinusoidal import sinusoidal
from kdtheory.engines.compiled.values import gaps_from, single_sums, softmax_sums
from kdtheory.engines.compiled.wide import TWO, wide
from kdtheory.engines.simulate.streams import split_seed
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.compressors import Bernoulli, RandK, StochasticRounding
from kdtheory.rules.distilled import DistilledSGD

_PADDED: weakref.WeakKeyDictionary[Any, dict[str, Array]] = weakref.WeakKeyDictionary()
_OUTPUTS: weakref.WeakKeyDictionary[Any, dict[bytes, Array]] = weakref.WeakKeyDictionary()
_EIGENVECTORS: weakref.WeakKeyDictionary[Any, tuple[Array, Array]] = weakref.WeakKeyDictionary()
Advance = Callable[..., None]


@dataclass(frozen=True)
class Plan:
    """How to run: ``advance(state, wanted, t0, first, last, found)`` and, where the gap needs all N
    terms, ``evaluate``.
    """

    frame: str
    start: Array  # (dim rounded up,), the state of one replicate at x0
    advance: Advance
    evaluate: Advance | None  # evaluate(state, first, last, found, record)


def zeros(*shape: int) -> Array:
    """Zeros that begin on a 64-byte boundary, so that no vector straddles two cache lines."""
    size = int(np.prod(shape))
    buffer = np.zeros(size + 8)
    skip = -buffer.ctypes.data // 8 % 8
    return buffer[skip : skip + size].reshape(shape)


def padded(rows: Array, *, eights: bool = False) -> Array:
    """A copy with a multiple of eight columns (and of rows), filled up with zeros."""
    n, d = rows.shape
    copy = zeros(-(-n // 8) * 8 if eights else n, -(-d // 8) * 8)
    copy[:n, :d] = rows
    return copy


def _rows(problem: FiniteSum, frame: str, make: Callable[[], Array]) -> Array:
    """Padded rows, made once per problem and frame; they live as long as the problem."""
    kept = _PADDED.setdefault(problem, {})
    if frame not in kept:
        kept[frame] = padded(make(), eights=True)
    return kept[frame]


def _eigenvectors(problem: LeastSquares) -> tuple[Array, Array]:
    """Of the Hessian, once per problem."""
    if problem not in _EIGENVECTORS:
        _EIGENVECTORS[problem] = np.linalg.eigh(problem.hessian)
    return _EIGENVECTORS[problem]


def _outputs(problem: Any, point: Array, outputs: int) -> Array:
    """A x for the rows A of features, (N, K); the last few are kept, so that a sweep of weights
    reads the features once.
    """
    kept = _OUTPUTS.setdefault(problem, {})
    name = point.tobytes()
    if name not in kept:
        while len(kept) >= 4:
            del kept[next(iter(kept))]
        kept[name] = problem.features @ point.reshape(outputs, -1).T
    return kept[name]


def _compressor(rule: DistilledSGD, dim: int) -> tuple[int, float]:
    match rule.compressor:
        case None:
            return NONE, 1.0
        case RandK(k):
            rule.compressor.omega(dim)  # refuses k > d
            return RAND_K, float(k)
        case Bernoulli(q):
            return BERNOULLI, q
        case StochasticRounding(delta):
            return ROUNDING, delta
    raise AssertionError(f"no kernel for {rule.compressor!r}")  # simulate() asks supported() first


def _key(seed: int) -> np.ndarray:
    return np.array(split_seed(seed), dtype=np.uint64)


def make_plan(
    problem: Any,
    theta: Array,
    rule: DistilledSGD,
    *,
    gamma: float,
    x0: Array,
    seed: int,
    replicates: int,
    gap: bool,
) -> Plan:
    """The plan for one of our own problem classes."""
    if isinstance(problem, SinusoidalSum):
        return _sinusoidal_plan(
            problem, theta, rule, x0=x0, gamma=gamma, seed=seed, replicates=replicates
        )
    return _linear_plan(
        problem, theta, rule, x0=x0, gap=gap, gamma=gamma, seed=seed, replicates=replicates
    )


def _sinusoidal_plan(
    problem: SinusoidalSum,
    theta: Array,
    rule: DistilledSGD,
    *,
    gamma: float,
    x0: Array,
    seed: int,
    replicates: int,
) -> Plan:
    directions = padded(problem.directions)
    shifts = padded(problem.shifts - rule.corrections(problem.gradients(theta)))
    width, dim, key = directions.shape[1], problem.dim, _key(seed)
    code, parameter = _compressor(rule, dim)
    replacement = rule.replacement

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        sinusoidal(
            directions.reshape(-1),
            problem.weights,
            shifts.reshape(-1),
            state.reshape(-1),
            dim,
            width,
            gamma,
            rule.batch_size,
            replacement,
            code,
            parameter,
            key,
            wanted,
            t0,
            first,
            last,
            replicates,
            found,
        )

    return Plan("x", padded(x0[None, :])[0], advance, None)


def _linear_plan(
    problem: Any,
    theta: Array,
    rule: DistilledSGD,
    *,
    gamma: float,
    x0: Array,
    seed: int,
    replicates: int,
    gap: bool,
) -> Plan:
    square = isinstance(problem, LeastSquares)
    response = (
        IDENTITY if square else LOGISTIC if isinstance(problem, LogisticRegression) else SOFTMAX
    )
    outputs = 1 if square else problem.n_outputs
    columns = problem.features.shape[1]
    labels = problem.targets[:, None] if square else problem.labels
    taught = _outputs(problem, theta, outputs)
    residual = (taught if square else problem.response(taught)) - labels
    targets = np.ascontiguousarray(labels + rule.weight * residual)
    drift = rule.weight * (
        problem.ridge * theta - (problem.gradient(theta) if rule.unbiased else 0.0)
    )
    code, parameter = _compressor(rule, problem.dim)
    # Compressors act on the coordinates of x, so that neither origin nor axes may move.
    turn = square and gap and code == NONE
    frame = "x" if code != NONE else "eigenvectors of H" if turn else "x - minimiser"
    origin = np.zeros(problem.dim) if frame == "x" else problem.minimiser
    centre = problem.minimiser - origin
    offsets = _outputs(problem, origin, outputs)
    drift = gamma * (drift - problem.ridge * origin)
    begin, eigenvalues = x0 - origin, np.empty(0)
    if turn:
        eigenvalues, axes = _eigenvectors(problem)
        rows = _rows(problem, frame, lambda: problem.features @ axes)
        begin, drift = begin @ axes, drift @ axes
        eigenvalues = padded(np.maximum(eigenvalues, 0.0)[None, :] / 2)[0]
    else:
        rows = _rows(problem, "x", lambda: problem.features)
    width = rows.shape[1]

    def spread_out(point: Array) -> Array:
        return padded(point.reshape(outputs, columns)).reshape(-1)

    start, shift, middle = spread_out(begin), spread_out(drift), spread_out(centre)
    if square:
        offsets, targets = offsets - targets, np.zeros_like(targets)
    flat, key, decay = rows.reshape(-1), _key(seed), 1.0 - gamma * problem.ridge
    replacement, batch = rule.replacement, rule.batch_size
    single = outputs == 1 and batch == 1 and code == NONE
    line, goal = np.ascontiguousarray(offsets[:, 0]), np.ascontiguousarray(targets[:, 0])
    vectors = width // 8
    like, group = (
        (0,) * vectors,
        (0,) * (8 if vectors <= EIGHT else 4 if vectors <= FOUR else 2 if vectors <= TWO else 1),
    )

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        y = state.reshape(-1)
        if single and vectors <= FOUR:
            narrow(
                flat,
                line,
                goal,
                y,
                like,
                group,
                gamma,
                decay,
                shift,
                response,
                eigenvalues,
                key,
                wanted,
                t0,
                first,
                last,
                replicates,
                found,
            )
        elif single:
            wide(
                flat,
                line,
                goal,
                y,
                width,
                group,
                gamma,
                decay,
                shift,
                response,
                eigenvalues,
                key,
                wanted,
                t0,
                first,
                last,
                replicates,
                found,
            )
        else:
            general(
                flat,
                offsets,
                targets,
                y,
                columns,
                width,
                gamma,
                decay,
                shift,
                response,
                middle,
                batch,
                replacement,
                code,
                parameter,
                eigenvalues,
                key,
                wanted,
                t0,
                first,
                last,
                replicates,
                found,
            )

    if not gap or turn:
        return Plan(frame, start, advance, None)
    return Plan(
        frame,
        start,
        advance,
        _evaluation(problem, rows, offsets, origin, width, spread_out, response, replicates),
    )


def _evaluation(
    problem: Any,
    rows: Array,
    offsets: Array,
    origin: Array,
    width: int,
    spread_out: Callable[[Array], Array],
    response: int,
    replicates: int,
) -> Advance:
    """f - f* at every replicate: for least squares |F (x - x*)|^2 / 2 with F^T F = H, else the mean
    of the losses over all rows.
    """
    columns = problem.features.shape[1]
    linear, constant, ridge, scale = (
        spread_out(np.zeros(problem.dim)),
        problem.minimum,
        problem.ridge,
        1.0 / problem.n_terms,
    )
    moved, outputs = spread_out(origin), offsets.shape[1]
    if response == IDENTITY:
        values, axes = _eigenvectors(problem)
        factor = np.sqrt(np.maximum(values, 0.0))[:, None] * axes.T
        line, constant, ridge, scale = factor @ (origin - problem.minimiser), 0.0, 0.0, 0.5
        rows = padded(factor, eights=True)
    else:
        linear = spread_out((problem.labels.T @ problem.features / problem.n_terms).ravel())
        constant += float((problem.labels * offsets).sum()) / problem.n_terms
        line = np.ascontiguousarray(offsets[:, 0])
    flat = rows.reshape(-1)
    sums = np.empty(-(-replicates // 8) * 8)

    def evaluate(state: Array, first: int, last: int, found: Array, record: int) -> None:
        y = state.reshape(-1)
        if response == SOFTMAX:
            softmax_sums(flat, offsets, columns, width, y, first, last, sums)
        else:
            single_sums(flat, line, columns, width, y, response, first, last, sums)
        gaps_from(
            sums,
            scale,
            linear,
            ridge,
            moved,
            constant,
            y,
            width * outputs,
            first,
            last,
            replicates,
            found,
            record,
        )

    return evaluate
