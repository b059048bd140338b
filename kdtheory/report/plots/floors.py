"""(b) The noise floor against lambda: each bound's and the true one, their minima, and common
defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from kdtheory.bounds.curves import floor_of
from kdtheory.bounds.letters import complete, letters_for
from kdtheory.engines.exact import stationary
from kdtheory.engines.simulate.simulation import simulate
from kdtheory.problems.base import Array
from kdtheory.report.plots.setting import Scene, setting_of, tex
from kdtheory.report.plots.style import BOUNDS, FORMATS, RC, TRUTH, Picture, save
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.statements.theorems import THEOREMS, ladder

# Kd_ratio of torchtune, DistillKit and modelopt (0.5), and common choices in papers.
DEFAULTS = (0.5, 0.7, 0.9)
WEIGHTS = np.linspace(-0.1, 1.1, 241)
REPLICATES = 20


def floor_curve(case: Scene, key: str, weights: Array) -> Array:
    """The statement's floor at every weight, from one set of letters."""
    theorem = THEOREMS[key]
    made = experiment(case.problem, case.theta, DistilledSGD(), step_size=case.gamma)
    letters = letters_for(made, theorem)
    del letters["noise_sq"]  # that of a single weight
    return np.array(
        [floor_of(theorem, complete(theorem, letters | {"lam": float(lam)})) for lam in weights]
    )


def true_floor(
    case: Scene, weight: float, *, unbiased: bool, seed: int
) -> tuple[float, float, float]:
    """The stationary state and its 95 % interval: exact, or simulated.

    A simulation starts at x* + lam (theta - x*), the centre that least squares would have, and runs
    for 8/(gamma mu) steps.
    """
    rule = DistilledSGD(weight, unbiased=unbiased)
    if case.closed:
        value = stationary(case.problem, case.theta, rule, step_size=case.gamma).sq_distance
        return value, value, value
    best = case.problem.minimiser
    x0 = best if unbiased else best + weight * (case.theta - best)
    run = simulate(
        case.problem,
        case.theta,
        rule,
        step_size=case.gamma,
        x0=x0,
        steps=case.simulated_steps,
        replicates=REPLICATES,
        seed=seed,
        record_every=case.simulated_steps,
    )
    mean, low, high = (float(part[-1]) for part in case.seen(run))
    return mean, low, high


def _panel(axes: Axes, case: Scene, family: str, seed: int) -> str:
    """Draw one half; what is seen of its minima."""
    minima = []
    unbiased = THEOREMS[family].unbiased
    for statement in ladder(THEOREMS[family]):
        key, label, look = statement.name, statement.form, BOUNDS[statement.form]
        axes.semilogy(WEIGHTS, floor_curve(case, key, WEIGHTS), label=f"{label} bound", **look)
        best = case.weight(key)
        least = floor_curve(case, key, np.array([best]))
        minima.append(f"{label} {float(least[0]):.3g} at {best:.3g}")
        face = look["color"] if label == "paper" else "white"
        axes.semilogy([best], least, "v", color=look["color"], mfc=face, ms=6.5, zorder=5)
    star = case.weight(family)
    if case.closed:
        # A quadratic in lam: its values at three weights give all others.
        at = [true_floor(case, lam, unbiased=unbiased, seed=seed)[0] for lam in (-1.0, 0.0, 1.0)]
        square, slope = (at[0] + at[2]) / 2 - at[1], (at[2] - at[0]) / 2
        axes.semilogy(
            WEIGHTS, square * WEIGHTS**2 + slope * WEIGHTS + at[1], label="true, exact", **TRUTH
        )
        degree = -slope / (2 * square)
        lowest = true_floor(case, degree, unbiased=unbiased, seed=seed)[0]
        axes.semilogy([degree], [lowest], "*", color="black", ms=11, zorder=6)
        marks = rf"$\lambda^{{\ast}}={tex(star)}$, $\lambda^\circ={tex(degree)}$"
        truth = f"the truth is least, {lowest:.3g}, at {degree:.3g}"
    else:
        lams = sorted({0.0, *DEFAULTS, round(star, 6)})
        seen = np.array([true_floor(case, lam, unbiased=unbiased, seed=seed) for lam in lams])
        low = np.minimum(seen[:, 0] - seen[:, 1], 0.95 * seen[:, 0])
        bars = [low, seen[:, 2] - seen[:, 0]]
        look = {"marker": "o", "ms": 4, "capsize": 2.5, **TRUTH}
        axes.errorbar(lams, seen[:, 0], yerr=bars, label="true, simulated, 95 %", **look)
        marks = rf"$\lambda^{{\ast}}={tex(star)}$"
        low_at = int(seen[:, 0].argmin())
        truth = f"of those simulated the least, {seen[low_at, 0]:.3g}, is at {lams[low_at]:.3g}"
    for lam in DEFAULTS:
        axes.axvline(lam, color="0.35", lw=0.9, ls=(0, (2, 2)), zorder=0)
    axes.grid(visible=False, axis="x")
    ticks = (0, 0.25, *DEFAULTS)
    axes.set_xticks(ticks, [f"{lam:g}" for lam in ticks])
    kind = "unbiased" if unbiased else "biased"
    axes.set_title(f"{kind}, {marks}")
    axes.set_xlabel(r"distillation weight $\lambda$")
    return f"{kind}: minima of the bounds: {', '.join(minima)}; {truth}"


def draw_floors(
    source: str,
    folder: Path,
    seed: int = 0,
    name: str | None = None,
    formats: Sequence[str] = FORMATS,
) -> Picture:
    """The picture of one source, biased beside unbiased, written to ``folder`` as
    ``name``-floors.
    """
    case = setting_of(source, seed)
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(7.2, 3.7), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        seen = [_panel(left, case, case.paper, seed), _panel(right, case, case.unbiased, seed)]
        left.set_ylabel(rf"{case.state}, $t\to\infty$")
        handles, _ = left.get_legend_handles_labels()
        triangle = {"color": "0.2", "marker": "v", "ls": "", "mfc": "white"}
        star = {"color": "black", "marker": "*", "ms": 10, "ls": ""}
        dashes = {"color": "0.35", "lw": 0.9, "ls": (0, (2, 2))}
        handles += [
            Line2D([], [], label=label, **look)
            for label, look in (
                (r"$\lambda^{\ast}$ of each bound", triangle),
                *(((r"$\lambda^\circ$, the true minimum", star),) if case.closed else ()),
                ("common defaults 0.5, 0.7, 0.9", dashes),
            )
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=4, handlelength=3)
        figure.suptitle(case.title, fontsize=10.5)
        paths = save(figure, folder, f"{name or case.name}-floors", formats)
    caption = (
        "Where the error settles, against the distillation weight: what each bound says"
        " (coloured, its minimum marked) and what is true (black). Dotted: weights that people"
        " copy."
    )
    return Picture(paths, f"{case.name}. {caption}", "; ".join(seen) + ".")
