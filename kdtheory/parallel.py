"""A list of independent jobs on a few processes, results in the order of the list."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from kdtheory.errors import KdtheoryError

Job: TypeAlias = tuple[str, Callable[..., Any], tuple[Any, ...], dict[str, Any]]
"""A label, a function at module level, its arguments and keyword arguments."""


def single_threaded() -> None:
    """One thread for matrix products in this process: the processes themselves fill the cores."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)


def run_all(jobs: list[Job], workers: int, done: Callable[[str], None]) -> list[Any]:
    """Every job's result; ``done`` is called with its label when it ends.  One worker: here, without another process.

    Raises:
        KdtheoryError: whatever a job raises, or a process that was ended from outside.
    """
    if workers <= 1 or len(jobs) <= 1:
        results = []
        for label, function, arguments, settings in jobs:
            results.append(function(*arguments, **settings))
            done(label)
        return results
    from concurrent.futures import ProcessPoolExecutor, as_completed
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    # "spawn": a fork would copy the locks of threads that draw progress bars or multiply matrices.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn"), initializer=single_threaded) as pool:
        futures = {
            pool.submit(function, *arguments, **settings): label for label, function, arguments, settings in jobs
        }
        try:
            for future in as_completed(futures):
                future.result()
                done(futures[future])
        except BrokenProcessPool as error:
            raise KdtheoryError(
                "A worker process was ended from outside, perhaps for want of memory. Run again with --workers 1."
            ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
        return [future.result() for future in futures]
