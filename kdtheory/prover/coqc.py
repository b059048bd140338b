"""Has Coq compile the certificates of one proof, in a scratch folder, over the hand-written base in proofs/coq."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from kdtheory.prover.coq import LIBRARY, identifier, to_coq
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.sympy_checker import Result

BASE = ("Base", "OneStep")      # what a generated file needs, in order
SECONDS = 240.0
MISSING = "coqc is not installed; apt-get install -y --no-install-recommends coq"


def as_certificates(obligation: Obligation) -> tuple[Certificate, ...]:
    """An identity E = 0 is the two claims E >= 0 and -E >= 0, each with nothing to spare."""
    if isinstance(obligation, Identity):
        region = obligation.region
        return (Certificate(f"{obligation.name}-below", obligation.expression, {}, region=region),
                Certificate(f"{obligation.name}-above", -obligation.expression, {}, region=region))
    return (obligation,)


def _compile(folder: Path, name: str) -> str:
    """Empty when the file compiles, else what Coq said."""
    try:
        done = subprocess.run(["coqc", "-q", "-Q", ".", LIBRARY, f"{name}.v"], cwd=folder, capture_output=True, text=True,
                              timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"no answer in {SECONDS:.0f} s"
    return "" if done.returncode == 0 else " ".join((done.stderr or done.stdout).split())[:300] or "coqc failed without a word"


def check(obligations: Sequence[Obligation], sources: Path) -> list[Result]:
    """One result per obligation; ``sources`` is the folder with the base files."""
    if shutil.which("coqc") is None:
        return [Result("UNDECIDED", MISSING)] * len(obligations)
    absent = [name for name in BASE if not (sources / f"{name}.v").is_file()]
    if absent:
        return [Result("UNDECIDED", f"Coq base files {absent} are not there; use a source checkout")] * len(obligations)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        for name in BASE:
            shutil.copy(sources / f"{name}.v", folder)
            said = _compile(folder, name)
            if said:
                return [Result("UNDECIDED", f"Coq base file {name}: {said}")] * len(obligations)
        return [_one(item, folder) for item in obligations]


def _one(obligation: Obligation, folder: Path) -> Result:
    for certificate in as_certificates(obligation):
        name = identifier(certificate.name)
        try:
            text = to_coq(certificate)
        except ValueError as error:
            return Result("UNDECIDED", f"{certificate.name}: {error}")
        (folder / f"{name}.v").write_text(text, encoding="utf-8")
        said = _compile(folder, name)
        if said:
            return Result("UNDECIDED", f"{certificate.name}: Coq refuses it: {said}")
    return Result("PROVED", "")
