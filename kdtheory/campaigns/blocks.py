"""Blocks of random least squares instances, all of one shape, drawn from (seed, block number)
alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array

SIZE = 256  # instances a block: one unit of work, of storage and of recovery
MAX_TERMS, MAX_DIM = 12, 5


@dataclass(frozen=True)
class Block:
    """``SIZE`` instances (B): features (B, N, d), targets (B, N), ridge (B,), theta and x0 (B, d).

    ``fraction`` (B,) is the part of a statement's step size range that is used, ``weight`` (B,) the
    distillation weight, NaN for the statement's optimal one.  Every entry is a float and so a
    rational number: an instance can be written down exactly.
    """

    number: int
    features: Array
    targets: Array
    ridge: Array
    theta: Array
    x0: Array
    fraction: Array
    weight: Array
    batch_size: int
    replacement: bool

    def problem(self, index: int) -> LeastSquares:
        """One instance as a problem."""
        return LeastSquares(
            self.features[index], self.targets[index], ridge=float(self.ridge[index])
        )


def draw(seed: int, number: int) -> Block:
    """Block ``number`` of the campaign ``seed``: the same numbers on every machine and in every
    order of work.
    """
    rng = np.random.Generator(np.random.Philox(key=np.array([seed, number], dtype=np.uint64)))
    d = int(rng.integers(1, MAX_DIM + 1))
    n = int(rng.integers(2, MAX_TERMS + 1))
    replacement = bool(rng.integers(2))
    batch_size = min(int(rng.choice([1, 1, 2, 3])), n - 1)
    features = rng.integers(-8, 9, (SIZE, n, d)) / 4.0
    targets = rng.integers(-8, 9, (SIZE, n)) / 4.0
    ridge = np.ldexp(1.0, rng.integers(-5, 1, SIZE))
    # Teachers and starts at all distances from the origin, where the minimisers lie: perfect, good,
    # bad and adversarial ones occur.
    theta = rng.standard_normal((SIZE, d)) * 10.0 ** rng.integers(-3, 2, (SIZE, 1))
    x0 = rng.standard_normal((SIZE, d)) * 10.0 ** rng.integers(-2, 2, (SIZE, 1))
    near = rng.random(SIZE) < 0.5
    centre = np.linalg.solve(
        np.swapaxes(features, 1, 2) @ features / n + ridge[:, None, None] * np.eye(d),
        (np.einsum("bnd,bn->bd", features, targets) / n)[:, :, None],
    )[:, :, 0]
    theta = np.where(near[:, None], centre + theta / 8, theta)
    x0 = np.where((rng.random(SIZE) < 0.5)[:, None], centre + x0 / 8, x0)
    fraction = np.where(rng.random(SIZE) < 0.5, 1.0, rng.uniform(0.05, 1.0, SIZE))
    kind = rng.integers(4, size=SIZE)
    weight = np.select(
        [kind == 0, kind == 1, kind == 2],
        [
            np.full(SIZE, np.nan),
            rng.integers(0, 2, SIZE).astype(float),
            rng.uniform(-0.5, 1.5, SIZE),
        ],
        rng.choice([0.5, 0.7, 0.9], SIZE),
    )
    return Block(
        number, features, targets, ridge, theta, x0, fraction, weight, batch_size, replacement
    )


def exact_text(value: Any) -> Any:
    """A float or an array of them as nested lists of fractions in text, without loss."""
    if isinstance(value, np.ndarray) and value.ndim > 0:
        return [exact_text(item) for item in value]
    return str(Fraction(float(value)))
