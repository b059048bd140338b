"""A list of independent jobs on a few processes, results in the order of the list."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from typing import Any, TypeAlias

from kdtheory.errors import WorkerFailure
from kdtheory.system.pool import Pool

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
    waiting, found = list(range(len(jobs)))[::-1], {}
    with Pool(min(workers, len(jobs)), begin_worker) as pool:
        while waiting or pool.busy:
            while waiting and pool.room:
                _, function, given, settings = jobs[waiting[-1]]
                pool.submit(waiting.pop(), function, *given, **settings)
            for answer in pool.answers():
                if answer.lost:
                    raise WorkerFailure(
                        "A worker process was ended from outside, perhaps for want of memory. Use"
                        " one process (--workers 1)."
                    )
                if answer.error is not None:
                    raise answer.error
                found[answer.key] = answer.value
                done(jobs[answer.key][0])
    return [found[place] for place in range(len(jobs))]
