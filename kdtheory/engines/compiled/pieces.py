"""What every kernel shares: the response of a model, and the moments of a block of eight
replicates.
"""

from __future__ import annotations

from typing import Any

from kdtheory.engines.compiled.cache import helper
from kdtheory.engines.compiled.lanes import (
    add,
    div,
    exponential,
    load,
    mul,
    muladd,
    splat,
    store,
    sub,
    total,
)

IDENTITY, LOGISTIC, SOFTMAX = 0, 1, 2


@helper
def sigmoid(z: Any) -> Any:
    """1 / (1 + exp(-z)) of eight numbers."""
    one = splat(1.0)
    return div(one, add(one, exponential(sub(splat(0.0), z))))


@helper
def summarise(found: Any, quantity: Any, block: Any, values: Any, count: Any) -> None:
    """Per record, mean and squared deviations of ``count`` out of eight values, to found[quantity]
    and found[quantity + 1].

    Apart from the steps, so that the long chain of sums overlaps with that of the next record.
    """
    for record in range(found.shape[1]):
        if count == 8:
            eight = load(values, 8 * record)
            mean = total(eight) * 0.125
            off = sub(eight, splat(mean))
            square = total(mul(off, off))
        else:
            mean, square = 0.0, 0.0
            for k in range(8 * record, 8 * record + count):
                mean += values[k]
            mean /= count
            for k in range(8 * record, 8 * record + count):
                square += (values[k] - mean) ** 2
        found[quantity, record, block], found[quantity + 1, record, block] = mean, square


@helper
def distance(state: Any, base: Any, size: Any, centre: Any, weights: Any) -> Any:
    """|y - c|^2 and, where there are weights, sum_j weights_j (y_j - c_j)^2, of the ``size``
    numbers from ``base``.
    """
    whole, weighted = splat(0.0), splat(0.0)
    for j in range(0, size, 8):
        e = sub(load(state, base + j), load(centre, j))
        square = mul(e, e)
        whole = add(whole, square)
        if len(weights):
            weighted = muladd(square, load(weights, j), weighted)
    return total(whole), total(weighted)


@helper
def affine(state: Any, base: Any, width: Any, decay: Any, shift: Any) -> None:
    """y <- decay y + shift: the ridge, and what an unbiased teacher adds."""
    shrink = splat(decay)
    for j in range(0, width, 8):
        store(state, base + j, muladd(shrink, load(state, base + j), load(shift, j)))
