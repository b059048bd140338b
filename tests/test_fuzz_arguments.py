"""Argument lists that nobody would type, over files that nobody would make: never a traceback, one
line for a refusal, and exit code 1 only with something to show.

``make slow`` runs 10,000 lists; the normal run 150 of them.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import zipfile
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import pytest

from kdtheory.cli import main
from kdtheory.commands import COMMANDS
from kdtheory.commands.example import contents
from kdtheory.commands.parsing import parser
from kdtheory.errors import InvalidInput

PATIENCE = 60  # seconds, for a machine that does other things as well
NUMBERS = ("-1", "0", "1", "2", "3", "7", "1.5", "", "x", "9" * 23, "2147483648", "-0", "٣", " 4")
REALS = ("nan", "-inf", "1e400", "1e308", "-1e200", "5e-324", "0", "-0.0", "0.01", "0.5", "1", "x")
WORDS = (
    "theorem-1",
    "unbiased",
    "theorem-2-envelope",
    "exact-quadratic",
    "",
    "x",
    "Theorem-1",
    "ü",
)
ODD = (
    "",
    "-",
    "--",
    "a\0b",
    "\udcff",
    "-h",
    "--help",
    "--version",
    "@f",
    "-" * 300,
    "%s%n",
    "$x^{",
)
# What would take minutes is answered by this instead; a list gets there or is refused before.
LONG = (
    "kdtheory.report.main_job.main_job",
    "kdtheory.report.plots.plot_all",
    "kdtheory.report.story.write_story",
    "kdtheory.checks.mutants.score",
    "kdtheory.reproductions.reproduce",
    "kdtheory.reproductions.spread.over_seeds",
)
# Values of options that would take minutes, or start another program for each list.
KNOWN: dict[tuple[str, str], tuple[str, ...]] = {
    ("prove", "checker"): ("sympy", "z3", "cvc5", "lean", ""),
    ("campaign", "instances"): ("-1", "0", "1", "300", "x", "9" * 23),
    ("campaign", "workers"): ("1", "1", "0", "-1", "x"),
    ("campaign", "scheduler"): ("", "x", "tcp://127.0.0.1:1"),
    ("tightness", "rounds"): ("-1", "0", "1", "x"),
    ("tightness", "kind"): ("least-squares", "logistic", "x", ""),
    ("simulate", "steps"): ("-1", "0", "1", "50", "2147483648", "x"),
    ("verify", "steps"): ("-1", "0", "1", "50", "2147483648", "x"),
    ("simulate", "replicates"): ("-1", "0", "1", "2", "20", "2147483648"),
    ("verify", "theorem"): WORDS,
    ("report", "instances"): ("-1", "0", "3"),
}
# Left out, each would be minutes of work.
NEEDED = {("verify", "theorem"), ("tightness", "rounds"), ("campaign", "instances")}


def files(folder: Path) -> list[str]:
    """Good files, and every kind of bad one."""
    for name, (_, write) in contents(0).items():
        with open(folder / name, "wb") as file:
            write(file)
    rng = np.random.default_rng(0)
    for name, array in {
        "empty": np.zeros((0, 3)),
        "none": np.zeros(()),
        "text": np.array(["a"]),
        "nan": np.full((4, 2), np.nan),
        "big": np.full((4, 2), 1e300),
        "ints": rng.integers(0, 4, 9),
        "deep": np.zeros((2, 2, 2)),
        "complex": np.ones((3, 2)) * 1j,
        "record": np.zeros(3, dtype=[("a", "f8")]),
    }.items():
        np.save(folder / f"{name}.npy", array)
        np.savez(
            folder / f"{name}.npz", features=array, targets=np.zeros(len(np.atleast_1d(array)))
        )
    whole = (folder / "S.npy").read_bytes()
    (folder / "cut.npy").write_bytes(whole[:200])
    (folder / "junk.npy").write_bytes(os.urandom(64))
    (folder / "neg.npy").write_bytes(whole.replace(b"(400, 20)", b"(-40, 20)"))
    (folder / "bool.npy").write_bytes(whole.replace(b"(400, 20)", b"(True,20)"))
    (folder / "cut.npz").write_bytes((folder / "mine.npz").read_bytes()[:300])
    with zipfile.ZipFile(folder / "notes.npz", "w") as archive:
        archive.writestr("features", "x")
        archive.writestr("targets.npy", b"")
    for name, text in {
        "half.csv": "1,,3\n4,5,6\n",
        "hash.csv": "1,2\n#3,4\n",
        "one.csv": "1\n",
        "odd$x^{_#?%.csv": "1,2\n3,4\n5,7\n",
        "nothing.csv": "",
        "bad.json": "{",
        "list.json": "[]",
        "s.sqlite": "no database",
    }.items():
        (folder / name).write_text(text)
    (folder / "latin.csv").write_bytes(b"\xff\xfe1,2\n")
    (folder / "dir.csv").mkdir()
    os.mkfifo(folder / "pipe.npy")
    os.mkfifo(folder / "pipe.csv")
    (folder / "loop.npz").symlink_to("loop.npz")
    return [*(path.name for path in folder.iterdir()), "missing.npy", "missing.csv", "diabetes"]


class Lists:
    """Draws argument lists."""

    def __init__(self, names: list[str], seed: int) -> None:
        """From files of these names."""
        self._names, self._rng = names, random.Random(seed)
        self._options: dict[str, list[argparse.Action]] = {}
        for name in COMMANDS:
            (commands,) = (
                action
                for action in parser(name)._actions
                if isinstance(action, argparse._SubParsersAction)
            )
            self._options[name] = [
                action for action in commands.choices[name]._actions if action.dest != "coqchk"
            ]

    def draw(self) -> list[str]:
        """One list; most have a command that exists and options that it knows."""
        rng = self._rng
        command = rng.choice(list(COMMANDS)) if rng.random() < 0.97 else rng.choice(ODD)
        words = [command]
        for action in self._options.get(command, ()):
            chance = 0.95 if action.required else 0.25
            if (command, action.dest) in NEEDED or rng.random() < chance:
                words += self._given(command, action)
        if command == "prove" and not any(word in ("theorem-1", "unbiased") for word in words):
            words.append("theorem-1")  # all of them take some seconds
        for _ in range(rng.choice((0, 0, 0, 0, 1, 2))):
            words.insert(rng.randint(0, len(words)), rng.choice((*ODD, *NUMBERS, *self._names)))
        return words

    def _given(self, command: str, action: argparse.Action) -> list[str]:
        name = action.option_strings[-1] if action.option_strings else ""
        if action.nargs == 0:
            return [name]
        value = self._value(command, action)
        if not name:
            return [value]
        return [f"{name}={value}"] if self._rng.random() < 0.5 else [name, value]

    def _value(self, command: str, action: argparse.Action) -> str:
        rng = self._rng
        known = KNOWN.get((command, action.dest))
        if known:
            return rng.choice(known)
        if rng.random() < 0.05:
            return rng.choice((*ODD, *NUMBERS, *REALS))
        if action.choices:
            return rng.choice([*map(str, action.choices), "x"])
        if action.type in (int, float):
            return rng.choice(NUMBERS if action.type is int else REALS)
        return rng.choice(WORDS if action.type is None and rng.random() < 0.7 else self._names)


def late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError("the command neither ended nor said that it takes long")


def would_run(*given: Any, **settings: Any) -> Any:
    raise InvalidInput("It would run now.")


def fuzz(count: int, seed: int, capsys: pytest.CaptureFixture[str], folder: Path) -> dict[int, int]:
    """How often each exit code came."""
    names = files(folder)
    lists, codes = Lists(names, seed), dict.fromkeys((0, 1, 2), 0)
    signal.signal(signal.SIGALRM, late)
    before = set(os.listdir(folder))
    for _ in range(count):
        words = lists.draw()
        signal.alarm(PATIENCE)
        code = main(words)
        signal.alarm(0)
        out, err = capsys.readouterr()
        said = f"{words!r}: exit {code}\n{out[:300]}\n{err[:600]}"
        assert code in codes, said
        assert "Traceback" not in err and "error of kdtheory itself" not in err, said
        if code == 2:
            assert out == "" and err.count("\n") == 1, said
        else:
            assert out, said
        codes[code] += 1
        for name in set(os.listdir(folder)) - before:  # what was written does not pile up
            place = folder / name
            if place.is_dir() and not place.is_symlink():
                for path in sorted(place.rglob("*"), reverse=True):
                    path.rmdir() if path.is_dir() else path.unlink()
                place.rmdir()
            else:
                place.unlink()
    return codes


@pytest.fixture
def quick(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to be in, and what takes minutes replaced."""
    monkeypatch.chdir(tmp_path)
    for name in LONG:  # all before the first is replaced: they import from one another, for good
        import_module(name.rpartition(".")[0])
    for name in LONG:
        monkeypatch.setattr(name, would_run)
    return tmp_path


def test_some_lists(quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz(150, 0, capsys, quick)
    assert codes[2] > 50


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_ten_thousand_lists(part: int, quick: Path, capsys: pytest.CaptureFixture[str]) -> None:
    codes = fuzz(1000, 100 + part, capsys, quick)
    assert codes[0] > 30
