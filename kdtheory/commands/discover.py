"""The least constant of a rule of your own in closed form, with its proof, from a text file."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from pathlib import Path

from kdtheory.commands import Outcome, path

EXAMPLES = (
    "kdtheory discover step.toml --checker sympy --checker z3",
    "kdtheory discover step.toml --coq",
)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("file", type=path, metavar="FILE.toml|json", help="the step")
    command.add_argument(
        "--checker", action="append", help="sympy (default), z3, cvc5, coq; repeatable"
    )
    instead = command.add_mutually_exclusive_group()
    instead.add_argument("--latex", action="store_true", help="print claim and proof as LaTeX")
    instead.add_argument("--coq", action="store_true", help="print the certificates as Coq")
    instead.add_argument("--smt2", action="store_true", help="print them as SMT-LIB 2")


def run(options: Namespace) -> Outcome:
    """The claim, what was found, and by whom it was accepted; exit code 1 when it is UNDECIDED."""
    from kdtheory.discovery import tex
    from kdtheory.discovery.files import read_step
    from kdtheory.discovery.result import discover

    asked = read_step(Path(options.file))
    checkers = tuple(options.checker or ("sympy",))
    found = discover(asked.step, rate=asked.rate, checkers=checkers, progress=_say)
    claim = tex.claim(asked.step, asked.rate, found.constant)
    text = found.reason
    if found.status == "PROVED":
        text = f"constant: {found.constant}\n" + "\n".join(
            f"multiplier of {name}: {value}" for name, value in found.multipliers.items()
        )
    data = {
        "status": found.status,
        "reason": found.reason,
        "claim": claim,
        "constant": None if found.constant is None else str(found.constant),
        "multipliers": {name: str(value) for name, value in found.multipliers.items()},
        "seconds": found.seconds,
    }
    if options.latex or options.coq or options.smt2:
        shown = (
            found.to_latex()
            if options.latex
            else found.to_coq()
            if options.coq
            else found.to_smt2()
        )
        return {**data, "text": shown}, shown, int(found.status != "PROVED")
    return data, f"{claim}\n{found.status}: {found.reason}\n{text}", int(found.status != "PROVED")


def _say(said: str) -> None:
    """One line a stage, on standard error, for somebody who watches."""
    if sys.stderr.isatty():
        print(f"\r\033[K{said}", end="", file=sys.stderr, flush=True)
