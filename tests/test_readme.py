"""The README's examples run, and its table is the statements'."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import kdtheory as kd

TEXT = (Path(__file__).parents[1] / "README.md").read_text()


def test_examples():
    out = io.StringIO()
    scope: dict = {}
    with contextlib.redirect_stdout(out):
        for block in re.findall(r"```python\n(.*?)```", TEXT, re.S):
            exec(block, scope)
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["PROVED", "VERIFIED exact"]
    assert lines[2].startswith("Distil with unbiased=True")


def test_table():
    for name, theorem in kd.THEOREMS.items():
        limit = "-" if theorem.step_size_max is None else f"gamma {'<' if theorem.strict else '<='} {theorem.step_size_max}"
        assert f"| {name} | {theorem.source} | {limit} | {theorem.kind} |" in TEXT
