""".npy files read by blocks: never unpickled, and never mapped where a writer could pull the file
away underneath.

Reading a mapped page of a file that was truncated meanwhile (``np.save`` over the same name) kills
the process with SIGBUS; a short read is an error with a way out.  It also keeps the memory at one
block instead of the whole file.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.system.disk import refuse_unplain, why
from kdtheory.system.npy import read_header


@dataclass(frozen=True)
class NpyFile:
    """An array in a file, indexed by rows: ``file[3]``, ``file[10:20]``.  Row-major files are read,
    not mapped.
    """

    name: str  # of the argument, for messages
    path: Path
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    offset: int
    column_major: bool
    stamp: tuple[int, int]

    @property
    def ndim(self) -> int:
        """Number of axes."""
        return len(self.shape)

    def __getitem__(self, rows: int | slice) -> NDArray[Any]:
        """Rows from the file.  Raises InvalidInput if it became shorter."""
        if self.column_major:
            whole: NDArray[Any] = np.memmap(
                self.path, self.dtype, "r", self.offset, self.shape, order="F"
            )
            return whole[rows]
        n = self.shape[0]
        start, stop, _ = rows.indices(n) if isinstance(rows, slice) else (rows, rows + 1, 1)
        width = prod(self.shape[1:])
        count = max(stop - start, 0) * width
        skip = self.offset + start * width * self.dtype.itemsize
        block = np.fromfile(self.path, self.dtype, count, offset=skip)
        if block.size < count:
            raise self._changed()
        found: NDArray[Any] = block.reshape(max(stop - start, 0), *self.shape[1:])
        return found if isinstance(rows, slice) else found[0]

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        """All of it."""
        return np.asarray(self[:], dtype=dtype)

    def check_unchanged(self) -> None:
        """Raise InvalidInput if the file changed since it was opened: half the answer would be
        about another file.
        """
        if _stamp(self.path) != self.stamp:
            raise self._changed()

    def _changed(self) -> InvalidInput:
        return InvalidInput(
            f"{self.name}: the file {self.path.name} changed while it was being read. Wait until"
            " the writer is done (write to another name, then rename: renaming is atomic), then"
            " run again."
        )


def open_npy(path: Path, name: str) -> NpyFile:
    """The array in ``path``; only its header is read.

    Raises InvalidInput for a file that is missing, truncated, an archive, or not .npy (pickles are
    not).
    """
    try:
        refuse_unplain(path)
        stamp = _stamp(path)
        with path.open("rb") as file:
            if file.read(4) == b"PK\x03\x04":
                raise InvalidInput(
                    f"{name}: {path.name} is an archive. Save one array: np.save(path,"
                    " archive['...'])."
                )
            file.seek(0)
            shape, column_major, dtype = read_header(file)
            offset = file.tell()
    except (OSError, ValueError, EOFError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise _unreadable(path, name, why(error)) from error
    if dtype.kind not in "O" and stamp[0] < offset + prod(shape) * dtype.itemsize:
        raise _unreadable(
            path, name, f"{stamp[0]} bytes for shape {shape}, dtype {dtype}: the end is missing"
        )
    return NpyFile(name, path, shape, dtype, offset, column_major and len(shape) > 1, stamp)


def load_array(source: Any, name: str) -> NDArray[Any]:
    """An array as it is, or the whole of a .npy file.  Raises InvalidInput as ``open_npy`` does."""
    if isinstance(source, (str, os.PathLike)):
        file = open_npy(Path(source), name)
        if not file.shape:
            raise InvalidInput(f"{name}: {file.path.name} holds a single number, not an array.")
        if file.dtype.kind == "O":
            raise InvalidInput(
                f"{name}: {file.path.name} holds pickled objects, which are refused. Save numbers."
            )
        found = np.asarray(file)
        file.check_unchanged()
        return found
    return np.asanyarray(source)


def _stamp(path: Path) -> tuple[int, int]:
    info = path.stat()
    return info.st_size, info.st_mtime_ns


def _unreadable(path: Path, name: str, reason: str) -> InvalidInput:
    return InvalidInput(
        f"{name}: cannot read {path.name!r} as a plain .npy file ({reason}). Missing, still being"
        " written, truncated, or holding pickled objects (refused). Save with np.save(path, array)"
        " and rename once complete."
    )
