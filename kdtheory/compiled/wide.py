"""One output, one index a step, any number of coordinates: four replicates at a time, their states in the first-level cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.compiled.cache import kernel
from kdtheory.compiled.draws import WINDOW, draw_indices
from kdtheory.compiled.lanes import add, gather, half_store, lane, load, mul, muladd, splat, store, sub, totals
from kdtheory.compiled.pieces import LOGISTIC, affine, sigmoid, summarise


@kernel
def wide(rows: Any, offsets: Any, targets: Any, state: Any, width: Any, gamma: Any, decay: Any, shift: Any, response: Any, weights: Any,
         key: Any, wanted: Any, t0: Any, first: Any, last: Any, replicates: Any, found: Any) -> None:
    """As ``narrow``, for rows of any ``width`` (a multiple of eight)."""
    n = len(offsets)
    indices = np.empty(4 * WINDOW, dtype=np.intp)
    distances, gaps, weighted = np.empty(8 * len(wanted)), np.empty(8 * len(wanted)), len(weights) > 0
    zero, scale = splat(0.0), splat(-gamma)
    still, logistic = decay == 1.0 and not shift.any(), response == LOGISTIC
    for block in range(first, last):
        for half in range(0, 8, 4):         # four states fit the first-level cache where eight do not
            y0 = (block * 8 + half) * width
            y1, y2, y3 = y0 + width, y0 + 2 * width, y0 + 3 * width
            t, window = t0, -1
            for record in range(len(wanted)):
                while t < wanted[record]:
                    if t // WINDOW != window:
                        window = t // WINDOW
                        stop = min(wanted[-1], (window + 1) * WINDOW)
                        for k in range(4):
                            draw_indices(indices, k * WINDOW, window * WINDOW, stop, block * 8 + half + k, key, n)
                    j = t - window * WINDOW
                    i0, i1, i2, i3 = indices[j], indices[1 * WINDOW + j], indices[2 * WINDOW + j], indices[3 * WINDOW + j]
                    a0, a1, a2, a3 = i0 * width, i1 * width, i2 * width, i3 * width
                    s0, s1, s2, s3 = zero, zero, zero, zero
                    for j in range(0, width, 8):
                        s0 = muladd(load(rows, a0 + j), load(state, y0 + j), s0)
                        s1 = muladd(load(rows, a1 + j), load(state, y1 + j), s1)
                        s2 = muladd(load(rows, a2 + j), load(state, y2 + j), s2)
                        s3 = muladd(load(rows, a3 + j), load(state, y3 + j), s3)
                    z = add(gather(offsets, i0, i1, i2, i3, i0, i1, i2, i3), totals(s0, s1, s2, s3, zero, zero, zero, zero))
                    if logistic:
                        z = sub(sigmoid(z), gather(targets, i0, i1, i2, i3, i0, i1, i2, i3))
                    if not still:
                        affine(state, y0, width, decay, shift)
                        affine(state, y1, width, decay, shift)
                        affine(state, y2, width, decay, shift)
                        affine(state, y3, width, decay, shift)
                    r = mul(scale, z)
                    r0, r1, r2, r3 = lane(r, 0), lane(r, 1), lane(r, 2), lane(r, 3)
                    for j in range(0, width, 8):
                        store(state, y0 + j, muladd(r0, load(rows, a0 + j), load(state, y0 + j)))
                        store(state, y1 + j, muladd(r1, load(rows, a1 + j), load(state, y1 + j)))
                        store(state, y2 + j, muladd(r2, load(rows, a2 + j), load(state, y2 + j)))
                        store(state, y3 + j, muladd(r3, load(rows, a3 + j), load(state, y3 + j)))
                    t += 1
                q0, q1, q2, q3 = zero, zero, zero, zero
                g0, g1, g2, g3 = zero, zero, zero, zero
                if weighted:
                    for j in range(0, width, 8):
                        h, x0, x1, x2, x3 = load(weights, j), load(state, y0 + j), load(state, y1 + j), load(state, y2 + j), load(state, y3 + j)
                        x0, x1, x2, x3 = mul(x0, x0), mul(x1, x1), mul(x2, x2), mul(x3, x3)
                        q0, q1, q2, q3 = add(q0, x0), add(q1, x1), add(q2, x2), add(q3, x3)
                        g0, g1, g2, g3 = muladd(h, x0, g0), muladd(h, x1, g1), muladd(h, x2, g2), muladd(h, x3, g3)
                else:
                    for j in range(0, width, 8):
                        x0, x1, x2, x3 = load(state, y0 + j), load(state, y1 + j), load(state, y2 + j), load(state, y3 + j)
                        q0, q1, q2, q3 = muladd(x0, x0, q0), muladd(x1, x1, q1), muladd(x2, x2, q2), muladd(x3, x3, q3)
                half_store(distances, gaps, 8 * record + half, totals(q0, q1, q2, q3, g0, g1, g2, g3))
        count = min(8, replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if weighted:
            summarise(found, 2, block, gaps, count)
