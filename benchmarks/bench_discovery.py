"""PEPit's numbers beside ours: the worst case of one step at given numbers, value and time.

PEPit solves the same programme in floats with interpolation conditions of a function class; the
rules here are those whose step is in both.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from fractions import Fraction
from functools import partial
from importlib.util import find_spec
from typing import Any

import numpy as np

from benchmarks.measure import arguments, interleaved, parsed, table
from kdtheory.checks.known_rules import RULES

MU, L, GAMMA = Fraction(1), Fraction(10), Fraction(1, 8)
AT = {"mu": MU, "L": L, "gamma": GAMMA}


def _gradient(pep: Any, operators: Any) -> float:
    """Gradient descent on smooth strongly convex functions."""
    problem = pep.PEP()
    function = problem.declare_function(pep.functions.SmoothStronglyConvexFunction, mu=1, L=10)
    best = function.stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - best) ** 2 <= 1)
    after = start - float(GAMMA) * function.gradient(start)
    problem.set_performance_metric((after - best) ** 2)
    return float(problem.solve(verbose=0))


def _operator(kind: str, **constants: float) -> Callable[[Any, Any], float]:
    def solve(pep: Any, operators: Any) -> float:
        problem = pep.PEP()
        parts = [problem.declare_function(operators.StronglyMonotoneOperator, mu=1)]
        parts.append(problem.declare_function(getattr(operators, kind), **constants))
        start, best = problem.set_initial_point(), pep.Point()
        value, zero = pep.Point(), pep.Point(is_leaf=False, decomposition_dict={})
        for part in parts:
            part.add_point((best, zero, pep.Expression()))
            part.add_point((start, value, pep.Expression()))
        problem.set_initial_condition((start - best) ** 2 <= 1)
        problem.set_performance_metric((start - float(GAMMA) * value - best) ** 2)
        return float(problem.solve(verbose=0))

    return solve


def _proximal(pep: Any, operators: Any) -> float:
    """The resolvent of a strongly monotone operator."""
    problem = pep.PEP()
    part = problem.declare_function(operators.StronglyMonotoneOperator, mu=1)
    best = part.stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - best) ** 2 <= 1)
    steps = importlib.import_module("PEPit.primitive_steps")
    after, _, _ = steps.proximal_step(start, part, float(GAMMA))
    problem.set_performance_metric((after - best) ** 2)
    return float(problem.solve(verbose=0))


def _forward_backward(pep: Any, operators: Any) -> float:
    """Proximal gradient."""
    problem = pep.PEP()
    smooth = problem.declare_function(pep.functions.SmoothStronglyConvexFunction, mu=1, L=10)
    other = problem.declare_function(pep.functions.ConvexFunction)
    best = (smooth + other).stationary_point()
    start = problem.set_initial_point()
    problem.set_initial_condition((start - best) ** 2 <= 1)
    steps = importlib.import_module("PEPit.primitive_steps")
    moved = start - float(GAMMA) * smooth.gradient(start)
    after, _, _ = steps.proximal_step(moved, other, float(GAMMA))
    problem.set_performance_metric((after - best) ** 2)
    return float(problem.solve(verbose=0))


PEERS: dict[str, Callable[[Any, Any], float]] = {
    "gradient descent": _gradient,
    "proximal step": _proximal,
    "proximal gradient": _forward_backward,
    "cocoercive operator": _operator("CocoerciveOperator", beta=0.1),
    "one-point strong convexity, Lipschitz": _operator("LipschitzOperator", L=10),
}


def main() -> None:
    """One line a rule."""
    options = parsed(arguments(__doc__, rounds=5))
    if find_spec("PEPit") is None:
        print("PEPit is not installed: nothing to compare with.")
        return
    pep, operators = (importlib.import_module(name) for name in ("PEPit", "PEPit.operators"))
    importlib.import_module("PEPit.functions")
    rows = []
    for rule in RULES:
        if rule.name not in PEERS:
            continue
        step = rule.step()
        at = {letter.name: AT[letter.name] for letter in step.letters}
        runs = {
            "theirs": partial(PEERS[rule.name], pep, operators),
            "ours": partial(step.worst_case, at, rate=rule.rate),
        }
        times = interleaved(runs, rounds=options.rounds, clock=options.clock)
        low, high = runs["ours"]()
        ms = {name: f"{1e3 * np.median(found):.1f}" for name, found in times.items()}
        interval = f"{float(low):.9f} to {float(high):.9f}"
        theirs = f"{runs['theirs']():.9f}"
        width = f"{float(high - low):.0e}"
        rows.append([rule.name, theirs, ms["theirs"], interval, width, ms["ours"]])
    header = ["rule", "PEPit", "ms", "kdtheory, interval", "width", "ms"]
    table(f"Worst case of one step ({options.clock} time)", header, rows)


if __name__ == "__main__":
    main()
