"""Print a closed form or a statement."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome
from kdtheory.errors import unknown_name

EXAMPLES = ("kdtheory formula lambda-star --format latex", "kdtheory formula theorem-1")


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument(
        "name",
        nargs="?",
        help="a closed form (lambda-star, noise-floor, ...) or a theorem key; default: list them",
    )
    command.add_argument(
        "--format",
        choices=("sympy", "latex", "python"),
        default="sympy",
        help="how to print it; python: a function that runs",
    )


def run(options: Namespace) -> Outcome:
    """The formula in the format asked for, or the names there are."""
    from kdtheory.algebra import symbols as sym
    from kdtheory.statements import THEOREMS, printing
    from kdtheory.statements.closed_forms import NAMES, closed_form

    if options.name is None:
        titles = {name: theorem.title for name, theorem in THEOREMS.items()}
        rows = [*(f"{name:24} closed form" for name in NAMES)]
        rows += [f"{name:24} {title}" for name, title in titles.items()]
        return {"closed_forms": list(NAMES), "statements": titles}, "\n".join(rows), 0
    if options.name in THEOREMS:
        theorem = THEOREMS[options.name]
        write = {
            "sympy": printing.text_of,
            "latex": printing.latex_of,
            "python": printing.python_of_statement,
        }[options.format]
        text = write(theorem)
        return {"name": options.name, "text": text}, text, 0
    if options.name not in NAMES:
        raise unknown_name("formula", options.name, (*NAMES, *THEOREMS))
    expression = closed_form(options.name)
    if options.format == "python":
        text = printing.python_of(options.name, expression)
    else:
        text = sym.latex(expression) if options.format == "latex" else str(expression)
    return {"name": options.name, "text": text}, text, 0
