"""The outcome of the main job as one HTML page, for people who do not run anything."""

from __future__ import annotations

import os
from html import escape
from pathlib import Path
from typing import Any

from kdtheory.report.tables import LEGEND, Block, conclusion, main_job_blocks
from kdtheory.statements.theorems import THEOREMS

STYLE = """
body { font: 16px/1.5 Georgia, serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem;
  color: #111; }
table { border-collapse: collapse; font: 13px/1.4 ui-monospace, monospace;
  margin: 0.5rem 0 2rem; }
th, td { padding: 0.15rem 0.7rem; text-align: right; border-bottom: 1px solid #ddd; }
th.word, td.word { text-align: left; }
img { max-width: 100%; } pre { white-space: pre-wrap; }
.bad { font-weight: bold; background: #eee; }
"""


def page(found: dict[str, Any], pictures: list[str]) -> str:
    """HTML of the tables, the statements and the pictures (paths relative to the page)."""
    parts = [_table(block) for block in main_job_blocks(found)]
    statements = "".join(
        f"<dt>{escape(name)}: {escape(theorem.title)}"
        f" ({escape(theorem.source)})</dt><dd><code>{escape(theorem.latex())}</code></dd>"
        for name, theorem in THEOREMS.items()
    )
    shown = "".join(
        f'<figure><img src="{escape(name)}" alt="{escape(Path(name).stem)}"></figure>'
        for name in pictures
    )
    return (
        "<!doctype html><html lang=en><meta charset=utf-8>"
        f"<title>kdtheory: verdicts</title><style>{STYLE}</style>"
        f"<h1>kdtheory: verdicts</h1><pre>{escape(conclusion(found))}</pre>{''.join(parts)}"
        f"<pre>{escape(LEGEND)}</pre>"
        f"<h2>Pictures</h2>{shown}<h2>Statements</h2><dl>{statements}</dl></html>\n"
    )


def _table(block: Block) -> str:
    def cells(row: tuple[str, ...], tag: str) -> str:
        out = []
        for place, cell in enumerate(row):
            kind = ["word"] * (place < block.left) + ["bad"] * (
                cell in ("VIOLATED", "REFUTED", "UNDECIDED")
            )
            out.append(f"<{tag} class='{' '.join(kind)}'>{escape(cell)}</{tag}>")
        return f"<tr>{''.join(out)}</tr>"

    body = "".join(cells(row, "td") for row in block.rows)
    head = cells(block.header, "th").replace(" bad", "")
    return f"<h2>{escape(block.title)}</h2><table>{head}{body}</table>"


def write_page(folder: Path, found: dict[str, Any], pictures: list[Path]) -> Path:
    """index.html in ``folder``, replaced as a whole."""
    target, draft = folder / "index.html", folder / ".index.html.part"
    names = [path.relative_to(folder).as_posix() for path in pictures if path.suffix == ".png"]
    draft.write_text(page(found, names), encoding="utf-8")
    os.replace(draft, target)
    return target
