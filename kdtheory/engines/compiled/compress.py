"""The compressors of kdtheory/rules/compressors.py, on the state of one replicate."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kdtheory.engines.compiled.cache import helper
from kdtheory.engines.compiled.draws import draw_uniforms
from kdtheory.problems.base import Array

NONE, RAND_K, BERNOULLI, ROUNDING = 0, 1, 2, 3


@helper
def smallest(keys: Any, count: Any) -> float:
    """The ``count``-th smallest of ``keys``, by quickselect; their order is lost."""
    low, high, wanted = 0, len(keys) - 1, count - 1
    while low < high:
        pivot, i, j = keys[(low + high) // 2], low, high
        while i <= j:
            while keys[i] < pivot:
                i += 1
            while keys[j] > pivot:
                j -= 1
            if i <= j:
                keys[i], keys[j] = keys[j], keys[i]
                i += 1
                j -= 1
        if wanted <= j:
            high = j
        elif wanted >= i:
            low = i
        else:
            break
    return keys[wanted]


class Squeeze(NamedTuple):
    """Number and parameter of a compressor, and room for its draws."""

    code: int
    parameter: float
    uniforms: Array
    scratch: Array


@helper
def squeezed(code: Any, parameter: Any, dim: Any) -> Any:
    """A compressor with room for ``dim`` coordinates."""
    return Squeeze(code, parameter, np.empty(dim), np.empty(dim))


@helper
def compress(
    squeeze: Any, state: Any, base: Any, shape: Any, time: Any, replicate: Any, key: Any
) -> None:
    """C(y) in place for ``shape`` = (count, columns, width): count rows of columns numbers, width
    apart; the draws are those of ``time`` and ``replicate``.

    A state with a NaN is NaN throughout afterwards: coordinates that are dropped must not hide it.
    """
    count, columns, width = shape
    code, parameter = squeeze.code, squeeze.parameter
    uniforms, scratch = squeeze.uniforms, squeeze.scratch
    if code == NONE:
        return
    draw_uniforms(uniforms, time, replicate, key)
    dim = count * columns
    # Bernoulli: kept where the uniform is below q, divided by q.
    edge, scale = (
        np.nextafter(parameter, 0.0),
        1.0 / parameter,
    )
    if code == RAND_K:
        for j in range(dim):
            scratch[j] = uniforms[j]  # a slice assignment would cost Numba two seconds of its own
        edge, scale = smallest(scratch, np.intp(parameter)), dim / parameter
    broken = 0.0
    for k in range(count):
        at, place = base + k * width, k * columns
        for j in range(columns):
            broken += state[at + j] - state[at + j]  # 0, or NaN where the coordinate is not finite
        if code == ROUNDING:
            for j in range(columns):
                cell = state[at + j] / parameter
                low = np.floor(cell)
                state[at + j] = parameter * (low + np.float64(uniforms[place + j] < cell - low))
        else:
            for j in range(columns):
                state[at + j] = state[at + j] * scale if uniforms[place + j] <= edge else 0.0
    if np.isnan(broken):
        state[base : base + count * width] = np.nan
