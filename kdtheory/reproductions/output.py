"""Results on the disk: pictures and JSON per experiment, and a page that shows what a folder holds."""

from __future__ import annotations

import json
import math
import os
import tempfile
from pathlib import Path
from typing import Any

from kdtheory.errors import InvalidInput
from kdtheory.reproductions import NAMES, experiment
from kdtheory.reproductions.drawing import pictures
from kdtheory.reproductions.result import Result


def ready_folder(folder: str) -> Path:
    """The folder, made if missing and tried with a file.

    Raises:
        InvalidInput: it cannot be made or written to.
    """
    path = Path(folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise InvalidInput(
            f"Cannot write to --out {folder!r}: {error.strerror}. Name a folder that you may write to."
        ) from error
    return path


def write(name: str, result: Result, folder: Path) -> None:
    """``name``.png, .svg and .json in ``folder``, each whole or not at all."""
    for kind, content in pictures(result.figure).items():
        _replace(folder / f"{name}.{kind}", content)
    _replace(folder / f"{name}.json", _json(result.to_dict()).encode())


def page(folder: Path) -> None:
    """README.md: the picture and the paragraph of every experiment whose JSON lies in ``folder``."""
    text = [
        "# Reproductions",
        "",
        "Written by `kdtheory reproduce --all --out DIR`; the numbers and their intervals are in the JSON files.",
        "",
    ]
    for name in NAMES:
        source = folder / f"{name}.json"
        if not source.is_file():
            continue
        found = json.loads(source.read_text(encoding="utf-8"))
        verdict = "as expected" if found["as_expected"] else "NOT as expected"
        text += [
            f"## {name}: {experiment(name).TITLE} ({verdict})",
            "",
            f"![{name}]({name}.png)",
            "",
            found["paragraph"],
            "",
        ]
    _replace(folder / "README.md", "\n".join(text).encode())


def _replace(target: Path, content: bytes) -> None:
    """A reader never sees half a file, and an interrupted run leaves the old one."""
    handle, part = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.chmod(part, 0o644)  # mkstemp makes private files
        os.replace(part, target)
    except OSError as error:
        Path(part).unlink(missing_ok=True)
        raise InvalidInput(f"Cannot write {str(target)!r}: {error.strerror}.") from error


def _json(value: Any) -> str:
    """Indented, with a final newline; infinite ends become null, as JSON has none."""

    def finite(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: finite(inner) for key, inner in item.items()}
        return None if isinstance(item, float) and math.isinf(item) else item

    return json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
