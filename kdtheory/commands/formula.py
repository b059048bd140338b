"""Print a closed form or a statement."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome

EXAMPLES = (
    "kdtheory formula lambda-star --format latex",
    "kdtheory formula theorem-1",
)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument(
        "name", help="a closed form (lambda-star, noise-floor, ...) or a theorem key"
    )
    command.add_argument(
        "--format", choices=("sympy", "latex", "python"), default="sympy", help="how to print it"
    )


def run(options: Namespace) -> Outcome:
    """The formula in the format asked for."""
    import sympy as sp

    from kdtheory.algebra import symbols as sym
    from kdtheory.errors import unknown_name
    from kdtheory.statements.closed_forms import NAMES, closed_form
    from kdtheory.statements.theorems import THEOREMS

    if options.name in THEOREMS:
        theorem = THEOREMS[options.name]
        text = (
            theorem.latex()
            if options.format == "latex"
            else f"{theorem.lhs} {'=' if theorem.kind == 'identity' else '<='} {theorem.rhs}"
        )
        return {"name": options.name, "text": text}, text, 0
    if options.name not in NAMES:
        raise unknown_name("formula", options.name, (*NAMES, *THEOREMS))
    expression = closed_form(options.name)
    text = {"sympy": str, "latex": sym.latex, "python": sp.pycode}[options.format](expression)
    return {"name": options.name, "text": text}, text, 0
