"""The main job as a page: tables, pictures and statements in DIR/index.html."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from kdtheory.commands import Outcome, path
from kdtheory.commands.verify import add_job, with_bar

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
    add_job(command)


def run(options: Namespace) -> Outcome:
    """The page's path; exit code 1 on a violation or a missing proof."""
    from kdtheory.problems.datasets import BUNDLED
    from kdtheory.report.equal_steps import equal_steps
    from kdtheory.report.main_job import check_arguments
    from kdtheory.report.page import page, write_page
    from kdtheory.report.provenance import provenance
    from kdtheory.report.tables import conclusion
    from kdtheory.system.parallel import Job, run_all

    sources = tuple(dict.fromkeys(options.data or BUNDLED))
    check_arguments(
        sources, instances=options.instances, seed=options.seed, workers=options.workers
    )
    facts = provenance(_command(options), sources, seed=options.seed)
    found, pictures = with_bar(options, options.folder, formats=("svg",))
    names = {
        source: [row["theorem"] for row in found["data"] if row["data"] == source]
        for source in sources
    }
    jobs: list[Job] = [(source, equal_steps, (source, names[source]), {}) for source in sources]
    equal = [row for rows in run_all(jobs, options.workers, lambda label: None) for row in rows]
    path = write_page(Path(options.folder), page(found, pictures, equal, facts))
    return (
        {"page": str(path), "equal_steps": equal, **found},
        f"{conclusion(found)}\n{path}",
        int(bool(found["failed"])),
    )


def _command(options: Namespace) -> list[str]:
    """What was typed, with every setting that shapes the page."""
    data = [word for source in options.data or () for word in ("--data", source)]
    settings = ["--instances", str(options.instances), "--seed", str(options.seed)]
    return ["kdtheory", "report", options.folder, *data, *settings]
