"""Texts of any kind given to the grammar and to the readers of files: a form, or one sentence."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import sympy as sp

import kdtheory as kd
from kdtheory.discovery import grammar
from kdtheory.discovery.files import read_step
from kdtheory.discovery.statement_files import read_statement

STEP = Path(__file__).parents[1] / "docs" / "step.toml"
STATEMENT = STEP.with_name("statement.toml")
TOKENS = (
    *"+-*/^()<>|,", "**", "<=", "e", "g", "N", "F", "mu", "gamma", "0", "1", "2", "17", "0.5", " ",
    "<e, g>", "|e|^2", "|e - gamma g|^2", "1/mu", "import", "__class__", "lambda", "é", "\n", "'",
)  # fmt: skip
NAMES = grammar.Names(
    {name: sp.Symbol(name, positive=True) for name in ("mu", "gamma")}, ("e", "g"), ("N",), ("F",)
)


@pytest.mark.parametrize("seed", range(4))
def test_token_soup(seed):
    draw = random.Random(seed)
    read = 0
    for _ in range(400):
        text = "".join(draw.choice(TOKENS) for _ in range(draw.randint(0, 12)))
        try:
            found = grammar.form(text, NAMES, "here")
        except kd.InvalidInput as error:
            assert str(error).startswith("here"), text
            continue
        read += 1
        for value in found.values():
            assert value.free_symbols <= set(NAMES.letters.values()), text
    assert read  # else the soup is too thick to test anything


@pytest.mark.parametrize(("path", "read"), [(STEP, read_step), (STATEMENT, read_statement)])
@pytest.mark.parametrize("seed", range(3))
def test_damaged_files(tmp_path, path, read, seed):
    draw = random.Random(seed)
    text = path.read_text(encoding="utf-8")
    file = tmp_path / "damaged.toml"
    for _ in range(40):
        damaged = text
        for _ in range(draw.randint(1, 3)):
            at, length = draw.randrange(len(damaged)), draw.randint(0, 3)
            damaged = damaged[:at] + draw.choice(TOKENS) + damaged[at + length :]
        file.write_text(damaged, encoding="utf-8")
        try:
            read(file)
        except kd.InvalidInput as error:
            assert "\n" not in str(error), damaged


def test_deep_and_long(tmp_path):
    file = tmp_path / "deep.json"
    for text in ("[" * 100_000, '{"after": ' * 2_000, "{}", "[]", "null", '"x"', "1e999"):
        file.write_text(text)
        with pytest.raises(kd.InvalidInput):
            read_step(file)
    for text in (
        "-" * 5000,
        "mu " * 3000,
        "(" * 5000,
        "|e" * 900,
        "<" * 300,
        "mu^24^24",
    ):
        with pytest.raises(kd.InvalidInput):
            grammar.form(text, NAMES, "here")
