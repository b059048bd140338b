"""Who works: this process or a pool of processes (:mod:`kdtheory.campaigns.cluster`: a Dask
cluster).  Each yields blocks in any order.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from typing import Any

from kdtheory.campaigns.conditions import keep_memory
from kdtheory.errors import WorkerFailure
from kdtheory.system.parallel import begin_worker

Work = Callable[[int], Any]
DEATHS = 5  # how often in a row workers may die before the campaign gives up


def begin() -> None:
    """The start of a process of the pool."""
    begin_worker()
    keep_memory()


def here(work: Work, numbers: Iterable[int]) -> Generator[tuple[int, Any], None, None]:
    """One block after the other in this process."""
    for number in numbers:
        yield number, work(number)


def processes(
    work: Work, numbers: Iterable[int], count: int
) -> Generator[tuple[int, Any], None, None]:
    """``count`` processes; a killed one is replaced and its blocks are done again."""
    waiting = iter(numbers)
    again: list[int] = []
    deaths = 0
    while True:
        pool = ProcessPoolExecutor(
            count, mp_context=multiprocessing.get_context("spawn"), initializer=begin
        )
        running: dict[Future[Any], int] = {}
        try:
            while True:
                # A second block each, so that no process waits for the store.
                while len(running) < 2 * count:
                    if not again:
                        again += islice(waiting, 1)
                    if not again:
                        break
                    running[pool.submit(work, again[-1])] = again[
                        -1
                    ]  # raises where a worker has just died: then it is in ``again``
                    again.pop()
                if not running:
                    return
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    result = future.result()
                    deaths = 0
                    yield running.pop(future), result
        except BrokenProcessPool as error:
            again += running.values()
            deaths += 1
            if deaths >= DEATHS:
                raise WorkerFailure(
                    f"Worker processes died {deaths} times in a row, last on blocks"
                    f" {sorted(again)}. Is memory short? Use fewer --workers, then run the command"
                    " again."
                ) from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
