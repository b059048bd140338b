"""What a .npy file or the member of an .npz says that it holds, before a byte of it is read."""

from __future__ import annotations

import tokenize
from math import prod
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

MAGIC = b"\x93NUMPY"
# Entries of one array: numbers beyond do not occur, and products of sizes stay exact anyway.
MOST_ENTRIES = 2**48
# What NumPy and the parser under it raise, beside ValueError, for a header that is none.
UNREADABLE = (
    TypeError,
    RecursionError,
    MemoryError,
    SyntaxError,
    OverflowError,
    tokenize.TokenError,
)


def read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """Shape, whether columns come first, and type; ``file`` then stands at the first entry.

    NumPy takes any integers for a shape, negative ones and booleans as well.

    Raises:
        ValueError: no .npy header, or one that no array can have.  OSError, EOFError: the file.
    """
    try:
        version = npy.read_magic(file)
        # Version 3 differs from 2 in the encoding of field names only, and arrays with fields are
        # refused by whoever reads numbers.
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, column_major, dtype = read(file)
    except UNREADABLE as error:
        raise ValueError(f"its header cannot be read: {error}") from error
    if any(isinstance(size, bool) or size < 0 for size in shape):
        raise ValueError(f"its header names the shape {shape}, which no array has")
    if prod(shape) > MOST_ENTRIES:
        raise ValueError(f"its header names the shape {shape}: more entries than any memory holds")
    return shape, column_major, dtype


def read_numbers(file: IO[bytes], limit: int) -> np.ndarray:
    """A whole array of real numbers as float64.

    Raises:
        ValueError: no array, no real numbers, or more than ``limit`` bytes as float64; said before
            anything is read.  OSError, EOFError: the file.
    """
    shape, column_major, dtype = read_header(file)
    if dtype.kind == "O":
        raise ValueError("it holds pickled objects")
    if dtype.kind not in "fiub":
        raise ValueError(f"it must hold real numbers, got {dtype}")
    count = prod(shape)
    if 8 * count > limit:
        raise ValueError(
            f"its header names the shape {shape}, which is {8 * count / 2**30:.3g} GiB as float64,"
            f" more than the limit of {limit / 2**30:g} GiB"
        )
    # In pieces: a header is only a claim, and memory is taken for what is really there.
    parts, left = [], count * dtype.itemsize
    while left:
        part = file.read(min(left, 2**24))
        if not part:
            raise ValueError(f"its end is missing: {left} bytes of the shape {shape}")
        parts.append(part)
        left -= len(part)
    flat = np.frombuffer(b"".join(parts), dtype=dtype)
    return flat.reshape(shape, order="F" if column_major else "C").astype(np.float64)
