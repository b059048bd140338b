"""The command line: output for people, JSON for machines, exit codes 0, 1 and 2, never a traceback
for a user's mistake.
"""

from __future__ import annotations

import inspect
import json
import re

import numpy as np
import pytest

import kdtheory as kd
from kdtheory.bounds.letters import letters_for
from kdtheory.cli import main
from kdtheory.rules.experiment import experiment
from kdtheory.statements.closed_forms import NAMES, closed_form


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

    from kdtheory.statements import theorems

    theorem = theorems.THEOREMS["theorem-1"]
    calm = dataclasses.replace(
        theorem,
        psi=theorem.psi.subs(
            {s: 0 for s in theorem.psi.free_symbols if str(s) in ("sigma_star_sq", "gamma")}
        ),
    )
    monkeypatch.setattr(
        theorems,
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


def test_prove_json_lists_checkers(capsys):
    code, out, _ = run(
        capsys, "prove", "unbiased", "--checker", "sympy", "--checker", "z3", "--json"
    )
    (row,) = json.loads(out)["rows"] if isinstance(json.loads(out), dict) else json.loads(out)
    assert code == 0 and [each["checker"] for each in row["checkers"]] == ["sympy", "z3"]
    for each in row["checkers"]:
        assert each["checks"] == each["proved"] > 5 and each["seconds"] > 0


def test_prove_latex_twice_is_the_same(capsys):
    first, second = (run(capsys, "prove", "unbiased", "--latex")[1] for _ in range(2))
    assert first == second and "Checked." in first


def test_formula_without_a_name_lists_them(capsys):
    code, out, _ = run(capsys, "formula")
    assert code == 0 and all(name in out for name in (*NAMES, *kd.THEOREMS))


@pytest.mark.parametrize("name", list(kd.THEOREMS))
def test_formula_prints_definitions(capsys, name):
    theorem = kd.THEOREMS[name]
    out = run(capsys, "formula", name)[1]
    assert all(f"{letter} = {value}" in out for letter, value in theorem.definitions.items())
    assert theorem.psi is None or f"psi(s) = {theorem.psi}" in out
    explained = set(re.findall(r"^  (\w+) \[", out, re.M)) | {str(x) for x in theorem.definitions}
    assert explained >= {str(x) for x in theorem.rhs.free_symbols if x.is_Symbol and x.is_real}
    assert r"\psi" in run(capsys, "formula", name, "--format", "latex")[1] or theorem.psi is None


@pytest.mark.parametrize("name", [*NAMES, *kd.THEOREMS])
def test_formula_as_python_runs(capsys, name):
    """The function printed gives bound()'s number, and a closed form its own."""
    source = run(capsys, "formula", name, "--format", "python")[1]
    space = {"numpy": np}
    exec(source, space)
    function = space[name.replace("-", "_")]
    wanted = list(inspect.signature(function).parameters)
    problem = kd.LeastSquares(np.array([[2.0, 0.5], [1.0, -1.0], [0.5, 1.0]]), np.arange(3.0))
    theta = problem.minimiser + np.array([0.1, -0.2])
    theorem = kd.THEOREMS.get(name)
    if theorem is None:
        values = {letter: 0.3 + 0.1 * i for i, letter in enumerate(wanted)}
        exact = closed_form(name)
        expected = float(exact.subs({x: values[str(x)] for x in exact.free_symbols}))
        assert function(**values) == pytest.approx(expected, rel=1e-12)
        return
    if theorem.psi is None:
        matrix = {x: np.ones((2, 1)) for x in wanted if x != "lam"}
        # A state far from the optimum: nearer, a law's bias may leave nothing to take a root of.
        numbers = {x: 50.0 if x == "s" else 0.5 for x in wanted}
        given = {**numbers, **matrix} if theorem.quantity == "gradient" else numbers
        assert np.isfinite(function(**given)).all()
        return
    gamma = kd.step_size_limit(problem, name) / 2
    made = experiment(problem, theta, kd.DistilledSGD(0.4), step_size=gamma)
    letters = letters_for(made, theorem)
    given = {x: value for x, value in letters.items() if x in wanted} | {"s0": 2.0, "t": 3}
    claimed = function(**{x: given[x] for x in wanted})
    away = np.array([1.0, 0.0])
    size = problem.value(problem.minimiser + away) - problem.minimum
    start = problem.minimiser + away * np.sqrt(2.0 / (size if theorem.quantity == "gap" else 1.0))
    curve = kd.bound(problem, theta, theorem=name, step_size=gamma, weight=0.4, x0=start, steps=3)
    assert claimed == pytest.approx(curve[3], rel=1e-9)
