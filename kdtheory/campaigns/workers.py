"""Who works: this process, a pool of processes, or a Dask cluster.  Each yields finished blocks in any order."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any

from kdtheory.errors import InvalidInput, MissingTool, WorkerFailure

Work = Callable[[int], Any]
DEATHS = 5       # how often in a row workers may die before the campaign gives up


def here(work: Work, numbers: Iterable[int]) -> Generator[tuple[int, Any], None, None]:
    """One block after the other in this process."""
    for number in numbers:
        yield number, work(number)


def _end_with(parent: Any) -> None:
    parent.join()
    os._exit(1)


def _begin_worker() -> None:
    """One BLAS thread a process; Ctrl-C is the driver's; a worker ends with its driver, however that ended."""
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def processes(work: Work, numbers: Iterable[int], count: int) -> Generator[tuple[int, Any], None, None]:
    """``count`` processes; a killed one is replaced and its blocks are done again."""
    waiting = iter(numbers)
    again: list[int] = []
    deaths = 0
    while True:
        pool = ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"), initializer=_begin_worker)
        running: dict[Future[Any], int] = {}
        try:
            while True:
                while len(running) < 2 * count:       # a second block each, so that no process waits for the store
                    number = again.pop() if again else next(waiting, None)
                    if number is None:
                        break
                    running[pool.submit(work, number)] = number
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
                raise WorkerFailure(f"Worker processes died {deaths} times in a row, last on blocks {sorted(again)}. Is memory short? "
                                    "Use fewer --workers, then run the command again.") from error
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def dask(work: Work, numbers: Iterable[int], scheduler: str) -> Generator[tuple[int, Any], None, None]:
    """The workers of a Dask cluster at ``scheduler`` (tcp://host:port); Dask itself replaces lost ones."""
    try:
        from distributed import Client, KilledWorker, as_completed
    except ImportError as error:
        raise MissingTool("A Dask cluster needs the package distributed. Install it with: pip install 'kdtheory[scale]'") from error
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"No Dask scheduler answers at {scheduler!r}: {error}. Start one with: dask scheduler") from error
    with client:
        waiting = iter(numbers)
        room = 4 * max(1, sum(client.nthreads().values()))
        number_of: dict[Any, int] = {}
        finished = as_completed(with_results=False)

        def submit() -> None:
            number = next(waiting, None)
            if number is not None:
                future = client.submit(work, number, pure=False)
                number_of[future.key] = number
                finished.add(future)

        for _ in range(room):
            submit()
        for future in finished:
            try:
                result = future.result()
            except KilledWorker as error:
                raise WorkerFailure(f"Dask's workers died on block {number_of[future.key]}: {error}. Is memory short? Run the command again "
                                    "when the cluster is well.") from error
            yield number_of.pop(future.key), result
            submit()
