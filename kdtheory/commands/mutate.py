"""Score of the mutants: wrong theorems and engines, each killed by a named check."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome

EXAMPLES = ("kdtheory mutate --json",)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""


def run(options: Namespace) -> Outcome:
    """One line a mutant; exit code 1 when one survives."""
    from kdtheory.checks.mutants import score

    outcomes = score()
    rows = [
        {"mutant": row.name, "killed": row.killed, "by": row.by, "detail": row.detail}
        for row in outcomes
    ]
    killed = sum(row.killed for row in outcomes)
    lines = [
        f"{'killed' if row.killed else 'SURVIVED':9} {row.name}  by {row.by}" for row in outcomes
    ]
    return rows, "\n".join([*lines, f"{killed} of {len(rows)} killed"]), int(killed < len(rows))
