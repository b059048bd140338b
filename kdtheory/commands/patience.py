"""Long work says so: an estimate before it begins, and a line now and then while it lasts."""

from __future__ import annotations

import sys
import threading
import time
from argparse import Namespace
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, ProgressColumn

LONG = 10.0  # seconds that nobody minds
EVERY = 30.0  # seconds between two lines


def spoken(seconds: float) -> str:
    """Seconds as a person says them."""
    units = ((365.25 * 86400.0, "years"), (86400.0, "days"), (3600.0, "h"), (60.0, "min"))
    for size, name in units:
        if seconds >= 1.5 * size:
            return f"{seconds / size:,.0f} {name}"
    return f"{seconds:.0f} s"


@contextmanager
def at_work(
    what: str, seconds: float, *, long: float = LONG, every: float = EVERY
) -> Iterator[None]:
    """Work that is expected to take ``seconds``; lines on standard error when that is long."""
    if seconds < long:
        yield
        return
    print(f"{what}: about {spoken(seconds)}.", file=sys.stderr, flush=True)
    done, began = threading.Event(), time.monotonic()

    def remind() -> None:
        while not done.wait(every):
            passed = spoken(time.monotonic() - began)
            print(f"{what}: {passed} of about {spoken(seconds)}.", file=sys.stderr, flush=True)

    thread = threading.Thread(target=remind, daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()


class Reminder:
    """Called again and again with what is done; says so on standard error now and then, where there
    is no terminal for a bar.
    """

    def __init__(self, what: str, *, long: float = LONG, every: float = EVERY) -> None:
        """The first line comes after ``long`` seconds, the others ``every`` seconds apart."""
        self.what, self.every = what, every
        self.began = time.monotonic()
        self.due = self.began + long
        self.first: int | None = None

    def __call__(self, done: int, wanted: int) -> None:
        """``done`` of ``wanted``, those that were there before the first call included."""
        now = time.monotonic()
        self.first = done if self.first is None else self.first
        if now < self.due or done == self.first:
            return
        self.due = now + self.every
        left = (wanted - done) * (now - self.began) / (done - self.first)
        told = f"{self.what}: {done:,} of {wanted:,}, about {spoken(left)} left."
        print(told, file=sys.stderr, flush=True)


def bar(options: Namespace, *columns: ProgressColumn) -> Progress:
    """A progress bar on standard error, where nobody takes it for output; none with --json or
    without a terminal.
    """
    from rich.console import Console
    from rich.progress import Progress

    return Progress(
        *columns,
        console=Console(stderr=True),
        transient=True,
        disable=options.json or not sys.stderr.isatty(),
    )
