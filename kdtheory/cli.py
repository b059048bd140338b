"""The command line.

Exit codes: 0 all as claimed; 1 a violation, a refuted or an open proof; 2 wrong use, a tool that is
not installed, or an error of kdtheory's own; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import shlex
import signal
import sys
import traceback
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdtheory import __version__
from kdtheory.commands import COMMANDS, Outcome
from kdtheory.commands.parsing import WrongUse, parser
from kdtheory.errors import InvalidInput, KdtheoryError
from kdtheory.system.streams import complain, say, whole_streams

INTERRUPTED = 130  # what shells report for a program that Ctrl-C ended


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.  Whatever goes wrong is one line on standard error and exit code 2; exit
    code 1 says that something is not as claimed, and nothing else.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    if arguments is None:  # the process is ours; proofs ask SymPy for more than the 1000 it keeps
        os.environ.setdefault("SYMPY_CACHE_SIZE", "20000")
    who = " ".join(["kdtheory", *(word for word in words[:1] if word in COMMANDS)])
    if not whole_streams():
        complain(f"{who}: standard output is closed, so that no result could be seen.")
        return 2
    try:
        return _answer(words, who)
    except (Exception, KeyboardInterrupt) as error:  # the one place for what nobody foresaw
        if not _interrupted(error):
            complain(_said(error, who, words))
            return 2
    # From here to the end of the process another Ctrl-C ends it at once.
    if arguments is None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    complain(f"{who}: stopped; nothing was left half-written.")
    return INTERRUPTED


def _interrupted(error: BaseException | None) -> bool:
    """Whether Ctrl-C is behind it: a compiled module that is being loaded makes an ImportError of
    it.
    """
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error is not None


def _said(error: BaseException, who: str, words: Sequence[str]) -> str:
    """The line for what went wrong."""
    if isinstance(error, WrongUse):
        return str(error)
    if isinstance(error, KdtheoryError):
        return f"{who}: {error}"
    return f"{who}: {unforeseen(error, words)}"


def _answer(words: list[str], who: str) -> int:
    """Parse, run, print; the exit code."""
    for word in words:
        if word.startswith("-") and word.endswith("=--"):  # argparse makes an empty list of it
            raise WrongUse(f"{who}: {word} names no value. See {who} --help.")
    try:
        options = parser(words[0] if words else None).parse_args(words)
    except SystemExit:  # --help and --version have printed
        return 0
    try:
        os.getcwd()
    except OSError as error:
        raise InvalidInput(
            "The working directory does not exist any more. Change to one that does (cd)."
        ) from error
    found, text, code = _run(options)
    failed = say(json.dumps(_finite(found), indent=1) if options.json else text)
    if failed:
        complain(f"{who}: the output cannot be written: {failed}.")
        return 2
    return code


def unforeseen(error: BaseException, words: Sequence[str]) -> str:
    """One line for an error that no rule has named: the system's, or a fault of ours with the place
    and how to report it.
    """
    if isinstance(error, OSError) and error.strerror:
        place = f" ({error.filename!r})" if error.filename else ""
        return f"the system refused: {error.strerror}{place}. Nothing was left half-written."
    if os.environ.get("KDTHEORY_DEBUG"):
        traceback.print_exception(error)
    frames = traceback.extract_tb(error.__traceback__)
    here = str(Path(__file__).parents[1])
    ours = [frame for frame in frames if frame.filename.startswith(here)]
    last = (ours or frames)[-1]
    place = f"{Path(last.filename).name}, line {last.lineno}"
    said = " ".join(str(error).split())[:200]
    again = shlex.join(["kdtheory", *words])[:200]
    return (
        f"an error of kdtheory itself, {type(error).__name__}: {said} ({place}, kdtheory"
        f" {__version__}). Nothing was left half-written. Please report this line with what"
        f" KDTHEORY_DEBUG=1 {again} prints."
    )


def _run(options: argparse.Namespace) -> Outcome:
    """The command, in which a number that leaves the range of floats ends it: no answer is better
    than one that nan went into.

    Where a limit can be named, the code that knows it has refused the number before.
    """
    try:
        with warnings.catch_warnings():
            # NumPy's.
            warnings.filterwarnings(
                "error", "overflow|divide by zero|invalid value", RuntimeWarning
            )
            outcome: Outcome = options.run(options)
            return outcome
    except MemoryError as error:
        said = str(error).rstrip(".") or "the system gives this process no more"
        raise InvalidInput(
            f"Not enough memory: {said}. Use less data, or fewer steps and replicates."
        ) from error
    except (RuntimeWarning, OverflowError, ZeroDivisionError) as error:
        said = error.args[-1] if error.args else type(error).__name__
        raise InvalidInput(
            f"A number left the range of floats ({said}). Use arguments and data of moderate size."
        ) from error


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
