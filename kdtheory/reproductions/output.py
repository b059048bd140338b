"""Results on the disk: pictures and JSON per experiment, and a page that shows what a folder
holds.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from kdtheory.reproductions import NAMES, experiment
from kdtheory.reproductions.drawing import pictures
from kdtheory.reproductions.result import Reproduction
from kdtheory.system.disk import replace_file


def write(name: str, result: Reproduction, folder: Path) -> None:
    """``name``.png, .svg and .json in ``folder``, each whole or not at all."""
    for kind, content in pictures(result.figure).items():
        _put(folder / f"{name}.{kind}", content)
    _put(folder / f"{name}.json", _json(result.to_dict()).encode())


def page(folder: Path) -> None:
    """README.md: the picture and the paragraph of every experiment whose JSON lies in
    ``folder``.
    """
    text = [
        "# Reproductions",
        "",
        (
            "Written by `kdtheory reproduce --all --out DIR`; the numbers and their intervals are"
            " in the JSON files."
        ),
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
    _put(folder / "README.md", "\n".join(text).encode())


def _put(target: Path, content: bytes) -> None:
    replace_file(target, lambda file: file.write(content))


def _json(value: Any) -> str:
    """Indented, with a final newline; infinite ends become null, as JSON has none."""

    def finite(item: Any) -> Any:
        if isinstance(item, dict):
            return {key: finite(inner) for key, inner in item.items()}
        return None if isinstance(item, float) and math.isinf(item) else item

    return json.dumps(finite(value), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
