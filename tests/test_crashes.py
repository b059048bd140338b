"""What crashed, hung or filled the memory: each is one line and exit code 2 now, before any work.

Exit code 1 says that something is not as claimed; a crash must never say that.
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kdtheory.cli import main
from kdtheory.commands import formula
from kdtheory.problems import tables
from kdtheory.problems.datasets import LARGEST_DATA, load

KDTHEORY = [sys.executable, "-m", "kdtheory"]
ONE = ("verify", "--theorem", "theorem-1", "--steps", "5", "--data")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on standard error; nothing on standard output, exit code 2."""
    code = main(arguments)
    out, err = capsys.readouterr()
    assert (code, out, err.count("\n")) == (2, "", 1), (out, err)
    assert "Traceback" not in err
    assert "error of kdtheory itself" not in err, err
    return err


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """``script`` run by sh with $KD for the command line."""
    return subprocess.run(
        ["sh", "-c", script],
        cwd=folder,
        env={**os.environ, "KD": " ".join(KDTHEORY)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_unforeseen_is_one_line_that_says_how_to_report_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(options: object) -> None:
        raise RuntimeError("something\nodd")

    monkeypatch.setattr(formula, "run", fail)
    assert main(["formula", "lambda-star"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    for part in (
        "RuntimeError: something odd (test_crashes.py",
        "Please report",
        "KDTHEORY_DEBUG=1 kdtheory formula lambda-star",
    ):
        assert part in err
    monkeypatch.setenv("KDTHEORY_DEBUG", "1")
    assert main(["formula", "lambda-star"]) == 2
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("$KD formula lambda-star >&-", 2, "standard output is closed"),
        ("$KD formula lambda-star >&- 2>&-", 2, ""),
        ("$KD formula lambda-star 2>&- | grep -c bias_sq", 0, ""),
        ("$KD formula nosuch 2>&-", 2, ""),
        ("$KD formula nosuch 2>/dev/full", 2, ""),
        ("$KD --help >/dev/full", 2, "cannot be written: No space left"),
        ("$KD --version <&- | grep -c kdtheory", 0, ""),
        ("mkdir gone && cd gone && rmdir ../gone && $KD formula lambda-star", 2, "does not exist"),
        ("ulimit -n 7; $KD verify --data diabetes --instances 2", 2, "Too many open files"),
    ],
)
def test_streams_folder_and_descriptors(tmp_path: Path, script: str, code: int, said: str) -> None:
    done = shell(script, tmp_path)
    assert done.returncode == code, done.stderr
    assert said in done.stderr
    assert done.stderr.count("\n") == bool(said)


def test_pipes_are_not_waited_for(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("good.npz", features=np.eye(3), targets=np.ones(3))
    np.save("S.npy", np.ones((5, 2)))
    for name in ("p.csv", "p.npz", "p.npy", "p.sqlite", "p.json"):
        os.mkfifo(name)
    for arguments in (
        (*ONE, "p.csv"),
        (*ONE, "p.npz"),
        (*ONE, "good.npz", "--teacher", "p.npy"),
        ("weight", "--student", "p.npy", "--teacher", "S.npy"),
        ("weight", "--student", "S.npy", "--teacher", "p.npy"),
        ("campaign", "--store", "p.sqlite"),
        ("replay", "1", "--store", "p.sqlite"),
        ("prove", "--certificate", "p.json"),
    ):
        refused(capsys, *arguments)
    assert "a pipe, socket or device" in refused(capsys, *ONE, "p.csv")
    os.symlink("/dev/zero", "zero.csv")
    refused(capsys, *ONE, "zero.csv")


def header(shape: str) -> bytes:
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text.encode()


@pytest.mark.parametrize(
    "shape",
    ["(-1, 3)", "(True, 3)", "(3, -2)", "(2000000000, 2000000000)", "(" + "-" * 5000 + "1,)", "("],
)
def test_headers_that_no_array_has(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, shape: str
) -> None:
    monkeypatch.chdir(tmp_path)
    content = header(shape) + bytes(240)
    Path("bad.npy").write_bytes(content)
    with zipfile.ZipFile("bad.npz", "w") as archive:
        archive.writestr("features.npy", content)
        archive.writestr("targets.npy", content)
    np.savez("good.npz", features=np.eye(3), targets=np.ones(3))
    refused(capsys, *ONE, "bad.npz")
    refused(capsys, *ONE, "good.npz", "--teacher", "bad.npy")
    refused(capsys, "weight", "--student", "bad.npy", "--teacher", "bad.npy")
    refused(capsys, "diagnose", "--student", "bad.npy", "--teacher", "bad.npy", "--weight", "1")


def test_members_that_are_no_arrays(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("features", "features.npy"):
        with zipfile.ZipFile("d.npz", "w") as archive:
            archive.writestr(name, "no array at all")
            archive.writestr("targets", "neither")
        assert "cannot be taken" in refused(capsys, *ONE, "d.npz")
    whole = io.BytesIO()
    np.savez(whole, features=np.eye(3), targets=np.ones(3))
    content = bytearray(whole.getvalue())
    content[content.find(b"PK\x01\x02") + 8] |= 1  # "encrypted", in the table of contents
    Path("locked.npz").write_bytes(content)
    assert "encrypted" in refused(capsys, *ONE, "locked.npz")


def test_empty_arrays_that_are_honest(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    np.savez("good.npz", features=np.eye(3), targets=np.ones(3))
    np.save("full.npy", np.ones((5, 2)))
    for place, shape in enumerate(((0,), (0, 2), (5, 0), (0, 0), ())):
        name = f"e{place}.npy"
        np.save(name, np.zeros(shape))
        np.savez("e.npz", features=np.zeros(shape), targets=np.zeros(0))
        refused(capsys, *ONE, "e.npz")
        refused(capsys, *ONE, "good.npz", "--teacher", name)
        refused(capsys, "weight", "--student", name, "--teacher", name)
        for option in ("--labels", "--features"):
            words = {"--labels": "full.npy", "--features": "full.npy", option: name}
            refused(
                capsys,
                *("weight", "--logits", "--student", "full.npy", "--teacher", "full.npy"),
                *(word for pair in words.items() for word in pair),
            )


def test_a_small_file_that_declares_a_large_array(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """300 kB that were 1.2 GiB when unpacked: the header is believed, and refused."""
    path = tmp_path / "bomb.npz"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("features.npy", "w", force_zip64=True) as member:
            member.write(header("(150000000, 1)") + bytes(2**20))
        archive.writestr("targets.npy", header("(150000000,)"))
    assert path.stat().st_size < 300_000
    assert "more than the limit of 0.5 GiB" in refused(capsys, *ONE, str(path))
    assert LARGEST_DATA >= 8 * 60_000 * 784  # MNIST


def test_a_table_that_is_too_long(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "LARGEST_FILE", 100)
    (tmp_path / "d.csv").write_text("1,2\n" * 26)
    assert "Save it as .npz" in refused(capsys, *ONE, str(tmp_path / "d.csv"))


@pytest.mark.parametrize(
    "first",
    ["1,,3", "1,x,3", "0x10,0x11,0x12", "1;2,3,4", "NA,?,", "#1,2,3", "a,1b,c", "1.5.2,a,b"],
)
def test_a_first_row_that_is_neither_header_nor_numbers(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, first: str
) -> None:
    """Each of these was taken as a header, and cost a sample without a word."""
    (tmp_path / "d.csv").write_text(f"{first}\n4,5,6\n7,8,8\n")
    assert "neither a header nor all numbers" in refused(capsys, *ONE, str(tmp_path / "d.csv"))


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("1,2\n#3,4\n5,6\n", "line 2 begins with #"),
        ("a,b\n1,2\n # 3,4\n", "line 3 begins with #"),
        ("1,2 # good\n3,4\n", "neither a header"),
        ("1,2\n3,4 # good\n", "could not convert"),
        ("a,b,c\n1,2\n3,5\n", "names 3 columns and the others have 2"),
        ("1,2\n0x3,5\n", "could not convert"),
    ],
)
def test_rows_that_vanished(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, rows: str, message: str
) -> None:
    (tmp_path / "d.csv").write_text(rows)
    assert message in refused(capsys, *ONE, str(tmp_path / "d.csv"))


def test_what_was_taken_as_header_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    path = tmp_path / "d.csv"
    for first, said in (
        ("a,b\n", "first row taken as header ('a', 'b'); the last column is the target"),
        ('"a, x","b"\n', "header ('a, x', 'b')"),
        ("# a,b\n", "header ('a', 'b')"),
        (",b\n", "header ('', 'b')"),
        ("", "no header; the last column is the target"),
    ):
        path.write_text(f'{first}1,2\n"3",4\r\n5,7\u2028')
        path.write_text(path.read_text().rstrip("\u2028"))
        assert load(str(path)).n_terms == 3
        assert main([*ONE, str(path)]) == 0
        assert said in capsys.readouterr().out


def test_two_dashes_are_no_value(capsys: pytest.CaptureFixture[str]) -> None:
    """argparse handed an empty list to the command, which took it for a text."""
    assert "names no value" in refused(capsys, "schedule", "--data=--")


def test_refusals_come_before_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (("simulate", "--replicates", "0"), "replicates must be >= 2"),
        (("simulate", "--data", "digits", "--replicates", "1"), "replicates must be >= 2"),
        (("simulate", "--steps", "2147483648"), "steps"),
        (("verify", "--theorem", "theorem-1", "--steps", "2147483648"), "noise_floor"),
    ):
        assert message in refused(capsys, *words)


def test_wide_data_say_how_long_they_take(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """5 x 4001 data were silent for minutes: the estimate comes before the first eigenvalue."""
    from kdtheory.commands import patience, verify

    assert verify.wide_seconds(4001, 200) > 10 * patience.LONG
    assert verify.wide_seconds(100, 200) < patience.LONG / 10

    def begun(*given: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(verify, "_row", begun)
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "d.npz", features=rng.standard_normal((5, 4001)), targets=np.ones(5))
    assert main([*ONE[:3], "--data", str(tmp_path / "d.npz")]) == 130
    assert "d = 4001: about 6 min." in capsys.readouterr().err
