"""One file per command: ``EXAMPLE``, ``add_arguments(parser)`` and ``run(options)``.

A command loads what it needs inside ``run``, so that its ``--help`` is quick.
"""

from __future__ import annotations

from typing import Any, TypeAlias

Outcome: TypeAlias = tuple[Any, str, int]
"""What a command returns: the data that ``--json`` prints, the text for people, the exit code."""

COMMANDS = {
    "verify": "proofs, then every theorem on random instances and real data",
    "prove": "prove one statement, or all",
    "formula": "a closed form or a statement",
    "simulate": "simulate SGD with distillation on data",
    "weight": "lambda* from per-sample gradients",
    "campaign": "very many random instances, stored so that nothing can lose them",
    "tightness": "the instance on which a bound comes nearest to equality",
    "replay": "play a stored instance of a campaign again",
    "mutate": "wrong theorems and engines, each killed by a named check",
}
