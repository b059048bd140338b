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


class Missing:
    """Numbers of the blocks that are wanted and not done, counted out one by one: a list of them
    may not fit in memory.
    """

    def __init__(self, wanted: int, done: set[int]) -> None:
        """Below ``wanted``, without ``done``."""
        self._wanted, self._done, self._next = wanted, done, 0
        self.count = wanted - sum(number < wanted for number in done)
        self._left = self.count

    def __iter__(self) -> Missing:
        """Itself: what was given out is not given out again."""
        return self

    def __next__(self) -> int:
        """The least that is left."""
        while self._next in self._done:
            self._next += 1
        if self._next >= self._wanted:
            raise StopIteration
        self._next += 1
        self._left -= 1
        return self._next - 1

    def __length_hint__(self) -> int:
        """How many are left, for whoever shares them out."""
        return self._left


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
