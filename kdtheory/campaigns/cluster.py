"""A campaign on a Dask cluster: whatever cluster it is, however its workers were started, and while
they come and go.
"""

from __future__ import annotations

import asyncio
import queue
import time
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import islice
from operator import length_hint
from typing import Any

from kdtheory import __version__
from kdtheory.campaigns.conditions import working_conditions
from kdtheory.campaigns.workers import Work
from kdtheory.errors import InvalidInput, MissingTool, WorkerFailure

# blocks a task at most: a second of work against some 20 ms of Dask's own and of growing to the
# memory of a block again
BATCH = 24
AHEAD = 2  # tasks handed out for each thread of the cluster, so that none waits for the driver
LOOK = 5.0  # seconds between two looks at how many threads there are
ANSWER = 10.0  # seconds for a scheduler to answer at the start, and to come back when it was lost
PATIENCE = 600.0  # seconds without any worker before the campaign gives up


def share(work: Work, numbers: list[int]) -> list[tuple[int, Any]]:
    """What one task does on a worker: a few blocks."""
    with working_conditions():
        return [(number, work(number)) for number in numbers]


def _task(work: partial[Any]) -> Callable[[list[int]], list[tuple[int, Any]]]:
    """``share(work, numbers)`` as a function that scheduler and workers can read without kdtheory.

    A function defined inside another one is sent as its code, one at module level as its name.  A
    worker that cannot resolve a name breaks its connection and asks for the same task again, for
    ever; this one fails and says why.
    """
    version, module, name, given = __version__, work.func.__module__, work.func.__name__, work.args

    def task(numbers: list[int]) -> list[tuple[int, Any]]:
        import socket
        from functools import partial
        from importlib import import_module

        try:
            found = import_module("kdtheory").__version__
            if found != version:
                raise ImportError(f"it has version {found}")
            start, function = (
                import_module("kdtheory.campaigns.cluster").share,
                getattr(import_module(module), name),
            )
        except (ImportError, AttributeError) as error:
            raise ImportError(
                f"The worker on {socket.gethostname()} lacks kdtheory {version}: {error}."
            ) from error
        result: list[tuple[int, Any]] = start(partial(function, *given), numbers)
        return result

    return task


async def _identity(address: str) -> str:
    from distributed import Security
    from distributed.core import rpc

    async with rpc(address, connection_args=Security().get_connection_args("client")) as there:
        return str((await there.identity())["type"])


def _connected(address: str) -> Any:
    """A client of the scheduler.  It is asked who it is first: Dask's Client would wait for ever
    for another server's answer.
    """
    from distributed import Client

    try:
        # The caller's own may run an event loop already, as notebooks do.
        with ThreadPoolExecutor(1) as thread:
            kind = thread.submit(asyncio.run, asyncio.wait_for(_identity(address), ANSWER)).result()
        if kind != "Scheduler":
            raise InvalidInput(
                f"{address!r} is the address of a Dask {kind.lower()}. Use that of the scheduler."
            )
        return Client(address, timeout=ANSWER, set_as_default=False)
    except InvalidInput:
        raise
    except (OSError, ValueError, TypeError, RuntimeError, OverflowError) as error:
        said = str(error) or f"silence for {ANSWER:g} s"
        raise InvalidInput(
            f"No Dask scheduler answers at {address!r}: {said}. Start one with: dask scheduler"
        ) from error


def dask(
    work: partial[Any], numbers: Iterable[int], scheduler: str
) -> Generator[tuple[int, Any], None, None]:
    """The workers of the cluster at ``scheduler`` (tcp://host:port).  Dask itself gives the tasks
    of lost workers to others.

    Raises:
        InvalidInput: nobody answers at ``scheduler``, or a worker lacks this kdtheory.
            MissingTool: no package distributed.
        WorkerFailure: one task killed several workers, the scheduler was lost, or there was no
            worker for ``PATIENCE`` seconds.
    """
    if find_spec("distributed") is None:
        raise MissingTool(
            "A Dask cluster needs the package distributed. Install it with: pip install"
            " 'kdtheory[scale]'"
        )
    with _connected(scheduler) as client:
        yield from _Campaign(client, scheduler, work, numbers).results()


class _Campaign:
    """The tasks that are out, and those that came back."""

    def __init__(
        self, client: Any, address: str, work: partial[Any], numbers: Iterable[int]
    ) -> None:
        self._client, self._address, self._task, self._waiting = (
            client,
            address,
            _task(work),
            iter(numbers),
        )
        self._again: list[list[int]] = []
        self._out: dict[
            Any, list[int]
        ] = {}  # by future: Dask forgets a task when nobody holds its future
        self._back: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self._threads, self._looked, self._met = 0, 0.0, time.monotonic()

    def results(self) -> Generator[tuple[int, Any], None, None]:
        """Blocks, in the order in which their tasks end."""
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
            found = self._result(future, self._out.pop(future))
            yield from found

    def _look(self) -> None:
        """Workers come and go; a lost scheduler may come back, as long as Dask tries."""
        while self._client.status == "connecting":
            time.sleep(0.1)
        if self._client.status != "running":
            raise WorkerFailure(
                f"The Dask scheduler at {self._address} was lost. Blocks stored so far are safe;"
                " start a cluster and run the command again."
            )
        now = time.monotonic()
        if self._threads and now < self._looked + LOOK:
            return
        self._looked = now
        try:
            self._threads = sum(self._client.nthreads().values())
        except OSError:  # just lost: the status will say so
            self._threads = 0
        if self._threads:
            self._met = now
        elif now > self._met + PATIENCE:
            raise WorkerFailure(
                f"The Dask cluster has had no worker for {PATIENCE:g} s. Blocks stored so far are"
                f" safe; start workers with: dask worker {self._address}, then run the command"
                " again."
            )

    def _submit(self) -> bool:
        """One more task, small where few blocks are left for many threads; False when none is
        left.
        """
        part = length_hint(self._waiting, BATCH) // (AHEAD * max(1, self._threads))
        numbers = (
            self._again.pop()
            if self._again
            else list(islice(self._waiting, min(BATCH, max(1, part))))
        )
        if numbers:
            future = self._client.submit(self._task, numbers, pure=False)
            self._out[future] = numbers
            future.add_done_callback(self._back.put)
        return bool(numbers)

    def _result(self, future: Any, numbers: list[int]) -> list[tuple[int, Any]]:
        from distributed import CancelledError, KilledWorker

        try:
            found: list[tuple[int, Any]] = future.result()
        except (CancelledError, OSError):
            if future.status == "error":  # the task's own
                raise
            self._again.append(numbers)  # lost with the scheduler, or cancelled by another client
            return []
        except ImportError as error:
            raise InvalidInput(
                f"{error} Install the driver's version on all workers, then run the command again."
            ) from error
        except KilledWorker as error:
            raise WorkerFailure(
                f"Dask's workers died on blocks {numbers}: {error}. Is memory short? Run the"
                " command again when the cluster is well."
            ) from error
        return found
