"""A step from a TOML or JSON file.

letters = ["gamma", "mu", "a"]
mean = ["e", "g"]
centred = ["N"]
scalars = ["F"]
after = "|e - gamma g|^2 + gamma^2 |N|^2"
before = "|e|^2"
rate = "gamma mu"                # or "least": the least factor of V(x)
conditions = ["1 - gamma mu"]    # each > 0

[slacks]                         # each >= 0
convex = "<e, g> - F - mu/2 |e|^2"

[data]
noise = "|N|^2 <= a^2"
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery import grammar
from kdtheory.discovery.step import OneStep
from kdtheory.errors import InvalidInput
from kdtheory.system.disk import refuse_unplain

LARGEST = 200_000  # bytes
LEAST = "least"
_LISTS = ("letters", "mean", "centred", "scalars", "conditions")
_NEEDED = ("letters", "mean", "after", "before", "rate")
_KNOWN = {*_LISTS, "after", "before", "rate", "slacks", "data"}


@dataclass(frozen=True)
class Asked:
    """A step and the rate it is asked at (None: the least factor)."""

    step: OneStep
    rate: sp.Expr | None


def load(path: Path) -> tuple[dict[str, Any], str]:
    """The file's table, and its text for line numbers.

    Raises:
        InvalidInput: no such file, too large, or neither TOML nor JSON; with the line.
    """
    try:
        refuse_unplain(path)
        if path.stat().st_size > LARGEST:
            raise InvalidInput(f"{path.name} is larger than {LARGEST} bytes; a step is a page.")
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path.name} is no UTF-8 text.") from error
    try:
        found = json.loads(text) if path.suffix == ".json" else tomllib.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidInput(f"{path.name}, line {error.lineno}: no JSON: {error.msg}.") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise InvalidInput(f"{path.name} is no TOML: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidInput(
            f"{path.name}: expected a table of fields, found {type(found).__name__}."
        )
    return found, text


def read_step(path: Path) -> Asked:
    """The step in a file.

    Raises:
        InvalidInput: the line, and what was expected there.
    """
    found, text = load(path)
    strange = sorted(set(found) - _KNOWN)
    missing = [name for name in _NEEDED if name not in found]
    if strange or missing:
        line = f", line {line_of(text, strange[0])}" if strange else ""
        what = f"unknown field {strange[0]!r}" if strange else f"the field {missing[0]} is missing"
        raise InvalidInput(f"{path.name}{line}: {what}. Fields: {', '.join(sorted(_KNOWN))}.")

    def where(field: str) -> str:
        return f"{path.name}, line {line_of(text, field.split('.')[-1])}, {field}"

    lists = {name: _strings(found.get(name, []), where(name)) for name in _LISTS}
    letters = {name: sym.own(name) for name in lists["letters"]}
    names = grammar.Names(letters, lists["mean"], lists["centred"], lists["scalars"])
    tables = {name: _table(found.get(name, {}), where(name)) for name in ("slacks", "data")}
    rate = _string(found["rate"], where("rate"))
    step = OneStep(
        mean=tuple(lists["mean"]),
        centred=tuple(lists["centred"]),
        scalars=tuple(lists["scalars"]),
        after=grammar.form(_string(found["after"], where("after")), names, where("after")),
        before=grammar.form(_string(found["before"], where("before")), names, where("before")),
        slacks={
            name: grammar.form(_string(item, where(name)), names, where(f"slacks.{name}"))
            for name, item in tables["slacks"].items()
        },
        data={
            name: grammar.bounded(_string(item, where(name)), names, where(f"data.{name}"))
            for name, item in tables["data"].items()
        },
        letters=tuple(letters.values()),
        conditions=tuple(
            grammar.expression(item, names, where("conditions")) for item in lists["conditions"]
        ),
    )
    own = None if rate.strip() == LEAST else grammar.expression(rate, names, where("rate"))
    return Asked(step, own)


def line_of(text: str, field: str) -> int:
    """The first line on which a field is set."""
    pattern = re.compile(rf"""^\s*(?:\[?["']?){re.escape(field)}["']?\s*[\]=:]""", re.MULTILINE)
    found = pattern.search(text)
    return 1 if found is None else text.count("\n", 0, found.start() + 1) + 1


def _strings(value: Any, where: str) -> list[str]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InvalidInput(f"{where}: expected a list of strings, found {value!r:.60}.")
    return value


def _string(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise InvalidInput(f"{where}: expected a formula in quotes, found {value!r:.60}.")
    return value


def _table(value: Any, where: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput(f"{where}: expected a table of formulas, found {value!r:.60}.")
    return value
