"""The README: its Python runs, its commands run, its table is what the tool prints, its picture and
folders exist.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest

from kdtheory.cli import main
from kdtheory.errors import InvalidInput
from kdtheory.report import readme_table

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text()
COMMANDS = [
    line for block in re.findall(r"```sh\n(.*?)```", TEXT, re.S) for line in block.splitlines()
]
MAIN_JOB = "kdtheory verify"
# The two long ones run once: below in test_table_and_main_job, and in tests/test_mutants.py.
LONG = (MAIN_JOB, "kdtheory mutate")


def test_examples() -> None:
    out = io.StringIO()
    scope: dict[str, object] = {}
    with contextlib.redirect_stdout(out):
        for block in re.findall(r"```python\n(.*?)```", TEXT, re.S):
            exec(block, scope)
    lines = out.getvalue().splitlines()
    assert lines[:2] == ["PROVED", "VERIFIED exact"]
    assert lines[2].startswith("Distil with unbiased=True")


@pytest.mark.parametrize("line", [line for line in COMMANDS if line not in LONG])
def test_commands(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every command of the README ends with 0, as text, and as JSON with --json."""
    monkeypatch.chdir(tmp_path)
    for name in "ST":
        np.save(f"{name}.npy", np.random.default_rng(0).standard_normal((50, 4)))
    program, *arguments = shlex.split(line)
    assert program == "kdtheory"
    assert main([*arguments, "--json"]) == 0
    json.loads(capsys.readouterr().out)


def test_make_targets() -> None:
    """The two commands and the coverage target exist."""
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"make ([a-z]+)", TEXT):
        assert f"\n{target}:" in makefile


def test_table_and_main_job(capsys: pytest.CaptureFixture[str]) -> None:
    """One run of the main job: everything proved, nothing violated or open, and the README's table
    is the one that it gives.
    """
    assert set(LONG) <= set(COMMANDS)
    assert main([*shlex.split(MAIN_JOB)[1:], "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {row["status"] for row in found["proofs"]} == {"PROVED"}
    assert {row["status"] for row in found["data"]} == {"VERIFIED"}
    assert {row["data"] for row in found["data"]} == {"diabetes", "breast-cancer", "digits"}
    assert (found["undecided"], found["failed"]) == (0, [])
    table = readme_table.markdown(found)
    assert table in TEXT, "run: python -m kdtheory.report.readme_table README.md"
    drifted = TEXT.replace(" VERIFIED |", " VIOLATED |", 1)
    assert readme_table.replaced(drifted, table) == TEXT


def test_table_needs_its_marks() -> None:
    with pytest.raises(InvalidInput, match="must stand around the table"):
        readme_table.replaced("no marks", "table")


def test_paths_exist() -> None:
    for path in re.findall(r"\]\(([^):]+)\)", TEXT) + re.findall(r"^\| `([\w/]+/)` \|", TEXT, re.M):
        assert (ROOT / path).exists(), path
