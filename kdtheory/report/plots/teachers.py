"""(c) How much noise a teacher can remove, against how good it is: the law min(gamma, O(f(theta) -
f*)) on log axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure

from kdtheory.bounds.constants import constants_for, evaluate
from kdtheory.engines.exact import stationary
from kdtheory.evidence.starts import default_start
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.problems.teacher import gap_at, teacher_statistics
from kdtheory.report.plots.setting import Scene, setting_of
from kdtheory.report.plots.style import FORMATS, RC, Picture, save
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.closed_forms import closed_form
from kdtheory.statements.theorems import THEOREMS

DECADES = 6.0  # from the start's gap down by this many powers of ten
COUNT = 25


def teachers(case: Scene, seed: int) -> list[Array]:
    """Teachers of growing quality: ``COUNT`` points on the path of gradient descent, gaps spread on
    a log axis.
    """
    problem, theta = case.problem, default_start(case.problem, seed)
    step = 1.0 / float(problem.constants.L)
    first = gap_at(problem, theta)
    found = [theta]
    goals = list(first * 10.0 ** -np.linspace(0.0, DECADES, COUNT)[1:])
    for _ in range(100_000):
        ahead = theta - step * problem.gradient(theta)
        while goals and gap_at(problem, ahead) <= goals[0]:
            found.append(between(problem, theta, ahead, goals.pop(0)))
        if not goals:
            break
        theta = ahead
    return found


def between(problem: FiniteSum, above: Array, below: Array, goal: float) -> Array:
    """A point of the segment whose gap is ``goal``, between an end whose gap is larger and one
    whose gap is not.
    """
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (
            (middle, high)
            if gap_at(problem, above + middle * (below - above)) > goal
            else (low, middle)
        )
    return above + high * (below - above)


def reductions(case: Scene, theta: Array) -> dict[str, float]:
    """f(theta) - f*, and the share of the noise that is left at the best weight: bounds', and the
    truth where exact.
    """
    seen = teacher_statistics(case.problem, theta)
    kappa = next(iter(THEOREMS[case.paper].definitions.values()))
    known = constants_for(case.problem, THEOREMS[case.paper]) | {"gamma": case.gamma}
    letters = {"rho": seen.rho, "B": 1.0, "kappa": evaluate(kappa, known)}
    share = closed_form("variance-reduction")
    found = {
        "gap": seen.gap,
        "biased": evaluate(share, letters | {"beta": seen.beta}),
        "unbiased": evaluate(share, letters | {"beta": 0.0}),
    }
    if case.closed:

        def floor(weight: float, unbiased: bool) -> float:
            rule = DistilledSGD(weight, unbiased=unbiased)
            return stationary(case.problem, theta, rule, step_size=case.gamma).sq_distance

        plain = floor(0.0, False)
        best = evaluate(closed_form("floor-exact"), {"S0": plain, "D_sq": seen.distance_sq})
        found |= {"biased, exact": best / plain}
        ends = [floor(lam, True) for lam in (-1.0, 1.0)]
        square, slope = (ends[0] + ends[1]) / 2 - plain, (ends[1] - ends[0]) / 2
        found |= {
            "unbiased, exact": floor(-slope / (2 * square), True) / plain if square > 0 else 1.0
        }
    return found


LOOKS: dict[str, tuple[str, dict[str, Any]]] = {
    "biased": (
        r"paper, biased: $N(\lambda^{\ast})/N(0)$",
        {"color": "#0b5fa5", "ls": (0, (6, 2)), "marker": "s"},
    ),
    "biased, exact": (
        r"true, biased: $S(\lambda^\circ)/S_0$",
        {"color": "black", "ls": "-", "marker": "o"},
    ),
    "unbiased": (
        r"paper, unbiased: $1-\rho^2$",
        {"color": "#c0501a", "ls": (0, (6, 2, 1, 2)), "marker": "^"},
    ),
    "unbiased, exact": ("true, unbiased", {"color": "0.5", "ls": "-", "marker": "v"}),
}


def draw_teachers(
    source: str,
    folder: Path,
    seed: int = 0,
    name: str | None = None,
    formats: Sequence[str] = FORMATS,
) -> Picture:
    """The picture of one source, written to ``folder`` as ``name``-teachers."""
    case = setting_of(source, seed)
    rows = [reductions(case, theta) for theta in teachers(case, seed)]
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(5.6, 3.7), layout="constrained")
        axes = figure.add_subplot()
        gaps = np.array([row["gap"] for row in rows])
        for key, (label, look) in LOOKS.items():
            if key in rows[0]:
                shares = [row[key] for row in rows]
                axes.loglog(gaps, shares, label=label, lw=1.4, ms=4.5, mfc="white", **look)
        axes.axhline(1.0, color="0.7", lw=0.8)
        axes.invert_xaxis()  # better teachers to the right
        axes.set_xlabel(
            r"teacher's suboptimality $f(\theta)-f^{\ast}$ (better teachers to the right)"
        )
        axes.set_ylabel("noise left at the best weight")
        axes.legend(loc="lower left")
        axes.set_title(case.title)
        paths = save(figure, folder, f"{name or case.name}-teachers", formats)
    caption = (
        "How much of the noise is left at the best weight, against how good the teacher is (better"
        " to the right)."
    )
    seen = "; ".join(
        f"{LOOKS[key][0].split(':')[0]}: {rows[0][key]:.2g} with the worst teacher,"
        f" {rows[-1][key]:.2g} with the best"
        for key in LOOKS
        if key in rows[0]
    )
    return Picture(paths, f"{case.name}. {caption}", seen + ".")
