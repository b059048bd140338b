"""The best step sizes and weights, step by step, and how many steps a target takes."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from typing import TYPE_CHECKING, Any

import numpy as np

from kdtheory.commands import Outcome, add_data, path

if TYPE_CHECKING:
    from kdtheory.rules.schedule import Schedule

EXAMPLES = (
    "kdtheory schedule --data diabetes --steps 1000",
    "kdtheory schedule --data mine.csv --teacher theta.npy --target 0.01",
    "kdtheory schedule --steps 5000 --criterion unbiased-envelope --out steps.csv --plot steps.png",
)
ROWS = 11  # of the table


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    add_data(command)
    command.add_argument(
        "--criterion",
        default="theorem-1-envelope",
        help="an envelope: theorem-1-envelope (default), theorem-2-envelope, unbiased-envelope,"
        " unbiased-pl-envelope",
    )
    command.add_argument(
        "--teacher",
        type=path,
        action="append",
        metavar="FILE.npy",
        help="theta, (d,); again for more teachers; default: a fair one is made up",
    )
    command.add_argument(
        "--start", type=path, metavar="FILE.npy", help="x^0, (d,); default: 1 + |x*| away from x*"
    )
    command.add_argument("--steps", type=int, help="horizon (default 1000, or what --target needs)")
    command.add_argument("--weight", type=float, help="keep this weight; default: the best of each")
    command.add_argument("--batch-size", type=int, default=1, help="indices a step (default 1)")
    command.add_argument("--target", type=float, help="the error wanted: how many steps, and why")
    command.add_argument("--out", type=path, metavar="FILE", help="every step, as .csv or .json")
    command.add_argument("--plot", type=path, metavar="FILE", help="a picture, .png, .svg or .pdf")


def run(options: Namespace) -> Outcome:
    """A table of the schedule; with --target the steps needed and their three phases."""
    from kdtheory.bounds.schedules import schedule
    from kdtheory.bounds.schedules_steps import steps_needed, stop_distilling
    from kdtheory.evidence.starts import default_start, default_teacher
    from kdtheory.problems.datasets import load, load_point
    from kdtheory.report.plots.schedules import check_target, plot_schedule, write_schedule

    for name, kinds in ((options.out, (".csv", ".json")), (options.plot, (".png", ".svg", ".pdf"))):
        check_target(name, kinds)
    problem = load(options.data)
    points = [load_point(name) for name in options.teacher or ()]
    theta = points[0] if len(points) == 1 else np.array(points) if points else None
    given: dict[str, Any] = {
        "criterion": options.criterion,
        "x0": default_start(problem) if options.start is None else load_point(options.start),
        "batch_size": options.batch_size,
    }
    theta = default_teacher(problem) if theta is None else theta
    weight = None
    if options.weight is not None:
        weight = np.full(len(points), options.weight) if np.ndim(theta) == 2 else options.weight
    found: dict[str, Any] = {
        "stop_distilling": stop_distilling(
            problem, theta, criterion=options.criterion, batch_size=options.batch_size
        )
    }
    text = [_stop(found["stop_distilling"])]
    steps = options.steps
    if options.target is not None:
        needed = steps_needed(problem, theta, target=options.target, weight=weight, **given)
        found["target"] = {
            "error": options.target,
            "steps": needed.steps,
            "samples": needed.steps * options.batch_size,
            "low": needed.low,
            "high": needed.high,
            **dict(zip(("conditioning", "interaction", "noise"), needed.phases, strict=True)),
        }
        text.append(_needed(found["target"]))
        steps = max(needed.steps, 1) if steps is None else steps
    plan = schedule(problem, theta, steps=1000 if steps is None else steps, weight=weight, **given)
    last = len(plan) - 1
    places = np.unique(np.r_[0, np.geomspace(1, last, ROWS - 1).astype(int)]) if last else [0]
    found["rows"] = [_row(plan, int(t)) for t in places]
    text += ["", *(_line(row) for row in found["rows"])]
    assert plan.bound is not None
    found["bound"] = float(plan.bound[-1])
    text.append(f"after {len(plan)} steps: error <= {found['bound']:.6g}")
    if options.out is not None:
        write_schedule(plan, options.out)
        text.append(f"Every step in {options.out}.")
    if options.plot is not None:
        plot_schedule(plan, options.plot, stop=found["stop_distilling"])
        text.append(f"Picture in {options.plot}.")
    return found, "\n".join(text), 0


def _row(plan: Schedule, t: int) -> dict[str, Any]:
    assert plan.weights is not None and plan.bound is not None and plan.signal_to_noise is not None
    return {
        "t": t,
        "step_size": float(plan.step_sizes[t]),
        "weight": np.asarray(plan.weights[t]).tolist(),
        "signal_to_noise": float(plan.signal_to_noise[t]),
        "bound": float(plan.bound[t]),
    }


def _line(row: dict[str, Any]) -> str:
    weights = " ".join(f"{weight:9.4f}" for weight in np.atleast_1d(row["weight"]))
    return (
        f"t = {row['t']:8}  gamma = {row['step_size']:10.4g}  lambda = {weights}  SNR ="
        f" {row['signal_to_noise']:9.4g}  error <= {row['bound']:.5g}"
    )


def _stop(error: float) -> str:
    if error == np.inf:
        return "Never distil with this teacher: no weight but 0 lowers the bound at any error."
    if error == 0.0:
        return "Distil throughout: the weight never falls to 0."
    return f"Distil until the error is {error:.5g}; below it the best weight is 0."


def _needed(target: dict[str, Any]) -> str:
    return (
        f"Down to {target['error']:g}: {target['steps']} steps, {target['samples']} samples (closed"
        f" form: between {target['low']:.1f} and {target['high']:.1f}).\n"
        f"Of the lower bound, conditioning takes {target['conditioning']:.1f}, interaction"
        f" {target['interaction']:.1f}, noise {target['noise']:.1f}."
    )
