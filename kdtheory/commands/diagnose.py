"""Is the weight in use any good?  From two .npy files: rho, beta, each criterion's best weight, one
recommendation.
"""

from __future__ import annotations

import math
from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING

from kdtheory.commands import Outcome, path
from kdtheory.commands.weight import add_constants, add_logits, check_logits

if TYPE_CHECKING:
    from kdtheory.estimate import Diagnosis

EXAMPLE = (
    "kdtheory diagnose --student S.npy --teacher T.npy --weight 0.7 --step-size 0.01 --mu 0.1"
    " --plot weights.pdf"
)


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
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
        help="the same of the teacher, same samples in the same order",
    )
    command.add_argument(
        "--weight", type=float, required=True, help="the lambda in use; any real number"
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
    found = diagnose(
        options.student,
        options.teacher,
        options.weight,
        labels=options.labels,
        features=options.features,
        features_sqnorm=options.features_sqnorm,
        loss=options.loss,
        step_size=options.step_size,
        mu=options.mu,
        L=options.L,
        Lcal=options.Lcal,
        batch_size=options.batch_size,
        confidence=options.confidence,
    )
    if options.plot:
        found.save_plot(options.plot)
    return found.to_dict(), _text(found), 0


def _text(found: Diagnosis) -> str:
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
    lines += [f"{name:20} skipped: {reason}" for name, reason in found.skipped.items()]
    return "\n".join([*lines, found.recommendation])
