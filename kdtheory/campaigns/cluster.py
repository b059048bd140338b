"""A campaign on a Dask cluster: whatever cluster it is, however its workers were started, and while they come and go."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Generator, Iterable
from itertools import islice
from operator import length_hint
from typing import Any

from kdtheory import __version__
from kdtheory.campaigns.conditions import working_conditions
from kdtheory.campaigns.workers import Work
from kdtheory.errors import InvalidInput, MissingTool, WorkerFailure

BATCH = 8           # blocks a task at most: some 0.4 s of work against some 5 ms of Dask's own
AHEAD = 3           # tasks handed out for each thread of the cluster, so that none waits for the driver
LOOK = 5.0          # seconds between two looks at how many threads there are
PATIENCE = 600.0    # seconds without any worker before the campaign gives up


def share(work: Work, numbers: list[int], version: str) -> list[tuple[int, Any]]:
    """What one task does on a worker: a few blocks, by the same kdtheory as the driver's."""
    if version != __version__:
        raise InvalidInput(f"A worker on {socket.gethostname()} has kdtheory {__version__}, the driver has {version}. "
                           "Install the same version on all workers, then run the command again.")
    with working_conditions():
        return [(number, work(number)) for number in numbers]


def dask(work: Work, numbers: Iterable[int], scheduler: str) -> Generator[tuple[int, Any], None, None]:
    """The workers of the cluster at ``scheduler`` (tcp://host:port).  Dask itself gives the tasks of lost workers to others.

    Raises:
        InvalidInput: nobody answers at ``scheduler``, or a worker lacks this kdtheory.  MissingTool: no package distributed.
        WorkerFailure: one task killed several workers, the scheduler was lost, or there was no worker for ``PATIENCE`` seconds.
    """
    try:
        from distributed import Client
    except ImportError as error:
        raise MissingTool("A Dask cluster needs the package distributed. Install it with: pip install 'kdtheory[scale]'") from error
    try:
        client = Client(scheduler, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError, OverflowError) as error:
        raise InvalidInput(f"No Dask scheduler answers at {scheduler!r}: {error}. Start one with: dask scheduler") from error
    with client:
        yield from _Campaign(client, work, numbers).results()


class _Campaign:
    """The tasks that are out, and those that came back."""

    def __init__(self, client: Any, work: Work, numbers: Iterable[int]) -> None:
        self._client, self._work, self._waiting = client, work, iter(numbers)
        self._out: dict[Any, list[int]] = {}        # futures, which Dask forgets when nobody holds them
        self._back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads, self._looked, self._alone = 0, 0.0, 0.0

    def results(self) -> Generator[tuple[int, Any], None, None]:
        """Blocks, in the order in which their tasks end."""
        self._alone = time.monotonic()
        while True:
            self._look()
            while len(self._out) < AHEAD * max(1, self._threads) and self._submit():
                pass
            if not self._out:
                return
            try:
                future = self._back.get(timeout=LOOK)
            except queue.Empty:
                continue
            found = self._result(future)
            del self._out[future]
            yield from found

    def _lost(self, error: BaseException) -> WorkerFailure:
        return WorkerFailure(f"lost {error!r}")

    def _look(self) -> None:
        """Workers come and go."""
        now = time.monotonic()
        if self._threads and now < self._looked + LOOK:
            return
        try:
            self._threads = sum(self._client.nthreads().values())
        except (OSError, RuntimeError, ValueError) as error:
            raise self._lost(error) from error
        self._looked = now
        if self._threads:
            self._alone = now
        elif now > self._alone + PATIENCE:
            raise WorkerFailure(f"The Dask cluster has had no worker for {PATIENCE:g} s. Blocks stored so far are safe; start workers with: "
                                f"dask worker {self._client.scheduler.address}, then run the command again.")

    def _submit(self) -> bool:
        """One more task, small where few blocks are left for many threads; False when none is left."""
        share_of_one = length_hint(self._waiting, BATCH) // (AHEAD * max(1, self._threads))
        numbers = list(islice(self._waiting, min(BATCH, max(1, share_of_one))))
        if numbers:
            future = self._client.submit(share, self._work, numbers, __version__, pure=False)
            self._out[future] = numbers
            future.add_done_callback(self._back.put)
        return bool(numbers)

    def _result(self, future: Any) -> list[tuple[int, Any]]:
        from distributed import KilledWorker

        numbers = self._out[future]
        try:
            found: list[tuple[int, Any]] = future.result()
        except KilledWorker as error:
            raise WorkerFailure(f"Dask's workers died on blocks {numbers}: {error}. Is memory short? Run the command again when the cluster "
                                "is well.") from error
        return found
