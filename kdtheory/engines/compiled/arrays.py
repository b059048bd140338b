"""Arrays in the shape that kernels read: padded to eights, on 64-byte boundaries, kept as long as
the problem.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum

_PADDED: weakref.WeakKeyDictionary[Any, dict[str, Array]] = weakref.WeakKeyDictionary()
_OUTPUTS: weakref.WeakKeyDictionary[Any, dict[bytes, Array]] = weakref.WeakKeyDictionary()
_EIGENVECTORS: weakref.WeakKeyDictionary[Any, tuple[Array, Array]] = weakref.WeakKeyDictionary()


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


def kept_rows(problem: FiniteSum, frame: str, make: Callable[[], Array]) -> Array:
    """Padded rows, made once per problem and frame; they live as long as the problem."""
    kept = _PADDED.setdefault(problem, {})
    if frame not in kept:
        kept[frame] = padded(make(), eights=True)
    return kept[frame]


def eigenvectors(problem: LeastSquares) -> tuple[Array, Array]:
    """Of the Hessian, once per problem."""
    if problem not in _EIGENVECTORS:
        _EIGENVECTORS[problem] = np.linalg.eigh(problem.hessian)
    return _EIGENVECTORS[problem]


def outputs_at(problem: Any, point: Array, outputs: int) -> Array:
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
