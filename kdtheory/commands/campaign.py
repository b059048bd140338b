"""Check statements on very many random instances, on all cores or a cluster; what is stored
survives any interruption.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory

from kdtheory.commands import Outcome, path
from kdtheory.commands.patience import Reminder, bar
from kdtheory.errors import InvalidInput

EXAMPLES = (
    "kdtheory campaign --instances 256",
    "kdtheory campaign --theorem theorem-1 --instances 1000 --store runs.sqlite",
    "kdtheory campaign --resume --instances 2000 --store runs.sqlite",
)
LEGEND = (
    "noisy: instances where noise is at least half of the bound at some time, the only ones that"
    " say how good a\nbound is. tightest: the largest lhs/rhs among those (1 would be equality)."
    " record: the number of the\ninstance that holds it, for `kdtheory replay NUMBER --store"
    " FILE`."
)
INTERRUPTED = 130  # what a shell reports for Ctrl-C


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument(
        "--store",
        type=path,
        help="SQLite file; made when it is not there, continued when it is; default: one that is"
        " thrown away at the end",
    )
    command.add_argument("--theorem", action="append", help="a key, repeatable; default: all")
    command.add_argument(
        "--instances",
        type=int,
        default=10_000,
        help="wanted in all (default 10000), in blocks of 256",
    )
    command.add_argument("--seed", type=int, default=0, help="seed of the instances")
    who = command.add_mutually_exclusive_group()
    who.add_argument("--workers", type=int, help="processes; default: one a core")
    who.add_argument(
        "--scheduler", help="address of a Dask scheduler (tcp://host:port), instead of processes"
    )
    command.add_argument(
        "--resume", action="store_true", help="go on with the store's own theorems and seed"
    )


def run(options: Namespace) -> Outcome:
    """Totals per theorem; exit code 1 on a violation, 130 when interrupted."""
    if options.store is not None:
        return _run(options, options.store)
    if options.resume:
        raise InvalidInput("--resume goes on with a store, got none. Give --store FILE.")
    with TemporaryDirectory() as folder:
        return _run(options, Path(folder) / "runs.sqlite")


def _run(options: Namespace, store: Path) -> Outcome:
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn

    from kdtheory.campaigns import Progress, campaign

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("ETA"),
        TimeRemainingColumn(),
    )
    with bar(options, *columns) as shown:
        task = shown.add_task("campaign", total=None)
        says = Reminder("campaign")

        def tick(progress: Progress) -> None:
            if shown.disable:
                says(progress.done, progress.wanted)
            shown.update(
                task,
                completed=progress.done,
                total=progress.wanted,
                description=(
                    f"{progress.rate:,.0f}/s, tightest {progress.tightest:.6g} ({progress.theorem})"
                ),
            )

        found = campaign(
            store=store,
            instances=options.instances,
            theorems=options.theorem,
            seed=options.seed,
            workers=options.workers,
            scheduler=options.scheduler,
            resume=options.resume,
            tick=tick,
        )
    lines = [f"{'statement':24} instances    noisy  violated  tightest  record"]
    lines += [
        f"{row['theorem']:24} {row['instances']:9} {row['noisy']:8} {row['violated']:9} "
        f" {row['tightest']:8.6f}  {row['record']}"
        for row in found.rows
    ]
    lines.append(
        f"{found.instances} of {found.wanted} instances stored; {found.violations} violations;"
        f" {found.seconds:.1f} s"
    )
    lines.append(LEGEND)
    if found.interrupted and options.store is not None:
        lines.append(
            f"Interrupted; go on with: kdtheory campaign --resume --store {options.store}"
            f" --instances {options.instances}"
        )
    code = INTERRUPTED if found.interrupted else int(found.violations > 0)
    return {**asdict(found), "violations": found.violations}, "\n".join(lines), code
