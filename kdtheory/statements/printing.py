"""A statement or a closed form in words that another program takes: SymPy's, LaTeX, or a Python
function that runs.
"""

from __future__ import annotations

import sympy as sp
from sympy.printing.numpy import NumPyPrinter

from kdtheory.algebra import symbols as sym
from kdtheory.statements.theorem import Theorem


def text_of(theorem: Theorem) -> str:
    """Claim, definitions, one step, floor, range, and what every letter means, a line each."""
    sign = "=" if theorem.kind == "identity" else "<="
    lines = [f"{theorem.lhs} {sign} {theorem.rhs}"]
    lines += [f"  {letter} = {value}" for letter, value in theorem.definitions.items()]
    if theorem.psi is not None:
        lines.append(f"  psi(s) = {theorem.psi}")
    if theorem.floor is not None:
        lines.append(f"  floor = {theorem.floor}")
    if theorem.step_size_max is not None:
        lines.append(f"  for gamma {'<' if theorem.strict else '<='} {theorem.step_size_max}")
    lines += [f"  {need.label} {need.meaning}" for need in theorem.needs]
    said = (theorem.lhs, theorem.rhs, theorem.psi, theorem.floor, *theorem.definitions.values())
    free = {letter for part in said if part is not None for letter in part.free_symbols}
    free -= {*theorem.definitions}
    rows = [row for row in sym.TABLE.values() if row.symbol in free]
    lines += ["letters, with units in f (objective) and x (parameter):"]
    lines += [f"  {row.symbol} [{row.unit}] {row.meaning}" for row in rows]
    return "\n".join(lines)


def latex_of(theorem: Theorem) -> str:
    """The statement with its definitions, psi and floor, in the paper's letters."""
    more = {"\\psi(s)": theorem.psi, "\\text{floor}": theorem.floor}
    said = [f"{name} = {sym.latex(value)}" for name, value in more.items() if value is not None]
    own = theorem.latex()
    joint = ",\\quad " if theorem.definitions else r"\qquad\text{where } "
    return own + (joint + ",\\quad ".join(said) if said else "")


def _code(expression: sp.Expr) -> str:
    if isinstance(expression, sp.MatrixExpr):
        return str(NumPyPrinter({"fully_qualified_modules": False}).doprint(expression))
    return str(sp.pycode(expression))


def _letters(*parts: sp.Basic | None, known: tuple[str, ...] = ()) -> list[str]:
    found = {str(x) for part in parts if part is not None for x in part.free_symbols}
    return sorted(found - {*known, "K", "d"} if any(map(_matrix, parts)) else found - {*known})


def _matrix(part: sp.Basic | None) -> bool:
    return isinstance(part, sp.MatrixExpr)


def python_of(name: str, expression: sp.Expr) -> str:
    """A closed form as a function of its letters, by keyword."""
    letters = ", ".join(_letters(expression))
    return "\n".join(
        [
            "import math",
            "",
            "",
            f"def {_name(name)}(*, {letters}):",
            f"    return {_code(expression)}",
        ]
    )


def _name(name: str) -> str:
    return name.replace("-", "_")


def python_of_statement(theorem: Theorem) -> str:
    """The right-hand side at time t as a function of its letters: definitions first, psi t times
    where the statement iterates it.
    """
    own = tuple(str(letter) for letter in theorem.definitions)
    iterated = theorem.is_curve
    inputs = (theorem.rhs, theorem.psi if iterated else None, *theorem.definitions.values())
    letters = _letters(*inputs, known=(*own, *(("s",) if iterated else ())))
    body = [f"    {letter} = {_code(value)}" for letter, value in theorem.definitions.items()]
    if iterated and theorem.psi is not None:
        body += ["    s = s0", "    for _ in range(t):", f"        s = {_code(theorem.psi)}"]
        body += ["    return s"]
    else:
        body += [f"    return {_code(theorem.rhs)}"]
    return "\n".join(
        ["import math", "", "", f"def {_name(theorem.name)}(*, {', '.join(letters)}):", *body]
    )
