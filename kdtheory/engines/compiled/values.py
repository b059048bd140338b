"""Sums over all N terms at every replicate: what f costs where it has no short form.  Lanes are
replicates here.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from kdtheory.engines.compiled.cache import helper, kernel
from kdtheory.engines.compiled.lanes import (
    add,
    exponential,
    larger,
    load,
    mul,
    muladd,
    splat,
    store,
    sub,
    total,
)
from kdtheory.engines.compiled.pieces import IDENTITY, summarise


@helper
def turned(state: Any, base: Any, size: Any, out: Any) -> None:
    """out[8 j + k] = coordinate j of the k-th of eight replicates."""
    for k in range(8):
        for j in range(size):
            out[8 * j + k] = state[base + k * size + j]


@helper
def fold_into(sums: Any, products: Any, place: Any, here: Any) -> None:
    """sums[place + k] += log products[here + k]; the products start again at 1."""
    for k in range(8):
        sums[place + k] += math.log(products[here + k])
        products[here + k] = 1.0


@helper
def accumulate(
    z: Any,
    place: Any,
    offsets: Any,
    i: Any,
    square: Any,
    sums: Any,
    products: Any,
    places: Any,
) -> None:
    """Add the terms of up to eight rows from z[place:], to ``places`` of sums and products:
    squares, or log(1 + exp z) as max(z, 0) and a factor 1 + exp(-|z|).
    """
    (at, here), there = places, min(8, len(offsets) - i)
    whole, product, zero, one = load(sums, at), load(products, here), splat(0.0), splat(1.0)
    for k in range(there):
        s = add(load(z, place + 8 * k), splat(offsets[i + k]))
        if square:
            whole = muladd(s, s, whole)
        else:
            up = larger(s, zero)
            # -|s| = s - 2 max(s, 0).
            product = mul(product, add(one, exponential(sub(s, add(up, up)))))
            whole = add(whole, up)
    store(sums, at, whole)
    store(products, here, product)


@kernel
def single_sums(
    rows: Any,
    offsets: Any,
    columns: Any,
    width: Any,
    state: Any,
    response: Any,
    blocks: Any,
    sums: Any,
) -> None:
    """One output: sums[r] = sum_n z_n^2 (identity) or sum_n log(1 + exp z_n), z_n = a_n.y_r +
    offset_n; rows padded to eights.

    Logarithms are taken of products of at most 512 factors in [1, 2], which cannot overflow.  Eight
    rows meet two blocks of replicates at once, sixteen sums in registers; a last block without a
    partner meets itself.
    """
    (first, last), n, square = blocks, len(offsets), response == IDENTITY
    x, w, products = np.empty(8 * width), np.empty(8 * width), np.ones(8 * (last - first))
    zero, z = splat(0.0), np.empty(128)
    # Rows that stay in the second-level cache while the replicates pass.
    group = min(512, max(8, 32768 // width // 8 * 8))
    sums[8 * first : 8 * last] = 0.0
    for start in range(0, n, group):
        for block in range(first, last, 2):
            other = min(block + 1, last - 1)
            turned(state, 8 * block * width, width, x)
            turned(state, 8 * other * width, width, w)
            for i in range(start, min(n, start + group), 8):
                a0, a1, a2, a3 = i * width, (i + 1) * width, (i + 2) * width, (i + 3) * width
                a4, a5, a6, a7 = (i + 4) * width, (i + 5) * width, (i + 6) * width, (i + 7) * width
                z0, z1, z2, z3, z4, z5, z6, z7 = zero, zero, zero, zero, zero, zero, zero, zero
                w0, w1, w2, w3, w4, w5, w6, w7 = zero, zero, zero, zero, zero, zero, zero, zero
                for j in range(columns):
                    p, q = load(x, 8 * j), load(w, 8 * j)
                    a = splat(rows[a0 + j])
                    z0, w0 = muladd(a, p, z0), muladd(a, q, w0)
                    a = splat(rows[a1 + j])
                    z1, w1 = muladd(a, p, z1), muladd(a, q, w1)
                    a = splat(rows[a2 + j])
                    z2, w2 = muladd(a, p, z2), muladd(a, q, w2)
                    a = splat(rows[a3 + j])
                    z3, w3 = muladd(a, p, z3), muladd(a, q, w3)
                    a = splat(rows[a4 + j])
                    z4, w4 = muladd(a, p, z4), muladd(a, q, w4)
                    a = splat(rows[a5 + j])
                    z5, w5 = muladd(a, p, z5), muladd(a, q, w5)
                    a = splat(rows[a6 + j])
                    z6, w6 = muladd(a, p, z6), muladd(a, q, w6)
                    a = splat(rows[a7 + j])
                    z7, w7 = muladd(a, p, z7), muladd(a, q, w7)
                store(z, 0, z0)
                store(z, 64, w0)
                store(z, 8, z1)
                store(z, 72, w1)
                store(z, 16, z2)
                store(z, 80, w2)
                store(z, 24, z3)
                store(z, 88, w3)
                store(z, 32, z4)
                store(z, 96, w4)
                store(z, 40, z5)
                store(z, 104, w5)
                store(z, 48, z6)
                store(z, 112, w6)
                store(z, 56, z7)
                store(z, 120, w7)
                accumulate(
                    z, 0, offsets, i, square, sums, products, (8 * block, 8 * (block - first))
                )
                if other > block:
                    accumulate(
                        z, 64, offsets, i, square, sums, products, (8 * other, 8 * (other - first))
                    )
            if not square:
                fold_into(sums, products, 8 * block, 8 * (block - first))
                if other > block:
                    fold_into(sums, products, 8 * other, 8 * (other - first))


@kernel
def softmax_sums(
    rows: Any, offsets: Any, columns: Any, width: Any, state: Any, blocks: Any, sums: Any
) -> None:
    """K outputs: sums[r] = sum_n log sum_k exp z_nk, z_nk = a_n.y_rk + offset_nk; rows padded to
    eights.
    """
    (first, last), (n, count) = blocks, offsets.shape
    padded = (count + 3) // 4 * 4
    x, z = np.zeros(8 * width * padded), np.empty(16 * padded)
    products, zero = np.ones(8 * (last - first)), splat(0.0)
    # Each factor is at most K: a product of so many is below 2^1000.
    longest = np.intp(1000.0 / math.log2(count + 1.0))
    group = max(2, min(longest, 32768 // width) // 2 * 2)
    sums[8 * first : 8 * last] = 0.0
    for start in range(0, n, group):
        for block in range(first, last):
            turned(state, 8 * block * width * count, width * count, x)
            here = 8 * (block - first)
            whole, product = load(sums, 8 * block), load(products, here)
            for i in range(start, min(n, start + group), 2):
                a, b = i * width, (i + 1) * width
                for k in range(0, padded, 4):
                    p, q, r, s, t, u, v, w = zero, zero, zero, zero, zero, zero, zero, zero
                    y0, y1, y2, y3 = (
                        8 * k * width,
                        8 * (k + 1) * width,
                        8 * (k + 2) * width,
                        8 * (k + 3) * width,
                    )
                    for j in range(columns):
                        f, g = splat(rows[a + j]), splat(rows[b + j])
                        e = load(x, y0 + 8 * j)
                        p, t = muladd(f, e, p), muladd(g, e, t)
                        e = load(x, y1 + 8 * j)
                        q, u = muladd(f, e, q), muladd(g, e, u)
                        e = load(x, y2 + 8 * j)
                        r, v = muladd(f, e, r), muladd(g, e, v)
                        e = load(x, y3 + 8 * j)
                        s, w = muladd(f, e, s), muladd(g, e, w)
                    store(z, 8 * k, p)
                    store(z, 8 * k + 8, q)
                    store(z, 8 * k + 16, r)
                    store(z, 8 * k + 24, s)
                    place = 8 * (padded + k)
                    store(z, place, t)
                    store(z, place + 8, u)
                    store(z, place + 16, v)
                    store(z, place + 24, w)
                for row in range(min(2, n - i)):
                    at = 8 * padded * row
                    top = add(load(z, at), splat(offsets[i + row, 0]))
                    store(z, at, top)
                    for k in range(1, count):
                        e = add(load(z, at + 8 * k), splat(offsets[i + row, k]))
                        store(z, at + 8 * k, e)
                        top = larger(top, e)
                    parts = zero
                    for k in range(count):
                        parts = add(parts, exponential(sub(load(z, at + 8 * k), top)))
                    product, whole = mul(product, parts), add(whole, top)
            store(sums, 8 * block, whole)
            store(products, here, product)
            fold_into(sums, products, 8 * block, here)


@kernel
def gaps_from(
    sums: Any,
    loss: Any,
    state: Any,
    size: Any,
    blocks: Any,
    replicates: Any,
    found: Any,
    record: Any,
) -> None:
    """The gap of ``loss`` and its moments over each of the blocks (first, last)."""
    first, last = blocks
    values = np.empty(8)
    for block in range(first, last):
        for k in range(8):
            base = (8 * block + k) * size
            inner, norm = splat(0.0), splat(0.0)
            for j in range(0, size, 8):
                y = load(state, base + j)
                inner = muladd(y, load(loss.linear, j), inner)
                x = add(y, load(loss.origin, j))
                norm = muladd(x, x, norm)
            values[k] = loss.scale * sums[8 * block + k] - total(inner)
            values[k] += loss.ridge / 2 * total(norm) - loss.constant
        summarise(
            found[:, record : record + 1, :], 2, block, values, min(8, replicates - 8 * block)
        )
