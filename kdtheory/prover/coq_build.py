"""Run Coq on ``proofs/coq`` or on single obligations.

A missing ``coqc``, a timeout or an error is UNDECIDED with its reason: nothing but a clean run of
every file is PROVED.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from kdtheory.prover import coq_audit
from kdtheory.prover.coq import LIBRARY, identifier, region_lemma, to_coq
from kdtheory.prover.obligations import Obligation

HOW_TO_GET = "coqc is not installed: apt-get install coq, or opam install coq (8.16 or later)"
BASE = ("Base.v", "OneStep.v", "Moments.v")
OWN_AUDIT = "WrittenByTheProgram.v"


def missing(*, coqchk: bool = False) -> str:
    """How to get Coq (with ``coqchk`` its separate kernel too) when it is not installed; empty when
    it is.
    """
    return "" if all(map(shutil.which, ("coqc", "coqchk") if coqchk else ("coqc",))) else HOW_TO_GET


@dataclass(frozen=True)
class CoqReport:
    """``status`` PROVED or UNDECIDED; ``theorems`` are the names in Audit.v, ``axioms`` what they
    rest on.

    ``loaded``: the axioms that coqchk found in all loaded libraries, empty when it was not asked.
    """

    status: str
    reason: str
    seconds: float
    theorems: tuple[str, ...] = ()
    axioms: tuple[str, ...] = ()
    loaded: tuple[str, ...] = ()


def project_files(folder: Path) -> list[str]:
    """The .v files of ``_CoqProject``, in its order."""
    lines = (folder / "_CoqProject").read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip().endswith(".v")]


def _needs(text: str) -> set[str]:
    return {
        f"{name.replace('.', '/')}.v"
        for name in re.findall(rf"\b{LIBRARY}\.([\w.]*\w)", _commands(text))
    }


def _commands(text: str) -> str:
    return "\n".join(re.findall(r"Require[^.]*(?:\.\w[^.]*)*\.", text))


def _run(command: Sequence[str], folder: Path, deadline: float) -> tuple[int, str]:
    left = deadline - time.monotonic()
    if left <= 0:
        return 1, "out of time"
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=left, check=False
        )
    except subprocess.TimeoutExpired:
        return 1, "out of time"
    return done.returncode, done.stdout + done.stderr


def _compile_all(
    coqc: str, build: Path, files: Sequence[str], deadline: float
) -> tuple[dict[str, str], str]:
    """The output of every file, and the first complaint ("" when there is none); a file starts when
    what it requires is there.
    """
    needs = {
        name: _needs((build / name).read_text(encoding="utf-8")) & set(files) for name in files
    }
    outputs: dict[str, str] = {}
    running: dict[Future[tuple[int, str]], str] = {}

    def one(name: str) -> tuple[int, str]:
        return _run([coqc, "-q", "-R", ".", LIBRARY, name], build, deadline)

    with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
        while len(outputs) < len(files):
            waiting = [n for n in files if n not in outputs and n not in running.values()]
            running |= {pool.submit(one, n): n for n in waiting if needs[n] <= outputs.keys()}
            if not running:
                return outputs, f"{waiting[0]} requires itself or a file that is not listed"
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in finished:
                name = running.pop(future)
                code, text = future.result()
                if code != 0:
                    return outputs, f"{name}: {' '.join(text.split())[:300]}"
                outputs[name] = text
    return outputs, ""


def _recheck(checker: str, build: Path, deadline: float) -> tuple[tuple[str, ...], str]:
    """Axioms that coqchk lists, and its complaint ("" when there is none)."""
    code, text = _run(
        [checker, "-silent", "-o", "-R", ".", LIBRARY, f"{LIBRARY}.Audit"], build, deadline
    )
    if code != 0:
        return (), f"coqchk: {' '.join(text.split())[-300:]}"
    try:
        loaded = coq_audit.axioms_of_coqchk(text)
    except ValueError as error:
        return (), f"coqchk: {error}"
    surprising = set(loaded) - coq_audit.LOADED_WITH_REALS
    return loaded, f"coqchk: axioms {sorted(surprising)} are loaded" if surprising else ""


def compile(
    folder: Path,
    *,
    timeout: float = 120.0,
    expected: Sequence[str] = (),
    statements: Sequence[str] = (),
    coqchk: bool = False,
    keep: Path | None = None,
) -> CoqReport:
    """Compile everything in ``folder`` in a fresh directory, at most ``timeout`` seconds, and audit
    the axioms.

    ``expected``: names (statement keys or identifiers) that Audit.v has to list.  ``statements``:
    theorems as "File.name" that must exist and rest on the axioms of Reals, whatever Audit.v says.
    ``coqchk``: let Coq's independent kernel re-check the result. ``keep``: an empty folder that
    receives the compiled files.
    """
    start = time.monotonic()

    def undecided(reason: str) -> CoqReport:
        return CoqReport("UNDECIDED", f"coq: {reason}", time.monotonic() - start)

    coqc, checker = shutil.which("coqc"), shutil.which("coqchk")
    if coqc is None or missing(coqchk=coqchk):
        return undecided(HOW_TO_GET)
    if not (folder / "_CoqProject").is_file():
        return undecided("_CoqProject is missing")
    files = project_files(folder)
    if "Audit.v" not in files:
        return undecided("Audit.v is not listed in _CoqProject")
    complaint = coq_audit.unsafe(folder, files)
    if complaint:
        return undecided(complaint)
    unlisted = sorted({p.relative_to(folder).as_posix() for p in folder.rglob("*.v")} - set(files))
    if unlisted:
        return undecided(f"{unlisted[0]} is not listed in _CoqProject")
    with tempfile.TemporaryDirectory() as name:
        build = keep or Path(name)
        for file in files:
            (build / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / file, build / file)
        outputs, complaint = _compile_all(coqc, build, files, start + timeout)
        if complaint:
            return undecided(complaint)
        if statements:
            (build / OWN_AUDIT).write_text(coq_audit.own_audit(statements), encoding="utf-8")
            code, text = _run([coqc, "-q", "-R", ".", LIBRARY, OWN_AUDIT], build, start + timeout)
            if code != 0:
                return undecided(f"the audit: {' '.join(text.split())[:300]}")
            outputs["Audit.v"] += text
        loaded: tuple[str, ...] = ()
        if coqchk and checker is not None:
            loaded, complaint = _recheck(checker, build, start + timeout)
            if complaint:
                return undecided(complaint)
    theorems, axioms, complaint = coq_audit.read(folder, outputs["Audit.v"])
    if statements and outputs["Audit.v"].count("Axioms:") < 2:
        complaint = "the audit printed no axioms"
    unnamed = [identifier(item) for item in expected if identifier(item) not in theorems]
    if unnamed and not complaint:
        complaint = f"Audit.v does not name {', '.join(unnamed)}"
    if complaint:
        return undecided(complaint)
    seconds = time.monotonic() - start
    reason = f"{len(files)} files, {len(theorems)} final theorems, axioms of Reals only"
    reason += ", re-checked by coqchk" if coqchk else ""
    return CoqReport("PROVED", reason, seconds, theorems, axioms, loaded)


def check(
    folder: Path, obligations: Sequence[Obligation], *, timeout: float = 120.0
) -> Mapping[str, CoqReport]:
    """Each obligation's own file, compiled against the base in ``folder``: name to report, in the
    given order.
    """
    coqc = shutil.which("coqc")
    if coqc is None:
        return {o.name: CoqReport("UNDECIDED", f"coq: {HOW_TO_GET}", 0.0) for o in obligations}
    deadline = time.monotonic() + timeout
    with tempfile.TemporaryDirectory() as name:
        build = Path(name)
        for file in BASE:
            shutil.copy(folder / file, build / file)
        _, complaint = _compile_all(coqc, build, BASE, deadline)

        def one(obligation: Obligation) -> CoqReport:
            start = time.monotonic()
            try:
                text = to_coq(obligation) + region_lemma(obligation)
                file = f"{identifier(obligation.name)}.v"
            except ValueError as error:
                return CoqReport("UNDECIDED", f"coq: {obligation.name}: {error}", 0.0)
            (build / file).write_text(text, encoding="utf-8")
            code, said = 1, complaint
            if not complaint:
                code, said = _run([coqc, "-q", "-R", ".", LIBRARY, file], build, deadline)
            seconds = time.monotonic() - start
            if code == 0:
                return CoqReport("PROVED", "", seconds)
            return CoqReport("UNDECIDED", f"coq: {' '.join(said.split())[:300]}", seconds)

        with ThreadPoolExecutor(max_workers=os.cpu_count() or 1) as pool:
            return dict(zip((o.name for o in obligations), pool.map(one, obligations), strict=True))
