"""The command line: output for people, JSON for machines, exit codes 0, 1 and 2, never a traceback
for a user's mistake.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

from kdtheory.cli import main


def run(capsys, *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_verify_one_theorem_on_own_data(capsys, tmp_path):
    """Own data, teacher, start, weight and step size; --json has both sides at the horizon."""
    rng = np.random.default_rng(2)
    np.savez(
        tmp_path / "d.npz", features=rng.standard_normal((20, 3)), targets=rng.standard_normal(20)
    )
    np.save(tmp_path / "theta.npy", np.ones(3))
    np.save(tmp_path / "start.npy", np.zeros(3))
    code, out, _ = run(
        capsys,
        "verify",
        "--data",
        str(tmp_path / "d.npz"),
        "--theorem",
        "unbiased",
        "--teacher",
        str(tmp_path / "theta.npy"),
        "--start",
        str(tmp_path / "start.npy"),
        "--weight",
        "0.4",
        "--step-size",
        "0.01",
        "--steps",
        "30",
        "--json",
    )
    (row,) = json.loads(out)
    assert (
        code,
        row["status"],
        row["evidence"],
        row["weight"],
        row["step_size"],
        row["steps"],
    ) == (0, "VERIFIED", "exact", 0.4, 0.01, 30)
    assert row["lhs_end"] <= row["rhs_end"]
    code, out, _ = run(capsys, "verify", "--theorem", "theorem-1", "--steps", "5")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 100
    assert "lhs <= rhs at all 6 times" in out


def test_a_violation_gives_exit_code_1(capsys, monkeypatch):
    """The statement without its noise is violated by the same command."""
    import dataclasses

    from kdtheory.bounds import values as bounds
    from kdtheory.statements import theorems

    theorem = theorems.THEOREMS["theorem-1"]
    calm = dataclasses.replace(
        theorem,
        psi=theorem.psi.subs(
            {s: 0 for s in theorem.psi.free_symbols if str(s) in ("sigma_star_sq", "gamma")}
        ),
    )
    monkeypatch.setattr(
        bounds,
        "THEOREMS",
        {**theorems.THEOREMS, "theorem-1": dataclasses.replace(calm, psi=calm.psi / 2)},
    )
    code, out, _ = run(capsys, "verify", "--theorem", "theorem-1", "--steps", "5")
    assert code == 1
    assert "VIOLATED" in out


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
    code, out, _ = run(
        capsys,
        "weight",
        "--student",
        str(tmp_path / "s.npy"),
        "--teacher",
        str(tmp_path / "t.npy"),
        "--json",
    )
    assert code == 0
    assert json.loads(out)["weight"] == pytest.approx(0.5, rel=1e-9)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("prove", "theorem-3"), "Did you mean"),
        (("formula", "lamda-star"), "Did you mean 'lambda-star'"),
        (("verify", "--data", "nowhere.csv"), "No file"),
        (("weight", "--student", "nowhere.npy", "--teacher", "nowhere.npy"), "nowhere.npy"),
        (("simulate", "--step-size", "-1"), "step_size must be > 0"),
    ],
)
def test_a_mistake_is_one_line(capsys, arguments, message):
    code, _, err = run(capsys, *arguments)
    assert code == 2
    assert message in err
    assert err.count("\n") == 1
