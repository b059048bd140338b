"""The paper in eight pictures for a talk, one sentence each: from its claim to what was proved and
measured.
"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome, path
from kdtheory.commands.patience import bar

EXAMPLES = ("kdtheory story talk",)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("folder", type=path, metavar="DIR", help="made when it is not there")


def run(options: Namespace) -> Outcome:
    """The pictures with their sentences."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn
    from threadpoolctl import threadpool_limits

    from kdtheory.report.story import FILES, write_story
    from kdtheory.system.disk import ready_folder

    folder = ready_folder(options.folder, FILES)
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}"))
    with bar(options, *columns) as shown, threadpool_limits(1):
        task = shown.add_task("drawing", total=None)

        def tick(done: str, total: int) -> None:
            shown.update(task, description=done, total=total, advance=1)

        found = write_story(folder, tick)
    rows = [{"picture": str(target), "sentence": sentence} for target, sentence in found]
    lines = [f"{target}\n  {sentence}" for target, sentence in found]
    return rows, "\n".join([*lines, f"All together: {folder / 'story.pdf'}"]), 0
