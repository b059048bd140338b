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
    for size, name in ((86400.0, "days"), (3600.0, "h"), (60.0, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {name}"
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
