"""What a block needs of the process it runs in: one BLAS thread, and an allocator that keeps the pages of freed arrays.

A block makes and frees arrays of a few hundred kB all the time.  glibc learns from that and keeps their pages, unless its environment holds
it to a fixed threshold: Dask starts its workers with MALLOC_TRIM_THRESHOLD_=65536, and then every such array is mapped, filled with zeros by
the system and unmapped again, half of the processor time of a block.  A worker belongs to its cluster, so both are put back after the work.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from threadpoolctl import threadpool_limits

# mallopt's numbers in malloc.h, which are part of glibc's binary interface, and the variables that set the same at the start.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
VARIABLES = {TRIM_THRESHOLD: b"MALLOC_TRIM_THRESHOLD_", MMAP_THRESHOLD: b"MALLOC_MMAP_THRESHOLD_"}
USUAL = 128 * 1024
LARGE = {TRIM_THRESHOLD: 256 * 2**20, MMAP_THRESHOLD: 32 * 2**20}       # 32 MB is the largest that glibc takes


class Conditions:
    """Reference counted: the first thread of a process to enter sets, the last to leave puts back."""

    def __init__(self) -> None:
        """Nobody inside."""
        self._lock = threading.Lock()
        self._inside = 0
        self._undo = ExitStack()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Work inside; may be entered by several threads at once."""
        with self._lock:
            if self._inside == 0:
                # Only BLAS: another client's task in the same worker may use OpenMP.
                self._undo.enter_context(threadpool_limits(1, user_api="blas"))
                self._undo.enter_context(_memory_kept())
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._undo.close()


working_conditions = Conditions()


def _mallopt(option: int, value: int) -> None:
    """glibc's mallopt; nothing where the C library has none (it is then not glibc and does not read these variables)."""
    function = getattr(ctypes.CDLL(None), "mallopt", None)
    if function is not None:
        function(ctypes.c_int(option), ctypes.c_int(value))


def _held() -> dict[int, int]:
    """Options that were fixed by the environment in which the process was started: glibc reads it once, later changes count for nothing."""
    if not sys.platform.startswith("linux"):
        return {}
    try:
        start = dict(item.partition(b"=")[::2] for item in Path("/proc/self/environ").read_bytes().split(b"\0"))
    except OSError:
        return {}
    return {option: int(start[name]) for option, name in VARIABLES.items() if start.get(name, b"").isdigit()}


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Free pages stay in the process.  Where nothing was fixed glibc adapts by itself, and mallopt would end that for good."""
    held = _held()
    if held:
        for option, value in LARGE.items():
            _mallopt(option, value)
    try:
        yield
    finally:
        if held:
            for option in LARGE:
                _mallopt(option, held.get(option, USUAL))


def keep_memory() -> None:
    """For a process of our own, to its end."""
    if sys.platform.startswith("linux"):
        for option, value in LARGE.items():
            _mallopt(option, value)
