"""The README's table of statements, printed from the statements, their proofs and the main job's
verdicts.

``python -m kdtheory.report.readme_table`` prints it; with a file name it replaces the table between
two marks there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kdtheory.algebra import symbols as sym
from kdtheory.algebra.assumptions import contraction
from kdtheory.errors import InvalidInput
from kdtheory.report.main_job import main_job
from kdtheory.report.random_instances import STATUSES
from kdtheory.statements.theorems import NOISE_SQ, THEOREMS, Theorem, noise

START = "<!-- table: python -m kdtheory.report.readme_table README.md -->"
END = "<!-- end of table -->"
HEADER = ("paper item", "key", "kind", "statement", "step sizes", "proof", "evidence", "verdict")
# characters of LaTeX that a cell holds; what is longer is psi applied t times, which is the same
# thing
LONGEST = 200


def statement(theorem: Theorem) -> str:
    """One line of LaTeX: left-hand side, sign, right-hand side with N(lambda; kappa) by name."""
    right = sym.latex(theorem.rhs).replace(sym.latex(noise(sym.kappa)), r"N(\lambda;\kappa)")
    right = right.replace(sym.latex(NOISE_SQ), r"\mathbb{E}|S-\lambda H'|^2")
    if theorem.psi is not None and (theorem.is_curve or len(right) > LONGEST):
        right = r"\psi^{t}(s_0)"
    sign = "=" if theorem.kind == "identity" else r"\le"
    if theorem.quantity == "law":  # its own letters are all that it is about
        for letter, meaning in theorem.definitions.items():
            right += rf",\ {sym.latex(letter)} = {sym.latex(meaning)}"
    # A bare | would end the cell.
    return f"${sym.latex(theorem.lhs)} {sign} {right}$".replace("|", r"\vert ")


def rows(found: dict[str, Any]) -> list[tuple[str, ...]]:
    """One row a statement, in paper order, from the outcome of
    :func:`kdtheory.report.main_job.main_job`.
    """
    proofs = {row["statement"]: row for row in found["proofs"]}
    random = {row["statement"]: row for row in found["random"]}
    lines: list[tuple[str, ...]] = []
    for name, theorem in THEOREMS.items():
        limit = "-"
        if theorem.step_size_max is not None:
            relation = "<" if theorem.strict else r"\le"
            limit = rf"$\gamma {relation} {sym.latex(theorem.step_size_max)}$"
        if contraction in theorem.needs:
            limit += r", $(1+\omega)(1-\gamma\mu)<1$"
        data = [row for row in found["data"] if row["theorem"] == name]
        kinds = "/".join(sorted({row["evidence"] for row in data}))
        number = random.get(name, {}).get("instances", 0)
        total = dict.fromkeys(STATUSES, 0)
        for status in (row["status"] for row in data):
            total[status] += 1
        for status in STATUSES:
            total[status] += random.get(name, {}).get(status, 0)
        verdict = ", ".join(f"{count} {status}" for status, count in total.items() if count)
        evidence = f"{number} random, {len(data)} data sets ({kinds})"
        if theorem.quantity == "law":  # about bounds, not about iterates
            evidence, verdict = "tests/test_laws.py", "-"
        cells = (
            theorem.source,
            f"`{name}`",
            theorem.kind,
            statement(theorem),
            limit,
            proofs[name]["status"],
            evidence,
            verdict,
        )
        lines.append(cells)
    return lines


def markdown(found: dict[str, Any]) -> str:
    """The table between its two marks."""
    lines = [HEADER, ("---",) * len(HEADER), *rows(found)]
    return "\n".join([START, *(f"| {' | '.join(cells)} |" for cells in lines), END])


def replaced(text: str, table: str) -> str:
    """``text`` with the table between the marks replaced.

    Raises:
        InvalidInput: a mark is missing.
    """
    if START not in text or END not in text:
        raise InvalidInput(f"The two marks {START} and {END} must stand around the table.")
    return text[: text.index(START)] + table + text[text.index(END) + len(END) :]


def main(arguments: Sequence[str]) -> None:
    """Run the main job on the bundled data, then print the table or write it into the file
    named.
    """
    table = markdown(main_job(workers=2))
    if not arguments:
        print(table)
        return
    path = Path(arguments[0])
    part = path.with_name(path.name + ".part")
    part.write_text(replaced(path.read_text(encoding="utf-8"), table), encoding="utf-8")
    os.replace(part, path)


if __name__ == "__main__":
    main(sys.argv[1:])
