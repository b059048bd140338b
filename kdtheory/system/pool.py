"""Processes that do one job after the other for this one, and end when it says so.

``concurrent.futures`` has such a pool; it joins its threads when the interpreter ends, where a
second Ctrl-C hung, and starts its processes such that the first one prints a traceback in each.
"""

from __future__ import annotations

import multiprocessing
import pickle
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import Any

from kdtheory.errors import WorkerFailure

AHEAD = 2  # jobs handed to each process: the second waits there, so that none idles


@dataclass(frozen=True)
class Answer:
    """Of one job: its key, and its result or what it raised; ``lost`` with the process that had
    it.
    """

    key: Any
    value: Any = None
    error: BaseException | None = None
    lost: bool = False


@dataclass
class _Worker:
    process: Any
    connection: Connection
    keys: list[Any] = field(default_factory=list)


@contextmanager
def ctrl_c_held() -> Iterator[None]:
    """Ctrl-C waits until the block is left, and processes that are started within never see one."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    resource_tracker.ensure_running()  # it would unblock what is blocked here
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    # The system gives it to any thread that does not block it, one of BLAS for example; Python then
    # runs the handler here.
    pressed: list[int] = []
    handler = signal.getsignal(signal.SIGINT)
    ours = threading.current_thread() is threading.main_thread() and handler is not None
    if ours:
        signal.signal(signal.SIGINT, lambda number, _: pressed.append(number))
    try:
        yield
    finally:
        if ours:
            signal.signal(signal.SIGINT, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if pressed:
        signal.raise_signal(signal.SIGINT)


class Pool:
    """``count`` processes, each begun with ``begin()``; use it as a context manager."""

    def __init__(self, count: int, begin: Callable[[], None]) -> None:
        """No process is started before the first job."""
        # "spawn": a fork would copy the locks of threads that draw progress bars or multiply
        # matrices.
        self._context = multiprocessing.get_context("spawn")
        self._count, self._begin = count, begin
        self._workers: list[_Worker] = []
        self._lost: list[Answer] = []
        self.deaths = 0  # processes that ended without being told to

    @property
    def busy(self) -> int:
        """Jobs that are out."""
        return sum(len(worker.keys) for worker in self._workers) + len(self._lost)

    @property
    def room(self) -> bool:
        """Whether another job would be taken now."""
        return self.busy < AHEAD * self._count

    def submit(self, key: Any, function: Callable[..., Any], *given: Any, **settings: Any) -> None:
        """Hand a job to the process that has the fewest."""
        idle = not self._workers or min(len(worker.keys) for worker in self._workers) > 0
        if idle and len(self._workers) < self._count:
            self._workers.append(self._started())
        worker = min(self._workers, key=lambda one: len(one.keys))
        worker.keys.append(key)
        try:
            worker.connection.send((key, function, given, settings))
        except OSError:  # it has ended; its jobs come back as lost
            self._bury(worker)

    def answers(self) -> list[Answer]:
        """What has come back; waits for at least one."""
        found, self._lost = self._lost, []
        ready = wait([one.connection for one in self._workers], timeout=0 if found else None)
        for worker in [one for one in self._workers if one.connection in ready]:
            try:
                answer = worker.connection.recv()
            except (EOFError, OSError):
                self._bury(worker)
                continue
            worker.keys.remove(answer.key)
            found.append(answer)
        found += self._lost
        self._lost = []
        return found

    def end(self) -> None:
        """End all processes, whatever they do."""
        workers, self._workers = self._workers, []
        for worker in workers:
            worker.process.terminate()
        for worker in workers:
            worker.process.join(5.0)
            worker.process.kill()  # to one that has ended it does nothing
            worker.connection.close()

    def _started(self) -> _Worker:
        here, there = self._context.Pipe()
        process = self._context.Process(target=_serve, args=(there, self._begin), daemon=True)
        with ctrl_c_held():
            process.start()
        there.close()
        return _Worker(process, here)

    def _bury(self, worker: _Worker) -> None:
        self.deaths += 1
        self._workers.remove(worker)
        self._lost += [Answer(key, lost=True) for key in worker.keys]
        worker.process.kill()
        worker.process.join()
        worker.connection.close()

    def __enter__(self) -> Pool:
        """The pool itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End it."""
        self.end()


def _serve(connection: Connection, begin: Callable[[], None]) -> None:
    """The life of a process: job after job until the other end is closed."""
    begin()
    while True:
        try:
            key, function, given, settings = connection.recv()
        except (EOFError, OSError):
            return
        try:
            answer = Answer(key, value=function(*given, **settings))
        except Exception as error:  # whatever a job raises is for the other side to judge
            error.add_note("".join(traceback.format_exception(error)))
            answer = Answer(key, error=error)
        try:
            connection.send(answer)
        except (pickle.PicklingError, TypeError, AttributeError) as error:
            said = answer.error if answer.error is not None else error
            connection.send(Answer(key, error=WorkerFailure(f"{type(said).__name__}: {said}")))
        except OSError:
            return
