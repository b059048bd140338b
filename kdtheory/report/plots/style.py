"""How a picture looks (readable in grey: width, dashes and markers differ, not only colour) and
reaches the disk.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from kdtheory.system.disk import replace_file

RC: Any = {  # matplotlib types its keys one by one
    "font.family": "serif",
    "font.serif": ["STIXGeneral", "DejaVu Serif"],
    "mathtext.fontset": "stix",
    "font.size": 10,
    "axes.titlesize": 10,
    "legend.fontsize": 8.5,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "0.92",
    "grid.linewidth": 0.6,
    "figure.dpi": 150,
    "savefig.dpi": 200,
    "svg.hashsalt": "kdtheory",  # the same data gives the same file
    "svg.fonttype": "path",
}
SGD: dict[str, Any] = {"color": "0.6", "lw": 1.1, "ls": "-"}
TRUTH: dict[str, Any] = {"color": "black", "lw": 1.9, "ls": "-"}
# By form, in the order in which the statements improve.
BOUNDS: dict[str, dict[str, Any]] = {
    "paper": {"color": "#0b5fa5", "lw": 1.5, "ls": (0, (6, 2))},
    "refined": {"color": "#c0501a", "lw": 1.5, "ls": (0, (6, 2, 1, 2))},
    "sharp": {"color": "#1b8a6b", "lw": 1.5, "ls": (0, (1, 1.2))},
    "envelope": {"color": "#8a3d8f", "lw": 1.5, "ls": (0, (10, 2, 2, 2, 2, 2))},
}
FORMATS = ("png", "svg", "pdf")


@dataclass(frozen=True)
class Picture:
    """What was drawn: its files, how to read it, and what is seen in it, in numbers."""

    paths: list[Path]
    caption: str
    seen: str


def save(figure: Figure, folder: Path, name: str, formats: Sequence[str] = FORMATS) -> list[Path]:
    """``name``.png, .svg and .pdf in ``folder``, each whole or not at all; their paths.

    Raises:
        InvalidInput: the folder cannot be written to, or the disk is full.
    """
    found = []
    for kind in formats:
        target = folder / f"{name}.{kind}"
        metadata = (
            {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
        )
        with warnings.catch_warnings():
            # A file's name may hold letters that the font lacks: they become boxes.
            warnings.filterwarnings("ignore", "Glyph .* missing from", UserWarning)
            replace_file(target, partial(figure.savefig, format=kind, metadata=metadata))
        found.append(target)
    return found
