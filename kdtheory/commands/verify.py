"""The main job: proofs, then every theorem on random instances and on real data."""

from __future__ import annotations

import math
import sys
from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome

EXAMPLE = "kdtheory verify --data diabetes"


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("--data", action="append", help="bundled name, .npz or .csv; default: the three bundled sets")
    command.add_argument("--instances", type=int, default=24, help="random instances (default 24)")
    command.add_argument("--seed", type=int, default=0, help="seed of the random instances")


def run(options: Namespace) -> Outcome:
    """Table of verdicts; exit code 1 on a violation or a missing proof."""
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from kdtheory.datasets import BUNDLED
    from kdtheory.report import main_job

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, transient=True, disable=options.json or not sys.stderr.isatty()) as bar:
        task = bar.add_task("start", total=None)
        found = main_job(sources=tuple(options.data or BUNDLED), instances=options.instances, seed=options.seed,
                         tick=lambda text: bar.update(task, description=text))
    lines = ["Proofs"]
    lines += [f"  {row['statement']:24} {row['status']}" for row in found["proofs"]]
    lines += ["", f"Random instances {'':8} number  verified  undecided  violated  largest lhs/rhs"]
    lines += [f"  {row['statement']:24} {row['instances']:5} {row['VERIFIED']:9} {row['UNDECIDED']:10} {row['VIOLATED']:9}  {row['tightest']:.4g}"
              for row in found["random"]]
    lines += ["", f"Real data {'':27} verdict     evidence     lambda     floor      largest lhs/rhs"]
    lines += [f"  {row['data']:14} {row['theorem']:20} {row['status']:10} {row['evidence']:12} {row['weight']:9.4g}  "
              f"{row.get('floor', math.nan):9.4g}  {row['ratio']:.4g}" for row in found["data"]]
    if found["failed"]:
        lines += ["", "NOT as claimed:", *(f"  {text}" for text in found["failed"])]
    else:
        lines += ["", f"All proved, no violation, {found['undecided']} undecided."]
    return found, "\n".join(lines), int(bool(found["failed"]))
