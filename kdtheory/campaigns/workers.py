"""Who works: this process or a pool of processes (:mod:`kdtheory.campaigns.cluster`: a Dask
cluster).  Each yields blocks in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from itertools import islice
from typing import Any

from kdtheory.campaigns.conditions import keep_memory
from kdtheory.errors import WorkerFailure
from kdtheory.system.parallel import begin_worker
from kdtheory.system.pool import Pool

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
    row = 0  # deaths since the last result
    with Pool(count, begin) as pool:
        while True:
            while pool.room:
                if not again:
                    again += islice(waiting, 1)
                if not again:
                    break
                pool.submit(again[-1], work, again.pop())
            if not pool.busy:
                return
            before = pool.deaths
            for answer in pool.answers():
                if answer.lost:
                    again.append(answer.key)
                elif answer.error is not None:
                    raise answer.error
                else:
                    row = 0
                    yield answer.key, answer.value
            row += pool.deaths - before
            if row >= DEATHS:
                raise WorkerFailure(
                    f"Worker processes died {row} times in a row, last on blocks {sorted(again)}."
                    " Is memory short? Use fewer --workers, then run the command again."
                )
