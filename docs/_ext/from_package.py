"""Pages written from the package: all statements, the letters, every public name.

They are made at every build, so that they cannot drift from the code.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from sphinx.application import Sphinx

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.report.formulas import KINDS, statement_parts, step_sizes

DATA = {
    "ASSUMPTIONS": "The named assumptions, each with its slack in the letters of one step.",
    "CONVENTIONS": "What known trainers weight, by name.",
    "THEOREMS": "The statements in paper order, by name: see [Statements](theory.md).",
}
MARKUP = re.compile(r"[*|]|_(?!\w)")
CODE = re.compile(r"(`+[^`]+`+)")
THEORY = """# Statements

Every bound is a scalar recursion s⁺ = ψ(s) for s = E|x − x\\*|² or E f(x) − f\\*. The formulas
below are printed from the objects that are proved, evaluated and tested (`kd.THEOREMS`).
"""
LETTERS = """# Letters

Units are products of f (what the objective is measured in) and x (what a parameter is measured in).

Deterministic vectors: e = x − x\\*, g = ∇f(x), h = ∇f(θ). Random ones: G = ∇f_ξ(x), S = ∇f_ξ(x\\*),
H = ∇f_ξ(θ); a prime centres them, H′ = H − h. V = E|H′|², β = |h|²/V is the teacher's
signal-to-noise ratio, ρ the correlation of S and H.

| letter | unit | meaning |
| --- | --- | --- |
"""
API = """# Public names

Everything below is at the top level: `import kdtheory as kd`. Names load on first use.
"""
ROOM_TITLES = {
    "errors": "Errors",
    "problems": "Problems and teachers",
    "rules": "Rules, compressors, schedules",
    "algebra": "Assumptions",
    "statements": "Statements",
    "bounds": "Numbers from the statements",
    "engines": "Engines",
    "worst_cases": "Best constants",
    "instances": "Counterexamples",
    "evidence": "Verdicts",
    "discovery": "Statements of one's own",
    "estimate": "The weight from data",
    "campaigns": "Campaigns",
    "proofs": "Proofs",
}


def theory() -> str:
    """All statements."""
    parts = [THEORY]
    for name, theorem in kd.THEOREMS.items():
        needs = ", ".join(f"{need.name} {need.label}" for need in theorem.needs)
        claim, where = statement_parts(theorem)
        parts += [
            f"## {name}\n",
            f"{theorem.title}: {KINDS[theorem.kind]}. Source: {theorem.source}.\n",
            f"$$\n{claim}\n$$\n",
            *(f"$$\n{letter} = {meaning}\n$$\n" for letter, meaning in where),
        ]
        if theorem.step_size_max is not None:
            parts.append(f"Step sizes: ${step_sizes(theorem)}$.\n")
        parts.append(f"It needs: {needs or 'nothing but a finite sum'}.\n")
    return "\n".join(parts)


def letters() -> str:
    """The symbol table."""
    rows = [
        f"| ${letter.latex.replace('|', chr(92) + 'vert ')}$ | {letter.unit} |"
        f" {letter.meaning.replace('|', '&#124;').replace('*', chr(92) + '*')} |"
        for letter in sym.TABLE.values()
        if letter.unit != "product"
    ]
    return LETTERS + "\n".join(rows) + "\n"


def api() -> str:
    """Every public name under the room that it lives in."""
    parts = [API]
    rooms: dict[str, list[str]] = {}
    for name in kd.__all__:
        rooms.setdefault(kd.module_of(name).split(".")[1], []).append(name)
    for room in (*ROOM_TITLES, *sorted(set(rooms) - set(ROOM_TITLES))):
        if room not in rooms:
            continue
        parts.append(f"## {ROOM_TITLES.get(room, room)}\n")
        for name in rooms[room]:
            thing = getattr(kd, name)
            parts.append(_entry(name, thing))
    return "\n".join(parts)


def _entry(name: str, thing: object) -> str:
    kind = "class" if inspect.isclass(thing) else "function" if callable(thing) else "data"
    if kind == "data":
        return f"```{{py:data}} kdtheory.{name}\n{DATA[name]}\n```\n"
    options = ":members:\n" if kind == "class" and not issubclass(thing, Exception) else ""
    return f"```{{eval-rst}}\n.. auto{kind}:: kdtheory.{name}\n{_indented(options)}```\n"


def _indented(text: str) -> str:
    return "".join(f"   {line}\n" for line in text.splitlines())


PAGES = {"theory.md": theory, "letters.md": letters, "api.md": api}


def write(app: Sphinx) -> None:
    """The pages, rewritten only where they changed, so that nothing else is rebuilt."""
    folder = Path(app.srcdir) / "generated"
    folder.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        path, made = folder / name, text()
        if not path.exists() or path.read_text() != made:
            path.write_text(made)


def plain(_app: Sphinx, _what: str, _name: str, _thing: object, _opts: object, lines: list[str]):
    """Docstrings speak of |x| and x*: norms and stars, no markup, outside of code."""
    for place, line in enumerate(lines):
        if not line.lstrip().startswith(">>>"):
            parts = CODE.split(line)
            parts[::2] = [MARKUP.sub(r"\\\g<0>", part) for part in parts[::2]]
            lines[place] = "".join(parts)


def setup(app: Sphinx) -> dict[str, bool]:
    """Write the pages before Sphinx looks for its sources."""
    app.connect("builder-inited", write)
    app.connect("autodoc-process-docstring", plain, priority=100)  # before napoleon's own markup
    return {"parallel_read_safe": True, "parallel_write_safe": True}
