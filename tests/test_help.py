"""What the command line says of itself: version, examples that run, completion that completes."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.commands import COMMANDS, patience
from kdtheory.commands.completion import words

# Long: the README's own test runs mutate, the others draw many pictures.
LONG = {"mutate", "reproduce", "report", "story", "verify --data diabetes --plots"}


def examples(*, long: bool) -> list[str]:
    """All of them, in an order in which `replay` finds the campaign's store."""
    found = [
        line.removeprefix("kdtheory ")
        for name in COMMANDS
        for line in import_module(f"kdtheory.commands.{name}").EXAMPLES
    ]
    return [line for line in found if line.startswith(tuple(LONG)) == long]


def run_all(lines: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    if not Path("mine.csv").exists():
        assert main(["example", "."]) == 0
    for line in lines:
        if line != "example .":
            assert main(shlex.split(line)) == 0, line


def test_every_command_has_examples_and_shows_them(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        lines = import_module(f"kdtheory.commands.{name}").EXAMPLES
        assert lines
        assert main([name, "--help"]) == 0
        shown = capsys.readouterr().out
        assert all(f"\n  {line}\n" in f"{shown}\n" for line in lines)


def test_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_all(examples(long=False), tmp_path, monkeypatch)
    assert (tmp_path / "weights.pdf").is_file()


@pytest.mark.slow
def test_long_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_all(examples(long=True), tmp_path, monkeypatch)


def test_example_files_agree_and_are_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gradients and logits are of the same two models, so that both ways give one weight."""
    run_all([], tmp_path, monkeypatch)
    capsys.readouterr()
    found = []
    for words_ in (
        "--student S.npy --teacher T.npy",
        "--logits --student student-logits.npy --teacher teacher-logits.npy --labels labels.npy"
        " --features features.npy",
    ):
        assert main(["weight", *words_.split(), "--json"]) == 0
        found.append(json.loads(capsys.readouterr().out))
    assert found[0]["weight"] == pytest.approx(found[1]["weight"], rel=1e-9)
    assert 0.2 < found[0]["weight"] < 0.98
    assert main(["example", "."]) == 2
    assert "would be lost" in capsys.readouterr().err


def test_version_and_module(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"kdtheory {kd.__version__}\n"
    done = subprocess.run(
        [sys.executable, "-m", "kdtheory", "--version"], capture_output=True, text=True, check=True
    )
    assert done.stdout == f"kdtheory {kd.__version__}\n"


def test_help_says_where_the_target_is(capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("verify", "simulate", "report"):
        main([command, "--help"])
        assert "last column is the target" in " ".join(capsys.readouterr().out.split())


def test_tables_are_explained(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    store = str(tmp_path / "s.sqlite")
    assert main(["campaign", "--store", store, "--instances", "1", "--theorem", "unbiased"]) == 0
    said = capsys.readouterr().out
    assert all(f"{word}: " in said for word in ("noisy", "tightest", "record"))
    assert main(["verify", "--theorem", "unbiased", "--steps", "5"]) == 0
    said = capsys.readouterr().out
    assert all(f"{word}: " in said for word in ("gamma", "floor", "ratio"))


COMPLETED = [
    ("kdtheory comp", ["completion"]),
    ("kdtheory formula --format ", ["latex", "python", "sympy"]),
    ("kdtheory weight --features", ["--features", "--features-sqnorm"]),
    ("kdtheory completion ", ["bash", "fish", "zsh"]),
]


@pytest.mark.parametrize(("line", "wanted"), COMPLETED)
def test_bash_completes(tmp_path: Path, line: str, wanted: list[str]) -> None:
    script = tmp_path / "completion.bash"
    done = subprocess.run(
        [sys.executable, "-m", "kdtheory", "completion", "bash"], capture_output=True, check=True
    )
    script.write_bytes(done.stdout)
    parts = line.split(" ")
    ask = (
        f"source {shlex.quote(str(script))}; COMP_WORDS=({' '.join(map(shlex.quote, parts))});"
        f' COMP_CWORD={len(parts) - 1}; _kdtheory; printf "%s\\n" "${{COMPREPLY[@]}}"'
    )
    bash = shutil.which("bash")
    assert bash
    answer = subprocess.run([bash, "-c", ask], capture_output=True, text=True, check=True)
    assert sorted(set(answer.stdout.split()) - {"--help", "--json", "-h"}) == wanted
    assert answer.stderr == ""


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_know_every_option(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    for name, options in words().items():
        assert name in script
        for word in options:
            spelled = word.text.lstrip("-") if shell == "fish" else word.text
            assert spelled in script
            assert set(word.values or ()) <= set(re.split(r"[\s()']+", script))


def test_long_work_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    with patience.at_work("x", 9.0):
        pass
    assert capsys.readouterr().err == ""
    with patience.at_work("x", 200.0, every=0.01):
        import time

        time.sleep(0.1)
    first, second, *_ = capsys.readouterr().err.splitlines()
    assert (first, second) == ("x: about 3 min.", "x: 0 s of about 3 min.")


def test_a_campaign_without_a_terminal_says_how_far_it_is(capsys):
    """A log of it stayed empty for as long as it ran."""
    says = patience.Reminder("campaign", long=0.0, every=60.0)
    says(100, 10**12)
    assert capsys.readouterr().err == ""  # nothing to go by yet
    says.began -= 50.0
    says(200, 10**12)
    says(300, 10**12)  # too soon for another
    said = capsys.readouterr().err
    assert said.startswith("campaign: 200 of 1,000,000,000,000, about 15,8")
    assert said.endswith(" years left.\n")
    assert said.count("\n") == 1
