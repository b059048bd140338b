"""lambda* from per-sample gradients, or from logits."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

from kdtheory.commands import Outcome, path
from kdtheory.errors import InvalidInput

if TYPE_CHECKING:
    from kdtheory.estimate import WeightEstimate
    from kdtheory.estimate.several import WeightsEstimate

EXAMPLES = (
    "kdtheory weight --student S.npy --teacher T.npy --steps-left 1000 --batch-size 32",
    "kdtheory weight --student S.npy --teacher T.npy",
    "kdtheory weight --logits --student student-logits.npy --teacher teacher-logits.npy"
    " --labels labels.npy --features features.npy",
)
LOGITS = ("labels", "features", "features_sqnorm")


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    add_files(command, "several files, several teachers")
    command.add_argument(
        "--criterion",
        help="default: horizon with --steps-left, else unbiased; theorem-1, theorem-2, ...",
    )
    add_logits(command)
    add_constants(command)


def add_files(command: ArgumentParser, several: str) -> None:
    """The two sets of gradients; ``several`` says what more than one teacher means."""
    command.add_argument(
        "--student",
        type=path,
        required=True,
        help=".npy (n, d), per-sample gradients of the student; or logits (n, K)",
    )
    command.add_argument(
        "--teacher",
        type=path,
        required=True,
        nargs="+",
        help=f"the same of the teacher, same samples in the same order; {several}",
    )


def add_logits(command: ArgumentParser) -> None:
    """What turns the two files into logits of a linear (last) layer."""
    command.add_argument(
        "--logits",
        action="store_true",
        help="the files hold logits; needs --labels and --features(-sqnorm)",
    )
    command.add_argument(
        "--labels", type=path, help=".npy (n,) classes, or (n, K) probabilities or targets"
    )
    command.add_argument("--features", type=path, help=".npy (n, d), the inputs of the layer")
    command.add_argument(
        "--features-sqnorm",
        type=path,
        help=".npy (n,), their squared norms: enough for the unbiased update",
    )
    command.add_argument(
        "--loss", default="auto", help="auto (default), softmax, logistic, squared"
    )


def add_constants(command: ArgumentParser) -> None:
    """Constants of the criteria that need them."""
    for option in ("step-size", "mu", "L", "Lcal"):
        command.add_argument(f"--{option}", type=float, help="for criteria that need it")
    command.add_argument(
        "--steps-left",
        type=float,
        metavar="T",
        help="training steps still to go, over which a bias adds up: the weight of a plain"
        " distillation loss",
    )
    command.add_argument("--batch-size", type=int, default=1, help="batch size B")
    command.add_argument(
        "--confidence", type=float, default=0.95, help="of the intervals (default 0.95)"
    )


def check_logits(options: Namespace) -> None:
    """Raise InvalidInput for half of what logits need, or for labels without --logits."""
    given = [name for name in LOGITS if getattr(options, name) is not None]
    if options.logits and (options.labels is None or len(given) < 2):
        raise InvalidInput("--logits needs --labels, and --features or --features-sqnorm.")
    if given and not options.logits:
        raise InvalidInput(
            f"--{given[0].replace('_', '-')} is for logits: add --logits, or leave it out for"
            " gradients."
        )


def default_criterion(options: Namespace) -> str:
    """What is asked where nothing else is said."""
    return "unbiased" if options.steps_left is None else "horizon"


def constants(options: Namespace) -> dict[str, Any]:
    """What :func:`add_constants` has read, as the functions call it."""
    names = ("step_size", "mu", "L", "Lcal", "batch_size", "confidence")
    return {name: getattr(options, name) for name in names} | {"horizon": options.steps_left}


def layer(options: Namespace) -> dict[str, Any]:
    """What :func:`add_logits` has read."""
    return {name: getattr(options, name) for name in (*LOGITS, "loss")}


def estimated(options: Namespace, **asked: Any) -> WeightEstimate | WeightsEstimate:
    """The weight of the one teacher, or of several."""
    from kdtheory.estimate import lambda_star, lambda_star_from_logits

    one = options.teacher[0] if len(options.teacher) == 1 else options.teacher
    if options.logits:
        return lambda_star_from_logits(options.student, one, **layer(options), **asked)
    return lambda_star(options.student, one, **asked)


def run(options: Namespace) -> Outcome:
    """The weight with its interval and one sentence of advice."""
    from kdtheory.estimate.several import WeightsEstimate

    check_logits(options)
    criterion = options.criterion or default_criterion(options)
    found = estimated(options, criterion=criterion, **constants(options))
    if isinstance(found, WeightsEstimate):
        return found.to_dict(), found.table(), 0
    text = (
        f"lambda* = {found.weight:.4g} [{found.low:.4g}, {found.high:.4g}]  N(lambda*)/N(0) ="
        f" {found.variance_reduction:.4g}\n{found.advice}"
    )
    return found.to_dict(), text, 0
