"""Imports point one way, and importing kdtheory loads nothing heavy."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from typing import NamedTuple

import kdtheory as kd

ROOT = Path(kd.__file__).parent
# The floors of the house, from the ground up: a room imports only from those before it.
ORDER = (
    "errors",
    "system",
    "algebra",
    "problems",
    "rules",
    "statements",
    "engines",
    "bounds",
    "worst_cases",
    "instances",
    "evidence",
    "prover",
    "discovery",
    "estimate",
    "testing",
    "proofs",
    "torch",
    "campaigns",
    "report",
    "reproductions",
    "checks",
    "commands",
    "cli",
)
# What a function may import, and why it is not at the top of its file: (files, what, reason).
LATE = (
    ("commands/", "", "help and completion load every command, and none of its work"),
    ("estimate/", "kdtheory", "a weight that needs no statement loads no SymPy, no matplotlib"),
    ("estimate/", "scipy.", "0.1 s that a training loop does without"),
    ("proofs/proving.py", "", "the search loads where it is asked for"),
    ("report/main_job.py", "kdtheory.proofs", "one of its processes proves, the others do not"),
    ("engines/simulate/simulation.py", "kdtheory.engines.compiled", "Numba: an extra, and slow"),
    ("engines/simulate/simulation.py", "scipy.special", "0.1 s, for intervals alone"),
    ("engines/exact/renewed.py", "scipy.sparse.linalg", "for problems that are too large to solve"),
    ("campaigns/tightness.py", "scipy.optimize", "0.2 s that replaying an instance does without"),
    ("campaigns/cluster.py", "", "Dask: an extra; _task runs where kdtheory may be missing"),
    ("worst_cases/certificates.py", "kdtheory.worst_cases.sdp", "clarabel, where it is solved"),
    ("problems/datasets.py", "sklearn", "one second, where its files are not found"),
    ("reproductions/", "sklearn", "one second, for bundled data alone"),
    ("reproductions/__init__.py", "threadpoolctl", "where an experiment runs"),
    ("reproductions/r12.py", "", "PyTorch: an extra"),
    ("report/tables.py", "rich", "for tables on a terminal alone"),
    ("evidence/numbers.py", "flint", "an extra"),
    ("prover/solver_process.py", "", "Z3 and cvc5: an extra, each in a process of its own"),
    ("system/child.py", "resource", "not on Windows"),
    ("system/parallel.py", "threadpoolctl", "in worker processes"),
    (
        "testing/",
        "",
        "a plug-in of pytest and Hypothesis costs nothing until it is used",
    ),
)


FOLDERS = ((ROOT, ""), (ROOT.parent / "proofs", "proofs/"), (ROOT.parent / "checks", "checks/"))
FILES = {
    name + path.relative_to(folder).as_posix(): path
    for folder, name in FOLDERS
    for path in sorted(folder.rglob("*.py"))
}


def module_of(file: str) -> str:
    return "kdtheory." + file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


MODULES = {module_of(file) for file in FILES}


class Import(NamedTuple):
    """``inside``: in a function."""

    file: str
    what: str
    inside: bool

    @property
    def place(self) -> tuple[str, str]:
        """The room it stands in, and the room it reaches."""
        return self.file.split("/")[0].removesuffix(".py"), self.what.split(".")[1]


@cache
def imports() -> list[Import]:
    return [
        Import(file, *each)
        for file, path in FILES.items()
        for each in _of(ast.parse(path.read_text()), False)
    ]


def _of(node: ast.AST, inside: bool) -> Iterator[tuple[str, bool]]:
    inside = inside or isinstance(node, (ast.FunctionDef, ast.Lambda))
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.ImportFrom):
            module = child.module or ""
            for alias in child.names:
                part = f"{module}.{alias.name}"
                yield (part if part in MODULES or module == "kdtheory" else module), inside
        elif isinstance(child, ast.Import):
            yield from ((alias.name, inside) for alias in child.names)
        yield from _of(child, inside)


def excuse(late: Import) -> tuple[str, str, str] | None:
    """The entry of LATE that allows it."""
    return next(
        (one for one in LATE if late.file.startswith(one[0]) and late.what.startswith(one[1])),
        None,
    )


def test_the_order_knows_every_room():
    rooms = {path.name.removesuffix(".py") for path in ROOT.iterdir() if path.suffix in ("", ".py")}
    assert rooms - {"__init__", "__main__", "__pycache__"} == {*ORDER} - {"proofs", "checks"}


def test_imports_point_down():
    """Those inside functions and those for types too."""
    rank = {name: place for place, name in enumerate(ORDER)}
    for each in imports():
        if not each.what.startswith("kdtheory.") or each.what == "kdtheory.__version__":
            continue
        here, there = each.place
        if here in ("__init__", "__main__"):
            continue
        assert rank[there] <= rank[here], f"{each.file} imports {each.what}, a floor above it"


def test_no_circle_of_files():
    """Nor within a room: every file can be read before those that import it."""
    after: dict[str, set[str]] = {}
    for each in imports():
        after.setdefault(module_of(each.file), set()).add(each.what)
    order = TopologicalSorter(after)
    order.prepare()  # raises CycleError, which names the files


def test_a_late_import_has_a_reason():
    late = [each for each in imports() if each.inside]
    without = [f"{each.file}: {each.what}" for each in late if excuse(each) is None]
    assert not without, f"at the top of the file, or into LATE with a reason: {without}"
    assert {excuse(each) for each in late} == {*LATE}, "a reason that nothing needs any more"


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
