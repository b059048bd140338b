"""Imports point one way, and importing kdtheory loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import kdtheory as kd

ROOT = Path(kd.__file__).parent
# The floors of the house, from the ground up: a folder imports only from those before it.
ORDER = (
    "errors",
    "system",
    "algebra",
    "problems",
    "rules",
    "statements",
    "bounds",
    "worst_cases",
    "instances",
    "engines",
    "evidence",
    "prover",
    "discovery",
    "estimate",
    "testing",
    "torch",
    "campaigns",
    "report",
    "reproductions",
    "commands",
    "cli",
)


def imported(path: Path) -> set[str]:
    found = set()
    # Top level only: a lazy import may point anywhere.
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kdtheory"):
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def test_order():
    rank = {name: place for place, name in enumerate(ORDER)}
    for path in ROOT.rglob("*.py"):
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if here in ("__init__", "__main__"):
            continue
        assert here in rank, f"{here} has no floor: put it in ORDER"
        for there in imported(path):
            assert there == here or there.startswith("__") or rank.get(there, -1) < rank[here], (
                f"{path.name} imports {there}"
            )


def test_only_the_symbol_table_makes_symbols():
    for folder in (ROOT, ROOT.parent / "proofs"):
        for path in folder.rglob("*.py"):
            assert path.name == "symbols.py" or "sp.Symbol(" not in path.read_text(), path


def test_import_is_light():
    code = (
        "import sys, kdtheory; print([m for m in ('numpy', 'sympy', 'scipy', 'matplotlib') if m in"
        " sys.modules])"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "[]"
    )


def test_every_public_name_loads():
    for name in kd.__all__:
        assert getattr(kd, name).__doc__ or name in ("THEOREMS", "ASSUMPTIONS", "CONVENTIONS")
