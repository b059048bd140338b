"""What a block needs of the process it runs in: one BLAS thread, and an allocator that keeps the
pages of freed arrays.

A block makes and frees arrays of a few hundred kB all the time.  glibc learns from that and keeps
their pages, unless its environment holds it to a fixed threshold: Dask starts its workers with
MALLOC_TRIM_THRESHOLD_=65536, and then every such array is mapped, filled with zeros by the system
and unmapped again, half of the processor time of a block.  A worker belongs to its cluster, so both
are put back after the work.
"""

from __future__ import annotations

import ctypes
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from threadpoolctl import ThreadpoolController

# mallopt's numbers in malloc.h, which are part of glibc's binary interface, and the variables that
# set the same at the start.
TRIM_THRESHOLD, MMAP_THRESHOLD = -1, -3
VARIABLES = {TRIM_THRESHOLD: b"MALLOC_TRIM_THRESHOLD_", MMAP_THRESHOLD: b"MALLOC_MMAP_THRESHOLD_"}
USUAL = 128 * 1024
LARGE = {
    TRIM_THRESHOLD: 256 * 2**20,
    MMAP_THRESHOLD: 32 * 2**20,
}  # 32 MB is the largest that glibc takes


class Conditions:
    """For the threads that are inside: set when the first of a process enters, put back when the
    last has left.
    """

    def __init__(self) -> None:
        """Nobody inside."""
        self._lock = threading.Lock()
        self._inside = 0
        self._keeper, self._end = threading.Thread(), threading.Event()

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Work inside; may be entered by several threads at once."""
        with self._lock:
            if self._inside == 0:
                self._begin()
            self._inside += 1
        try:
            # for a BLAS that counts threads for each caller (OpenMP); for others the keeper has
            # done it
            with self._one_thread():
                yield
        finally:
            with self._lock:
                self._inside -= 1
                if self._inside == 0:
                    self._end.set()
                    self._keeper.join()

    def _begin(self) -> None:
        """In a thread of its own, for threadpoolctl lets only the thread that set OpenBLAS put it
        back, and the first to enter may be busy.
        """
        begun, self._end = threading.Event(), threading.Event()
        self._libraries = ThreadpoolController()  # anew, for more may be loaded by now

        def keep(end: threading.Event) -> None:
            try:
                with self._one_thread(), _memory_kept():
                    begun.set()
                    end.wait()
            finally:
                begun.set()  # whatever went wrong, the block is worth doing slowly

        self._keeper = threading.Thread(target=keep, args=(self._end,), daemon=True)
        self._keeper.start()
        begun.wait()

    def _one_thread(self) -> AbstractContextManager[Any]:
        """Only BLAS: another client's task in the same worker may use OpenMP."""
        limit: AbstractContextManager[Any] = self._libraries.limit(limits=1, user_api="blas")
        return limit


working_conditions = Conditions()


def _mallopt(option: int, value: int) -> None:
    """glibc's mallopt; nothing where the C library has none (it is then not glibc and does not read
    these variables).
    """
    function = getattr(ctypes.CDLL(None), "mallopt", None)
    if function is not None:
        function(ctypes.c_int(option), ctypes.c_int(value))


def _held() -> dict[int, int]:
    """Options that were fixed by the environment in which the process was started: glibc reads it
    once, later changes count for nothing.
    """
    if not sys.platform.startswith("linux"):
        return {}
    try:
        start = dict(
            item.partition(b"=")[::2]
            for item in Path("/proc/self/environ").read_bytes().split(b"\0")
        )
    except OSError:
        return {}
    return {
        option: int(start[name])
        for option, name in VARIABLES.items()
        if start.get(name, b"").isdigit()
    }


@contextmanager
def _memory_kept() -> Iterator[None]:
    """Free pages stay in the process.  Where nothing was fixed glibc adapts by itself, and mallopt
    would end that for good.
    """
    held = _held()
    if held:
        keep_memory()
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
