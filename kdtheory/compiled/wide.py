"""One output, one index a step, long rows: two replicates at a time, which with their rows fit the first-level cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.compiled.cache import kernel
from kdtheory.compiled.draws import WINDOW, draw_indices
from kdtheory.compiled.lanes import add, gather, lane, load, mul, muladd, prefetch, splat, store, sub, total, totals
from kdtheory.compiled.pieces import LOGISTIC, affine, sigmoid, squares, summarise


@kernel
def wide(rows: Any, offsets: Any, targets: Any, state: Any, width: Any, gamma: Any, decay: Any, shift: Any, response: Any, weights: Any,
         key: Any, wanted: Any, t0: Any, first: Any, last: Any, replicates: Any, found: Any) -> None:
    """As ``narrow``, for rows of any ``width`` (a multiple of eight); the rows of the next step are asked for during this one."""
    n, weighted = len(offsets), len(weights) > 0
    indices, distances, gaps = np.empty(2 * WINDOW, dtype=np.intp), np.empty(8 * len(wanted)), np.empty(8 * len(wanted))
    zero, scale = splat(0.0), splat(-gamma)
    still, logistic = decay == 1.0 and not shift.any(), response == LOGISTIC
    for block in range(first, last):
        for pair in range(0, 8, 2):
            y0 = (block * 8 + pair) * width
            y1 = y0 + width
            t, window = t0, -1
            for record in range(len(wanted)):
                seen = False
                while t < wanted[record]:
                    if t // WINDOW != window:
                        window = t // WINDOW
                        stop = min(wanted[-1], (window + 1) * WINDOW)
                        draw_indices(indices, 0, window * WINDOW, stop, block * 8 + pair, key, n)
                        draw_indices(indices, WINDOW, window * WINDOW, stop, block * 8 + pair + 1, key, n)
                    j = t - window * WINDOW
                    later = min(j + 1, stop - 1 - window * WINDOW)
                    i0, i1 = indices[j], indices[WINDOW + j]
                    a0, a1, b0, b1 = i0 * width, i1 * width, indices[later] * width, indices[WINDOW + later] * width
                    s0, s1 = zero, zero
                    for j in range(0, width, 8):
                        s0 = muladd(load(rows, a0 + j), load(state, y0 + j), s0)
                        s1 = muladd(load(rows, a1 + j), load(state, y1 + j), s1)
                    z = add(gather(offsets, i0, i1, i0, i1, i0, i1, i0, i1), totals(s0, s1, zero, zero, zero, zero, zero, zero))
                    if logistic:
                        z = sub(sigmoid(z), gather(targets, i0, i1, i0, i1, i0, i1, i0, i1))
                    if not still:
                        affine(state, y0, width, decay, shift)
                        affine(state, y1, width, decay, shift)
                    r = mul(scale, z)
                    r0, r1 = lane(r, 0), lane(r, 1)
                    t += 1
                    seen = t == wanted[record] and not weighted
                    if seen:        # the distance on the way, while the new state is in registers
                        s0, s1 = zero, zero
                        for j in range(0, width, 8):
                            prefetch(rows, b0 + j)
                            y = muladd(r0, load(rows, a0 + j), load(state, y0 + j))
                            store(state, y0 + j, y)
                            s0 = muladd(y, y, s0)
                            prefetch(rows, b1 + j)
                            y = muladd(r1, load(rows, a1 + j), load(state, y1 + j))
                            store(state, y1 + j, y)
                            s1 = muladd(y, y, s1)
                        distances[8 * record + pair], distances[8 * record + pair + 1] = total(s0), total(s1)
                    else:
                        for j in range(0, width, 8):
                            prefetch(rows, b0 + j)
                            store(state, y0 + j, muladd(r0, load(rows, a0 + j), load(state, y0 + j)))
                            prefetch(rows, b1 + j)
                            store(state, y1 + j, muladd(r1, load(rows, a1 + j), load(state, y1 + j)))
                if not seen:
                    for k in range(2):
                        at = 8 * record + pair + k
                        distances[at], gaps[at] = squares(state, y0 + k * width, width, weights)
        count = min(8, replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if weighted:
            summarise(found, 2, block, gaps, count)
