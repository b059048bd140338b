"""Few coordinates, one output, one index a step: eight replicates in lockstep, their whole state in vector registers."""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.compiled.cache import kernel
from kdtheory.compiled.draws import WINDOW, draw_indices
from kdtheory.compiled.lanes import add, again, axpy, dot, gather, lane, mul, put_row, row_at, splat, store, sub, times, totals
from kdtheory.compiled.pieces import LOGISTIC, sigmoid, summarise

LIMIT = 3       # vectors a row: 8 states of 3 vectors leave 8 of 32 registers for the rest


@kernel
def narrow(rows: Any, offsets: Any, targets: Any, state: Any, like: Any, gamma: Any, decay: Any, shift: Any, response: Any, weights: Any,
           key: Any, wanted: Any, t0: Any, first: Any, last: Any, replicates: Any, found: Any) -> None:
    """Blocks ``first`` <= b < ``last`` of eight replicates from time t0 through the times ``wanted``; their moments to ``found``.

    y <- decay y + shift - gamma (r(a_n.y + offset_n) - target_n) a_n, with r the identity or the sigmoid.
    """
    n, width = len(offsets), 8 * len(like)
    weighted = len(weights) > 0
    indices, distances, gaps = np.empty(8 * WINDOW, dtype=np.intp), np.empty(8 * len(wanted)), np.empty(8 * len(wanted) * weighted)
    scale, shrink, moved = splat(-gamma), splat(decay), row_at(shift, 0, like)
    still, logistic = decay == 1.0 and not shift.any(), response == LOGISTIC
    for block in range(first, last):
        base = block * 8 * width
        y0, y1 = row_at(state, base, like), row_at(state, base + width, like)
        y2, y3 = row_at(state, base + 2 * width, like), row_at(state, base + 3 * width, like)
        y4, y5 = row_at(state, base + 4 * width, like), row_at(state, base + 5 * width, like)
        y6, y7 = row_at(state, base + 6 * width, like), row_at(state, base + 7 * width, like)
        t, window = t0, -1
        for record in range(len(wanted)):
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
                z = totals(dot(row_at(rows, a0, like), y0), dot(row_at(rows, a1, like), y1), dot(row_at(rows, a2, like), y2),
                           dot(row_at(rows, a3, like), y3), dot(row_at(rows, a4, like), y4), dot(row_at(rows, a5, like), y5),
                           dot(row_at(rows, a6, like), y6), dot(row_at(rows, a7, like), y7))
                z = add(z, gather(offsets, i0, i1, i2, i3, i4, i5, i6, i7))
                if logistic:
                    z = sub(sigmoid(z), gather(targets, i0, i1, i2, i3, i4, i5, i6, i7))
                if not still:
                    y0, y1, y2, y3 = axpy(shrink, y0, moved), axpy(shrink, y1, moved), axpy(shrink, y2, moved), axpy(shrink, y3, moved)
                    y4, y5, y6, y7 = axpy(shrink, y4, moved), axpy(shrink, y5, moved), axpy(shrink, y6, moved), axpy(shrink, y7, moved)
                r = mul(scale, z)
                y0, y1 = axpy(lane(r, 0), row_at(rows, again(a0), like), y0), axpy(lane(r, 1), row_at(rows, again(a1), like), y1)
                y2, y3 = axpy(lane(r, 2), row_at(rows, again(a2), like), y2), axpy(lane(r, 3), row_at(rows, again(a3), like), y3)
                y4, y5 = axpy(lane(r, 4), row_at(rows, again(a4), like), y4), axpy(lane(r, 5), row_at(rows, again(a5), like), y5)
                y6, y7 = axpy(lane(r, 6), row_at(rows, again(a6), like), y6), axpy(lane(r, 7), row_at(rows, again(a7), like), y7)
                t += 1
            store(distances, 8 * record,
                  totals(dot(y0, y0), dot(y1, y1), dot(y2, y2), dot(y3, y3), dot(y4, y4), dot(y5, y5), dot(y6, y6), dot(y7, y7)))
            if weighted:
                h = row_at(weights, 0, like)
                store(gaps, 8 * record,
                      totals(dot(h, times(y0, y0)), dot(h, times(y1, y1)), dot(h, times(y2, y2)), dot(h, times(y3, y3)),
                             dot(h, times(y4, y4)), dot(h, times(y5, y5)), dot(h, times(y6, y6)), dot(h, times(y7, y7))))
        put_row(state, base, y0); put_row(state, base + width, y1)
        put_row(state, base + 2 * width, y2); put_row(state, base + 3 * width, y3)
        put_row(state, base + 4 * width, y4); put_row(state, base + 5 * width, y5)
        put_row(state, base + 6 * width, y6); put_row(state, base + 7 * width, y7)
        count = min(8, replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if weighted:
            summarise(found, 2, block, gaps, count)
