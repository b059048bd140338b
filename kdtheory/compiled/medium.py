"""One output, one index a step, rows of some dozen numbers: eight replicates in lockstep, their states in the first-level cache."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.compiled.cache import kernel
from kdtheory.compiled.draws import WINDOW, draw_indices
from kdtheory.compiled.lanes import add, gather, lane, load, mul, muladd, prefetch, splat, store, sub, totals
from kdtheory.compiled.pieces import LOGISTIC, affine, sigmoid, squares, summarise

LIMIT = 16      # vectors a row: eight states and eight rows of so many are half of a first-level cache of 32 kB
NEAR = 2**17    # numbers that fit the second-level cache, where asking ahead costs more than it saves


@kernel
def medium(rows: Any, offsets: Any, targets: Any, state: Any, width: Any, gamma: Any, decay: Any, shift: Any, response: Any, weights: Any,
           key: Any, wanted: Any, t0: Any, first: Any, last: Any, replicates: Any, found: Any) -> None:
    """As ``narrow``, for rows of any ``width`` (a multiple of eight)."""
    n, weighted = len(offsets), len(weights) > 0
    indices, distances, gaps = np.empty(8 * WINDOW, dtype=np.intp), np.empty(8 * len(wanted)), np.empty(8 * len(wanted))
    zero, scale = splat(0.0), splat(-gamma)
    far = len(rows) > NEAR      # the rows of the next step are asked for during this one
    still, logistic = decay == 1.0 and not shift.any(), response == LOGISTIC
    for block in range(first, last):
        y0 = block * 8 * width
        y1, y2, y3, y4 = y0 + width, y0 + 2 * width, y0 + 3 * width, y0 + 4 * width
        y5, y6, y7 = y0 + 5 * width, y0 + 6 * width, y0 + 7 * width
        t, window = t0, -1
        for record in range(len(wanted)):
            seen = False
            while t < wanted[record]:
                if t // WINDOW != window:
                    window = t // WINDOW
                    stop = min(wanted[-1], (window + 1) * WINDOW)
                    for k in range(8):
                        draw_indices(indices, k * WINDOW, window * WINDOW, stop, block * 8 + k, key, n)
                j = t - window * WINDOW
                i0, i1, i2, i3 = indices[j], indices[1 * WINDOW + j], indices[2 * WINDOW + j], indices[3 * WINDOW + j]
                i4, i5, i6, i7 = indices[4 * WINDOW + j], indices[5 * WINDOW + j], indices[6 * WINDOW + j], indices[7 * WINDOW + j]
                a0, a1, a2, a3 = i0 * width, i1 * width, i2 * width, i3 * width
                a4, a5, a6, a7 = i4 * width, i5 * width, i6 * width, i7 * width
                if far:
                    later = min(t + 1, stop - 1) - window * WINDOW
                    for k in range(8):
                        place = indices[k * WINDOW + later] * width
                        for ahead in range(place, place + width, 8):
                            prefetch(rows, ahead)
                s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
                for j in range(0, width, 8):
                    s0 = muladd(load(rows, a0 + j), load(state, y0 + j), s0)
                    s1 = muladd(load(rows, a1 + j), load(state, y1 + j), s1)
                    s2 = muladd(load(rows, a2 + j), load(state, y2 + j), s2)
                    s3 = muladd(load(rows, a3 + j), load(state, y3 + j), s3)
                    s4 = muladd(load(rows, a4 + j), load(state, y4 + j), s4)
                    s5 = muladd(load(rows, a5 + j), load(state, y5 + j), s5)
                    s6 = muladd(load(rows, a6 + j), load(state, y6 + j), s6)
                    s7 = muladd(load(rows, a7 + j), load(state, y7 + j), s7)
                z = add(gather(offsets, i0, i1, i2, i3, i4, i5, i6, i7), totals(s0, s1, s2, s3, s4, s5, s6, s7))
                if logistic:
                    z = sub(sigmoid(z), gather(targets, i0, i1, i2, i3, i4, i5, i6, i7))
                if not still:
                    for k in range(8):
                        affine(state, y0 + k * width, width, decay, shift)
                r = mul(scale, z)
                r0, r1, r2, r3, r4, r5, r6, r7 = (lane(r, 0), lane(r, 1), lane(r, 2), lane(r, 3), lane(r, 4), lane(r, 5), lane(r, 6), lane(r, 7))
                t += 1
                seen = t == wanted[record] and not weighted
                if seen:        # the distance on the way, while the new state is in registers
                    s0, s1, s2, s3, s4, s5, s6, s7 = zero, zero, zero, zero, zero, zero, zero, zero
                    for j in range(0, width, 8):
                        y = muladd(r0, load(rows, a0 + j), load(state, y0 + j))
                        store(state, y0 + j, y)
                        s0 = muladd(y, y, s0)
                        y = muladd(r1, load(rows, a1 + j), load(state, y1 + j))
                        store(state, y1 + j, y)
                        s1 = muladd(y, y, s1)
                        y = muladd(r2, load(rows, a2 + j), load(state, y2 + j))
                        store(state, y2 + j, y)
                        s2 = muladd(y, y, s2)
                        y = muladd(r3, load(rows, a3 + j), load(state, y3 + j))
                        store(state, y3 + j, y)
                        s3 = muladd(y, y, s3)
                        y = muladd(r4, load(rows, a4 + j), load(state, y4 + j))
                        store(state, y4 + j, y)
                        s4 = muladd(y, y, s4)
                        y = muladd(r5, load(rows, a5 + j), load(state, y5 + j))
                        store(state, y5 + j, y)
                        s5 = muladd(y, y, s5)
                        y = muladd(r6, load(rows, a6 + j), load(state, y6 + j))
                        store(state, y6 + j, y)
                        s6 = muladd(y, y, s6)
                        y = muladd(r7, load(rows, a7 + j), load(state, y7 + j))
                        store(state, y7 + j, y)
                        s7 = muladd(y, y, s7)
                    store(distances, 8 * record, totals(s0, s1, s2, s3, s4, s5, s6, s7))
                else:
                    for j in range(0, width, 8):
                        store(state, y0 + j, muladd(r0, load(rows, a0 + j), load(state, y0 + j)))
                        store(state, y1 + j, muladd(r1, load(rows, a1 + j), load(state, y1 + j)))
                        store(state, y2 + j, muladd(r2, load(rows, a2 + j), load(state, y2 + j)))
                        store(state, y3 + j, muladd(r3, load(rows, a3 + j), load(state, y3 + j)))
                        store(state, y4 + j, muladd(r4, load(rows, a4 + j), load(state, y4 + j)))
                        store(state, y5 + j, muladd(r5, load(rows, a5 + j), load(state, y5 + j)))
                        store(state, y6 + j, muladd(r6, load(rows, a6 + j), load(state, y6 + j)))
                        store(state, y7 + j, muladd(r7, load(rows, a7 + j), load(state, y7 + j)))
            if not seen:
                for k in range(8):
                    distances[8 * record + k], gaps[8 * record + k] = squares(state, y0 + k * width, width, weights)
        count = min(8, replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if weighted:
            summarise(found, 2, block, gaps, count)
