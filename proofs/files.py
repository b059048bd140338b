"""Certificates from outside: read, compared with the statement they are named after, checked within
a time limit, and written.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from multiprocessing.connection import Connection
from pathlib import Path

from kdtheory.proofs.in_coq import COQ_SOURCES
from kdtheory.proofs.proving import OBLIGATIONS
from kdtheory.prover import coq_build, solvers, sympy_checker
from kdtheory.prover.certificate_files import read, to_json
from kdtheory.prover.checkers import named
from kdtheory.prover.consistency import doubt
from kdtheory.prover.obligations import Certificate, Identity, Obligation
from kdtheory.prover.sympy_checker import Result, vanishes
from kdtheory.system.child import end_with_parent, limit_memory
from kdtheory.system.disk import ready_folder, replace_file

SECONDS = 120.0  # for all checkers together; the slowest of ours takes 2 s


@dataclass(frozen=True)
class FileVerdict:
    """``status`` PROVED, REFUTED (the file is no proof of what it claims) or UNDECIDED; ``claims``
    in words, ``claim`` and ``region`` as they stand in the file.
    """

    file: str
    name: str
    status: str
    reason: str
    claims: str
    claim: str = ""
    region: str = ""


@lru_cache(maxsize=1)
def known() -> Mapping[str, Obligation]:
    """Every obligation of every statement, by name."""
    return {item.name: item for make in OBLIGATIONS.values() for item in make()}


def mismatch(item: Obligation) -> str:
    """How a file differs from the obligation of that name in what it claims or assumes; empty when
    it does not, or the name is its own.
    """
    ours = known().get(item.name)
    if ours is None:
        return ""
    if isinstance(item, Identity) or isinstance(ours, Identity):
        if not (isinstance(item, Identity) and isinstance(ours, Identity)):
            return (
                f"{item.name} is {'an identity' if isinstance(ours, Identity) else 'a certificate'}"
                " in kdtheory"
            )
        same = item.region == ours.region and item.expression == ours.expression
        return "" if same else f"the expression is not that of {item.name} in kdtheory"
    strange = [str(key) for key in item.multipliers if key not in ours.multipliers]
    if strange:
        return f"it assumes {strange[0]}, which {item.name} in kdtheory does not"
    if item.region != ours.region:
        return f"its region is not that of {item.name} in kdtheory"
    try:
        same = item.claim == ours.claim or vanishes(ours.region.resolve(item.claim - ours.claim))
    except ValueError:
        same = False
    return "" if same else f"its claim is not that of {item.name} in kdtheory"


def judge(item: Obligation, checkers: tuple[str, ...]) -> tuple[str, str]:
    """Status and reason: PROVED by every checker, REFUTED when one shows that it is no proof, else
    UNDECIDED.
    """
    wrong = mismatch(item)
    if wrong:
        return "REFUTED", wrong
    undecided = doubt(item)
    for checker in checkers:
        result = _check(item, checker)
        if result.status == "REFUTED" or result.wrong:
            return "REFUTED", f"{checker}: {result.reason}"
        if result.status != "PROVED":
            undecided = undecided or f"{checker}: {result.reason}"
    if undecided or not checkers:
        return "UNDECIDED", undecided or "no checker was asked"
    return "PROVED", f"accepted by {', '.join(checkers)}"


def _check(item: Obligation, checker: str) -> Result:
    if checker == "sympy":
        return sympy_checker.check(item)
    if checker == "coq":
        report = coq_build.check(COQ_SOURCES, [item])[item.name]
        return Result(report.status, report.reason)
    return solvers.check(item, checker)


def _worker(item: Obligation, checkers: tuple[str, ...], answer: Connection, parent: int) -> None:
    end_with_parent(parent)
    limit_memory()
    try:
        answer.send(judge(item, checkers))
    except (RecursionError, MemoryError) as error:
        answer.send(("UNDECIDED", f"too large to check ({type(error).__name__})"))


def within(item: Obligation, checkers: tuple[str, ...], seconds: float) -> tuple[str, str]:
    """:func:`judge` in a process of its own, which is ended when its time is over."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(
        target=_worker, args=(item, checkers, there, os.getpid()), daemon=True
    )
    process.start()
    there.close()
    try:
        return (
            here.recv() if here.poll(seconds) else ("UNDECIDED", f"no answer within {seconds:g} s")
        )
    except EOFError:
        return "UNDECIDED", "the checker ended without an answer"
    finally:
        process.terminate()
        process.join()


def prove_file(
    path: Path, *, checkers: tuple[str, ...] = ("sympy",), seconds: float = SECONDS
) -> FileVerdict:
    """Have the certificate in a file checked.

    A file that bears the name of one of our obligations must make its claim, in its region, under
    no other assumption.

    Raises:
        InvalidInput: an unknown checker, or a file that is not in the format (one line that names
            the fault).
    """
    checkers = named(checkers)
    item = read(path)
    status, reason = within(item, checkers, seconds)
    if item.name in known():
        claims = f"what {item.name} of kdtheory claims"
    elif isinstance(item, Certificate):
        used = ", ".join(str(key) for key in item.multipliers) or "nothing"
        claims = f"a claim of its own, from {used}"
    else:
        claims = "an identity of its own"
    said = " ".join(reason.split())[:500]
    return FileVerdict(str(path), item.name, status, said, claims, *_stated(item))


def _stated(item: Obligation) -> tuple[str, str]:
    """What is claimed and where, in letters."""
    claim = f"{item.claim} >= 0" if isinstance(item, Certificate) else f"{item.expression} = 0"
    where = [
        f"{meaning} {'>' if letter.is_positive else '>='} 0"
        for letter, meaning in item.region.slacks.items()
    ]
    where += [f"{letter} = {meaning}" for letter, meaning in item.region.substitutions.items()]
    return claim, ", ".join(where) or "everywhere"


def export(folder: Path) -> list[Path]:
    """Write every obligation as one JSON file into ``folder`` (made if need be).

    Raises:
        InvalidInput: the folder cannot be made or written to.
    """
    texts = {f"{name}.json": f"{to_json(item)}\n".encode() for name, item in known().items()}
    ready_folder(folder, texts)
    for name, text in texts.items():
        # In the place of what has the name: a link there is not followed.
        replace_file(folder / name, lambda file, text=text: file.write(text))
    return [folder / name for name in texts]
