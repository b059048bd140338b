"""Is the weight in use any good?  From two .npy files: rho, beta, each criterion's best weight, one
recommendation.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING

from kdtheory.commands import Outcome, path
from kdtheory.commands.weight import (
    add_constants,
    add_files,
    add_logits,
    check_logits,
    constants,
    default_criterion,
    estimated,
    layer,
)
from kdtheory.errors import InvalidInput

if TYPE_CHECKING:
    from kdtheory.estimate import Diagnosis

EXAMPLES = (
    "kdtheory diagnose --student S.npy --teacher T.npy --weight 0.7 --plot weights.pdf",
    "kdtheory diagnose --student S.npy --teacher T.npy --weight 0.7 --step-size 0.01 --mu 0.1",
)

COLUMNS = """columns of the table, one row for each criterion that the constants given allow:
  rho              correlation of the student's and the teacher's gradient noise
  beta             |h|^2/V, the teacher's mean gradient against its noise
  lambda*          the best weight by this criterion; interval: where it may lie
  N(lambda)/N(0)   the noise floor at the weight in use, in units of plain SGD's: below 1 it helps
  N(lambda*)/N(0)  the same at lambda*
criteria: unbiased (the teacher's full gradient is added back), second-moment (the bias of one
step), horizon (--steps-left: the bias of all of them), theorem-... (with --step-size and constants)
All of it is about the noise of the training loss now, nothing about generalisation."""


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.formatter_class = RawDescriptionHelpFormatter
    command.description = f"{command.description or ''}\n\n{COLUMNS}"
    add_files(
        command,
        "of several files the table says which teacher adds what, and --weight takes as many"
        " numbers",
    )
    command.add_argument(
        "--weight", type=float, required=True, nargs="+", help="the lambda in use; any real number"
    )
    add_logits(command)
    add_constants(command)
    command.add_argument(
        "--plot",
        type=path,
        metavar="FILE",
        help="N(lambda)/N(0) against lambda: .pdf, .svg or .png",
    )


def run(options: Namespace) -> Outcome:
    """A table over the criteria that the constants allow, and one recommendation."""
    from kdtheory.estimate import diagnose

    check_logits(options)
    if len(options.teacher) != len(options.weight):
        raise InvalidInput(
            f"--weight needs a number for each teacher: got {len(options.weight)} for"
            f" {len(options.teacher)} files."
        )
    if len(options.teacher) > 1:
        return _several(options)
    (teacher,), (weight,) = options.teacher, options.weight
    found = diagnose(options.student, teacher, weight, **layer(options), **constants(options))
    if options.plot:
        found.save_plot(options.plot)
    return found.to_dict(), _text(found, options), 0


def _several(options: Namespace) -> Outcome:
    import numpy as np

    from kdtheory.estimate.several import WeightsEstimate
    from kdtheory.estimate.statements import make_criterion

    if options.plot:
        raise InvalidInput("Several teachers have no picture: leave --plot out.")
    name = default_criterion(options)
    known = {"horizon": options.steps_left, "batch_size": options.batch_size}
    found = estimated(options, criterion=name, confidence=options.confidence, **known)
    assert isinstance(found, WeightsEstimate)
    rule = make_criterion(name, **known)
    factor = getattr(rule, "bias_factor", 0.0)
    now = found.moments.reduction(np.array(options.weight), factor, cautious=rule.cautious)
    text = f"criterion {name}: N(lambda in use)/N(0) = {now:.4g}\n{found.table()}"
    return found.to_dict() | {"weights_in_use": options.weight, "now": now}, text, 0


def _text(found: Diagnosis, options: Namespace) -> str:
    from kdtheory.estimate.statements import needed_constants

    def given(key: str) -> bool:
        return getattr(options, "steps_left" if key == "horizon" else key) is not None

    # Squared norms of features do not give it.
    beta = "unknown" if math.isnan(found.beta) else f"{found.beta:.4g}"
    lines = [
        (
            f"n = {found.n_samples:.0f}   rho = {found.rho:.4g}   beta = {beta}   lambda in use ="
            f" {found.weight:g}"
        ),
        (
            f"{'criterion':20} {'lambda*':>9}  {'interval':23} {'N(lambda)/N(0)':>14} "
            f" {'N(lambda*)/N(0)':>15}  in use"
        ),
    ]
    for name, line in found.lines.items():
        best = line.best
        verdict = "helps" if line.now < 1 else "hurts" if line.now > 1 else "idle"
        lines.append(
            f"{name:20} {best.weight:9.4g}  {f'[{best.low:.4g}, {best.high:.4g}]':23}"
            f" {line.now:14.4g}  {best.variance_reduction:15.4g}  {verdict}"
        )
    asked = [
        (name, reason)
        for name, reason in found.skipped.items()
        if not reason.startswith("needs ") or any(given(key) for key in needed_constants(name))
    ]
    lines += [f"{name:20} skipped: {reason}" for name, reason in asked]
    return "\n".join([*lines, found.recommendation])
