"""f_n(x) = w_n sum_j phi(u_j.x) + s_n.x: the steps and the gap of SinusoidalSum, one replicate at a
time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import kernel
from kdtheory.engines.compiled.compress import compress, squeezed
from kdtheory.engines.compiled.draws import draw_batch, draw_terms
from kdtheory.engines.compiled.general import add_rows, move, outputs
from kdtheory.engines.compiled.pieces import distance, summarise


@kernel
def sinusoidal(
    waves: Any,
    state: Any,
    columns: Any,
    steps: Any,
    sampling: Any,
    chances: Any,
    run: Any,
    found: Any,
) -> None:
    """x <- C(x - gamma_t mean r_n (w_n sum_j phi'(u_j.x) u_j + s_n - sum_j lam_tj c^j_n)), means
    over the batch; ``waves`` = (u (m, width), w (N,), s (N, width)), padded rows.

    Without ``steps.tables`` the shifts s already hold what the teacher subtracts; the minimiser is
    0.
    """
    lines, weights, rows = waves
    width, directions, shifts = lines.shape[1], lines.reshape(-1), rows.reshape(-1)
    key, wanted, t0, batch = run.key, run.wanted, run.t0, sampling.batch
    later, weighted = int(len(steps.gammas) > 1), int(len(steps.weights) > 1)
    uneven, parts = len(chances.ratios) > 0, steps.weights.shape[1]
    n, m = len(weights), len(directions) // width
    chosen, stamps, z = (
        np.empty(batch, dtype=np.intp),
        np.zeros(n + 1, dtype=np.int64),
        np.zeros(max(m, 1)),
    )
    squeeze = squeezed(sampling.code, sampling.parameter, columns)
    nothing = np.empty(0)
    distances, gaps = np.zeros(8 * len(wanted)), np.zeros(8 * len(wanted))
    centre = np.zeros(width)
    for block in range(run.first, run.last):
        for k in range(8):
            replicate = block * 8 + k
            base, t = replicate * width, t0
            for record in range(len(wanted)):
                while t < wanted[record]:
                    scale, at = -steps.gammas[t * later] / batch, t * weighted
                    if uneven:
                        draw_terms(chosen, t, replicate, key, chances.thresholds, chances.partners)
                    else:
                        draw_batch(chosen, stamps, t, replicate, key, n, sampling.replacement)
                    weight = 0.0
                    for b in range(batch):
                        ratio = chances.ratios[chosen[b]] if uneven else 1.0
                        weight += ratio * weights[chosen[b]]
                    for j in range(m):
                        outputs(directions, j * width, state, base, width, 1, z, j)
                        z[j] = scale * weight * (2.0 * z[j] + 3.0 * math.sin(2.0 * z[j]))
                    for j in range(m):
                        move(directions, j * width, state, base, width, 1, z, j)
                    for b in range(batch):
                        i = chosen[b]
                        share = scale * (chances.ratios[i] if uneven else 1.0)
                        add_rows(state, base, width, share, shifts, i * width)
                        if len(steps.tables) > 0:
                            for part in range(parts):
                                lam = -share * steps.weights[at, part]
                                row = (part * n + i) * width
                                add_rows(state, base, width, lam, steps.tables, row)
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
