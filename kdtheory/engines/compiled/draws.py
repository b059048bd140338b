"""The numbers of kdtheory/engines/simulate/streams.py, drawn inside compiled code."""

from __future__ import annotations

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types

from kdtheory.engines.compiled.cache import helper, inlined
from kdtheory.engines.compiled.lanes import WIDTH, instruction
from kdtheory.engines.simulate.streams import COMPRESSION, INDEX, KEY_STEPS, MULTIPLIERS, ROUNDS

WINDOW = 256  # times drawn at once; even, and short enough for the first-level cache
_M0, _M1, _K0, _K1 = (np.uint64(number) for number in (*MULTIPLIERS, *KEY_STEPS))
_LOW, _HALF, _SHIFT = np.uint64(0xFFFFFFFF), np.uint64(32), np.uint64(11)
_BITS = ir.VectorType(ir.IntType(64), WIDTH)


@helper
def philox(c0: Any, c1: Any, c2: Any, c3: Any, k0: Any, k1: Any) -> Any:
    """Philox4x32-10 of uint64 numbers that hold 32-bit words; two 64-bit results."""
    for _ in range(ROUNDS):
        first, second = c0 * _M0, c2 * _M1
        c0, c1, c2, c3 = (
            (second >> _HALF) ^ c1 ^ k0,
            second & _LOW,
            (first >> _HALF) ^ c3 ^ k1,
            first & _LOW,
        )
        k0, k1 = (k0 + _K0) & _LOW, (k1 + _K1) & _LOW
    return (c1 << _HALF) | c0, (c3 << _HALF) | c2


@helper
def below(bits: Any, n: Any) -> Any:
    """floor(bits n / 2**64)."""
    return ((bits >> _HALF) * n + (((bits & _LOW) * n) >> _HALF)) >> _HALF


def _multiply_shift(builder: Any, bits: Any, size: Any) -> Any:
    """``below`` in LLVM's words, for eight numbers."""
    half, low = (ir.Constant(_BITS, [value] * WIDTH) for value in (32, 0xFFFFFFFF))
    carry = builder.lshr(builder.mul(builder.and_(bits, low), size), half)
    return builder.lshr(builder.add(builder.mul(builder.lshr(bits, half), size), carry), half)


@instruction
def sixteen_indices(
    typing: Any,
    out: Any,
    offset: Any,
    pair: Any,
    replicate: Any,
    slot: Any,
    k0: Any,
    k1: Any,
    n: Any,
) -> Any:
    """out[offset : offset + 16] = indices below n at the times 2 pair, ..., 2 pair + 15: Philox on
    eight counters at once.

    Written with vectors because the compiler vectorises the plain loop in one kernel and not in the
    next.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def every(value: Any) -> Any:
            single = builder.insert_element(
                ir.Constant(_BITS, ir.Undefined), value, ir.Constant(ir.IntType(32), 0)
            )
            return builder.shuffle_vector(
                single, single, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
            )

        def constant(value: int) -> Any:
            return ir.Constant(_BITS, [value] * WIDTH)

        half, low = constant(32), constant(0xFFFFFFFF)
        c0 = builder.and_(builder.add(every(args[2]), ir.Constant(_BITS, list(range(WIDTH)))), low)
        c1, c2, c3 = every(args[3]), every(args[4]), constant(INDEX)
        k0, k1, size = every(args[5]), every(args[6]), every(args[7])
        for _ in range(ROUNDS):
            first = builder.mul(c0, constant(MULTIPLIERS[0]))
            second = builder.mul(c2, constant(MULTIPLIERS[1]))
            c0 = builder.xor(builder.xor(builder.lshr(second, half), c1), k0)
            c2 = builder.xor(builder.xor(builder.lshr(first, half), c3), k1)
            c1, c3 = builder.and_(second, low), builder.and_(first, low)
            k0 = builder.and_(builder.add(k0, constant(KEY_STEPS[0])), low)
            k1 = builder.and_(builder.add(k1, constant(KEY_STEPS[1])), low)
        even = _multiply_shift(builder, builder.or_(builder.shl(c1, half), c0), size)
        odd = _multiply_shift(builder, builder.or_(builder.shl(c3, half), c2), size)
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        for part in (0, WIDTH):
            order = [
                place for k in range(part // 2, part // 2 + WIDTH // 2) for place in (k, WIDTH + k)
            ]
            mixed = builder.shuffle_vector(
                even, odd, ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), order)
            )
            place = builder.gep(data, [builder.add(args[1], ir.Constant(ir.IntType(64), part))])
            builder.store(mixed, builder.bitcast(place, _BITS.as_pointer()), align=8)
        return context.get_dummy_value()

    return types.void(out, types.intp, *[types.uint64] * 6), emit


@helper
def draw_indices(
    out: Any, offset: Any, start: Any, stop: Any, replicate: Any, key: Any, n: Any
) -> None:
    """out[offset + t - start] = index below n at time t, for start <= t < stop; ``start`` even,
    room up to a multiple of 16.
    """
    k0, k1, runs, size, slot = key[0], key[1], np.uint64(replicate), np.uint64(n), np.uint64(0)
    for t in range(start, stop, 16):
        sixteen_indices(out, offset + t - start, np.uint64(t // 2), runs, slot, k0, k1, size)


@inlined
def draw_window(out: Any, window: Any, stop: Any, first: Any, size: Any, key: Any, n: Any) -> None:
    """The indices of a window for ``size`` replicates from ``first`` on, up to ``stop``."""
    for k in range(size):
        draw_indices(out, k * WINDOW, window * WINDOW, stop, first + k, key, n)


@helper
def draw_batch(
    out: Any, stamps: Any, time: Any, replicate: Any, key: Any, n: Any, replacement: Any
) -> None:
    """out[b] = b-th index of the batch at ``time``; ``stamps`` (n,) remembers who was last taken in
    which call.
    """
    size = len(out)
    floyd = not replacement and size > 1
    if floyd:
        stamps[n] += 1  # the number of this call: nothing to clear between calls
    pair, odd = np.uint64(time // 2) & _LOW, time % 2 == 1
    for slot in range(size):
        bits = philox(pair, np.uint64(replicate), np.uint64(slot), np.uint64(INDEX), key[0], key[1])
        word = bits[1] if odd else bits[0]
        if not floyd:
            out[slot] = np.intp(below(word, np.uint64(n)))
            continue
        top = n - size + slot
        drawn = np.intp(below(word, np.uint64(top + 1)))
        if stamps[drawn] == stamps[n]:
            drawn = top
        stamps[drawn] = stamps[n]
        out[slot] = drawn


@helper
def draw_terms(
    out: Any, time: Any, replicate: Any, key: Any, thresholds: Any, partners: Any
) -> None:
    """out[b] = b-th term of the batch at ``time``, by the alias table of
    kdtheory/engines/simulate/alias.py.
    """
    n = np.uint64(len(thresholds))
    pair, odd = np.uint64(time // 2) & _LOW, time % 2 == 1
    for slot in range(len(out)):
        bits = philox(pair, np.uint64(replicate), np.uint64(slot), np.uint64(INDEX), key[0], key[1])
        word = bits[1] if odd else bits[0]
        column = np.intp(below(word, n))
        out[slot] = column if word * n < thresholds[column] else partners[column]


@helper
def draw_uniforms(out: Any, time: Any, replicate: Any, key: Any) -> None:
    """out[j] = uniform of coordinate j for the compression at ``time``."""
    pair, odd = np.uint64(time // 2) & _LOW, time % 2 == 1
    for slot in range(len(out)):
        even_word, odd_word = philox(
            pair, np.uint64(replicate), np.uint64(slot), np.uint64(COMPRESSION), key[0], key[1]
        )
        out[slot] = np.float64((odd_word if odd else even_word) >> _SHIFT) * 2.0**-53
