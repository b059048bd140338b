"""The main job as a page: tables, pictures and statements in DIR/index.html."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kdtheory.commands import Outcome, path

EXAMPLES = ("kdtheory report out", "kdtheory report mine --data mine.csv --instances 8")


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("folder", type=path, metavar="DIR", help="made when it is not there")
    command.add_argument(
        "--data",
        type=path,
        action="append",
        help="as for verify: bundled name, .npz or .csv (the last column is the target)",
    )
    command.add_argument("--instances", type=int, default=24, help="random instances (default 24)")
    command.add_argument(
        "--seed", type=int, default=0, help="seed of the random instances and of simulations"
    )
    command.add_argument("--workers", type=int, default=2, help="processes (default 2)")


def run(options: Namespace) -> Outcome:
    """The page's path; exit code 1 on a violation or a missing proof."""
    from kdtheory.commands.verify import with_bar
    from kdtheory.report.page import write_page
    from kdtheory.report.tables import conclusion

    found = with_bar(options, options.folder)
    path = write_page(Path(options.folder), found, [Path(name) for name in found["plots"]])
    return {"page": str(path), **found}, f"{conclusion(found)}\n{path}", int(bool(found["failed"]))
