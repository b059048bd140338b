"""Eight float64 numbers at once, as a Numba type: the compiler keeps them in vector registers,
whatever the width of the machine's.

Loops that Numba vectorises by itself reach the speed of plain C; naming the vectors is what lets
eight replicates share one reduction and lets a whole state live in registers.  groups.py does the
same to several replicates at once.
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
# What sums may be reordered and multiply-adds fused; NaN and infinity keep their meaning, so that
# divergence is seen.
FAST = ("reassoc", "contract", "nsz")

_DOUBLE, _INT32, _INT64 = ir.DoubleType(), ir.IntType(32), ir.IntType(64)
_VECTOR, _BITS = ir.VectorType(_DOUBLE, WIDTH), ir.VectorType(_INT64, WIDTH)


def instruction(function: Any) -> Any:
    """Numba's intrinsic; its callers do not see the first argument, which a type checker cannot
    know.
    """
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
    return builder.shuffle_vector(
        left, right, ir.Constant(ir.VectorType(_INT32, len(places)), places)
    )


def _call(
    builder: Any, name: str, result: Any, args: list[Any], flags: tuple[str, ...] = FAST
) -> Any:
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(result, [arg.type for arg in args]), name
    )
    return builder.call(function, args, fastmath=flags)


def _muladd(builder: Any, x: Any, y: Any, z: Any) -> Any:
    return _call(builder, "llvm.fmuladd.v8f64", _VECTOR, [x, y, z])


def _address(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    return builder.gep(context.make_array(kind)(context, builder, array).data, [offset])


def _vector_at(context: Any, builder: Any, kind: Any, array: Any, offset: Any) -> Any:
    value = builder.load(
        builder.bitcast(_address(context, builder, kind, array, offset), _VECTOR.as_pointer())
    )
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
def splat(typing: Any, value: Any) -> Any:
    """The same number eight times."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        single = builder.insert_element(
            ir.Constant(_VECTOR, ir.Undefined), args[0], ir.Constant(_INT32, 0)
        )
        return _shuffle(builder, single, single, [0] * WIDTH)

    return lanes(types.float64), emit


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
        # A NaN in x stays.
        return builder.select(builder.fcmp_ordered("<", *args), args[1], args[0])

    return lanes(lanes, lanes), emit


@instruction
def total(typing: Any, value: Any) -> Any:
    """The sum of the lanes."""

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _call(
            builder, "llvm.vector.reduce.fadd.v8f64", _DOUBLE, [ir.Constant(_DOUBLE, 0.0), args[0]]
        )

    return types.float64(lanes), emit


@instruction
def exponential(typing: Any, x: Any) -> Any:
    """exp(x), x cut to [-708, 708], to about 1e-16 relative; NaN stays.

    x = n log 2 + r with |r| <= log(2)/2, the Taylor sum of exp r to degree 12 (remainder below
    2e-16), and 2^n through the exponent's bits.
    """

    def emit(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        x = builder.select(
            builder.fcmp_ordered("<", args[0], _constant(-708.0)), _constant(-708.0), args[0]
        )
        x = builder.select(builder.fcmp_ordered(">", x, _constant(708.0)), _constant(708.0), x)
        # Numba lets the compiler reorder sums, which would undo a shift by 2^52 or join the two
        # parts of log 2: rint and fma are safe.
        whole = _call(
            builder,
            "llvm.rint.v8f64",
            _VECTOR,
            [builder.fmul(x, _constant(1.0 / math.log(2.0)))],
            (),
        )
        # N * high is exact: the last 17 bits of high are 0.
        high = float.fromhex("0x1.62e42fefa0000p-1")
        low = float.fromhex("0x1.cf79abc9e3b39p-40")
        rest = _call(builder, "llvm.fma.v8f64", _VECTOR, [whole, _constant(-high), x], ())
        rest = _call(builder, "llvm.fma.v8f64", _VECTOR, [whole, _constant(-low), rest], ())
        # The low bits hold the whole number.
        shifted = builder.fadd(whole, _constant(1.5 * 2.0**52))
        result = _constant(1.0 / math.factorial(12))
        for degree in range(11, -1, -1):
            result = _muladd(builder, result, rest, _constant(1.0 / math.factorial(degree)))
        exponent = builder.shl(builder.bitcast(shifted, _BITS), ir.Constant(_BITS, [52] * WIDTH))
        scaled = builder.bitcast(builder.add(builder.bitcast(result, _BITS), exponent), _VECTOR)
        return builder.select(builder.fcmp_unordered("uno", x, x), x, scaled)

    return lanes(lanes), emit
