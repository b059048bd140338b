"""kdtheory diagnose and weight: files in, table, JSON and picture out; a user's mistake is one
line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.errors import InvalidInput
from kdtheory.estimate import diagnose
from kdtheory.estimate.npy import open_npy


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.fixture
def files(tmp_path):
    """Gradients and logits of one softmax layer, as files."""
    rng = np.random.default_rng(0)
    a, w, v = rng.standard_normal((90, 5)), rng.standard_normal((3, 5)), rng.standard_normal((3, 5))
    labels = rng.integers(0, 3, 90)
    z, u = a @ w.T, a @ (w + 0.3 * v).T
    gradients = [
        kd.SoftmaxRegression(a, labels).gradients(point.ravel()) for point in (w, w + 0.3 * v)
    ]
    arrays = {
        "S": gradients[0],
        "T": gradients[1],
        "z": z,
        "u": u,
        "y": labels,
        "a": a,
        "q": (a * a).sum(axis=1),
    }
    for name, array in arrays.items():
        np.save(tmp_path / f"{name}.npy", array)
    return {name: tmp_path / f"{name}.npy" for name in arrays} | {
        "folder": tmp_path,
        "arrays": arrays,
    }


def logits(files) -> tuple[object, ...]:
    """The layer's logits, labels and inputs as options."""
    return (
        "--student",
        files["z"],
        "--teacher",
        files["u"],
        "--logits",
        "--labels",
        files["y"],
        "--features",
        files["a"],
    )


CONSTANTS = (
    *("--step-size", "0.02", "--mu", "0.5", "--L", "1.5", "--Lcal", "3"),
    *("--steps-left", "100"),
)
EVERY = {"step_size": 0.02, "mu": 0.5, "L": 1.5, "Lcal": 3.0, "horizon": 100}


def test_gradients_and_logits_give_one_diagnosis(capsys, files):
    plain = ("diagnose", "--weight", "0.7", "--json", *CONSTANTS)
    code, out, _ = run(capsys, *plain, "--student", files["S"], "--teacher", files["T"])
    assert code == 0
    first = json.loads(out)
    second = json.loads(
        run(
            capsys,
            *plain,
            *logits(files),
        )[1]
    )
    # Logits expand centred products and lose some roundings of the raw second moment.
    for key in ("rho", "beta"):
        assert second[key] == pytest.approx(first[key], rel=1e-9)
    assert set(second["criteria"]) == set(first["criteria"]) and not first["skipped"]
    for name, row in first["criteria"].items():
        assert second["criteria"][name]["weight"] == pytest.approx(
            row["weight"], rel=1e-8, abs=1e-12
        ), name
        assert second["criteria"][name]["now"] == pytest.approx(row["now"], rel=1e-9), name


def test_table_recommendation_and_what_was_skipped(capsys, files):
    _, out, _ = run(
        capsys, "diagnose", "--weight", "0.7", "--student", files["S"], "--teacher", files["T"]
    )
    lines = out.splitlines()
    found = diagnose(files["arrays"]["S"], files["arrays"]["T"], 0.7)
    assert lines[0].startswith("n = 90   rho = ") and lines[-1] == found.recommendation
    # Rows that need what was not given are not shown, but for those half of whose needs are there.
    assert not any("skipped" in line for line in lines)
    assert sum(line.endswith(("helps", "hurts")) for line in lines) == 2
    _, out, _ = run(
        capsys,
        *("diagnose", "--weight", "0.7", "--student", files["S"], "--teacher", files["T"]),
        *("--mu", "0.5"),
    )
    assert any(
        line.startswith("theorem-1-envelope   skipped: needs step_size, Lcal")
        for line in out.splitlines()
    )


def test_the_help_explains_every_column(capsys):
    assert main(["diagnose", "--help"]) == 0
    text = capsys.readouterr().out
    for column in ("rho", "beta", "lambda*", "interval", "N(lambda)/N(0)", "N(lambda*)/N(0)"):
        assert column in text


def test_steps_left_asks_for_the_horizon(capsys, files):
    files_ = ("--student", files["S"], "--teacher", files["T"], "--json")
    found = json.loads(run(capsys, "weight", "--steps-left", "30", "--batch-size", "4", *files_)[1])
    expected = kd.lambda_star(
        files["arrays"]["S"], files["arrays"]["T"], criterion="horizon", horizon=30, batch_size=4
    )
    assert found["criterion"] == "horizon" and found["weight"] == expected.weight
    table = json.loads(run(capsys, "diagnose", "--weight", "0.7", "--steps-left", "30", *files_)[1])
    assert "horizon" in table["criteria"]
    code, _, err = run(capsys, "weight", "--criterion", "horizon", *files_)
    assert code == 2 and "horizon=T" in err


def test_squared_norms_alone_speak_of_the_unbiased_update_only(capsys, files):
    arguments = (
        "diagnose",
        "--weight",
        "0.7",
        "--student",
        files["z"],
        "--teacher",
        files["u"],
        "--logits",
        "--labels",
        files["y"],
        "--features-sqnorm",
        files["q"],
        "--json",
    )
    found = json.loads(run(capsys, *arguments)[1])
    assert list(found["criteria"]) == ["unbiased"] and found["beta"] is None
    weight = kd.lambda_star_from_logits(
        *(files["arrays"][k] for k in "zuy"), features_sqnorm=files["arrays"]["q"]
    )
    assert found["criteria"]["unbiased"]["weight"] == weight.weight
    assert "bounded, not measured" in found["recommendation"]


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_picture(capsys, files, ending):
    target = files["folder"] / f"weights.{ending}"
    code, _, _ = run(
        capsys,
        "diagnose",
        "--weight",
        "0.7",
        "--student",
        files["S"],
        "--teacher",
        files["T"],
        "--plot",
        target,
        *CONSTANTS,
    )
    assert code == 0 and target.stat().st_size > 5000
    assert not list(files["folder"].glob(".*.part*"))


def test_every_criterion_has_a_style_of_its_own():
    from kdtheory.estimate.plot import OTHER, STYLES, _style

    found = diagnose(*np.random.default_rng(0).standard_normal((2, 30, 3)), 0.5, **EVERY)
    drawn = [_style(line.criterion) for line in found.lines.values()]
    assert OTHER not in drawn and len(set(drawn)) == len(drawn)
    # Line and marker alone tell them apart.
    assert len({style[:2] for style in STYLES.values()}) == len(STYLES)


def test_weight_from_logits(capsys, files):
    code, out, _ = run(
        capsys,
        "weight",
        *logits(files),
        "--criterion",
        "theorem-1-envelope",
        *CONSTANTS,
        "--json",
    )
    expected = kd.lambda_star(
        files["arrays"]["S"],
        files["arrays"]["T"],
        criterion="theorem-1-envelope",
        step_size=0.02,
        mu=0.5,
        Lcal=3.0,
    )
    assert code == 0 and json.loads(out)["weight"] == pytest.approx(
        expected.weight, rel=1e-7, abs=1e-10
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--logits", "--labels", "y"), "--features or --features-sqnorm"),
        (("--labels", "y"), "add --logits"),
        (("--weight", "nan"), "weight must be a number between"),
        (("--plot", "x.jpeg"), ".pdf, .svg or .png"),
        (("--plot", "nowhere/x.png"), "No folder"),
        (("--teacher", "a"), "same shape"),
        (("--teacher", "missing"), "cannot read 'missing.npy' as a plain .npy file"),
        (("--step-size", "9", "--mu", "-1"), "mu must be > 0"),
        (("--confidence", "1.5"), "confidence"),
    ],
)
def test_a_mistake_is_one_line(capsys, files, arguments, message):
    named = [
        (
            str(files.get(word, files["folder"] / f"{word}.npy"))
            if word in ("y", "a", "missing")
            else word
        )
        for word in arguments
    ]
    base = ["diagnose", "--student", files["S"], "--teacher", files["T"], "--weight", "0.7"]
    code, _, err = run(capsys, *base, *named)
    assert code == 2 and message in err and err.count("\n") == 1


def test_a_file_that_is_being_written(capsys, files):
    whole = files["T"].read_bytes()
    for size in (0, 3, 60, len(whole) // 2, len(whole) - 1):
        files["T"].write_bytes(whole[:size])
        code, _, err = run(capsys, "weight", "--student", files["S"], "--teacher", files["T"])
        assert code == 2 and "still being written" in err and err.count("\n") == 1, size


def test_a_file_truncated_while_it_is_read_is_an_error_not_a_crash(tmp_path):
    path = tmp_path / "s.npy"
    np.save(path, np.ones((1000, 100)))
    rows = open_npy(path, "student_gradients")
    assert rows[:10].shape == (10, 100)
    with path.open("r+b") as file:
        file.truncate(50_000)
    with pytest.raises(InvalidInput, match="changed while it was being read"):
        rows[:]


def test_reading_does_not_keep_the_file_in_memory(tmp_path):
    # 160 MB on disk; the process may grow by blocks, means and scalars only.
    array = np.lib.format.open_memmap(tmp_path / "s.npy", "w+", np.float32, (4000, 10_000))
    for start in range(0, 4000, 500):
        array[start : start + 500] = np.random.default_rng(start).standard_normal(
            (500, 10_000), dtype=np.float32
        )
    del array
    code = (
        "import resource, sys; from kdtheory.estimate.data import open_rows; from"
        " kdtheory.estimate.moments import scalars\nbefore ="
        " resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\nrows = open_rows(sys.argv[1], 's');"
        " scalars(rows, rows)\nprint((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
        " / 1024)"
    )
    grown = float(
        subprocess.run(
            [sys.executable, "-c", code, str(tmp_path / "s.npy")],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": "1"},
        ).stdout
    )
    assert grown < 60  # MB; mapping the file would add its 160


@pytest.mark.parametrize(
    ("student", "teacher", "message"),
    [
        (np.ones((4, 2)), np.zeros((4, 2)), "same on every sample"),
        (np.ones((1, 2)), np.ones((1, 2)), "n = 1 samples"),
        (np.array([[True, False]] * 4), np.ones((4, 2)), "real numbers"),
        (np.ones((4, 2), dtype=complex), np.ones((4, 2)), "real numbers"),
        (np.full((4, 2), np.nan), np.ones((4, 2)), "nan"),
        (
            np.array([[1.0, 2], [65504, 1], [np.inf, 0]], dtype=np.float16),
            np.ones((3, 2)),
            "half-precision overflow",
        ),
    ],
)
def test_bad_arrays_in_files(capsys, tmp_path, student, teacher, message):
    np.save(tmp_path / "s.npy", student)
    np.save(tmp_path / "t.npy", teacher)
    code, _, err = run(
        capsys, "weight", "--student", tmp_path / "s.npy", "--teacher", tmp_path / "t.npy"
    )
    assert code == 2 and message in err and err.count("\n") == 1


@pytest.mark.parametrize("dtype", ["<f2", ">f4", "<i2", "|u1", ">f8"])
def test_any_numeric_file_is_read_in_float64(tmp_path, dtype):
    rng = np.random.default_rng(1)
    pair = [rng.integers(0, 100, (50, 4)).astype(dtype) for _ in range(2)]
    for name, array in zip("st", pair, strict=True):
        np.save(tmp_path / f"{name}.npy", array)
    exact = kd.lambda_star(*(array.astype(np.float64) for array in pair))
    assert kd.lambda_star(tmp_path / "s.npy", tmp_path / "t.npy") == exact
