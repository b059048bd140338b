"""The outcome of the main job as one HTML page, for people who do not run anything."""

from __future__ import annotations

import re
from collections.abc import Sequence
from html import escape
from itertools import groupby
from pathlib import Path
from typing import Any
from urllib.parse import quote

from kdtheory.report.formulas import KINDS, mathml, statement_parts, step_sizes
from kdtheory.report.page_style import STYLE
from kdtheory.report.plots.style import Picture
from kdtheory.report.provenance import Fact
from kdtheory.report.tables import LEGEND, TextBlock, conclusion, main_job_blocks, number
from kdtheory.statements.theorems import THEOREMS
from kdtheory.system.disk import replace_file

WRONG = ("VIOLATED", "REFUTED")
EQUAL_TEXT = (
    "All bounds at the same step size, the largest that each of them allows: only so can floors be"
    " compared. “Share of noise” is the part of the bound at the last step that noise makes up"
    " (the rest is left of the start); near 0 % the bound has not come near its floor. “Truth” is"
    " where the iterates settle at that weight, exact for least squares."
)


def page(
    found: dict[str, Any],
    pictures: Sequence[Picture] = (),
    equal: Sequence[dict[str, Any]] = (),
    facts: Sequence[Fact] = (),
) -> str:
    """HTML of the tables, the pictures (paths relative to the page), the statements, and where it
    all comes from.
    """
    sections: list[tuple[str, str]] = []
    if equal:
        tables = "".join(_table(block, 3) for block in _equal_blocks(equal))
        sections.append(("Equal step sizes", f"<p>{EQUAL_TEXT}</p>{tables}"))
    blocks = main_job_blocks(found)
    sections += [(block.title, _table(block)) for block in blocks[2:]]
    sections += [(block.title, _table(block)) for block in (blocks[1], blocks[0])]
    sections.append(("How to read the tables", f"<dl>{_legend()}</dl>"))
    if pictures:
        sections.append(("Pictures", "".join(_figure(picture) for picture in pictures)))
    sections.append(("Statements", "".join(_statement(name) for name in THEOREMS)))
    if facts:
        rows = "".join(f"<dt>{escape(what)}</dt><dd>{escape(is_)}</dd>" for what, is_ in facts)
        sections.append(("Where this comes from", f"<dl class=facts>{rows}</dl>"))
    contents = "".join(
        f'<li><a href="#{_anchor(place)}">{escape(_plain(title))}</a></li>'
        for place, (title, _) in enumerate(sections)
    )
    body = "".join(
        f'<section id="{_anchor(place)}"><h2>{escape(_plain(title))}</h2>{content}</section>'
        for place, (title, content) in enumerate(sections)
    )
    kind = "bad" if found["failed"] else "good"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>kdtheory: verdicts</title><style>{STYLE}</style></head><body>"
        '<header><p class="kind">kdtheory · the theory of knowledge distillation, checked</p>'
        f'<h1>Verdicts</h1><p class="conclusion {kind}">{escape(_plain(conclusion(found)))}</p>'
        f"</header><nav aria-label=Contents><ol>{contents}</ol></nav><main>{body}</main>"
        "</body></html>\n"
    )


def _plain(text: str) -> str:
    """What UTF-8 cannot hold, the odd bytes of a file's name, is escaped."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def _anchor(place: int) -> str:
    return f"part-{place + 1}"


def _table(block: TextBlock, left: int | None = None) -> str:
    words = block.left if left is None else left

    def cells(row: tuple[str, ...], tag: str) -> str:
        out = []
        for place, cell in enumerate(row):
            kind = ["word"] * (place < words) + ["bad"] * (cell in WRONG)
            kind += ["open"] * (cell == "UNDECIDED")
            scope = ' scope="col"' if tag == "th" else ""
            out.append(f'<{tag}{scope} class="{" ".join(kind)}">{escape(_plain(cell))}</{tag}>')
        return f"<tr>{''.join(out)}</tr>"

    head = cells(block.header, "th")
    body = "".join(cells(row, "td") for row in block.rows)
    title = escape(_plain(block.title), quote=True)
    return (
        f'<div class="scroll" role="region" tabindex="0" aria-label="{title}"><table>'
        f"<thead>{head}</thead><tbody>{body}</tbody></table></div>"
    )


def _equal_blocks(rows: Sequence[dict[str, Any]]) -> list[TextBlock]:
    """One table for all data sets; the rows of one step size stand together."""
    lines: list[tuple[str, ...]] = []
    for _, group in groupby(rows, key=lambda row: (row["data"], row["step_size"])):
        lines += [
            (
                row["data"],
                number(row["step_size"]),
                row["statement"],
                number(row["weight"]),
                number(row["floor"]),
                number(row["truth"]),
                f"{row['noise_share']:.0%}",
                str(row["steps"]),
            )
            for row in group
        ]
    header = ("data", "γ", "statement", "λ*", "floor", "truth", "share of noise", "at t")
    return [TextBlock("Bounds at equal step sizes", header, lines, left=3)]


def _legend() -> str:
    """The text under the tables of `kdtheory verify`, one term a line."""
    text = " ".join(LEGEND.split()).split(" Rows have different gamma")[0]  # the page has both
    parts = re.split(r"(?:(?<=\. )|^)([A-Za-z*°/ ]+): ", text)
    pairs = zip(parts[1::2], parts[2::2], strict=True)
    return "".join(
        f"<dt>{escape(term)}</dt><dd>{escape(said.strip())}</dd>" for term, said in pairs
    )


def _figure(picture: Picture) -> str:
    name = next(path.name for path in picture.paths if path.suffix in (".svg", ".png"))
    seen = escape(_plain(picture.seen), quote=True)
    return (
        f'<figure><a href="{quote(name)}"><img src="{quote(name)}" alt="{seen}" loading="lazy"></a>'
        f"<figcaption>{escape(_plain(picture.caption))} <span>{seen}</span></figcaption></figure>"
    )


def _statement(name: str) -> str:
    theorem = THEOREMS[name]
    claim, letters = statement_parts(theorem)
    where = "".join(
        f'<div class="scroll letter">{mathml(f"{letter} = {meaning}")}</div>'
        for letter, meaning in letters
    )
    limit = step_sizes(theorem)
    needs = ", ".join(f"{need.name} {need.label}" for need in theorem.needs)
    sizes = f"<p>Step sizes: {mathml(limit)}</p>" if limit else ""
    return (
        f'<article><h3>{escape(name)}</h3><p class="kind">{escape(theorem.title)} ·'
        f" {escape(theorem.source)} · {escape(KINDS[theorem.kind])}</p>"
        f'<div class="scroll formula">{mathml(claim, display=True)}</div>{sizes}'
        f"<details><summary>letters and assumptions</summary>{where}"
        f"<p>It needs: {escape(needs) or 'nothing but a finite sum'}.</p></details></article>"
    )


def write_page(folder: Path, text: str) -> Path:
    """index.html in ``folder``, replaced as a whole."""
    target = folder / "index.html"
    replace_file(target, lambda file: file.write(text.encode("utf-8")))
    return target
