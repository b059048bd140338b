"""The command line. Exit codes: 0 all as claimed, 1 a violation or a missing proof, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from kdtheory.commands import COMMANDS
from kdtheory.errors import KdtheoryError


def parser(asked: str | None = None) -> argparse.ArgumentParser:
    """All commands; only the module of the one ``asked`` for is loaded, with its options."""
    top = argparse.ArgumentParser(prog="kdtheory", description="The theory of knowledge distillation, executable and machine-checked.")
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        if name != asked:
            commands.add_parser(name, help=text)
            continue
        module = import_module(f"kdtheory.commands.{name}")
        command = commands.add_parser(name, help=text, description=module.__doc__, epilog=f"example: {module.EXAMPLE}")
        command.add_argument("--json", action="store_true", help="machine-readable output")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on standard error and exit code 2."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    options = parser(words[0] if words else None).parse_args(words)
    try:
        found, text, code = options.run(options)
    except KdtheoryError as error:
        print(f"kdtheory {options.command}: {error}", file=sys.stderr)
        return 2
    try:
        print(json.dumps(_finite(found), indent=1) if options.json else text, flush=True)
    except BrokenPipeError:  # the reader (head, less) has seen enough; Python must not complain when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return code


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
