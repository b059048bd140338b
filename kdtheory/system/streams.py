"""Standard streams that may be closed, full, or unable to show what is said."""

from __future__ import annotations

import os
import sys


def whole_streams() -> bool:
    """Descriptors 0, 1 and 2 and both output streams exist from now on; False when there is no
    standard output.

    A program that is started without them (``>&-``) would get 1 for the next file that it opens,
    and print into that file.
    """
    printable = sys.stdout is not None
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number: this one
    if sys.stdout is None:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)
    if sys.stderr is None:
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 (to the end)
    return printable


def say(text: str) -> str:
    """Print on standard output and flush; why it cannot be done, empty when it was.

    What the output's encoding lacks (a file name's odd bytes) is escaped.  A reader that has seen
    enough (``head``, ``less``) is no failure.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except (OSError, ValueError) as error:  # ValueError: a stream that was closed
        _silence(1)
        if not isinstance(error, BrokenPipeError):
            return getattr(error, "strerror", None) or str(error)
    return ""


def complain(text: str) -> None:
    """One line on standard error; nothing when that cannot be written, for where would one say
    so?
    """
    encoding = sys.stderr.encoding or "utf-8"
    line = " ".join(text.split())
    try:
        print(
            line.encode(encoding, "backslashreplace").decode(encoding), file=sys.stderr, flush=True
        )
    except (OSError, ValueError):
        _silence(2)


def _silence(descriptor: int) -> None:
    """The interpreter flushes once more at its end, and would complain then."""
    void = os.open(os.devnull, os.O_WRONLY)
    os.dup2(void, descriptor)
    os.close(void)
