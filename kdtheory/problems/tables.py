"""A .csv: what is its header, and what is refused because it could be read in two ways."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array

LARGEST_FILE = 2**28  # bytes; MNIST as text has half of it
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(nan|inf|infinity)", re.A | re.I)
_LIKE_A_NUMBER = re.compile(r"[+-]?\.?\d", re.A)
MISSING = ("", "na", "n/a", "null", "none", "?", "-")


def read_table(path: Path) -> tuple[Array, Array]:
    """All columns but the last, and the last, of a .csv with or without a header.

    Raises:
        InvalidInput: no rows, a first row that is neither header nor numbers, a row that begins
            with #.  ValueError: a cell that is no number, rows of different length.
    """
    lines = _lines(path)
    header = _header(path, lines)
    rows = lines[int(header is not None) :]
    for place, line in enumerate(rows, start=1 + int(header is not None)):
        if line.lstrip().startswith("#"):
            raise InvalidInput(
                f"{path.name}: line {place} begins with #. Is it a remark or data? Remove the line"
                " or the sign."
            )
    rows = [line for line in rows if line.strip()]
    if not rows:
        raise InvalidInput(
            f"{str(path)!r} has no rows of numbers. Expected rows of numbers separated by commas"
            " with the target last."
        )
    table = np.loadtxt(rows, delimiter=",", ndmin=2, comments=None, quotechar='"')
    if header is not None and len(header) != table.shape[1]:
        raise InvalidInput(
            f"{path.name}: the first row names {len(header)} columns and the others have"
            f" {table.shape[1]}. Give every column its name, or remove the first row."
        )
    return table[:, :-1], table[:, -1]


def taken_for(source: str) -> str:
    """One sentence on how the columns of a .csv were read; empty for anything else."""
    path = Path(source)
    if path.suffix != ".csv":
        return ""
    header = _header(path, _lines(path)[:1])
    if header is None:
        return f"{path.name}: no header; the last column is the target."
    names = ", ".join(repr(name) for name in header)
    shown = names if len(names) <= 60 else f"{names[:57]}..."
    return f"{path.name}: first row taken as header ({shown}); the last column is the target."


def _lines(path: Path) -> list[str]:
    size = path.stat().st_size
    if size > LARGEST_FILE:
        raise InvalidInput(
            f"{path.name} has {size / 2**20:.0f} MiB, more than the {LARGEST_FILE / 2**20:.0f} MiB"
            " that are read as text. Save it as .npz (np.savez(path, features=..., targets=...))."
        )
    # Not splitlines(), which ends a line at characters that no spreadsheet does.
    return re.split(r"\r\n|\r|\n", path.read_bytes().decode("utf-8-sig"))


def _header(path: Path, lines: list[str]) -> list[str] | None:
    """The names in the first row, None where it holds numbers; InvalidInput where it could be
    either, for a bad number there would else cost a sample silently.
    """
    if not lines or not lines[0].strip():
        return None
    first = lines[0].lstrip().removeprefix("#")  # np.savetxt writes its header so
    cells = [cell.strip() for cell in next(csv.reader([first], skipinitialspace=True))]
    numeric = [bool(_NUMBER.fullmatch(cell)) for cell in cells]
    if all(numeric) and first == lines[0].lstrip():
        return None
    odd = [cell for cell in cells if _LIKE_A_NUMBER.match(cell)]
    if any(numeric) or odd or all(cell.lower() in MISSING for cell in cells):
        bad = next((c for c, is_number in zip(cells, numeric, strict=True) if not is_number), "#")
        raise InvalidInput(
            f"{path.name}: the first row, {lines[0][:60]!r}, is neither a header nor all numbers"
            f" ({bad!r} is none). Numbers are separated by commas, and a column's name does not"
            " begin with a digit."
        )
    return cells
