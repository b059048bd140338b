"""lambda* from per-sample gradients."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome

EXAMPLE = "kdtheory weight --student S.npy --teacher T.npy"


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("--student", required=True, help=".npy (n, d), per-sample gradients of the student")
    command.add_argument("--teacher", required=True, help=".npy (n, d), per-sample gradients of the teacher")
    command.add_argument("--criterion", default="unbiased", help="unbiased (default), theorem-1, theorem-2, ...")
    for option in ("step-size", "mu", "L", "Lcal"):
        command.add_argument(f"--{option}", type=float, help="for criteria that need it")
    command.add_argument("--batch-size", type=int, default=1, help="batch size B")


def run(options: Namespace) -> Outcome:
    """The weight with its interval and one sentence of advice."""
    from kdtheory.estimate import lambda_star

    found = lambda_star(options.student, options.teacher, criterion=options.criterion, step_size=options.step_size, mu=options.mu,
                        L=options.L, Lcal=options.Lcal, batch_size=options.batch_size)
    text = f"lambda* = {found.weight:.4g} [{found.low:.4g}, {found.high:.4g}]  N(lambda*)/N(0) = {found.variance_reduction:.4g}\n{found.advice}"
    return found.to_dict(), text, 0
