"""A process that serves another one ends with it, and takes no more memory than it is given."""

from __future__ import annotations

import ctypes
import os
import signal
import sys

MEMORY = 2 * 2**30  # bytes of address space for one question to a checker; ours take some 300 MB
_PR_SET_PDEATHSIG = 1  # of Linux's prctl.h


def end_with_parent(parent: int) -> None:
    """SIGKILL for this process as soon as ``parent`` (its process id) has ended; Linux only.

    The kernel sends it, so that no solver that never looks up from its work can miss it.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it ended before we asked
        os._exit(1)


def limit_memory(limit: int = MEMORY) -> None:
    """What asks for more gets MemoryError, or ends; where the system has such limits."""
    try:
        import resource
    except ImportError:  # Windows
        return
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    if hard != resource.RLIM_INFINITY:
        limit = min(limit, hard)
    resource.setrlimit(resource.RLIMIT_AS, (limit, hard))
