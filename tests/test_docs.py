"""The guides run: every block of code prints the block of text below it.

``python tests/test_docs.py`` writes what they print today into the pages, to be read before it is
committed.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from kdtheory.cli import main

DOCS = Path(__file__).parents[1] / "docs"
BLOCK = re.compile(r"```(python|console)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.S)
# Pages whose code other tests run, with the reason.
ELSEWHERE = {"using-it-in-a-trainer.md": "needs trainers: tests/test_trainers.py runs it"}
PAGES = sorted(
    path.name
    for path in DOCS.glob("*.md")
    if path.name not in ELSEWHERE and BLOCK.search(path.read_text())
)


def printed(kind: str, code: str, scope: dict[str, object]) -> str:
    """What a block prints."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        if kind == "python":
            exec(code, scope)
        else:
            for line in code.splitlines():
                assert main(shlex.split(line.removeprefix("$ kdtheory "))) == 0
    return out.getvalue()


@pytest.mark.parametrize("page", PAGES)
def test_page_prints_what_it_shows(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict[str, object] = {}
    for kind, code, shown in BLOCK.findall((DOCS / page).read_text()):
        assert printed(kind, code, scope) == shown


def test_the_guides_are_found():
    assert {"which-lambda.md", "start-theorist.md", "start-practitioner.md"} <= set(PAGES)


@pytest.mark.parametrize("path", sorted(DOCS.rglob("*.md")), ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", path.read_text()):
        made_by_the_build = target.startswith("generated/")
        assert made_by_the_build or (path.parent / target).exists(), target


if __name__ == "__main__":
    for name in PAGES:
        scope: dict[str, object] = {}
        text = (DOCS / name).read_text()
        for whole in list(BLOCK.finditer(text)):
            kind, code, shown = whole.groups()
            made = printed(kind, code, scope)
            if shown is not None and made != shown:
                new = whole.group().replace(f"```text\n{shown}```", f"```text\n{made}```")
                text = text.replace(whole.group(), new)
        (DOCS / name).write_text(text)
