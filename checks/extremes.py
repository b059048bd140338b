"""Float verdicts on extreme least squares against exact arithmetic: no false alarm, no false pass.

Badly scaled features, problems without noise, teachers and starts at x* or 10^4 away, weights that
cancel the noise, units far from 1; true statements, and the same with their constant divided by
1000.  Every case is asked twice, with ``method="exact"`` (which goes on to exact arithmetic by
itself where floats cannot tell) and with ``method="rational"``.

``python -m kdtheory.checks.extremes --cases 20000`` prints the counts; ``--first`` goes on where
another run ended.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import sympy as sp

import kdtheory as kd
from kdtheory.algebra import symbols as sym
from kdtheory.bounds.values import default_step_size
from kdtheory.errors import KdtheoryError
from kdtheory.evidence.verdict import Verdict

KEYS = tuple(
    name
    for name, theorem in kd.THEOREMS.items()
    if theorem.psi is not None and not theorem.compresses
) + tuple(name for name, theorem in kd.THEOREMS.items() if theorem.is_law)


def smaller(theorem: kd.Theorem) -> kd.Theorem:
    """The statement with its constant divided by 1000."""
    assert theorem.psi is not None
    constant = theorem.psi.subs(sym.s, 0)
    return replace(theorem, psi=theorem.psi - sp.Rational(999, 1000) * constant)


def case(number: int) -> tuple[Any, Any, dict[str, Any]]:
    """Problem, teacher and arguments of :func:`kdtheory.verify`; the same for a number always."""
    rng = np.random.default_rng(number)
    n, d = int(rng.integers(2, 7)), int(rng.integers(1, 4))
    features = rng.standard_normal((n, d)) * 10.0 ** (
        -rng.choice([0.0, 0.0, 1.0, 2.0, 2.5]) * np.arange(d)
    )
    features *= 10.0 ** rng.choice([-3.0, 0.0, 0.0, 3.0])
    truth = rng.standard_normal(d)
    noise = rng.choice([0.0, 1e-5, 1.0, 1.0])
    targets = features @ truth + noise * rng.standard_normal(n)
    problem = kd.LeastSquares(features, targets, ridge=float(rng.choice([0.0, 1e-10, 0.1])))
    best, away = problem.minimiser, rng.standard_normal(d)
    theta = best + float(rng.choice([0.0, 1e-8, 0.1, 1.0])) * rng.standard_normal(d)
    distance = float(rng.choice([0.0, 1e-8, 1.0, 1e4]))
    key = KEYS[number % len(KEYS)]
    theorem: Any = kd.THEOREMS[key]
    if rng.random() < 0.25 and theorem.psi is not None:
        theorem = smaller(theorem)
    weight = [None, 0.0, 1.0, 1.0 - 1e-9][int(rng.integers(4))]
    steps = int(rng.choice([1, 5, 14, 40]))
    arguments = {"theorem": theorem, "weight": weight, "steps": steps, "x0": best + distance * away}
    return problem, theta, arguments


def asked(number: int) -> tuple[str, Verdict | None, Verdict | None]:
    """What came out, "agreed", "open", "left out", "FALSE VIOLATED" or "FALSE VERIFIED"."""
    problem, theta, arguments = case(number)
    theorem = arguments["theorem"]
    try:
        gamma = default_step_size(problem, theorem)
        arguments["step_size"] = gamma * (1.0 - 2.0**-30)
        if arguments["weight"] is None:
            criterion: Any = "exact" if theorem.psi is None else theorem
            arguments["weight"] = kd.optimal_weight(
                problem, theta, step_size=arguments["step_size"], criterion=criterion
            )
        seen = kd.verify(problem, theta, method="exact", **arguments)
    except KdtheoryError:
        return "left out", None, None
    if seen.status == "UNDECIDED":
        return "open", seen, None
    try:
        true = kd.verify(problem, theta, method="rational", **arguments)
    except KdtheoryError:  # constants that cannot be certified: nothing to compare with
        return "left out", seen, None
    if true.status == "UNDECIDED" or true.status == seen.status:
        return "agreed" if true.status == seen.status else "left out", seen, true
    return f"FALSE {seen.status}", seen, true


def run(first: int, cases: int, *, show: bool = False) -> Counter[str]:
    """The counts over cases ``first``, ..., ``first + cases - 1``."""
    counts: Counter[str] = Counter()
    for number in range(first, first + cases):
        found, seen, true = asked(number)
        counts[found] += 1
        if seen is not None:
            counts[f"{seen.status} by {seen.evidence}"] += 1
        if show and found.startswith("FALSE"):
            print(number, found, seen, true, sep="\n  ")
        if show and (number - first) % 1000 == 999:
            print(number + 1, dict(counts), flush=True)
    return counts


def main(given: Sequence[str] | None = None) -> int:
    """The counts; exit code 1 where a verdict of floats was false."""
    options = argparse.ArgumentParser(
        prog="python -m kdtheory.checks.extremes",
        description=__doc__.splitlines()[0] if __doc__ else None,
    )
    options.add_argument("--cases", type=int, default=20_000)
    options.add_argument("--first", type=int, default=0)
    wanted = options.parse_args(given)
    counts = run(wanted.first, wanted.cases, show=True)
    print(dict(counts))
    return int(any(name.startswith("FALSE") for name in counts))


if __name__ == "__main__":
    raise SystemExit(main())
