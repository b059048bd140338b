"""One file per command: ``EXAMPLES``, ``add_arguments(parser)`` and ``run(options)``.

A command loads what it needs inside ``run``, so that its ``--help`` is quick.
"""

from __future__ import annotations

from argparse import ArgumentParser, ArgumentTypeError
from typing import Any, TypeAlias

Outcome: TypeAlias = tuple[Any, str, int]
"""What a command returns: the data that ``--json`` prints, the text for people, the exit code."""

COMMANDS = {
    "verify": "proofs, then every theorem on random instances and real data",
    "prove": "prove one statement, or all",
    "discover": "the least constant of a rule of your own, with its proof",
    "formula": "a closed form or a statement",
    "simulate": "simulate SGD with distillation on data",
    "schedule": "the best step sizes and weights, and how many steps a target takes",
    "weight": "lambda* from per-sample gradients",
    "diagnose": "is the weight in use any good?",
    "convert": "what other trainers weight, as the paper's lambda",
    "reproduce": "the paper's experiments R1 to R12, with pictures",
    "campaign": "very many random instances, stored so that nothing can lose them",
    "tightness": "the instance on which a bound comes nearest to equality",
    "replay": "play a stored instance of a campaign again",
    "report": "the main job as an HTML page with pictures",
    "story": "the paper in eight pictures for a talk",
    "example": "small files to try the commands on",
    "completion": "what your shell needs to complete commands and options",
    "mutate": "wrong theorems and engines, each killed by a named check",
}


def path(text: str) -> str:
    """The ``type`` of every option that names a file or a folder: what no file can be called is
    refused before any work.
    """
    if not text:
        raise ArgumentTypeError(
            "the name is empty, which would be the current folder; name a file or a folder"
        )
    if "\0" in text:
        raise ArgumentTypeError(f"{text!r} holds a NUL byte, which no name of a file or folder can")
    return text


def add_data(command: ArgumentParser) -> None:
    """One data set."""
    command.add_argument(
        "--data",
        type=path,
        default="diabetes",
        help="bundled name, .npz (features, targets) or .csv (the last column is the target)",
    )
