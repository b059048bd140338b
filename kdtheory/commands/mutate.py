"""Score of the mutants: wrong theorems and engines, each killed by a named check."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome

EXAMPLES = ("kdtheory mutate --json",)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""


def run(options: Namespace) -> Outcome:
    """One line a mutant, then what data alone sees; exit code 1 when a mutant survives, or data
    see nothing wrong with a copy that is not proved.
    """
    from kdtheory.checks import data_mutants
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
    seen = data_mutants.table()
    count = {what: sum(row.outcome == what for row in seen) for what in ("seen", "true")}
    blind = len(seen) - sum(count.values())
    rows += [
        {
            "mutant": f"{row.statement}: {row.kind}",
            "killed": row.outcome == "seen",
            "by": "verify on data",
            "detail": f"{row.looked} verdicts"
            + ("; PROVED, hence no mutant" if row.outcome == "true" else ""),
        }
        for row in seen
    ]
    text = [
        *lines,
        f"{killed} of {len(outcomes)} killed",
        "",
        data_mutants.text(seen),
        f"{count['seen']} of {len(seen)} seen by kd.verify in data (after so many verdicts),"
        f" {count['true']} proved true, {blind} not seen",
    ]
    return rows, "\n".join(text), int(killed < len(outcomes) or blind > 0)
