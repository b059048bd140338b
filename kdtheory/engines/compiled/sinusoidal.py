"""f_n(x) = w_n sum_j phi(u_j.x) + s_n.x: the steps and the gap of SinusoidalSum, one replicate at a
time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import kernel
from kdtheory.engines.compiled.compress import compress, squeezed
from kdtheory.engines.compiled.draws import draw_batch
from kdtheory.engines.compiled.general import move, outputs
from kdtheory.engines.compiled.pieces import distance, summarise


@kernel
def sinusoidal(
    directions: Any,
    terms: Any,
    state: Any,
    columns: Any,
    gamma: Any,
    sampling: Any,
    run: Any,
    found: Any,
) -> None:
    """x <- C(x - gamma (mean w_n sum_j phi'(u_j.x) u_j + mean s_n)), means over the batch;
    ``directions`` (m, width) and ``terms`` = (w (N,), s (N, width)), padded rows.

    The shifts s already hold what the teacher subtracts, and the minimiser is 0.
    """
    width, (weights, rows) = directions.shape[1], terms
    directions, shifts = directions.reshape(-1), rows.reshape(-1)
    key, wanted, t0, batch = run.key, run.wanted, run.t0, sampling.batch
    n, m = len(weights), len(directions) // width
    chosen, stamps, z = (
        np.empty(batch, dtype=np.intp),
        np.zeros(n + 1, dtype=np.int64),
        np.zeros(max(m, 1)),
    )
    squeeze = squeezed(sampling.code, sampling.parameter, columns)
    nothing, one = np.empty(0), np.full(1, -gamma / batch)
    distances, gaps = np.zeros(8 * len(wanted)), np.zeros(8 * len(wanted))
    centre = np.zeros(width)
    for block in range(run.first, run.last):
        for k in range(8):
            replicate = block * 8 + k
            base, t = replicate * width, t0
            for record in range(len(wanted)):
                while t < wanted[record]:
                    draw_batch(chosen, stamps, t, replicate, key, n, sampling.replacement)
                    weight = 0.0
                    for b in range(batch):
                        weight += weights[chosen[b]]
                    for j in range(m):
                        outputs(directions, j * width, state, base, width, 1, z, j)
                        z[j] = -gamma * weight / batch * (2.0 * z[j] + 3.0 * math.sin(2.0 * z[j]))
                    for j in range(m):
                        move(directions, j * width, state, base, width, 1, z, j)
                    for b in range(batch):
                        move(shifts, chosen[b] * width, state, base, width, 1, one, 0)
                    compress(squeeze, state, base, (1, columns, width), t, replicate, key)
                    t += 1
                distances[8 * record + k] = distance(state, base, width, centre, nothing)[0]
                gap = 0.0
                for j in range(m):
                    outputs(directions, j * width, state, base, width, 1, z, j)
                    gap += z[j] ** 2 + 3.0 * math.sin(z[j]) ** 2
                gaps[8 * record + k] = gap
        there = min(8, run.replicates - block * 8)
        summarise(found, 0, block, distances, there)
        summarise(found, 2, block, gaps, there)
