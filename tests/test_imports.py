"""Imports point one way, and importing kdtheory loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import kdtheory as kd

ROOT = Path(kd.__file__).parent
ORDER = (
    "errors", "disk", "symbols", "vectors", "assumptions", "problems", "temperature", "exact_models", "teacher", "rules",
    "compressors", "envelope", "theorems", "bounds", "best_weights", "matching", "matching_gram", "exact_instances",
    "exact_shapes", "exact_law", "suspects", "counterexamples", "meaning", "closed_forms", "moments", "streams",
    "job", "batched", "compiled", "simulation", "evidence", "verdicts", "datasets", "agreement", "parallel",
    "report", "tables", "readme_table", "plots", "page", "reproductions", "commands", "cli",
)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text()).body:      # top level only: a lazy import may point anywhere
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kdtheory"):
            parts = (node.module or "").split(".")
            found |= {parts[1]} if len(parts) > 1 else {alias.name for alias in node.names}
    return found


def test_order():
    rank = {name: place for place, name in enumerate(ORDER)}
    for path in ROOT.rglob("*.py"):
        here = path.relative_to(ROOT).parts[0].removesuffix(".py")
        if here not in rank:
            continue
        for there in imported(path):
            assert there == here or rank.get(there, -1) < rank[here], f"{path.name} imports {there}"


def test_only_the_symbol_table_makes_symbols():
    for folder in (ROOT, ROOT.parent / "proofs"):
        for path in folder.rglob("*.py"):
            assert path.name == "symbols.py" or "sp.Symbol(" not in path.read_text(), path


def test_import_is_light():
    code = "import sys, kdtheory; print([m for m in ('numpy', 'sympy', 'scipy', 'matplotlib') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip() == "[]"


def test_every_public_name_loads():
    for name in kd.__all__:
        assert getattr(kd, name).__doc__ or name in ("THEOREMS", "ASSUMPTIONS", "CONVENTIONS")
