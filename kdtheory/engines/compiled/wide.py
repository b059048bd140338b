"""One output, one index a step, long rows: each state is streamed through once a step.

The pass that adds a row to the state also takes the inner product with the row of the next step,
while the new state is in registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import kernel
from kdtheory.engines.compiled.draws import WINDOW, draw_window
from kdtheory.engines.compiled.groups import (
    gathered,
    loads,
    muladds,
    multiples,
    nothing,
    picked,
    prefetches,
    put_lanes,
    spaced,
    spread,
    stores,
    totals,
)
from kdtheory.engines.compiled.lanes import add, load, mul, splat, sub
from kdtheory.engines.compiled.pieces import LOGISTIC, sigmoid, summarise

TWO = 80  # vectors a row: two states with two rows each are 30 kB, what the first-level cache holds
AHEAD = 2  # steps: one is too late for rows that come from memory


@kernel
def wide(line: Any, state: Any, width: Any, group: Any, run: Any, found: Any) -> None:
    """As ``narrow``, for rows of any ``width`` (a multiple of eight)."""
    rows, offsets, targets, weights = line.rows, line.offsets, line.targets, line.weights
    key, wanted, t0, shift = run.key, run.wanted, run.t0, line.shift
    n, turned, size = len(offsets), len(weights) > 0, len(group)
    indices, distances, gaps = (
        np.empty(size * WINDOW, dtype=np.intp),
        np.empty(8 * len(wanted)),
        np.empty(8 * len(wanted)),
    )
    scale, shrink, zero = splat(-line.gamma), splat(line.decay), nothing(group)
    still, end = line.decay == 1.0 and not shift.any(), wanted[-1]
    logistic = line.response == LOGISTIC
    for block in range(run.first, run.last):
        for part in range(0, 8, size):
            y = spaced((block * 8 + part) * width, width, group)
            t, window, stop = t0, -1, t0
            i, a, s = spaced(0, 0, group), spaced(0, 0, group), zero
            for record in range(len(wanted)):
                q, g = zero, zero
                if t == wanted[record]:  # nothing to do but to look
                    for j in range(0, width, 8):
                        x = loads(state, y, j)
                        q = muladds(x, x, q)
                        if turned:
                            g = muladds(muladds(load(weights, j), x, zero), x, g)
                while t < wanted[record]:
                    if window < 0:  # the first inner product, which no pass before has taken
                        window = t // WINDOW
                        stop = min(end, (window + 1) * WINDOW)
                        draw_window(indices, window, stop, block * 8 + part, size, key, n)
                        i = picked(indices, spaced(t - window * WINDOW, WINDOW, group))
                        a = multiples(i, width)
                        for j in range(0, width, 8):
                            s = muladds(loads(rows, a, j), loads(state, y, j), s)
                    z = add(totals(s), gathered(offsets, i))
                    if logistic:
                        z = sub(sigmoid(z), gathered(targets, i))
                    r = spread(mul(scale, z), group)
                    t += 1
                    if t // WINDOW != window and t < end:
                        window = t // WINDOW
                        stop = min(end, (window + 1) * WINDOW)
                        draw_window(indices, window, stop, block * 8 + part, size, key, n)
                    i = picked(indices, spaced(min(t, stop - 1) - window * WINDOW, WINDOW, group))
                    b = multiples(i, width)
                    later = multiples(
                        picked(
                            indices,
                            spaced(min(t + AHEAD, stop - 1) - window * WINDOW, WINDOW, group),
                        ),
                        width,
                    )
                    seen, s = t == wanted[record], zero
                    # Twice the same loop: a helper in the middle of it was ten times slower, a
                    # branch on ``seen`` a fifth at every step recorded, and one loop inlined in
                    # both places 6 to 17 % at d = 500.
                    if seen:  # the squares on the way, while the new state is in registers
                        for j in range(0, width, 8):
                            prefetches(rows, later, j)
                            x = loads(state, y, j)
                            if not still:
                                x = muladds(shrink, x, load(shift, j))
                            x = muladds(r, loads(rows, a, j), x)
                            stores(state, y, j, x)
                            s = muladds(loads(rows, b, j), x, s)
                            q = muladds(x, x, q)
                            if turned:
                                g = muladds(muladds(load(weights, j), x, zero), x, g)
                    else:
                        for j in range(0, width, 8):
                            prefetches(rows, later, j)
                            x = loads(state, y, j)
                            if not still:
                                x = muladds(shrink, x, load(shift, j))
                            x = muladds(r, loads(rows, a, j), x)
                            stores(state, y, j, x)
                            s = muladds(loads(rows, b, j), x, s)
                    a = b
                put_lanes(distances, 8 * record + part, totals(q), group)
                put_lanes(gaps, 8 * record + part, totals(g), group)
        count = min(8, run.replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if turned:
            summarise(found, 2, block, gaps, count)
