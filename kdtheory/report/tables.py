"""Text tables for people: what ``kdtheory verify`` prints, at 100 columns."""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

WIDTH = 100


def table(
    title: str, header: Sequence[str], rows: Iterable[Sequence[str]], *, left: int = 1
) -> str:
    """Aligned columns under a title; the first ``left`` columns flush left, numbers flush right."""
    from rich.console import Console
    from rich.table import Table

    drawn = Table(
        title=title,
        title_justify="left",
        title_style="bold",
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
    )
    for place, name in enumerate(header):
        drawn.add_column(name, justify="left" if place < left else "right", no_wrap=True)
    for row in rows:
        drawn.add_row(*row)
    out = io.StringIO()
    Console(file=out, width=WIDTH, color_system=None, highlight=False, markup=False).print(drawn)
    return "\n".join(line.rstrip() for line in out.getvalue().splitlines())


def number(value: float | None) -> str:
    """Four digits, or a dash where there is none."""
    return "-" if value is None or not math.isfinite(value) else f"{value:.4g}"


@dataclass(frozen=True)
class TextBlock:
    """One table before it is laid out: the first ``left`` columns hold words."""

    title: str
    header: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    left: int = 1


LEGEND = (
    "largest lhs/rhs: over all instances and times, the iterates' error divided by the bound that"
    " was claimed;\nabove 1 is a violation, near 1 is a bound that cannot be improved there."
    " gamma: the step size, the\nstatement's own limit, in units of 1/L (data are standardised)."
    " lambda*: the statement's own weight\n(distillation-gradient: the one tried; exact-quadratic:"
    " lambda°). lambda°: the weight of least true error.\nfloor: the bound as t grows. error:"
    " E|x-x*|^2 in units of x^2, or E f - f* in units of f for theorem-2\nand -pl, exact or"
    " simulated, at the last t. ratio: error/bound there. Rows have different gamma: compare\n"
    "floors of one gamma only (`kdtheory report` has that table)."
)
ONE_LEGEND = """\
gamma: step size. floor: the bound as t grows. error, bound: both sides at the last t, in units of
x^2 (E|x-x*|^2) or of f (E f - f*). ratio: the largest error/bound at any t; above 1 is a violation.
noise: the largest share of the bound that noise makes up, at any start and time; where it is small,
a wrong noise term could not have been seen."""


def main_job_blocks(found: dict[str, Any]) -> list[TextBlock]:
    """The outcome of :func:`kdtheory.report.main_job.main_job`: proofs, random instances, a table a
    data set.
    """
    proofs = [(row["statement"], row["status"]) for row in found["proofs"]]
    counts = ("instances", "VERIFIED", "UNDECIDED", "VIOLATED")
    random = [
        (row["statement"], *(str(row[field]) for field in counts), number(row["tightest"]))
        for row in found["random"]
    ]
    heading = ("statement", "number", "verified", "undecided", "violated", "largest lhs/rhs")
    blocks = [
        TextBlock("Proofs", ("statement", "status"), proofs, left=2),
        TextBlock("Random instances (all problem classes)", heading, random),
    ]
    header = (
        "statement",
        "verdict",
        "evidence",
        "lambda*",
        "lambda°",
        "gamma",
        "floor",
        "error",
        "at t",
        "ratio",
    )
    for source, rows in groupby(found["data"], key=lambda row: row["data"]):
        lines = [
            (
                row["theorem"],
                row["status"],
                row["evidence"],
                number(row["weight"]),
                number(row.get("weight_exact")),
                number(row.get("step_size") or None),
                number(row.get("floor")),
                number(row["lhs_end"]),
                str(row["steps"]),
                number(row["lhs_end"] / row["rhs_end"]),
            )
            for row in rows
        ]
        blocks.append(TextBlock(source, header, lines, left=3))
    return blocks


def conclusion(found: dict[str, Any]) -> str:
    """What is undecided, what is not as claimed, or that all is well."""
    parts = []
    open_rows = [row for row in found["data"] if row["status"] == "UNDECIDED"]
    if open_rows:
        parts.append(
            "\n".join(
                [
                    "Undecided:",
                    *(f"  {row['data']} {row['theorem']}: {row['reason']}" for row in open_rows),
                ]
            )
        )
    if found["failed"]:
        parts.append("\n".join(["NOT as claimed:", *(f"  {text}" for text in found["failed"])]))
    else:
        parts.append(f"All proved, no violation, {found['undecided']} undecided.")
    return "\n\n".join(parts)


def main_job_text(found: dict[str, Any]) -> str:
    """The whole outcome of the main job as text."""
    tables = [
        table(block.title, block.header, block.rows, left=block.left)
        for block in main_job_blocks(found)
    ]
    return "\n\n".join([*tables, LEGEND, conclusion(found)])
