"""A list of independent jobs on a few processes, results in the order of the list."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from kdtheory.errors import WorkerFailure

Job: TypeAlias = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A label, a function at module level, its arguments and keyword arguments."""


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def begin_worker() -> None:
    """One BLAS thread a process; Ctrl-C is the driver's; a worker ends with its driver, however
    that ended.
    """
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    # For those loaded later.
    os.environ.update(
        dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def run_all(jobs: list[Job], workers: int, done: Callable[[str], None]) -> list[Any]:
    """Every job's result; ``done`` is called with its label when it ends.  One worker: here,
    without another process.

    Raises:
        WorkerFailure: a process was ended from outside.  Also whatever a job raises.
    """
    if workers <= 1 or len(jobs) <= 1:
        results = []
        for label, function, arguments, settings in jobs:
            results.append(function(*arguments, **settings))
            done(label)
        return results
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool

    before = set(multiprocessing.active_children())
    # "spawn": a fork would copy the locks of threads that draw progress bars or multiply matrices.
    pool = ProcessPoolExecutor(
        workers, mp_context=multiprocessing.get_context("spawn"), initializer=begin_worker
    )
    # Ctrl-C as well: nobody waits for jobs whose results are not wanted any more.
    try:
        futures = {
            pool.submit(function, *given, **settings): label
            for label, function, given, settings in jobs
        }
        for future in as_completed(futures):
            future.result()
            done(futures[future])
        results = [future.result() for future in futures]
    except BrokenProcessPool as error:
        raise WorkerFailure(
            "A worker process was ended from outside, perhaps for want of memory. Use one process"
            " (--workers 1)."
        ) from error
    except BaseException:
        for process in set(multiprocessing.active_children()) - before:
            process.terminate()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    return results
