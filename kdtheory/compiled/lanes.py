"""Eight float64 numbers at once, as a Numba type: the compiler keeps them in vector registers, whatever the width of the machine's.

Loops that Numba vectorises by itself reach the speed of plain C; naming the vectors is what lets eight replicates share one reduction
and lets a whole state live in registers.  Rows of ``V`` such vectors are tuples, so that the loops over them unroll.
"""

from __future__ import annotations

import math
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

WIDTH = 8
# What sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, so that divergence is seen.
FAST = ("reassoc", "contract", "nsz")

_DOUBLE, _INT32, _INT64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_VECTOR, _BITS = ir.VectorType(_DOUBLE, WIDTH), ir.VectorType(_INT64, WIDTH)


def instruction(function: Any) -> Any:
    """Numba's intrinsic; its callers do not see the first argument, which a type checker cannot know."""
    return intrinsic(function)


class Lanes(types.Type):
    """The Numba type of eight float64 numbers."""

    def __init__(self) -> None:
        """One type, one name."""
        super().__init__(name="Lanes")


lanes = Lanes()


@register_model(Lanes)
class LanesModel(models.PrimitiveModel):
    """An LLVM vector."""

    def __init__(self, manager: Any, kind: Any) -> None:
        """See the class."""
        super().__init__(manager, kind, _VECTOR)


def _constant(value: float) -> ir.Constant:
    return ir.Constant(_VECTOR, [value] * WIDTH)


def _shuffle(builder: Any, left: Any, right: Any, places: list[int]) -> Any:
    return builder.shuffle_vector(left, right, ir.Constant(ir.VectorType(_INT32, len(places)), places))


def _call(builder: Any, name: str, result: Any, args: list[Any], flags: tuple[str, ...] = FAST) -> Any:
    function = cgutils.get_or_insert_function(builder.module, ir.FunctionType(result, [arg.type for arg in args]), name)
    return builder.call(function, args, fastmath=flags)


def _muladd(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return _call(builder, "llvm.fmuladd.v8f64", _VECTOR, [x, y, z])


def _address(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [offset])


def _vector_at(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    value = builder.load(builder.bitcast(_address(context, builder, kind, array, offset), _VECTOR.as_pointer()))
    value.align = 8
    return value


@instruction
def load(typing: Any, array: Any, offset: Any) -> Any:
    """array[offset : offset + 8] of a flat float64 array."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _vector_at(context, builder, signature.args[0], *args)
    return lanes(array, types.intp), emit


@instruction
def store(typing: Any, array: Any, offset: Any, value: Any) -> Any:
    """array[offset : offset + 8] = value."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = _address(context, builder, signature.args[0], args[0], args[1])
        builder.store(args[2], builder.bitcast(place, _VECTOR.as_pointer()), align=8)
        return context.get_dummy_value()
    return types.void(array, types.intp, lanes), emit


@instruction
def gather(typing: Any, array: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """array at eight places."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        result = ir.Constant(_VECTOR, ir.Undefined)
        for place, offset in enumerate(args[1:]):
            value = builder.load(_address(context, builder, signature.args[0], args[0], offset))
            result = builder.insert_element(result, value, ir.Constant(_INT32, place))
        return result
    return lanes(array, *[types.intp] * WIDTH), emit


@instruction
def again(typing: Any, offset: Any) -> Any:
    """``offset`` itself, hidden from the compiler: what lies there is loaded a second time and not kept in a register in between."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.asm(ir.FunctionType(_INT64, [_INT64]), "", "=r,0", args, False)
    return types.intp(types.intp), emit


@instruction
def prefetch(typing: Any, array: Any, offset: Any) -> Any:
    """Ask for the cache line of array[offset], into the second-level cache: the first holds what is in use."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        place = builder.bitcast(_address(context, builder, signature.args[0], *args), ir.IntType(8).as_pointer())
        hints = [ir.Constant(_INT32, hint) for hint in (0, 2, 1)]       # a read, of data, not for the first level
        _call(builder, "llvm.prefetch.p0", ir.VoidType(), [place, *hints], ())
        return context.get_dummy_value()
    return types.void(array, types.intp), emit


@instruction
def splat(typing: Any, value: Any) -> Any:
    """The same number eight times."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        single = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), args[0], ir.Constant(_INT32, 0))
        return _shuffle(builder, single, single, [0] * WIDTH)
    return lanes(types.float64), emit


@instruction
def lane(typing: Any, value: Any, place: Any) -> Any:
    """Lane ``place`` (a literal) eight times."""
    if not isinstance(place, types.IntegerLiteral):
        return None
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _shuffle(builder, args[0], args[0], [signature.args[1].literal_value] * WIDTH)
    return lanes(lanes, place), emit


@instruction
def muladd(typing: Any, x: Any, y: Any, z: Any) -> Any:
    """x y + z."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _muladd(builder, *args)
    return lanes(lanes, lanes, lanes), emit


@instruction
def mul(typing: Any, x: Any, y: Any) -> Any:
    """x y."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fmul(*args, flags=FAST)
    return lanes(lanes, lanes), emit


@instruction
def add(typing: Any, x: Any, y: Any) -> Any:
    """x + y."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fadd(*args, flags=FAST)
    return lanes(lanes, lanes), emit


@instruction
def sub(typing: Any, x: Any, y: Any) -> Any:
    """x - y."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fsub(*args, flags=FAST)
    return lanes(lanes, lanes), emit


@instruction
def div(typing: Any, x: Any, y: Any) -> Any:
    """x / y."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.fdiv(*args)
    return lanes(lanes, lanes), emit


@instruction
def larger(typing: Any, x: Any, y: Any) -> Any:
    """The larger of each pair."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.select(builder.fcmp_ordered("<", *args), args[1], args[0])     # a NaN in x stays
    return lanes(lanes, lanes), emit


@instruction
def total(typing: Any, value: Any) -> Any:
    """The sum of the lanes."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(builder, "llvm.vector.reduce.fadd.v8f64", _DOUBLE, [ir.Constant(_DOUBLE, 0.0), args[0]])
    return types.float64(lanes), emit


@instruction
def totals(typing: Any, a: Any, b: Any, c: Any, d: Any, e: Any, f: Any, g: Any, h: Any) -> Any:
    """Lane k is the sum of the lanes of the k-th argument: three rounds of adding neighbours, shared by all eight."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        left = [args[place] for place in (0, 4, 2, 6, 1, 5, 3, 7)]      # halving leaves the order of reversed bits
        for stride in (4, 2, 1):
            even = [place for place in range(2 * WIDTH) if not place & stride]
            odd = [place + stride for place in even]
            left = [builder.fadd(_shuffle(builder, x, y, even), _shuffle(builder, x, y, odd), flags=FAST)
                    for x, y in zip(left[: len(left) // 2], left[len(left) // 2 :], strict=True)]
        return left[0]
    return lanes(*[lanes] * WIDTH), emit


@instruction
def exponential(typing: Any, x: Any) -> Any:
    """exp(x), x cut to [-708, 708], to about 1e-16 relative; NaN stays.

    x = n log 2 + r with |r| <= log(2)/2, the Taylor sum of exp r to degree 12 (remainder below 2e-16), and 2^n through the exponent's bits.
    """
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x = builder.select(builder.fcmp_ordered("<", args[0], _constant(-708.0)), _constant(-708.0), args[0])
        x = builder.select(builder.fcmp_ordered(">", x, _constant(708.0)), _constant(708.0), x)
        # Numba lets the compiler reorder sums, which would undo a shift by 2^52 or join the two parts of log 2: rint and fma are safe.
        whole = _call(builder, "llvm.rint.v8f64", _VECTOR, [builder.fmul(x, _constant(1.0 / math.log(2.0)))], ())
        high = float.fromhex("0x1.62e42fefa0000p-1")                # n * high is exact: the last 17 bits of high are 0
        low = float.fromhex("0x1.cf79abc9e3b39p-40")
        rest = _call(builder, "llvm.fma.v8f64", _VECTOR, [whole, _constant(-high), x], ())
        rest = _call(builder, "llvm.fma.v8f64", _VECTOR, [whole, _constant(-low), rest], ())
        shifted = builder.fadd(whole, _constant(1.5 * 2.0**52))     # the low bits hold the whole number
        result = _constant(1.0 / math.factorial(12))
        for degree in range(11, -1, -1):
            result = _muladd(builder, result, rest, _constant(1.0 / math.factorial(degree)))
        exponent = builder.shl(builder.bitcast(shifted, _BITS), ir.Constant(_BITS, [52] * WIDTH))
        scaled = builder.bitcast(builder.add(builder.bitcast(result, _BITS), exponent), _VECTOR)
        return builder.select(builder.fcmp_unordered("uno", x, x), x, scaled)
    return lanes(lanes), emit


def _vectors(builder: Any, row: Any) -> list[Any]:
    return [builder.extract_value(row, place) for place in range(row.type.count)]


def _row(builder: Any, vectors: list[Any]) -> Any:
    row = ir.Constant(ir.ArrayType(_VECTOR, len(vectors)), ir.Undefined)
    for place, vector in enumerate(vectors):
        row = builder.insert_value(row, vector, place)
    return row


@instruction
def row_at(typing: Any, array: Any, offset: Any, like: Any) -> Any:
    """The V vectors from array[offset], V the length of the tuple ``like``."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        places = [builder.add(args[1], ir.Constant(_INT64, WIDTH * k)) for k in range(len(signature.args[2]))]
        return _row(builder, [_vector_at(context, builder, signature.args[0], args[0], place) for place in places])
    return types.UniTuple(lanes, len(like))(array, types.intp, like), emit


@instruction
def put_row(typing: Any, array: Any, offset: Any, row: Any) -> Any:
    """Write a row's vectors from array[offset] on."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for k, vector in enumerate(_vectors(builder, args[2])):
            place = _address(context, builder, signature.args[0], args[0], builder.add(args[1], ir.Constant(_INT64, WIDTH * k)))
            builder.store(vector, builder.bitcast(place, _VECTOR.as_pointer()), align=8)
        return context.get_dummy_value()
    return types.void(array, types.intp, row), emit


@instruction
def dot(typing: Any, x: Any, y: Any) -> Any:
    """Products of two rows, summed into one vector (whose lanes are still to be added)."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = list(zip(_vectors(builder, args[0]), _vectors(builder, args[1]), strict=True))
        result = builder.fmul(*pairs[0], flags=FAST)
        for left, right in pairs[1:]:
            result = _muladd(builder, left, right, result)
        return result
    return lanes(x, y), emit


@instruction
def times(typing: Any, x: Any, y: Any) -> Any:
    """Products of two rows, entry by entry."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(_vectors(builder, args[0]), _vectors(builder, args[1]), strict=True)
        return _row(builder, [builder.fmul(left, right, flags=FAST) for left, right in pairs])
    return x(x, y), emit


@instruction
def axpy(typing: Any, scale: Any, x: Any, y: Any) -> Any:
    """scale x + y for rows x, y and one vector ``scale``."""
    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        pairs = zip(_vectors(builder, args[1]), _vectors(builder, args[2]), strict=True)
        return _row(builder, [_muladd(builder, args[0], left, right) for left, right in pairs])
    return x(lanes, x, y), emit
