"""Bad input, line by line: a clear one-line error that names rule, number and way out; from the
command line exit code 2.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.commands import COMMANDS
from kdtheory.commands.parsing import parser
from kdtheory.problems.datasets import load, standardised
from kdtheory.report.main_job import main_job
from kdtheory.system.disk import ready_folder

RNG = np.random.default_rng(0)
GOOD = kd.LeastSquares(RNG.standard_normal((6, 2)), RNG.standard_normal(6), ridge=0.2)
FLAT = kd.LeastSquares([[1.0, 1.0], [2.0, 2.0]], [1.0, 0.0])
THETA = np.ones(2)
START = "from kdtheory.cli import main; raise SystemExit(main())"
ONE = ("verify", "--theorem", "theorem-1", "--steps", "5", "--data")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one good data set and many bad files."""
    folder = tmp_path_factory.mktemp("files")
    features, targets = RNG.standard_normal((9, 3)), RNG.standard_normal(9)
    arrays = {
        "good": (features, targets),
        "nan": (np.full((5, 2), np.nan), np.zeros(5)),
        "inf": (features, np.full(9, np.inf)),
        "rows": (features, targets[:4]),
        "flat": (targets, targets),
        "empty": (np.zeros((0, 2)), np.zeros(0)),
        "wide": (np.zeros((2, 30_000)), np.zeros(2)),
        "object": (np.array([{}], dtype=object), np.zeros(1)),
        "text": (np.array([["a", "b"]]), np.zeros(1)),
        "complex": (features * 1j, targets),
    }
    for name, (left, right) in arrays.items():
        np.savez(folder / f"{name}.npz", features=left, targets=right)
    np.savez(folder / "names.npz", a=features)
    (folder / "junk.npz").write_bytes(b"hello")
    (folder / "part.npz").write_bytes((folder / "good.npz").read_bytes()[:300])
    texts = {
        "empty": "",
        "header": "a,b\n",
        "ragged": "1,2\n3\n",
        "words": "a,b\n1,x\n",
        "column": "1\n2\n",
        "nan": "1,2\n3,nan\n",
        "semicolon": "1;2\n3;4\n",
    }
    for name, text in texts.items():
        (folder / f"{name}.csv").write_text(text)
    (folder / "bytes.csv").write_bytes(bytes(range(128, 256)))
    (folder / "table.txt").write_text("1,2\n")
    (folder / "folder.csv").mkdir()
    for name, vector in {
        "five": np.ones(5),
        "two-axes": np.ones((3, 2)),
        "not-finite": np.array([1.0, np.nan, 0.0]),
    }.items():
        np.save(folder / f"{name}.npy", vector)
    (folder / "junk.npy").write_bytes(b"junk")
    return folder


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("names.npz", "lacks features and targets; it holds a"),
        ("nan.npz", "must be finite, got nan at index"),
        ("inf.npz", "targets must be finite"),
        ("rows.npz", "got 9 and 4 samples"),
        ("flat.npz", "two axes"),
        ("empty.npz", "at least one entry"),
        ("wide.npz", "more than the limit of 4 GiB"),
        ("object.npz", "it holds pickled objects"),
        ("text.npz", "must hold real numbers"),
        ("complex.npz", "must hold real numbers, got complex128"),
        ("junk.npz", "it is no .npz archive"),
        ("part.npz", "only a part of one"),
        ("empty.csv", "no rows of numbers"),
        ("header.csv", "no rows of numbers"),
        ("ragged.csv", "columns changed"),
        ("words.csv", "could not convert"),
        ("column.csv", "shape (2, 0)"),
        ("nan.csv", "targets must be finite"),
        ("semicolon.csv", "separated by commas"),
        ("bytes.csv", "utf-8"),
        ("table.txt", "must end in .npz"),
        ("folder.csv", "is a folder, not a plain file"),
        ("missing.npz", "no bundled set of that name (diabetes"),
    ],
)
def test_data_files(
    files: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    one_line(capsys, (*ONE, str(files / name)), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--teacher", "five.npy"), "theta must have dimension 3 like the problem, got 5"),
        (("--teacher", "two-axes.npy"), "must have 1 axes"),
        (("--teacher", "not-finite.npy"), "must be finite, got nan"),
        (("--teacher", "junk.npy"), "is no .npy file"),
        (("--teacher", "missing.npy"), "No such file"),
        (("--teacher", "good.npz"), "is no .npy file"),
        (("--start", "five.npy"), "x0 must have dimension 3"),
        (("--weight", "nan"), "weight must be finite"),
        (("--weight", "1e200"), "overflows"),
        (("--step-size", "0"), "step_size must be > 0"),
        (("--step-size", "5"), "Theorem 1 needs gamma <= 1/(8*Lcal) = "),
        (("--steps", "-1"), "steps must be >= 0"),
        (("--steps", "3000000000"), "--steps is at most 10,000,000"),
        (("--batch-size", "0"), "batch_size must be >= 1"),
        (("--seed", "-1"), "seed must be >= 0"),
        (("--theorem", "theorem-9"), "Did you mean 'theorem-"),
        (("--plots", "x"), "leave out --theorem"),
    ],
)
def test_options_of_one_theorem(
    files: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, str], message: str
) -> None:
    option, value = arguments
    place = str(files / value) if option in ("--teacher", "--start") else value
    one_line(capsys, (*ONE, str(files / "good.npz"), option, place), message)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("verify", "--weight", "0.5"), "name it with --theorem KEY"),
        (("verify", "--data", "nowhere"), "No file 'nowhere'"),
        (("verify", "--instances", "0"), "instances must be >= 1"),
        (("verify", "--seed", "-2"), "seed must be >= 0"),
        (("verify", "--workers", "0"), "workers must be >= 1"),
        (("verify", "--plots", "/proc/none/such"), "Cannot write to"),
        (
            ("verify", "--data", "diabetes", "--theorem", "theorem-1", "--step-size", "5e-324"),
            "between 1e-50 and 1e+50",
        ),
        (
            (
                "verify",
                "--data",
                "diabetes",
                "--theorem",
                "exact-quadratic",
                "--step-size",
                "1e200",
            ),
            "between 1e-50 and 1e+50",
        ),
        (
            (
                "verify",
                "--data",
                "diabetes",
                "--theorem",
                "distillation-gradient",
                "--weight",
                "nan",
            ),
            "weight must be finite",
        ),
        (
            (
                "verify",
                "--data",
                "diabetes",
                "--theorem",
                "distillation-gradient",
                "--weight",
                "1e308",
            ),
            "weight must lie within 1e+75",
        ),
        (("simulate", "--replicates", "4000000000"), "298.0 GiB, more than the limit"),
        (
            ("convert", "torchdistill", "--weight", "0.5", "--temperature", "1e-320"),
            "temperature must lie between",
        ),
        (("prove", "--certificate", "a\nb.json"), "certificate a b.json: no such file"),
        (
            ("prove", "--latex", "--smt2"),
            "argument --smt2: not allowed with argument --latex. See kdtheory prove --help.",
        ),
        (("prove", "theorem-1", "--export-certificates", "x"), "leave out the statement"),
        (("prove", "theorem-1", "--checker", "lean"), "Unknown checker"),
        (
            ("verify", "--steps", "x"),
            "argument --steps: invalid int value: 'x'. See kdtheory verify --help.",
        ),
        (("nosuch",), "invalid choice: 'nosuch'"),
        ((), "arguments are required: command"),
        (("verify", "--seed", "x" * 9), "invalid int value"),
        (("mutate", "--x"), "unrecognized arguments: --x"),
        (
            ("simulate", "--step-size", "50", "--steps", "3000", "--replicates", "2"),
            "no longer finite at t = ",
        ),
        (("simulate", "--weight", "1e308", "--replicates", "2"), "must be finite, got inf"),
        (("simulate", "--replicates", "1"), "replicates must be >= 2"),
    ],
)
def test_options_of_the_others(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str
) -> None:
    one_line(capsys, arguments, message)


def options_with_a_value() -> list[tuple[str, argparse.Action]]:
    """Every option and argument of every command that takes a text, but for those that name no
    file.
    """
    names = {
        "theorem",
        "criterion",
        "checker",
        "loss",
        "kind",
        "method",
        "format",
        "trainer",
        "set",
        "name",
        "names",
        "scheduler",
        "command",
        "shell",
    }
    found = []
    for command in COMMANDS:
        (commands,) = parser(command)._subparsers._group_actions
        for action in commands.choices[command]._actions:
            if action.nargs != 0 and action.dest not in names and action.type not in (int, float):
                found.append((command, action))
    return found


def test_no_path_is_empty_or_holds_a_nul_byte(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All options that name a file, in one place; nothing is written to the current folder."""
    monkeypatch.chdir(tmp_path)
    found = options_with_a_value()
    assert len(found) >= 23
    for command, action in found:
        for text, message in (("", "the name is empty"), ("a\0b", "NUL byte")):
            one_line(
                capsys,
                (
                    command,
                    *([f"{action.option_strings[0]}={text}"] if action.option_strings else [text]),
                ),
                message,
            )
    assert list(tmp_path.iterdir()) == []


BASES = {
    "verify": ("--theorem", "theorem-1-envelope", "--data", "good.npz", "--steps", "5"),
    "simulate": ("--data", "good.npz", "--steps", "5", "--replicates", "3"),
    "weight": (
        "--student",
        "S.npy",
        "--teacher",
        "S.npy",
        "--criterion",
        "theorem-1",
        "--step-size",
        "0.01",
        "--mu",
        "0.1",
    ),
    "diagnose": (
        "--student",
        "S.npy",
        "--teacher",
        "S.npy",
        "--weight",
        "0.5",
        "--step-size",
        "0.01",
        "--mu",
        "0.1",
        "--L",
        "2",
        "--Lcal",
        "3",
    ),
    "convert": ("torchdistill", "--weight", "0.5"),
    "replay": ("--store", "none.sqlite", "1"),
}
AWKWARD: dict[Any, tuple[str, ...]] = {
    float: ("nan", "-inf", "1e400", "1e308", "-1e200", "5e-324", "0", "-0.0", "-1", "x", ""),
    int: ("-1", "0", "1.5", "x", "", "9" * 23),
}


@pytest.mark.parametrize("command", BASES)
def test_awkward_numbers_everywhere(
    capsys: pytest.CaptureFixture[str], files: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    """Every option that takes a number: a documented exit code, no warning, and one line or an
    answer, never both.
    """
    monkeypatch.chdir(files)
    np.save("S.npy", np.random.default_rng(1).standard_normal((40, 3)))
    (commands,) = parser(command)._subparsers._group_actions
    numbers = [action for action in commands.choices[command]._actions if action.type in AWKWARD]
    assert numbers
    before = set(files.iterdir())
    for action in numbers:
        for value in AWKWARD[action.type]:
            code = main(
                [
                    command,
                    *BASES[command],
                    *(
                        [f"{action.option_strings[0]}={value}"]
                        if action.option_strings
                        else [value]
                    ),
                ]
            )
            out, err = capsys.readouterr()
            said = (action.dest, value, code, err)
            assert code in (0, 1, 2), said
            assert (
                (out == "" and err.count("\n") == 1) if code == 2 else (out != "" and err == "")
            ), said
    assert set(files.iterdir()) == before


@pytest.mark.parametrize(
    "arguments",
    [
        ("--mu", "1e-320"),
        ("--mu", "1e-200"),
        ("--mu", "1e308"),
        ("--step-size", "5e-324"),
        ("--L", "1e200"),
    ],
)
@pytest.mark.parametrize(
    "criterion",
    ["theorem-1", "theorem-2-refined", "theorem-1-sharp", "theorem-2-envelope", "unbiased"],
)
def test_constants_out_of_range(
    capsys: pytest.CaptureFixture[str], files: Path, criterion: str, arguments: tuple[str, str]
) -> None:
    """One line that names the constant, where NumPy's warnings and an interval of infinities
    were.
    """
    np.save(files / "S.npy", RNG.standard_normal((40, 3)))
    constants = {"--step-size": "0.01", "--mu": "0.1", "--L": "2", "--Lcal": "3"} | dict(
        [arguments]
    )
    same = str(files / "S.npy")
    given = (
        "weight",
        "--student",
        same,
        "--teacher",
        same,
        "--criterion",
        criterion,
        *(word for pair in constants.items() for word in pair),
    )
    one_line(
        capsys, given, f"{arguments[0][2:].replace('-', '_')} must lie between 1e-50 and 1e+50"
    )


@pytest.mark.parametrize(
    ("features", "targets", "message"),
    [
        (1e200, 1.0, "features must lie within 1e+75"),
        (1.0, 1e200, "targets must lie within 1e+75"),
    ],
)
def test_data_out_of_range(
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    features: float,
    targets: float,
    message: str,
) -> None:
    """Standardising such data gave columns of zeros, about which everything was VERIFIED."""
    np.savez(
        tmp_path / "d.npz",
        features=features * RNG.standard_normal((9, 3)),
        targets=targets * RNG.standard_normal(9),
    )
    one_line(capsys, (*ONE, str(tmp_path / "d.npz")), message)


def test_data_in_tiny_units() -> None:
    """Their squares are 0 in floats: a column of 1e-170 is as good as one of 1, and no curvature is
    refused.
    """
    features = RNG.standard_normal((9, 3))
    tiny = standardised(1e-170 * features)
    np.testing.assert_allclose(tiny, standardised(features), rtol=1e-12)
    with pytest.raises(kd.InvalidInput, match="features must reach 1e-75, got"):
        kd.LeastSquares(1e-170 * features, np.ones(9))


def test_a_number_that_leaves_the_range_unforeseen(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What no rule has refused before ends the command, with neither a warning nor a traceback."""
    from kdtheory.commands import formula

    for failing in (
        lambda options: np.float64(1e308) * 10,
        lambda options: np.zeros(1) / 0,
        lambda options: 1 / 0,
        lambda options: 1e200**2,
    ):
        monkeypatch.setattr(formula, "run", failing)
        one_line(capsys, ("formula", "lambda-star"), "left the range of floats")
    monkeypatch.setattr(formula, "run", lambda options: np.empty(2**55))
    one_line(capsys, ("formula", "lambda-star"), "Not enough memory")


def test_no_folder_is_made_for_a_job_that_cannot_run(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for wrong, message in (
        ("--data=nowhere", "No file 'nowhere'"),
        ("--instances=0", "instances must be >= 1"),
        ("--workers=0", "workers must be"),
    ):
        one_line(capsys, ("report", str(tmp_path / "out"), wrong), message)
        one_line(capsys, ("verify", "--plots", str(tmp_path / "out"), wrong), message)
    assert list(tmp_path.iterdir()) == []


def test_output_that_cannot_be_written_or_encoded(tmp_path: Path) -> None:
    """A full disk is an error of one line; what the terminal cannot show is escaped."""

    def run(*words: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", START, *words],
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            **settings,
        )

    with open("/dev/full", "w") as full:
        done = run("formula", "lambda-star", stdout=full)
    assert (done.returncode, done.stderr) == (
        2,
        "kdtheory formula: the output cannot be written: No space left on device.\n",
    )
    done = run(
        "convert",
        "torchtune",
        "--weight",
        "0.7",
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
    )
    assert (done.returncode, done.stderr) == (0, "")


def one_line(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], message: str) -> None:
    """Exit code 2, nothing on standard output, one line on standard error that holds
    ``message``.
    """
    code = main(arguments)
    out, err = capsys.readouterr()
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


@dataclass(frozen=True)
class Own:
    """A user's problem f_n(x) = (x - b_n)^2 / 2, or one that lies in one respect."""

    slope: float = 1.0
    shift: float = 0.0
    mu: float = 1.0
    Lcal: float = 1.0
    curvature: float = 1.0
    n_terms: int = 2
    dim: int = 1

    @property
    def minimiser(self) -> np.ndarray:
        return np.array([self.shift])

    @property
    def minimum(self) -> float:
        return 0.5

    @property
    def constants(self) -> kd.Constants:
        one = kd.Constant(1.0, exact=True, why="")
        return kd.Constants(
            kd.Constant(self.mu, exact=True, why=""),
            one,
            one,
            kd.Constant(self.Lcal, exact=True, why=""),
            one,
        )

    def value(self, x: np.ndarray) -> float:
        return float(self.curvature * (x[0] ** 2 + 1) / 2)

    def gradient(self, x: np.ndarray) -> np.ndarray:
        return self.slope * self.curvature * x

    def gradients(self, x: np.ndarray) -> np.ndarray:
        return self.slope * (self.curvature * x + np.array([[1.0], [-1.0]]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slope": 2.0}, "sigma_star_sq"),
        ({"shift": 0.5}, "not stationary"),
        ({"mu": 2.0}, "0 <= mu <= mu_pl <= L"),
        ({"Lcal": 0.2}, "expected smoothness"),
        ({"n_terms": 3}, "must have shape (3, 1)"),
        ({"dim": 2}, "must have dimension 2"),
        ({"curvature": -1.0}, "problem.minimum = 0.5 but"),
    ],
)
def test_inconsistent_problem(change: dict[str, float], message: str) -> None:
    kd.check_finite_sum(Own())
    with pytest.raises(kd.InvalidInput) as caught:
        kd.check_finite_sum(replace(Own(), **change))
    assert message in str(caught.value)


@pytest.mark.parametrize("wrong", [("L", 0.8), ("Lcal", 0.8), ("mu_pl", 1.5)])
def test_wrong_constants_are_seen_where_they_matter(wrong: tuple[str, float]) -> None:
    """At random points in six dimensions none of these shows; a verdict looks no further."""
    rng = np.random.default_rng(1)
    problem = kd.LeastSquares(rng.standard_normal((20, 6)), rng.standard_normal(20), ridge=0.1)
    name, factor = wrong
    value = kd.Constant(factor * float(getattr(problem.constants, name)), exact=True, why="a lie")
    lie = replace(problem.constants, **{name: value})

    class Lying(kd.LeastSquares):
        constants = property(lambda self: lie)

    lying = Lying(problem.features, problem.targets, ridge=0.1)
    with pytest.raises(kd.InvalidInput, match="The constants contradict the gradients"):
        kd.verify(lying, lying.minimiser + 0.3, theorem="theorem-2", steps=3)


def test_masked_entries_are_not_read() -> None:
    """A cast takes what is under the mask."""
    masked = np.ma.masked_array([[1.0, 2.0], [3.0, 999.0]], mask=[[0, 0], [0, 1]])
    with pytest.raises(kd.InvalidInput, match="masked"):
        kd.LeastSquares(masked, [1.0, 2.0])
    whole = np.ma.masked_array([[1.0, 2.0], [3.0, 4.0]], mask=False)
    assert kd.LeastSquares(whole, [1.0, 2.0]).dim == 2


PYTHON = {
    "labels outside": (lambda: kd.LogisticRegression([[1.0]], [2.0]), "labels must lie in [0, 1]"),
    "labels -1 and 1": (lambda: kd.LogisticRegression([[1.0], [2.0]], [-1.0, 1.0]), "Map classes"),
    "classes not whole": (
        lambda: kd.SoftmaxRegression([[1.0]], [0.5]),
        "class numbers 0, 1, ..., K-1",
    ),
    "rows that are no probabilities": (
        lambda: kd.SoftmaxRegression([[1.0]], [[0.5, 0.2]]),
        "sum to 1",
    ),
    "not strongly convex": (
        lambda: kd.verify(FLAT, THETA, theorem="theorem-1"),
        "needs strong convexity (mu > 0), got mu = 0.0",
    ),
    "empty": (lambda: kd.LeastSquares(np.zeros((0, 2)), []), "is empty"),
    "shape": (lambda: kd.LeastSquares(np.zeros((2, 2)), [1.0]), "one row per sample, got 2 and 1"),
    "complex": (lambda: kd.LeastSquares([[1j]], [1.0]), "real numbers"),
    "teacher nan": (lambda: kd.teacher_statistics(GOOD, [np.nan, 0.0]), "theta must be finite"),
    "teacher of another dimension": (
        lambda: kd.teacher_statistics(GOOD, [0.0]),
        "must have dimension 2 like the problem, got 1",
    ),
    "batch > N": (
        lambda: kd.verify(GOOD, THETA, theorem="theorem-1", batch_size=7, replacement=False),
        "at most N = 6 indices, got batch_size = 7",
    ),
    "unknown theorem": (
        lambda: kd.verify(GOOD, THETA, theorem="theorem1"),
        "Did you mean 'theorem-1'",
    ),
    "unknown method": (
        lambda: kd.verify(GOOD, THETA, theorem="theorem-1", method="exakt"),
        "Did you mean 'exact'",
    ),
    "exact without least squares": (
        lambda: kd.verify(
            kd.LogisticRegression([[1.0], [-1.0]], [0.0, 0.0], ridge=1.0),
            [0.0],
            theorem="theorem-1",
            method="exact",
        ),
        "monte-carlo",
    ),
    "diverged moments": (
        lambda: kd.expected(GOOD, THETA, kd.DistilledSGD(), step_size=9.0, x0=THETA, steps=2000),
        "largest stable step size",
    ),
    "diverged stationary": (
        lambda: kd.stationary(GOOD, THETA, kd.DistilledSGD(), step_size=9.0),
        "spectral radius",
    ),
    "steps": (
        lambda: kd.verify(GOOD, THETA, theorem="theorem-1", steps=3_000_000_000),
        "22.4 GiB",
    ),
    "times": (
        lambda: kd.verify(GOOD, THETA, theorem="theorem-1", at=[3, 1]),
        "increasing whole times between 0 and steps = 200",
    ),
    "workers": (lambda: main_job(workers=0), "workers must be >= 1"),
    "folder that is a file": (lambda: ready_folder(__file__), "Cannot write to"),
}


@pytest.mark.parametrize("name", PYTHON)
def test_python(name: str) -> None:
    call, message = PYTHON[name]
    with pytest.raises(kd.KdtheoryError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_header_and_byte_order_mark(tmp_path: Path) -> None:
    """What spreadsheets write is read: the mark is no part of the first number."""
    path = tmp_path / "marked.csv"
    path.write_bytes("\ufeff1,2\n3,4\n5,7\n".encode())
    assert load(str(path)).n_terms == 3
    path.write_bytes("\ufeffa,b\n1,2\n3,4\n".encode())
    assert load(str(path)).n_terms == 2
