"""The guide runs: every block of code prints the block of text below it."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

from kdtheory.cli import main

GUIDE = Path(__file__).parents[1] / "docs" / "which-lambda.md"
BLOCK = re.compile(r"```(python|console)\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", re.S)


def test_which_lambda(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    scope: dict = {}
    blocks = BLOCK.findall(GUIDE.read_text())
    assert len(blocks) >= 6
    for kind, code, shown in blocks:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            if kind == "python":
                exec(code, scope)
            else:
                for line in code.splitlines():
                    assert main(shlex.split(line.removeprefix("$ kdtheory "))) == 0
        assert out.getvalue() == shown


def test_links_lead_somewhere():
    for target in re.findall(r"\]\(([^)#]+)\)", GUIDE.read_text()):
        assert (GUIDE.parent / target).is_file(), target
