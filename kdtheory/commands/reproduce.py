"""The paper's experiments R1 to R12 on data that packages carry: numbers in their expected
intervals, pictures, one paragraph each."""

from __future__ import annotations

import sys
import time
from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome, path
from kdtheory.errors import InvalidInput

EXAMPLES = ("kdtheory reproduce R3 R8 --out pictures",)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("names", nargs="*", metavar="NAME", help="R1 ... R12")
    command.add_argument("--all", action="store_true", help="all twelve, some minutes")
    command.add_argument(
        "--out",
        type=path,
        metavar="DIR",
        help="write NAME.png, NAME.svg, NAME.json and README.md there",
    )
    command.add_argument("--seed", type=int, default=0, help="seed (default 0)")
    command.add_argument(
        "--spread",
        type=int,
        metavar="N",
        help="run seeds 1 to N and print every number's mean and standard deviation",
    )


def run(options: Namespace) -> Outcome:
    """A paragraph for each; exit code 1 when a number leaves its interval."""
    from kdtheory.reproductions import NAMES, experiment, reproduce
    from kdtheory.reproductions.output import page, write
    from kdtheory.system.disk import ready_folder

    if bool(options.names) == options.all:
        raise InvalidInput(f"Name experiments or ask for --all, and not both: {', '.join(NAMES)}.")
    names = NAMES if options.all else tuple(dict.fromkeys(name.upper() for name in options.names))
    for name in names:
        experiment(name)  # a wrong name is said before anything runs
    if options.spread is not None:
        return _spread(names, options.spread)
    folder = ready_folder(options.out) if options.out is not None else None
    found, lines = {}, []
    for name in names:
        began = time.perf_counter()
        result = reproduce(name, seed=options.seed)
        found[name] = result.to_dict()
        print(f"{name} took {time.perf_counter() - began:.1f} s", file=sys.stderr)
        status = "as expected" if not result.outside else "NOT as expected"
        lines += [
            f"{name} {experiment(name).TITLE}: {status}",
            f"  {result.paragraph}",
            *(f"  {text}" for text in result.outside),
            "",
        ]
        if folder is not None:
            write(name, result, folder)
    if folder is not None:
        page(folder)
    return (
        found,
        "\n".join(lines).rstrip(),
        int(any(not one["as_expected"] for one in found.values())),
    )


def _spread(names: tuple[str, ...], count: int) -> Outcome:
    """Mean and standard deviation of every number over the seeds 1 to ``count``: where the
    intervals of the files come from."""
    from kdtheory.problems.base import positive_int
    from kdtheory.reproductions.spread import over_seeds

    rows = over_seeds(names, positive_int(count, "spread", minimum=2))
    lines = [
        f"{row['experiment']} {row['number']}: mean {row['mean']:.6g}, standard deviation"
        f" {row['deviation']:.3g}, in [{row['least']:.6g}, {row['largest']:.6g}], expected"
        f" [{row['low']:.6g}, {row['high']:.6g}]"
        for row in rows
    ]
    return (
        rows,
        "\n".join(lines),
        int(any(not row["low"] <= row["least"] <= row["largest"] <= row["high"] for row in rows)),
    )
