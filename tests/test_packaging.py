"""What a wheel holds: every package and every file that is needed at run time is listed in
pyproject.
"""

from __future__ import annotations

import tomllib
from pathlib import Path

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


def test_every_package_is_listed() -> None:
    on_disk = {
        ".".join((name, *init.parent.relative_to(folder).parts))
        for name, folder in SOURCES.items()
        for init in folder.rglob("__init__.py")
    }
    assert on_disk == set(SETTINGS["packages"])
    assert all((folder_of(package) / "__init__.py").is_file() for package in SETTINGS["packages"])


def test_every_module_lies_in_a_package() -> None:
    """A folder of modules without __init__ would be left out of the wheel."""
    folders = {folder_of(package) for package in SETTINGS["packages"]}
    for folder in SOURCES.values():
        assert {path.parent for path in folder.rglob("*.py")} <= folders


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
