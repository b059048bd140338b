"""NumPy, tuned: replicates batched in pieces that stay in cache, everything in place, indices drawn
in one call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.peers.case import Case

PIECES = (64, 128, 256, 1024)  # replicates at a time; the fastest is taken


def prepare(case: Case, piece: int) -> Callable[[], np.ndarray]:
    """One of ``PIECES``."""
    c = case.targets + case.weight * case.taught
    # BLAS, whose calls are dear for short rows.
    inner = np.vecdot if case.x0.size > 32 else partial(np.einsum, "rd,rd->r")

    def run() -> np.ndarray:
        rng, curve = np.random.Generator(np.random.SFC64(1)), np.zeros(case.steps // case.every + 1)
        for begin in range(0, case.replicates, piece):
            size = min(piece, case.replicates - begin)
            x = np.tile(case.x0, (size, 1))
            rows, off, z = np.empty_like(x), np.empty_like(x), np.empty(size)
            for t in range(case.steps + 1):
                if t % case.every == 0:
                    np.subtract(x, case.best, out=off)
                    curve[t // case.every] += np.vdot(off, off) / case.replicates
                if t % 64 == 0:
                    drawn = rng.integers(len(c), size=(64, size))
                i = drawn[t % 64]
                np.take(case.features, i, axis=0, out=rows, mode="clip")
                inner(rows, x, out=z)
                z -= c[i]
                z *= case.gamma
                rows *= z[:, None]
                x -= rows
        return curve

    return run
