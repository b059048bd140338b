"""Simulate SGD with distillation on data."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from kdtheory.commands import Outcome, path

EXAMPLE = "kdtheory simulate --data diabetes --weight 0.5"


def add_arguments(command: ArgumentParser) -> None:
    """The options of this command."""
    command.add_argument("--data", type=path, default="diabetes", help="bundled name, .npz or .csv")
    command.add_argument("--weight", type=float, default=0.0, help="distillation weight lambda")
    command.add_argument("--unbiased", action="store_true", help="centre the teacher's gradient")
    command.add_argument("--step-size", type=float, help="gamma; default 1/(8 Lcal)")
    command.add_argument("--steps", type=int, default=200, help="horizon")
    command.add_argument("--replicates", type=int, default=200, help="independent runs")
    command.add_argument("--seed", type=int, default=0, help="seed")


def run(options: Namespace) -> Outcome:
    """Means and 95 % intervals at eleven times."""
    from kdtheory.engines.simulate.simulation import simulate
    from kdtheory.evidence.verdicts import default_start, default_teacher
    from kdtheory.problems.datasets import load
    from kdtheory.rules.distilled import DistilledSGD

    problem = load(options.data)
    gamma = (
        options.step_size
        if options.step_size is not None
        else 1 / (8 * float(problem.constants.Lcal))
    )
    rule = DistilledSGD(options.weight, unbiased=options.unbiased)
    theta = default_teacher(problem)
    run = simulate(
        problem,
        theta,
        rule,
        step_size=gamma,
        x0=default_start(problem, options.seed),
        steps=options.steps,
        replicates=options.replicates,
        seed=options.seed,
        record_every=max(1, options.steps // 10),
    )
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
    return rows, text, 0
