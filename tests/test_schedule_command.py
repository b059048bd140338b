"""`kdtheory schedule`: its table, its files and its refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.problems.datasets import bundled


def test_files_hold_the_schedule(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = bundled("diabetes")
    points = [problem.minimiser + 0.1, problem.minimiser - 0.1]
    for j, theta in enumerate(points):
        np.save(tmp_path / f"{j}.npy", theta)
    np.save(tmp_path / "x0.npy", np.ones(problem.dim))
    arguments = ["schedule", "--steps", "50", "--start", str(tmp_path / "x0.npy"), "--json"]
    for j in range(2):
        arguments += ["--teacher", str(tmp_path / f"{j}.npy")]
    for kind in ("csv", "json"):
        arguments += ["--out", str(tmp_path / f"s.{kind}"), "--plot", str(tmp_path / "s.svg")]
        assert main(arguments) == 0
    rows = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "\n}")["rows"]
    plan = kd.schedule(
        problem, points, criterion="theorem-1-envelope", x0=np.ones(problem.dim), steps=50
    )
    assert rows[0]["weight"] == plan.weights[0].tolist()
    whole = json.loads((tmp_path / "s.json").read_text())
    assert whole["step_sizes"] == plan.step_sizes.tolist()
    assert whole["bound"] == plan.bound.tolist()
    table = np.loadtxt(tmp_path / "s.csv", delimiter=",", skiprows=1)
    assert (table[:, 1] == plan.step_sizes).all() and (table[:, 2:4] == plan.weights).all()
    assert (tmp_path / "s.svg").read_text().startswith("<?xml")


def test_target(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", "--target", "0.1", "--criterion", "unbiased-envelope", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    target = found["target"]
    assert target["low"] <= target["steps"] <= target["high"]
    assert found["bound"] <= 0.1
    parts = target["conditioning"] + target["interaction"] + target["noise"]
    assert parts == pytest.approx(target["low"])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--criterion", "theorem-1"], "no best schedule"),
        (["--out", "steps.txt"], "must end with .csv or .json"),
        (["--plot", "steps"], "must end with .png or .svg or .pdf"),
        (["--target", "0"], "target must be > 0"),
        (["--steps", "0"], "steps must be >= 1"),
    ],
)
def test_refusals(options: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["schedule", *options]) == 2
    assert said in capsys.readouterr().err
