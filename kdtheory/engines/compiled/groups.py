"""Several replicates at once: tuples with one entry, or V vectors, for each of K, so that what is
done to all unrolls.

The steps of one replicate wait for each other; those of K fill the waiting.  ``group`` and ``like``
are tuples of length K and V.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types

from kdtheory.engines.compiled.lanes import (
    _INT32,
    _INT64,
    _VECTOR,
    FAST,
    WIDTH,
    _address,
    _call,
    _muladd,
    _shuffle,
    _vector_at,
    instruction,
    lanes,
)


def _entries(builder: Any, row: Any) -> list[Any]:
    return [builder.extract_value(row, place) for place in range(row.type.count)]


def _tuple(builder: Any, entries: list[Any]) -> Any:
    row = ir.Constant(ir.ArrayType(entries[0].type, len(entries)), ir.Undefined)
    for place, entry in enumerate(entries):
        row = builder.insert_value(row, entry, place)
    return row


def _put(context: Any, builder: Any, kind: Any, array: Any, offset: Any, value: Any) -> None:
    place = _address(context, builder, kind, array, offset)
    builder.store(value, builder.bitcast(place, value.type.as_pointer()), align=8)


def _shares(entries: list[Any], parts: int) -> list[list[Any]]:
    """K lists of V."""
    size = len(entries) // parts
    return [entries[size * k : size * (k + 1)] for k in range(parts)]


def _inner(builder: Any, left: list[Any], right: list[Any]) -> Any:
    """Products summed over the V vectors; the lanes are still to be added."""
    result = builder.fmul(left[0], right[0], flags=FAST)
    for x, y in zip(left[1:], right[1:], strict=True):
        result = _muladd(builder, x, y, result)
    return result


def _totals(builder: Any, sums: list[Any]) -> Any:
    """Lane k is the sum of the lanes of ``sums[k]``: three rounds of adding neighbours, shared by
    all of up to eight.
    """
    full = [*sums, *[ir.Constant(_VECTOR, [0.0] * WIDTH)] * (WIDTH - len(sums))]
    left = [
        full[place] for place in (0, 4, 2, 6, 1, 5, 3, 7)
    ]  # halving leaves the order of reversed bits
    for stride in (4, 2, 1):
        even = [place for place in range(2 * WIDTH) if not place & stride]
        odd = [place + stride for place in even]
        left = [
            builder.fadd(_shuffle(builder, x, y, even), _shuffle(builder, x, y, odd), flags=FAST)
            for x, y in zip(left[: len(left) // 2], left[len(left) // 2 :], strict=True)
        ]
    return left[0]


def _row(context: Any, builder: Any, kind: Any, array: Any, offset: Any, size: int) -> list[Any]:
    places = [builder.add(offset, ir.Constant(_INT64, WIDTH * k)) for k in range(size)]
    return [_vector_at(context, builder, kind, array, place) for place in places]


@instruction
def spaced(typing: Any, base: Any, stride: Any, group: Any) -> Any:
    """(base, base + stride, ...), K numbers."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        steps = [
            builder.mul(args[1], ir.Constant(_INT64, k)) for k in range(len(signature.args[2]))
        ]
        return _tuple(builder, [builder.add(args[0], step) for step in steps])

    return types.UniTuple(types.intp, len(group))(types.intp, types.intp, group), emit


@instruction
def picked(typing: Any, array: Any, places: Any) -> Any:
    """The K entries of an integer array at ``places``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(
            builder,
            [
                builder.load(_address(context, builder, signature.args[0], args[0], place))
                for place in _entries(builder, args[1])
            ],
        )

    return places(array, places), emit


@instruction
def multiples(typing: Any, numbers: Any, factor: Any) -> Any:
    """Each of K whole numbers times ``factor``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(
            builder, [builder.mul(number, args[1]) for number in _entries(builder, args[0])]
        )

    return numbers(numbers, types.intp), emit


@instruction
def gathered(typing: Any, array: Any, places: Any) -> Any:
    """Lanes 0 to K-1: a float array at ``places``; the other lanes repeat them."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = [
            builder.load(_address(context, builder, signature.args[0], args[0], place))
            for place in _entries(builder, args[1])
        ]
        result = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(WIDTH):
            result = builder.insert_element(
                result, values[lane % len(values)], ir.Constant(_INT32, lane)
            )
        return result

    return lanes(array, places), emit


@instruction
def spread(typing: Any, value: Any, group: Any) -> Any:
    """K vectors, the k-th filled with lane k."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(
            builder,
            [
                _shuffle(builder, args[0], args[0], [k] * WIDTH)
                for k in range(len(signature.args[1]))
            ],
        )

    return types.UniTuple(lanes, len(group))(lanes, group), emit


@instruction
def nothing(typing: Any, group: Any) -> Any:
    """K vectors of zeros."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(builder, [ir.Constant(_VECTOR, [0.0] * WIDTH)] * len(signature.args[0]))

    return types.UniTuple(lanes, len(group))(group), emit


@instruction
def totals(typing: Any, sums: Any) -> Any:
    """Lane k is the sum of the lanes of ``sums[k]``; lanes from K on are 0."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _totals(builder, _entries(builder, args[0]))

    return lanes(sums), emit


@instruction
def put_lanes(typing: Any, array: Any, offset: Any, value: Any, group: Any) -> Any:
    """array[offset : offset + K] = the first K lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _put(
            context,
            builder,
            signature.args[0],
            args[0],
            args[1],
            _shuffle(builder, args[2], args[2], list(range(len(signature.args[3])))),
        )
        return context.get_dummy_value()

    return types.void(array, types.intp, lanes, group), emit


# Streamed states: vector j of each of K rows at a time.


@instruction
def loads(typing: Any, array: Any, bases: Any, j: Any) -> Any:
    """The K vectors at bases + j."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(
            builder,
            [
                _vector_at(context, builder, signature.args[0], args[0], builder.add(base, args[2]))
                for base in _entries(builder, args[1])
            ],
        )

    return types.UniTuple(lanes, len(bases))(array, bases, types.intp), emit


@instruction
def stores(typing: Any, array: Any, bases: Any, j: Any, vectors: Any) -> Any:
    """Write K vectors to bases + j."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for base, vector in zip(
            _entries(builder, args[1]), _entries(builder, args[3]), strict=True
        ):
            _put(context, builder, signature.args[0], args[0], builder.add(base, args[2]), vector)
        return context.get_dummy_value()

    return types.void(array, bases, types.intp, vectors), emit


@instruction
def prefetches(typing: Any, array: Any, bases: Any, j: Any) -> Any:
    """Ask for the cache lines at bases + j, into the second-level cache: the first holds what is in
    use.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        hints = [
            ir.Constant(_INT32, hint) for hint in (0, 2, 1)
        ]  # a read, of data, not for the first level
        for base in _entries(builder, args[1]):
            place = _address(
                context, builder, signature.args[0], args[0], builder.add(base, args[2])
            )
            _call(
                builder,
                "llvm.prefetch.p0",
                ir.VoidType(),
                [builder.bitcast(place, ir.IntType(8).as_pointer()), *hints],
                (),
            )
        return context.get_dummy_value()

    return types.void(array, bases, types.intp), emit


@instruction
def muladds(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """x y + z for K vectors each; a single vector x or z serves all."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        middle = _entries(builder, args[1])
        first, last = (
            [arg] * len(middle) if kind == lanes else _entries(builder, arg)
            for arg, kind in ((args[0], signature.args[0]), (args[2], signature.args[2]))
        )
        return _tuple(
            builder, [_muladd(builder, *three) for three in zip(first, middle, last, strict=True)]
        )

    return y(x, y, z), emit


# States in registers: K states of V vectors, one tuple.


@instruction
def states_at(typing: Any, array: Any, offset: Any, like: Any, group: Any) -> Any:
    """The K V vectors from array[offset]."""
    count = len(like) * len(group)

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _tuple(builder, _row(context, builder, signature.args[0], args[0], args[1], count))

    return types.UniTuple(lanes, count)(array, types.intp, like, group), emit


@instruction
def put_states(typing: Any, array: Any, offset: Any, states: Any) -> Any:
    """Write all vectors from array[offset] on."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for k, vector in enumerate(_entries(builder, args[2])):
            _put(
                context,
                builder,
                signature.args[0],
                args[0],
                builder.add(args[1], ir.Constant(_INT64, WIDTH * k)),
                vector,
            )
        return context.get_dummy_value()

    return types.void(array, types.intp, states), emit


@instruction
def dots(typing: Any, rows: Any, bases: Any, states: Any) -> Any:
    """Lane k is the inner product of state k with the row at bases[k]."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        parts = _shares(_entries(builder, args[2]), len(signature.args[1]))
        return _totals(
            builder,
            [
                _inner(
                    builder,
                    _row(context, builder, signature.args[0], args[0], base, len(part)),
                    part,
                )
                for base, part in zip(_entries(builder, args[1]), parts, strict=True)
            ],
        )

    return lanes(rows, bases, states), emit


@instruction
def axpys(typing: Any, scales: Any, rows: Any, bases: Any, states: Any) -> Any:
    """State k plus lane k of ``scales`` times the row at bases[k].

    The rows are loaded again: were they kept since the inner product, they would push the states
    out of the registers.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = []
        parts = _shares(_entries(builder, args[3]), len(signature.args[2]))
        for k, (base, part) in enumerate(zip(_entries(builder, args[2]), parts, strict=True)):
            # The same number, which the compiler cannot know.
            hidden = builder.asm(ir.FunctionType(_INT64, [_INT64]), "", "=r,0", [base], False)
            scale = _shuffle(builder, args[0], args[0], [k] * WIDTH)
            row = _row(context, builder, signature.args[1], args[1], hidden, len(part))
            result += [_muladd(builder, scale, x, y) for x, y in zip(row, part, strict=True)]
        return _tuple(builder, result)

    return states(lanes, rows, bases, states), emit


@instruction
def affines(typing: Any, scale: Any, states: Any, shift: Any) -> Any:
    """scale times each state plus the V vectors ``shift``."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        moved = _entries(builder, args[2])
        return _tuple(
            builder,
            [
                _muladd(builder, args[0], y, moved[k % len(moved)])
                for k, y in enumerate(_entries(builder, args[1]))
            ],
        )

    return states(lanes, states, shift), emit


@instruction
def squared(typing: Any, states: Any, group: Any) -> Any:
    """Lane k is |state k|^2."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _totals(
            builder,
            [
                _inner(builder, part, part)
                for part in _shares(_entries(builder, args[0]), len(signature.args[1]))
            ],
        )

    return lanes(states, group), emit


@instruction
def weighted(typing: Any, weights: Any, states: Any, group: Any) -> Any:
    """Lane k is sum_j weights_j (state k)_j^2."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        scale = _entries(builder, args[0])
        sums = [
            _inner(builder, scale, [builder.fmul(y, y, flags=FAST) for y in part])
            for part in _shares(_entries(builder, args[1]), len(signature.args[2]))
        ]
        return _totals(builder, sums)

    return lanes(weights, states, group), emit
