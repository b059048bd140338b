"""The command line.

Exit codes: 0 all as claimed; 1 a violation, a refuted or an open proof; 2 wrong use, or a tool that
is not installed; 130 Ctrl-C.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

from kdtheory.commands import COMMANDS, Outcome
from kdtheory.errors import InvalidInput, KdtheoryError


class WrongUse(KdtheoryError):
    """Arguments that the command does not have, or a value that an option cannot take."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others of ours, and not a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raise WrongUse."""
        raise WrongUse(f"{self.prog}: {' '.join(message.split())}. See {self.prog} --help.")


def parser(asked: str | None = None) -> Parser:
    """All commands; only the module of the one ``asked`` for is loaded, with its options."""
    top = Parser(
        prog="kdtheory",
        description="The theory of knowledge distillation, executable and machine-checked.",
    )
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        if name != asked:
            commands.add_parser(name, help=text)
            continue
        module = import_module(f"kdtheory.commands.{name}")
        command = commands.add_parser(
            name, help=text, description=module.__doc__, epilog=f"example: {module.EXAMPLE}"
        )
        command.add_argument("--json", action="store_true", help="machine-readable output")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on standard error and exit code 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        options = parser(words[0] if words else None).parse_args(words)
    except WrongUse as error:
        print(error, file=sys.stderr)
        return 2
    try:
        found, text, code = _run(options)
    except KdtheoryError as error:
        print(f"kdtheory {options.command}: {' '.join(str(error).splitlines())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(
            f"kdtheory {options.command}: stopped; nothing was left half-written.", file=sys.stderr
        )
        return 130  # what shells report for a program that Ctrl-C ended
    return (
        _say(json.dumps(_finite(found), indent=1) if options.json else text, options.command)
        or code
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
        raise InvalidInput(
            f"Not enough memory: {error}. Use less data, or fewer steps and replicates."
        ) from error
    except (RuntimeWarning, OverflowError, ZeroDivisionError) as error:
        said = error.args[-1] if error.args else type(error).__name__
        raise InvalidInput(
            f"A number left the range of floats ({said}). Use arguments and data of moderate size."
        ) from error


def _say(text: str, command: str) -> int:
    """Print; 2 when the output cannot be written.  What the output's encoding lacks (a file name's
    odd bytes) is escaped.
    """
    encoding = sys.stdout.encoding or "utf-8"
    try:
        print(text.encode(encoding, "backslashreplace").decode(encoding), flush=True)
    except OSError as error:
        # Or the interpreter complains when it flushes.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if not isinstance(error, BrokenPipeError):  # that reader (head, less) has seen enough
            print(
                f"kdtheory {command}: the output cannot be written: {error.strerror}.",
                file=sys.stderr,
            )
            return 2
    return 0


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
