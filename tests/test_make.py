"""A fresh machine: `make test` installs what it needs or says in one sentence what is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TOOLS = ROOT / ".ci" / "tools"


def bare(folder: Path, *programs: str) -> dict[str, str]:
    """An environment with nothing but these programs; each of ``fake`` prints its words."""
    folder.mkdir()
    for name in ("bash", "env", *programs):
        found = shutil.which(name)
        assert found
        (folder / name).symlink_to(found)
    return {**os.environ, "PATH": str(folder)}


def fake(folder: Path, name: str, says: str) -> None:
    (folder / name).write_text(f"#!/bin/bash\n{says}\n")
    (folder / name).chmod(0o755)


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", str(TOOLS), *words], env=environment, capture_output=True, text=True, check=False
    )


def test_nothing_to_do_where_all_is_there(tmp_path: Path) -> None:
    environment = bare(tmp_path / "bin")
    for name in ("coqc", "pdflatex", "chromium"):
        fake(tmp_path / "bin", name, "exit 1")
    done = run(environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_what_is_missing_is_installed(tmp_path: Path) -> None:
    environment = bare(tmp_path / "bin")
    fake(tmp_path / "bin", "id", "echo 0")
    fake(tmp_path / "bin", "pdflatex", "exit 1")
    fake(tmp_path / "bin", "apt-get", f'echo "$@" >> {tmp_path}/asked')
    done = run(environment)
    assert done.returncode == 0, done.stderr
    update, install = (tmp_path / "asked").read_text().splitlines()
    assert update.startswith("update")
    assert install == "install -y -qq --no-install-recommends coq chromium"


@pytest.mark.parametrize("who", ["0", "1000"])
def test_what_cannot_be_installed_is_one_sentence(tmp_path: Path, who: str) -> None:
    """Without apt, or without the right to use it; never a skipped test."""
    environment = bare(tmp_path / "bin")
    fake(tmp_path / "bin", "id", f"echo {who}")
    if who != "0":
        fake(tmp_path / "bin", "apt-get", "exit 1")
    done = run(environment)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (1, "", 1)
    assert "apt-get install --no-install-recommends coq texlive-latex-base chromium" in done.stderr


def test_python_without_venv(tmp_path: Path) -> None:
    environment = bare(tmp_path / "bin")
    fake(tmp_path / "bin", "python3", "exit 1")
    fake(tmp_path / "bin", "id", "echo 0")
    fake(tmp_path / "bin", "apt-get", f'echo "$@" >> {tmp_path}/asked')
    assert run(environment, "venv").returncode == 0
    assert "python3-venv" in (tmp_path / "asked").read_text()


def test_ci_only_calls_make_test_and_make_test_sets_up() -> None:
    script = (ROOT / ".ci" / "run").read_text()
    commands = [line for line in script.splitlines() if line and not line.startswith("#")]
    # The tools beside the venv: the venv's own apt-get comes first, for two at once fail.
    assert commands[-2:] == [".ci/tools venv", "make -j2 test"]
    assert set(re.findall(r"install -y -qq --no-install-recommends (\w+)", script)) == {"make"}
    makefile = (ROOT / "Makefile").read_text()
    assert re.search(r"^test: tools install lint$", makefile, re.M)
    assert re.search(r"^tools:\n\t\.ci/tools$", makefile, re.M)


@pytest.fixture(scope="module")
def shared() -> str:
    return "made once"


def test_what_a_module_shares_is_made_by_one_worker(
    shared: str, request: pytest.FixtureRequest
) -> None:
    mark = request.node.get_closest_marker("xdist_group")
    assert mark is not None and mark.args == ("test_make",)
    if "PYTEST_XDIST_WORKER" in os.environ:  # pytest-xdist has read the mark
        assert request.node.nodeid.endswith("@test_make")
