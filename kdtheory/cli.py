"""The command line. Exit codes: 0 all as claimed, 1 a violation or a missing proof, 2 wrong use."""

from __future__ import annotations

import argparse
import json
import math
import sys
from collections.abc import Callable, Sequence
from typing import Any

from kdtheory.errors import KdtheoryError


def parser() -> argparse.ArgumentParser:
    """All commands with their options."""
    top = argparse.ArgumentParser(prog="kdtheory", description="The theory of knowledge distillation, executable and machine-checked.")
    commands = top.add_subparsers(dest="command", required=True)

    def add(name: str, run: Callable[[argparse.Namespace], tuple[Any, str, int]], text: str, example: str) -> argparse.ArgumentParser:
        command = commands.add_parser(name, help=text, description=text, epilog=f"example: {example}")
        command.add_argument("--json", action="store_true", help="machine-readable output")
        command.set_defaults(run=run)
        return command

    command = add("verify", _verify, "proofs, then every theorem on random instances and real data", "kdtheory verify --data diabetes")
    command.add_argument("--data", action="append", help="bundled name, .npz or .csv; default: the three bundled sets")
    command.add_argument("--instances", type=int, default=24, help="random instances (default 24)")
    command.add_argument("--seed", type=int, default=0, help="seed of the random instances")
    command = add("prove", _prove, "prove one statement, or all", "kdtheory prove theorem-1 --checker sympy --checker z3")
    command.add_argument("theorem", nargs="?", help="a key; default: all")
    command.add_argument("--checker", action="append", help="sympy (default), z3, cvc5, coq; repeatable")
    command.add_argument("--latex", action="store_true", help="print the proof as LaTeX")
    command.add_argument("--coq", action="store_true", help="print the obligations as Coq")
    command.add_argument("--smt2", action="store_true", help="print the obligations as SMT-LIB 2")
    command = add("formula", _formula, "a closed form or a statement", "kdtheory formula lambda-star --format latex")
    command.add_argument("name", help="a closed form (lambda-star, noise-floor, ...) or a theorem key")
    command.add_argument("--format", choices=("sympy", "latex", "python"), default="sympy", help="how to print it")
    command = add("simulate", _simulate, "simulate SGD with distillation on data", "kdtheory simulate --data diabetes --weight 0.5")
    command.add_argument("--data", default="diabetes", help="bundled name, .npz or .csv")
    command.add_argument("--weight", type=float, default=0.0, help="distillation weight lambda")
    command.add_argument("--unbiased", action="store_true", help="centre the teacher's gradient")
    command.add_argument("--step-size", type=float, help="gamma; default 1/(8 Lcal)")
    command.add_argument("--steps", type=int, default=200, help="horizon")
    command.add_argument("--replicates", type=int, default=200, help="independent runs")
    command.add_argument("--seed", type=int, default=0, help="seed")
    add("mutate", _mutate, "wrong theorems and engines, each killed by a named check", "kdtheory mutate --json")
    command = add("weight", _weight, "lambda* from per-sample gradients", "kdtheory weight --student S.npy --teacher T.npy")
    command.add_argument("--student", required=True, help=".npy (n, d), per-sample gradients of the student")
    command.add_argument("--teacher", required=True, help=".npy (n, d), per-sample gradients of the teacher")
    command.add_argument("--criterion", default="unbiased", help="unbiased (default), theorem-1, theorem-2, ...")
    for option in ("step-size", "mu", "L", "Lcal"):
        command.add_argument(f"--{option}", type=float, help="for criteria that need it")
    command.add_argument("--batch-size", type=int, default=1, help="batch size B")
    return top


def _verify(options: argparse.Namespace) -> tuple[Any, str, int]:
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from kdtheory.datasets import BUNDLED
    from kdtheory.report import main_job

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, transient=True, disable=options.json or not sys.stderr.isatty()) as bar:
        task = bar.add_task("start", total=None)
        found = main_job(sources=tuple(options.data or BUNDLED), instances=options.instances, seed=options.seed,
                         tick=lambda text: bar.update(task, description=text))
    lines = ["Proofs"]
    lines += [f"  {row['statement']:24} {row['status']}" for row in found["proofs"]]
    lines += ["", f"Random instances {'':8} number  verified  undecided  violated  largest lhs/rhs"]
    lines += [f"  {row['statement']:24} {row['instances']:5} {row['VERIFIED']:9} {row['UNDECIDED']:10} {row['VIOLATED']:9}  {row['tightest']:.4g}"
              for row in found["random"]]
    lines += ["", f"Real data {'':27} verdict     evidence     lambda     floor      largest lhs/rhs"]
    lines += [f"  {row['data']:14} {row['theorem']:20} {row['status']:10} {row['evidence']:12} {row['weight']:9.4g}  "
              f"{row.get('floor', math.nan):9.4g}  {row['ratio']:.4g}" for row in found["data"]]
    if found["failed"]:
        lines += ["", "NOT as claimed:", *(f"  {text}" for text in found["failed"])]
    else:
        lines += ["", f"All proved, no violation, {found['undecided']} undecided."]
    return found, "\n".join(lines), int(bool(found["failed"]))


def _prove(options: argparse.Namespace) -> tuple[Any, str, int]:
    from kdtheory.proofs import prove
    from kdtheory.theorems import THEOREMS

    names = [options.theorem] if options.theorem else list(THEOREMS)
    proofs = [prove(name, checkers=tuple(options.checker or ("sympy",))) for name in names]
    if options.latex or options.smt2 or options.coq:
        text = "\n\n".join(proof.to_latex() if options.latex else proof.to_smt2() if options.smt2 else proof.to_coq() for proof in proofs)
        return {"text": text}, text, 0
    rows = [{"statement": name, "status": proof.status, "reason": proof.reason} for name, proof in zip(names, proofs, strict=True)]
    text = "\n".join(f"{row['statement']:24} {row['status']:10} {row['reason']}" for row in rows)
    return rows, text, int(any(row["status"] != "PROVED" for row in rows))


def _formula(options: argparse.Namespace) -> tuple[Any, str, int]:
    import sympy as sp

    from kdtheory import symbols as sym
    from kdtheory.closed_forms import NAMES, closed_form
    from kdtheory.errors import unknown_name
    from kdtheory.theorems import THEOREMS

    if options.name in THEOREMS:
        theorem = THEOREMS[options.name]
        text = theorem.latex() if options.format == "latex" else f"{theorem.lhs} {'=' if theorem.kind == 'identity' else '<='} {theorem.rhs}"
        return {"name": options.name, "text": text}, text, 0
    if options.name not in NAMES:
        raise unknown_name("formula", options.name, (*NAMES, *THEOREMS))
    expression = closed_form(options.name)
    text = {"sympy": str, "latex": sym.latex, "python": sp.pycode}[options.format](expression)
    return {"name": options.name, "text": text}, text, 0


def _simulate(options: argparse.Namespace) -> tuple[Any, str, int]:
    from kdtheory.datasets import load
    from kdtheory.rules import DistilledSGD
    from kdtheory.simulation import simulate
    from kdtheory.verdicts import default_start, default_teacher

    problem = load(options.data)
    gamma = options.step_size if options.step_size is not None else 1 / (8 * float(problem.constants.Lcal))
    rule = DistilledSGD(options.weight, unbiased=options.unbiased)
    theta = default_teacher(problem)
    run = simulate(problem, theta, rule, step_size=gamma, x0=default_start(problem, options.seed), steps=options.steps,
                   replicates=options.replicates, seed=options.seed, record_every=max(1, options.steps // 10))
    low, high = run.interval(0.95)
    rows = [{"t": int(t), "sq_distance": float(s), "low": float(a), "high": float(b), "gap": float(f)}
            for t, s, a, b, f in zip(run.steps, run.sq_distance, low, high, run.gap, strict=True)]
    text = "\n".join(f"t = {r['t']:6}  E|x-x*|^2 = {r['sq_distance']:.5g} [{r['low']:.5g}, {r['high']:.5g}]  E f - f* = {r['gap']:.5g}" for r in rows)
    return rows, text, 0


def _mutate(options: argparse.Namespace) -> tuple[Any, str, int]:
    from kdtheory.checks.mutants import score

    outcomes = score()
    rows = [{"mutant": row.name, "killed": row.killed, "by": row.by, "detail": row.detail} for row in outcomes]
    killed = sum(row.killed for row in outcomes)
    lines = [f"{'killed' if row.killed else 'SURVIVED':9} {row.name}  by {row.by}" for row in outcomes]
    return rows, "\n".join([*lines, f"{killed} of {len(rows)} killed"]), int(killed < len(rows))


def _weight(options: argparse.Namespace) -> tuple[Any, str, int]:
    from kdtheory.estimate import lambda_star

    found = lambda_star(options.student, options.teacher, criterion=options.criterion, step_size=options.step_size, mu=options.mu,
                        L=options.L, Lcal=options.Lcal, batch_size=options.batch_size)
    text = f"lambda* = {found.weight:.4g} [{found.low:.4g}, {found.high:.4g}]  N(lambda*)/N(0) = {found.variance_reduction:.4g}\n{found.advice}"
    return found.to_dict(), text, 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake is one line on standard error and exit code 2."""
    options = parser().parse_args(arguments)
    try:
        found, text, code = options.run(options)
    except KdtheoryError as error:
        print(f"kdtheory {options.command}: {error}", file=sys.stderr)
        return 2
    print(json.dumps(_finite(found), indent=1) if options.json else text)
    return code


def _finite(value: Any) -> Any:
    """JSON has no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
