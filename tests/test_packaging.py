"""What a wheel holds: every package and every file that is needed at run time is listed in
pyproject.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import kdtheory

ROOT = Path(__file__).parents[1]
SETTINGS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
SOURCES = {
    "kdtheory": ROOT / "kdtheory",
    "kdtheory.proofs": ROOT / "proofs",
    "kdtheory.checks": ROOT / "checks",
}


def folder_of(package: str) -> Path:
    """Where a package lies, by the longest mapped prefix."""
    mapped = max(
        (name for name in SETTINGS["package-dir"] if f"{package}.".startswith(f"{name}.")), key=len
    )
    return (
        ROOT / SETTINGS["package-dir"][mapped] / Path(*package.split(".")[len(mapped.split(".")) :])
    )


def stub() -> str:
    """What type checkers read of the lazy package: every public name from where it lives."""
    lines = [
        '"""For type checkers: the public names. ``python tests/test_packaging.py`` writes it."""',
        "",
    ]
    for module, names in sorted(kdtheory._HOME.items()):
        lines += [f"from {module} import {name} as {name}" for name in sorted(names)]
    return "\n".join([*lines, "", "__version__: str", "__all__: list[str]", "", MODULE_OF, ""])


MODULE_OF = "def module_of(name: str) -> str: ..."
STUB = ROOT / "kdtheory" / "__init__.pyi"


def test_type_checkers_see_every_name() -> None:
    assert STUB.read_text() == stub(), "write it anew: python tests/test_packaging.py"


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the wheel lays out the package, by links: an editable install is found
    by Python only, not by type checkers.
    """
    site = tmp_path_factory.mktemp("site")
    (site / "kdtheory").mkdir()
    for entry in (ROOT / "kdtheory").iterdir():
        (site / "kdtheory" / entry.name).symlink_to(entry)
    for name in ("proofs", "checks"):
        (site / "kdtheory" / name).symlink_to(ROOT / name)
    return site


@pytest.mark.parametrize("checker", ["mypy", "pyright"])
def test_lazy_names_have_types(checker: str, tmp_path: Path, installed: Path) -> None:
    """``reveal_type(kd.verify)`` is a function and an unknown name an error."""
    (tmp_path / "user.py").write_text(
        "import kdtheory as kd\nreveal_type(kd.verify)\nreveal_type(kd.Verdict)\nkd.nothing\n"
    )
    (tmp_path / "pyrightconfig.json").write_text(json.dumps({"extraPaths": [str(installed)]}))
    command = [sys.executable, "-m", checker, "user.py"]
    if checker == "mypy":
        command += ["--follow-imports=silent", "--ignore-missing-imports"]
    found = subprocess.run(
        command,
        cwd=tmp_path,
        env=os.environ | {"MYPYPATH": str(installed)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert re.search(r"user.py:2.*theorem: .*Verdict", found.stdout), found.stdout + found.stderr
    assert re.search(r"user.py:3.*Verdict", found.stdout)
    assert re.search(r"user.py:4.*nothing", found.stdout) and found.returncode == 1


def test_what_verdicts_and_proofs_load() -> None:
    """NumPy and SymPy: whatever else is a dependency waits until its command needs it."""
    code = """if True:
        import sys
        import kdtheory as kd
        assert not {"numpy", "sympy"} & set(sys.modules), "import kdtheory loads nothing"
        problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
        kd.verify(problem, [0.5], theorem="theorem-1", steps=5)
        kd.prove("theorem-1")
        print(*{name.split(".")[0] for name in sys.modules})
    """
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    late = {"sklearn", "matplotlib", "PIL", "hypothesis", "clarabel", "rich", "latex2mathml"}
    late |= {"scipy", "threadpoolctl", "pandas", "numba", "torch", "z3", "cvc5", "distributed"}
    assert {"numpy", "sympy"} <= set(found.stdout.split())
    assert not late & set(found.stdout.split())


def test_every_package_is_listed() -> None:
    on_disk = {
        ".".join((name, *init.parent.relative_to(folder).parts))
        for name, folder in SOURCES.items()
        for init in folder.rglob("__init__.py")
    }
    assert on_disk == set(SETTINGS["packages"])
    assert all((folder_of(package) / "__init__.py").is_file() for package in SETTINGS["packages"])


def test_every_module_lies_in_a_package() -> None:
    """A folder of modules without __init__ would be left out of the wheel: the tests are, no other
    is.
    """
    folders = {folder_of(package) for package in SETTINGS["packages"]}
    for folder in SOURCES.values():
        for path in folder.rglob("*.py"):
            assert path.name.startswith("test_") != (path.parent in folders), path


def test_source_distribution_has_what_tests_read() -> None:
    """Setuptools adds packages and what it knows by name; all else is named in MANIFEST.in."""
    known = {"pyproject.toml", "kdtheory", "build", "MANIFEST.in"}  # build: of an earlier wheel
    manifest = (ROOT / "MANIFEST.in").read_text()
    listed = set(
        re.findall(r"\S+", " ".join(re.findall(r"^(?:graft|include) (.*)$", manifest, re.M)))
    )
    read = {
        name
        for path in (ROOT / "tests").glob("*.py")
        for name in re.findall(r'ROOT / "([\w.]+)', path.read_text())
    }
    assert {"docs", "Makefile", ".ci", "benchmarks"} <= read
    assert read <= listed | known


def test_every_other_file_is_package_data() -> None:
    """What is no Python and no product of a compiler: the Coq sources."""
    for name, folder in SOURCES.items():
        listed = {
            path
            for pattern in SETTINGS["package-data"].get(name, [])
            for path in folder.glob(pattern)
        }
        products = {".py", ".pyc", ".vo", ".vok", ".vos", ".glob", ".aux", ".cache"}
        others = {
            path for path in folder.rglob("*") if path.is_file() and path.suffix not in products
        }
        assert {
            path for path in others if not path.name.startswith((".", "Makefile.coq"))
        } <= listed, name


if __name__ == "__main__":
    STUB.write_text(stub())
