"""The command line: output for people, JSON for machines, exit codes 0, 1 and 2, never a traceback for a user's mistake."""

from __future__ import annotations

import json

import numpy as np
import pytest

from kdtheory.cli import main


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_verify_on_one_set(capsys):
    code, out, _ = run(capsys, "verify", "--data", "diabetes", "--instances", "4", "--json")
    found = json.loads(out)
    assert code == 0
    assert {row["status"] for row in found["proofs"]} == {"PROVED"}
    assert {row["status"] for row in found["data"]} == {"VERIFIED"}


def test_formula(capsys):
    assert run(capsys, "formula", "lambda-star")[1].strip() == "C/(B*bias_sq*kappa + B*bias_sq + V)"
    assert run(capsys, "formula", "lambda-star", "--format", "latex")[1].startswith(r"\frac")


def test_simulate(capsys):
    code, out, _ = run(capsys, "simulate", "--steps", "20", "--replicates", "10", "--json")
    assert code == 0
    assert json.loads(out)[-1]["t"] == 20


def test_weight(capsys, tmp_path):
    rng = np.random.default_rng(0)
    student = rng.standard_normal((200, 5))
    np.save(tmp_path / "s.npy", student)
    np.save(tmp_path / "t.npy", 2 * student)
    code, out, _ = run(capsys, "weight", "--student", str(tmp_path / "s.npy"), "--teacher", str(tmp_path / "t.npy"), "--json")
    assert code == 0
    assert json.loads(out)["weight"] == pytest.approx(0.5, rel=1e-9)


def test_mutate(capsys):
    code, out, _ = run(capsys, "mutate", "--json")
    assert code == 0
    assert len(json.loads(out)) >= 30


@pytest.mark.parametrize(("arguments", "message"), [
    (("prove", "theorem-3"), "Did you mean"),
    (("formula", "lamda-star"), "Did you mean 'lambda-star'"),
    (("verify", "--data", "nowhere.csv"), "No file"),
    (("weight", "--student", "nowhere.npy", "--teacher", "nowhere.npy"), "nowhere.npy"),
    (("simulate", "--step-size", "-1"), "step_size must be > 0"),
])
def test_a_mistake_is_one_line(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1


def test_malformed_files(capsys, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("a,b\n1,x\n")
    assert run(capsys, "verify", "--data", str(bad))[0] == 2
    pickled = tmp_path / "object.npz"
    np.savez(pickled, features=np.array([{}], dtype=object), targets=np.zeros(1))
    code, _, err = run(capsys, "verify", "--data", str(pickled))
    assert code == 2
    assert "Cannot read" in err
