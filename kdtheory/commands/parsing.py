"""The parser of the command line: all commands, the options of one."""

from __future__ import annotations

import argparse
from importlib import import_module
from typing import Any, NoReturn

from kdtheory import __version__
from kdtheory.commands import COMMANDS
from kdtheory.errors import KdtheoryError
from kdtheory.system.streams import say

EXAMPLES = "examples (their files: kdtheory example DIR):"


class WrongUse(KdtheoryError):
    """Arguments that the command does not have, or a value that an option cannot take."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line, like all others of ours, and not a page of usage."""

    def error(self, message: str) -> NoReturn:
        """Raise WrongUse."""
        raise WrongUse(f"{self.prog}: {' '.join(message.split())}. See {self.prog} --help.")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version; argparse would swallow that they cannot be written."""
        failed = say(message.rstrip("\n"))
        if failed:
            raise WrongUse(f"{self.prog}: the output cannot be written: {failed}.")


def parser(asked: str | None = None) -> Parser:
    """All commands; only the module of the one ``asked`` for is loaded, with its options."""
    top = Parser(
        prog="kdtheory",
        description="The theory of knowledge distillation, executable and machine-checked.",
        epilog="Begin with: kdtheory example DIR (small files to try the commands on).",
    )
    top.add_argument("--version", action="version", version=f"kdtheory {__version__}")
    commands = top.add_subparsers(dest="command", required=True)
    for name, text in COMMANDS.items():
        if name != asked:
            commands.add_parser(name, help=text)
            continue
        module = import_module(f"kdtheory.commands.{name}")
        command = commands.add_parser(
            name,
            help=text,
            description=module.__doc__,
            epilog=EXAMPLES + "".join(f"\n  {line}" for line in module.EXAMPLES),
            formatter_class=Layout,
        )
        command.add_argument("--json", action="store_true", help="machine-readable output")
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return top


class Layout(argparse.HelpFormatter):
    """Examples keep their lines, so that one can be copied whole; other text is wrapped."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(EXAMPLES) else super()._fill_text(text, width, indent)
