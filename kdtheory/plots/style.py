"""How a picture looks (readable in grey: width, dashes and markers differ, not only colour) and reaches the disk."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from kdtheory.errors import InvalidInput

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
# In the order in which the statements improve; suffix of the key -> name in the legend and style.
BOUNDS: dict[str, tuple[str, dict[str, Any]]] = {
    "": ("paper", {"color": "#0b5fa5", "lw": 1.5, "ls": (0, (6, 2))}),
    "-refined": ("refined", {"color": "#c0501a", "lw": 1.5, "ls": (0, (6, 2, 1, 2))}),
    "-sharp": ("sharp", {"color": "#1b8a6b", "lw": 1.5, "ls": (0, (1, 1.2))}),
    "-envelope": ("envelope", {"color": "#8a3d8f", "lw": 1.5, "ls": (0, (10, 2, 2, 2, 2, 2))}),
}
FORMATS = ("png", "svg", "pdf")


def ready_folder(folder: str | os.PathLike[str]) -> Path:
    """The folder, made if missing and tried with a file.

    Raises:
        InvalidInput: it cannot be made or written to; one line that names it and the reason.
    """
    path = Path(folder)
    if not str(folder):
        raise InvalidInput("The folder for pictures has an empty name. Name one, such as --plots out.")
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise _unwritable(path, error) from error
    return path


def _unwritable(path: Path, error: OSError) -> InvalidInput:
    why = error.strerror or type(error).__name__
    return InvalidInput(f"Cannot write pictures to {str(path)!r}: {why}. Name a folder that you may write to.")


def save(figure: Figure, folder: Path, name: str) -> list[Path]:
    """``name``.png, .svg and .pdf in ``folder``, each whole or not at all; their paths.

    Raises:
        InvalidInput: the folder cannot be written to, or the disk is full.
    """
    found = []
    for kind in FORMATS:
        target = folder / f"{name}.{kind}"
        metadata = {"Date": None} if kind == "svg" else {"CreationDate": None} if kind == "pdf" else {}
        try:
            handle, part = tempfile.mkstemp(dir=folder, prefix=f".{name}-", suffix=f".{kind}")
            try:
                with os.fdopen(handle, "wb") as file:
                    figure.savefig(file, format=kind, metadata=metadata)
                os.chmod(part, 0o644)  # mkstemp makes private files
                os.replace(part, target)
            except BaseException:
                os.unlink(part)
                raise
        except OSError as error:
            raise _unwritable(target, error) from error
        found.append(target)
    return found
