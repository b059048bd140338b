"""Simulate SGD with distillation on data."""

from __future__ import annotations

import time
from argparse import ArgumentParser, Namespace
from collections.abc import Callable

from kdtheory.commands import Outcome, add_data
from kdtheory.commands.patience import at_work
from kdtheory.errors import InvalidInput

EXAMPLES = (
    "kdtheory simulate --data diabetes --weight 0.5",
    "kdtheory simulate --data mine.csv --weight 0.5 --steps 50",
)

MOST_STEPS = 10**8
PILOT = 2_000  # steps of a trial run


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    add_data(command)
    command.add_argument("--weight", type=float, default=0.0, help="distillation weight lambda")
    command.add_argument("--unbiased", action="store_true", help="centre the teacher's gradient")
    command.add_argument("--step-size", type=float, help="gamma; default 1/(8 Lcal)")
    command.add_argument("--steps", type=int, default=200, help="horizon")
    command.add_argument("--replicates", type=int, default=200, help="independent runs")
    command.add_argument("--seed", type=int, default=0, help="seed")


def run(options: Namespace) -> Outcome:
    """Means and 95 % intervals at eleven times."""
    from kdtheory.engines.simulate.simulation import Simulation, simulate
    from kdtheory.evidence.starts import default_start, default_teacher
    from kdtheory.problems.base import positive_int
    from kdtheory.problems.datasets import load
    from kdtheory.problems.tables import taken_for
    from kdtheory.rules.distilled import DistilledSGD

    steps = positive_int(options.steps, "steps", minimum=0)
    positive_int(options.replicates, "replicates", minimum=2)
    positive_int(options.seed, "seed", minimum=0)
    if steps > MOST_STEPS:
        raise InvalidInput(
            f"--steps is at most {MOST_STEPS:,}, got {steps:,}. For least squares"
            " kdtheory.stationary() gives what the error tends to."
        )
    problem = load(options.data)
    gamma = (
        options.step_size
        if options.step_size is not None
        else 1 / (8 * float(problem.constants.Lcal))
    )
    rule = DistilledSGD(options.weight, unbiased=options.unbiased)
    theta = default_teacher(problem)

    def runs(count: int) -> Simulation:
        return simulate(
            problem,
            theta,
            rule,
            step_size=gamma,
            x0=default_start(problem, options.seed),
            steps=count,
            replicates=options.replicates,
            seed=options.seed,
            record_every=max(1, count // 10),
        )

    with at_work("simulation", _seconds(runs, steps)):
        run = runs(steps)
    low, high = run.interval(0.95)
    rows = [
        {"t": int(t), "sq_distance": float(s), "low": float(a), "high": float(b), "gap": float(f)}
        for t, s, a, b, f in zip(run.steps, run.sq_distance, low, high, run.gap, strict=True)
    ]
    text = "\n".join(
        f"t = {r['t']:6}  E|x-x*|^2 = {r['sq_distance']:.5g} [{r['low']:.5g}, {r['high']:.5g}]  E f"
        f" - f* = {r['gap']:.5g}"
        for r in rows
    )
    text = "\n".join(filter(None, (taken_for(options.data), f"gamma = {gamma:.5g}", text)))
    return rows, text, 0


def _seconds(runs: Callable[[int], object], steps: int) -> float:
    """How long ``steps`` will take, from a few of them; the very first also compile."""
    if steps <= 4 * PILOT:
        return 0.0
    runs(1)
    began = time.perf_counter()
    runs(PILOT)
    return (time.perf_counter() - began) * steps / PILOT
