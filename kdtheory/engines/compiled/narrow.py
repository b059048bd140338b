"""Short rows, one output, one index a step: the states of several replicates live in vector
registers.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import kernel
from kdtheory.engines.compiled.draws import WINDOW, draw_window
from kdtheory.engines.compiled.groups import (
    affines,
    axpys,
    dots,
    gathered,
    multiples,
    picked,
    prefetches,
    put_lanes,
    put_states,
    spaced,
    squared,
    states_at,
    weighted,
)
from kdtheory.engines.compiled.lanes import add, mul, splat, sub
from kdtheory.engines.compiled.pieces import LOGISTIC, sigmoid, summarise

EIGHT = 3  # vectors a row: 8 states of 3 vectors leave 8 of 32 registers for the rest
FOUR = 8  # beyond 7 a state in four spills, and with 9 a streamed state is faster
NEAR = 2**17  # numbers that fit the second-level cache, where asking ahead costs more than it saves
AHEAD = 4  # steps


@kernel
def narrow(line: Any, state: Any, like: Any, group: Any, run: Any, found: Any) -> None:
    """The steps of ``line``, with r the identity or the sigmoid, for len(group) replicates in
    lockstep and rows of len(like) vectors; the moments of each block to ``found``.
    """
    rows, offsets, targets, weights = line.rows, line.offsets, line.targets, line.weights
    key, wanted, t0 = run.key, run.wanted, run.t0
    n, width, size = len(offsets), 8 * len(like), len(group)
    turned = len(weights) > 0
    indices, distances, gaps = (
        np.empty(size * WINDOW, dtype=np.intp),
        np.empty(8 * len(wanted)),
        np.empty(8 * len(wanted) * turned),
    )
    scale, shrink = splat(-line.gamma), splat(line.decay)
    moved = states_at(line.shift, 0, like, (0,))
    still = line.decay == 1.0 and not line.shift.any()
    logistic = line.response == LOGISTIC
    far = len(rows) > NEAR
    for block in range(run.first, run.last):
        for part in range(0, 8, size):
            base = (block * 8 + part) * width
            y = states_at(state, base, like, group)
            t, window = t0, -1
            for record in range(len(wanted)):
                while t < wanted[record]:
                    if t // WINDOW != window:
                        window = t // WINDOW
                        stop = min(wanted[-1], (window + 1) * WINDOW)
                        draw_window(indices, window, stop, block * 8 + part, size, key, n)
                    i = picked(indices, spaced(t - window * WINDOW, WINDOW, group))
                    a = multiples(i, width)
                    if far:
                        later = multiples(
                            picked(
                                indices,
                                spaced(min(t + AHEAD, stop - 1) - window * WINDOW, WINDOW, group),
                            ),
                            width,
                        )
                        for j in range(0, width, 8):
                            prefetches(rows, later, j)
                    z = add(dots(rows, a, y), gathered(offsets, i))
                    if logistic:
                        z = sub(sigmoid(z), gathered(targets, i))
                    if not still:
                        y = affines(shrink, y, moved)
                    y = axpys(mul(scale, z), rows, a, y)
                    t += 1
                put_lanes(distances, 8 * record + part, squared(y, group), group)
                if turned:
                    put_lanes(
                        gaps,
                        8 * record + part,
                        weighted(states_at(weights, 0, like, (0,)), y, group),
                        group,
                    )
            put_states(state, base, y)
        count = min(8, run.replicates - block * 8)
        summarise(found, 0, block, distances, count)
        if turned:
            summarise(found, 2, block, gaps, count)
