"""Linear models with any number of outputs, any batch and any compressor: one replicate at a
time.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import helper, kernel
from kdtheory.engines.compiled.compress import compress, squeezed
from kdtheory.engines.compiled.draws import draw_batch
from kdtheory.engines.compiled.lanes import exponential, load, muladd, splat, store, sub, total
from kdtheory.engines.compiled.pieces import (
    IDENTITY,
    LOGISTIC,
    affine,
    distance,
    sigmoid,
    summarise,
)


@helper
def outputs(
    rows: Any, row: Any, state: Any, base: Any, width: Any, count: Any, z: Any, place: Any
) -> None:
    """z[place + k] = a.y_k for the ``count`` outputs, four at a time so that they share the loads
    of the row.
    """
    k = 0
    while k + 4 <= count:
        s0, s1, s2, s3 = splat(0.0), splat(0.0), splat(0.0), splat(0.0)
        y0 = base + k * width
        for j in range(0, width, 8):
            a = load(rows, row + j)
            s0 = muladd(a, load(state, y0 + j), s0)
            s1 = muladd(a, load(state, y0 + width + j), s1)
            s2 = muladd(a, load(state, y0 + 2 * width + j), s2)
            s3 = muladd(a, load(state, y0 + 3 * width + j), s3)
        z[place + k], z[place + k + 1], z[place + k + 2], z[place + k + 3] = (
            total(s0),
            total(s1),
            total(s2),
            total(s3),
        )
        k += 4
    for rest in range(k, count):
        s = splat(0.0)
        for j in range(0, width, 8):
            s = muladd(load(rows, row + j), load(state, base + rest * width + j), s)
        z[place + rest] = total(s)


@helper
def respond(z: Any, place: Any, count: Any, padded: Any, response: Any) -> None:
    """The model's response to the outputs z[place : place + count], in place; ``padded`` is
    ``count`` rounded up to eights.
    """
    if response == IDENTITY:
        return
    if response == LOGISTIC:
        store(z, place, sigmoid(load(z, place)))
        return
    top = z[place]
    for k in range(place + 1, place + count):
        top = max(top, z[k])
    whole = 0.0
    for k in range(place, place + padded, 8):
        store(z, k, exponential(sub(load(z, k), splat(top))))
    for k in range(place, place + count):
        whole += z[k]
    for k in range(place, place + count):
        z[k] /= whole


@helper
def move(
    rows: Any, row: Any, state: Any, base: Any, width: Any, count: Any, r: Any, place: Any
) -> None:
    """y_k <- y_k + r[place + k] a."""
    k = 0
    while k + 4 <= count:
        r0, r1, r2, r3 = (
            splat(r[place + k]),
            splat(r[place + k + 1]),
            splat(r[place + k + 2]),
            splat(r[place + k + 3]),
        )
        y0 = base + k * width
        for j in range(0, width, 8):
            a = load(rows, row + j)
            store(state, y0 + j, muladd(r0, a, load(state, y0 + j)))
            store(state, y0 + width + j, muladd(r1, a, load(state, y0 + width + j)))
            store(state, y0 + 2 * width + j, muladd(r2, a, load(state, y0 + 2 * width + j)))
            store(state, y0 + 3 * width + j, muladd(r3, a, load(state, y0 + 3 * width + j)))
        k += 4
    for rest in range(k, count):
        scale, y = splat(r[place + rest]), base + rest * width
        for j in range(0, width, 8):
            store(state, y + j, muladd(scale, load(rows, row + j), load(state, y + j)))


@helper
def add_rows(state: Any, base: Any, size: Any, scale: Any, rows: Any, row: Any) -> None:
    """y <- y + scale times the ``size`` numbers from rows[row]."""
    s = splat(scale)
    for j in range(0, size, 8):
        store(state, base + j, muladd(s, load(rows, row + j), load(state, base + j)))


@kernel
def general(
    line: Any,
    state: Any,
    columns: Any,
    width: Any,
    centre: Any,
    sampling: Any,
    run: Any,
    found: Any,
) -> None:
    """As ``narrow``, for offsets and targets (N, K); ``columns`` of each row's ``width`` are
    coordinates, the rest is padding.

    Distances are taken from ``centre``.
    """
    rows, offsets, targets, weights = line.rows, line.offsets, line.targets, line.weights
    key, wanted, t0, batch = run.key, run.wanted, run.t0, sampling.batch
    n, count = offsets.shape
    padded = (count + 7) // 8 * 8
    size = count * width
    chosen, stamps, z = (
        np.empty(batch, dtype=np.intp),
        np.zeros(n + 1, dtype=np.int64),
        np.zeros(batch * padded),
    )
    squeeze = squeezed(sampling.code, sampling.parameter, count * columns)
    distances, gaps = np.zeros(8 * len(wanted)), np.zeros(8 * len(wanted))
    for block in range(run.first, run.last):
        for k in range(8):
            replicate = block * 8 + k
            base, t = replicate * size, t0
            for record in range(len(wanted)):
                while t < wanted[record]:
                    draw_batch(chosen, stamps, t, replicate, key, n, sampling.replacement)
                    for b in range(batch):
                        i, place = chosen[b], b * padded
                        outputs(rows, i * width, state, base, width, count, z, place)
                        for c in range(count):
                            z[place + c] += offsets[i, c]
                        respond(z, place, count, padded, line.response)
                        for c in range(count):
                            z[place + c] = (z[place + c] - targets[i, c]) * (-line.gamma / batch)
                    affine(state, base, size, line.decay, line.shift)
                    for b in range(batch):
                        move(rows, chosen[b] * width, state, base, width, count, z, b * padded)
                    compress(squeeze, state, base, (count, columns, width), t, replicate, key)
                    t += 1
                distances[8 * record + k], gaps[8 * record + k] = distance(
                    state, base, size, centre, weights
                )
        there = min(8, run.replicates - block * 8)
        summarise(found, 0, block, distances, there)
        if len(weights):
            summarise(found, 2, block, gaps, there)
