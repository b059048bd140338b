"""The main job: proofs, then every theorem on random instances and on real data; or one theorem on
your own data.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from kdtheory.commands import Outcome, path
from kdtheory.commands.patience import at_work, bar
from kdtheory.errors import InvalidInput

if TYPE_CHECKING:
    from kdtheory.problems.base import FiniteSum
    from kdtheory.report.plots import Picture
    from kdtheory.statements.theorems import Theorem

EXAMPLES = (
    "kdtheory verify --data diabetes --plots out",
    "kdtheory verify --data mine.csv --theorem theorem-1 --teacher theta.npy --weight 0.5",
)
STARTS = 3  # that a verdict looks from, when none is given
MOST_STEPS = 10_000_000  # some 10 s
# Columns of the table of one theorem, by what the verdict calls them.
NUMBERS = {
    "lambda": "weight",
    "gamma": "step_size",
    "floor": "floor",
    "error": "lhs_end",
    "bound": "rhs_end",
}
ONE_ONLY = ("weight", "step_size", "teacher", "start", "steps", "batch_size")


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument(
        "--data",
        type=path,
        action="append",
        help="bundled name, .npz (features, targets) or .csv (the last column is the target),"
        " repeatable; default: the three bundled sets",
    )
    command.add_argument(
        "--plots",
        type=path,
        metavar="DIR",
        help="draw curves, floors and teachers into DIR (PNG, SVG, PDF); about a minute more",
    )
    add_job(command)
    one = command.add_argument_group("one theorem only")
    one.add_argument("--theorem", metavar="KEY", help="this statement alone, on --data")
    one.add_argument("--weight", type=float, help="lambda; default: the statement's lambda*")
    one.add_argument(
        "--step-size",
        type=float,
        help="gamma, in units of 1/(second derivative of f); default: the statement's limit",
    )
    one.add_argument(
        "--teacher",
        type=path,
        metavar="FILE.npy",
        help="theta, (d,); default: a fair one is made up",
    )
    one.add_argument(
        "--start",
        type=path,
        metavar="FILE.npy",
        help="x^0, (d,); default: random, 1 + |x*| away from x*",
    )
    one.add_argument("--steps", type=int, help="horizon (default 200)")
    one.add_argument("--batch-size", type=int, help="indices a step, with replacement (default 1)")


def add_job(command: ArgumentParser) -> None:
    """The size of the main job."""
    command.add_argument("--instances", type=int, default=24, help="random instances (default 24)")
    command.add_argument(
        "--seed", type=int, default=0, help="seed of the random instances and of simulations"
    )
    command.add_argument("--workers", type=int, default=2, help="processes (default 2)")


def run(options: Namespace) -> Outcome:
    """Tables of verdicts; exit code 1 on a violation or a missing proof."""
    if options.theorem is not None:
        return _one(options)
    given = [
        f"--{name.replace('_', '-')}" for name in ONE_ONLY if getattr(options, name) is not None
    ]
    if given:
        raise InvalidInput(
            f"{', '.join(given)} speak of one statement: name it with --theorem KEY (say,"
            " theorem-1)."
        )
    from kdtheory.problems.tables import taken_for
    from kdtheory.report.tables import main_job_text

    found, _ = with_bar(options, options.plots)
    text = "\n".join([main_job_text(found), *filter(None, map(taken_for, options.data or ()))])
    if options.plots is not None:
        text += f"\n{len(found['plots'])} pictures in {options.plots}."
    return found, text, int(bool(found["failed"]))


def with_bar(
    options: Namespace, folder: str | None, formats: Sequence[str] = ("png", "svg", "pdf")
) -> tuple[dict[str, Any], list[Picture]]:
    """The main job under a progress bar, and the pictures where a folder is given."""
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn

    from kdtheory.problems.datasets import BUNDLED
    from kdtheory.report.main_job import check_arguments, main_job

    sources = tuple(dict.fromkeys(options.data or BUNDLED))
    check_arguments(
        sources, instances=options.instances, seed=options.seed, workers=options.workers
    )
    if folder is not None:
        from kdtheory.report.plots import file_names, plot_all
        from kdtheory.system.disk import ready_folder

        # Before the work, not after it.
        ready = ready_folder(folder, ("index.html", *file_names(sources, formats)))
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}"),
    )
    pictures: list[Picture] = []
    with bar(options, *columns) as shown:
        task = shown.add_task("start", total=None)

        def tick(done: str, total: int) -> None:
            shown.update(task, description=done, total=total, advance=1)

        found = main_job(
            sources=sources,
            instances=options.instances,
            seed=options.seed,
            workers=options.workers,
            tick=tick,
        )
        if folder is not None:
            shown.reset(task, description="plots")
            pictures = plot_all(
                sources,
                ready,
                workers=options.workers,
                seed=options.seed,
                formats=formats,
                tick=tick,
            )
            found["plots"] = [str(path) for picture in pictures for path in picture.paths]
    return found, pictures


def wide_seconds(dim: int, steps: int) -> float:
    """What second moments (d, d) cost on one core: eigenvalues once, then from each of some starts
    a few passes over the matrix a step (up to d steps; later ones come from the eigenvalues).
    """
    # Seconds a number touched, measured on one core, to a factor of two.
    return 2e-9 * dim**3 + STARTS * 2.5e-8 * dim**2 * min(steps, dim)


def _one(options: Namespace) -> Outcome:
    """One statement on every data set named; exit code 1 on a violation."""
    from kdtheory.problems.datasets import load
    from kdtheory.report.tables import ONE_LEGEND, number, table
    from kdtheory.statements.theorems import theorem_named

    statement = theorem_named(options.theorem)
    steps = 200 if options.steps is None else options.steps
    if steps > MOST_STEPS:
        raise InvalidInput(
            f"--steps is at most {MOST_STEPS:,}, for a bound is iterated step by step; got"
            f" {steps:,}. What it tends to is kdtheory.noise_floor()."
        )
    if options.plots is not None:
        raise InvalidInput("--plots draws all statements of a data set: leave out --theorem.")
    rows = []
    for source in options.data or ["diabetes"]:
        problem = load(source)
        with at_work(f"{source}, d = {problem.dim}", wide_seconds(problem.dim, steps)):
            rows.append(_row(options, source, problem, statement, steps))
    text = table(
        statement.title,
        ("data", "verdict", "evidence", *NUMBERS, "at t", "ratio", "noise"),
        [
            (
                row["data"],
                row["status"],
                row["evidence"],
                *(number(row.get(key)) for key in NUMBERS.values()),
                str(row["steps"]),
                number(row["ratio"]),
                "-" if math.isnan(row["noise_share"]) else f"{row['noise_share']:.0%}",
            )
            for row in rows
        ],
        left=3,
    )
    text += "".join(f"\n{row['data']}: {row['reason']}." for row in rows)
    text += "".join(f"\n{row['columns']}" for row in rows if row["columns"])
    text += f"\n\n{ONE_LEGEND}"
    return rows, text, int(any(row["status"] == "VIOLATED" for row in rows))


def _row(
    options: Namespace, source: str, problem: FiniteSum, statement: Theorem, steps: int
) -> dict[str, Any]:
    """The verdict on one data set, its floor, and how the columns of a table were read."""
    from kdtheory.bounds.values import noise_floor
    from kdtheory.evidence.starts import default_teacher
    from kdtheory.evidence.verdicts import verify
    from kdtheory.problems.datasets import load_point
    from kdtheory.problems.tables import taken_for
    from kdtheory.report.one_verdict import mild_compressor

    theta = default_teacher(problem) if options.teacher is None else load_point(options.teacher)
    batch = options.batch_size if options.batch_size is not None else 1
    compressor = mild_compressor(problem, statement.name)
    verdict = verify(
        problem,
        theta,
        theorem=statement,
        step_size=options.step_size,
        weight=options.weight,
        seed=options.seed,
        x0=None if options.start is None else load_point(options.start),
        batch_size=batch,
        compressor=compressor,
        steps=steps,
    )
    row = {"data": source, "columns": taken_for(source), **verdict.to_dict()}
    if statement.psi is not None or statement.is_law:
        row["floor"] = noise_floor(
            problem,
            theta,
            theorem=statement,
            step_size=verdict.step_size,
            weight=verdict.weight,
            batch_size=batch,
            compressor=compressor,
        )
    return row
