"""Steps as text: the grammar, the files, the command; bad input names the line and what was
expected.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.cli import main
from kdtheory.discovery import grammar
from kdtheory.discovery.files import read_step
from kdtheory.discovery.statement_files import read_statement

STEP = Path(__file__).parents[1] / "docs" / "step.toml"
STATEMENT = STEP.with_name("statement.toml")
x, y = sp.symbols("x y", positive=True)
NAMES = grammar.Names({"x": x, "y": y}, ("e", "g"), ("N",), ("F",))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-x^2 + 2 x y/3", -(x**2) + 2 * x * y / 3),
        ("1/(2(x-y))", 1 / (2 * (x - y))),
        ("0.1 x**-2", x**-2 / 10),
        ("(x)(y)", x * y),
    ],
)
def test_expressions(text, value):
    assert sp.simplify(grammar.expression(text, NAMES, "here") - value) == 0


def test_forms():
    assert grammar.form("|e - x g + N|^2 - 2 F + y", NAMES, "here") == {
        ("e", "e"): 1,
        ("e", "g"): -2 * x,
        ("g", "g"): x**2,
        ("N", "N"): 1,
        "F": -2,
        "1": y,
    }
    assert grammar.form("<g + e, e>", NAMES, "here") == {("e", "g"): 1, ("e", "e"): 1}
    assert grammar.bounded("|N|^2 <= x^2", NAMES, "here") == ({("N", "N"): 1}, x**2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x +", "expected a number, a name, .* at character 4, found the end"),
        ("x $ y", "character 2"),
        ("z", "one of the names x, y, e, g, N, F"),
        ("e", "bare vector"),
        ("<e, g", "expected '>'"),
        ("|e|", r"'\^2' after"),
        ("e g", "a product with an expression in the letters"),
        ("1/0", "something other than 0"),
        ("x/F", "below a fraction line"),
        ("x^1.5", "an integer power"),
        ("__import__('os')", "one of the names"),
        ("(" * 60 + "x" + ")" * 60, "brackets inside each other"),
    ],
)
def test_bad_formulas(text, said):
    with pytest.raises(kd.InvalidInput, match=said):
        grammar.form(text, NAMES, "here")


def test_toml_and_json_say_the_same(tmp_path):
    import tomllib

    asked = read_step(STEP)
    assert asked.step.conditions and asked.rate is not None
    other = tmp_path / "step.json"
    other.write_text(json.dumps(tomllib.loads(STEP.read_text())))
    assert read_step(other) == asked


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("after = ", "afterwards = ", "line 5: unknown field 'afterwards'"),
        ('"|e|^2"', '"|e|^3"', "line 6, before: expected the power 2"),
        ('rate = "', "rate = 1 #", "line 7, rate: expected a formula in quotes"),
        ("<= sigma^2", "< sigma^2", "line 15, data.noise: expected"),
        ('["e", "g"]', '["e", "h"]', "line 5, after: expected one of the names"),
        ("[slacks]", "[slacks", "no TOML"),
    ],
)
def test_bad_files(tmp_path, capsys, old, new, said):
    text = STEP.read_text()
    assert old in text
    path = tmp_path / "step.toml"
    path.write_text(text.replace(old, new))
    assert main(["discover", str(path)]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1


def test_the_command(capsys):
    assert main(["discover", str(STEP), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "PROVED" and found["constant"] == "sigma**2"
    assert r"\le" in found["claim"]


def test_a_statement_from_a_file(capsys):
    assert main(["prove", "--statement", str(STATEMENT), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["status"] == "PROVED" and r"\le" in found["claim"]
    assert "sgd-decreasing-step-1" in found["obligations"]


def test_t_may_be_an_exponent(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('base = "theorem-1"\nname = "mine"\nrhs = "(1 - gamma mu)^t s0"\n')
    assert "t" in {letter.name for letter in read_statement(path).rhs.free_symbols}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("theorem-1", "theorem-x", "line 1, base: statement 'theorem-x'"),
        ('rhs = "(8', 'rhs = "(8 $', "line 4, rhs: expected"),
        ("lam =", "lamda =", "line 8, lamda: letter 'lamda'"),
        ("floor", "flor", "line 5, flor: unknown field"),
        ('"none"', "3", "line 5, floor: expected a formula in quotes"),
    ],
)
def test_bad_statements(tmp_path, capsys, old, new, said):
    path = tmp_path / "mine.toml"
    path.write_text(STATEMENT.read_text().replace(old, new))
    assert main(["prove", "--statement", str(path)]) == 2
    assert said in capsys.readouterr().err
