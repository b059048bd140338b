"""The worked example of docs/your-own.md: three files and a line make a statement, and everything
finds it.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = dict(
    re.findall(r"```py\n# (\S+)\n(.*?)```", (ROOT / "docs" / "your-own.md").read_text(), re.S)
)
USED = """
import json
import numpy as np
import kdtheory as kd
from kdtheory.checks.mutants import FAMILIES, score
from kdtheory.estimate import CRITERIA
from kdtheory.proofs import markdown
from kdtheory.proofs.counterexamples import counterexamples
from kdtheory.report.one_verdict import applicable

key = "theorem-1-quarter"
rng = np.random.default_rng(0)
problem = kd.LeastSquares(rng.standard_normal((6, 2)), rng.standard_normal(6), ridge=0.5)
theta = problem.minimiser + 0.1
verdict = kd.verify(problem, theta, theorem=key)
at = {"step_size": 0.1, "mu": 1.0, "L": 2.0, "Lcal": 2.0, "bias": 0.1, "noise": 1.0}
coq = kd.prove(key, checkers=("coq",))
print(json.dumps({
    "proof": kd.prove(key).status,
    "coq": [coq.status, "not proved whole in Coq" in coq.reason],
    "verdict": verdict.status,
    "step": verdict.step_size * float(problem.constants.Lcal),
    "worst case": kd.worst_case(key, **at) == kd.worst_case("theorem-1", **at),
    "criterion": key in CRITERIA,
    "main job": key in applicable(problem),
    "too far": len(counterexamples(key)),
    "killed": [one.killed for one in score(FAMILIES["quarter"].MUTANTS)],
    "page": all(part in markdown.page(key) for part in ("(A1')", "quarter.py", "1}{4")),
}))
"""


def house(folder: Path, files: dict[str, str]) -> None:
    """The package as installed, by links, with more files and their line in the list."""
    kdtheory = folder / "kdtheory"
    for source, target in (("kdtheory", kdtheory), ("proofs", kdtheory / "proofs")):
        _linked(ROOT / source, target)
    _linked(ROOT / "checks", kdtheory / "checks")
    (kdtheory / "statements").unlink()
    _linked(ROOT / "kdtheory" / "statements", kdtheory / "statements")
    for name, text in files.items():
        (folder / "kdtheory" / name.removeprefix("kdtheory/")).write_text(text)
    listed = kdtheory / "statements" / "theorems.py"
    text = listed.read_text()
    listed.unlink()
    listed.write_text(
        text.replace("    quadratic,\n", "    quadratic,\n    quarter,\n", 1).replace(
            "        (quadratic, quadratic.STATEMENTS),\n",
            "        (quadratic, quadratic.STATEMENTS),\n        (quarter, quarter.STATEMENTS),\n",
        )
    )


def _linked(source: Path, target: Path) -> None:
    target.mkdir()
    for path in source.iterdir():
        if path.name != "__pycache__":
            (target / path.name).symlink_to(path)


def run(folder: Path, code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
        cwd=folder,
        capture_output=True,
        text=True,
    )


def test_three_files_and_a_line(tmp_path):
    house(tmp_path, FILES)
    found = run(tmp_path, USED)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout) == {
        "proof": "PROVED",
        "coq": ["UNDECIDED", True],
        "verdict": "VERIFIED",
        "step": pytest.approx(0.25),
        "worst case": True,
        "criterion": True,
        "main job": True,
        "too far": 5,
        "killed": [True, True],
        "page": True,
    }


@pytest.mark.parametrize("field", ["too_far", "ARGUMENTS"])
def test_a_forgotten_field_is_named_at_import(tmp_path, field):
    proof = re.sub(rf"^(def )?{field}", r"\1something", FILES["proofs/quarter.py"], flags=re.M)
    house(tmp_path, {**FILES, "proofs/quarter.py": proof})
    found = run(tmp_path, "import kdtheory.proofs")
    assert (
        f"proofs/quarter.py says nothing of theorem-1-quarter: {field} is missing" in found.stderr
    )
