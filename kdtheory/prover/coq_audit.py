"""What Coq's sources take for granted, and what it says about axioms."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from kdtheory.prover.coq import LIBRARY

# What Coq's real numbers are built on; see the standard library's ClassicalDedekindReals.
AXIOMS_OF_REALS = frozenset(
    {
        "ClassicalDedekindReals.sig_not_dec",
        "ClassicalDedekindReals.sig_forall_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    }
)
# Sentences that take something for granted, or switch a check of Coq off.
FORBIDDEN = re.compile(
    r"\b(Axioms?|Parameters?|Conjectures?|Admitted|admit|give_up|bypass_check|Declare\s+ML|Unset\s+(Guard|Positivity|Universe))\b"
)
# coqchk names every axiom of every library file that was loaded, used or not; Reals loads this one,
# and no theorem rests on it (Print Assumptions follows the dependencies and does not name it).
LOADED_WITH_REALS = AXIOMS_OF_REALS | {"Classical_Prop.classic"}


def axioms_of(printed: str) -> tuple[str, ...]:
    """Every line that does not continue another: a name, or a sentence such as "f is assumed to be
    guarded" as it stands.
    """
    lines = [
        line.strip() for line in printed.splitlines() if line.strip() and not line[0].isspace()
    ]
    names = {re.sub(r"^([A-Za-z_][\w.]*)\s*(:.*)?$", r"\1", line) for line in lines}
    return tuple(sorted(names - {"Axioms:", "Axioms", "Closed under the global context"}))


def axioms_of_coqchk(printed: str) -> tuple[str, ...]:
    """The names under "* Axioms:" in coqchk's summary, without their logical path.  Raises
    ValueError when there is no such list.
    """
    found = re.search(r"^\* Axioms:(.*?)^\* ", printed, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError("no list of axioms was printed")
    return tuple(
        sorted(".".join(name.split(".")[-2:]) for name in found[1].split() if name != "<none>")
    )


def _without_comments(path: Path) -> str:
    return re.sub(r"\(\*.*?\*\)", " ", path.read_text(encoding="utf-8"), flags=re.DOTALL)


def read(folder: Path, printed: str) -> tuple[tuple[str, ...], tuple[str, ...], str]:
    """The theorems that Audit.v names, the axioms they rest on, and what is wrong with these."""
    theorems = re.findall(r"^  (\w+),?$", _without_comments(folder / "Audit.v"), re.MULTILINE)
    axioms = axioms_of(printed)
    surprising = sorted(set(axioms) - AXIOMS_OF_REALS)
    complaint = ""
    if surprising or "Axioms:" not in printed:
        what = surprising or "nothing that was printed"
        complaint = f"the theorems rest on {what}, not on Reals alone"
    return tuple(theorems), axioms, complaint


def unsafe(folder: Path, files: Sequence[str]) -> str:
    """What is wrong with the sources before any is compiled: a file that is missing, or one that
    takes something for granted.
    """
    for name in files:
        path = folder / name
        if not path.is_file():
            return f"{name} is listed in _CoqProject and missing"
        text = _without_comments(path)
        found = FORBIDDEN.search(text)
        if found:
            return f"{name} says {found[0]!r}"
        if not re.search(r"\b(Qed|Defined|Definition|Record)\b", text):
            return f"{name} proves nothing"
    return ""


def own_audit(statements: Sequence[str]) -> str:
    """Names in full, so that no file can put another theorem in the place of one of them; written
    here, not in ``folder``.
    """
    modules = dict.fromkeys(f"{LIBRARY}.{name.rsplit('.', 1)[0]}" for name in statements)
    everything = ", ".join(f"@{LIBRARY}.{name}" for name in statements)
    return (
        f"Require {' '.join(modules)}.\nDefinition everything := ({everything}).\nPrint Assumptions"
        " everything.\n"
    )
