"""(a) Error curves: the truth, exact or simulated, under the paper's bound and ours, until the
floors show.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kdtheory.engines.exact import expected
from kdtheory.engines.simulate.simulation import simulate
from kdtheory.evidence.starts import default_start
from kdtheory.problems.base import Array
from kdtheory.report.plots.setting import Scene, setting_of, tex
from kdtheory.report.plots.style import BOUNDS, FORMATS, RC, SGD, TRUTH, Picture, save
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.statements.theorems import THEOREMS, ladder

REPLICATES = 40
# times recorded in each stage of a simulated curve; stages are 6 times as long as the ones before
PER_STAGE = 36


@dataclass(frozen=True)
class Truth:
    """The state at ``times`` (T,), with a 95 % interval where it is simulated."""

    times: np.ndarray
    mean: Array
    low: Array | None = None
    high: Array | None = None


def log_times(last: int, count: int) -> np.ndarray:
    """About ``count`` whole numbers from 1 to ``last``, evenly spread on a log axis."""
    return np.unique(np.round(np.geomspace(1, last, count)).astype(int))


def truth(case: Scene, rule: DistilledSGD, x0: Array, seed: int) -> Truth:
    """Exact moments where they exist, else a simulation recorded at times that thin out."""
    if case.closed:
        times = log_times(case.steps, 60)
        run = expected(
            case.problem, case.theta, rule, step_size=case.gamma, x0=x0, steps=case.steps, at=times
        )
        return Truth(times, run.gap if case.gap else run.sq_distance)
    # The same seed gives the same runs: a shorter simulation is the beginning of a longer one,
    # recorded more often.
    parts: list[list[Array]] = []
    seen, length = 0, PER_STAGE
    while seen < case.simulated_steps:
        length = min(length, case.simulated_steps)
        run_ = simulate(
            case.problem,
            case.theta,
            rule,
            step_size=case.gamma,
            x0=x0,
            steps=length,
            replicates=REPLICATES,
            seed=seed,
            record_every=max(1, length // PER_STAGE),
        )
        keep = run_.steps > seen
        parts.append([part[keep] for part in (run_.steps, *case.seen(run_))])
        seen, length = length, 6 * length
    times, mean, low, high = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Truth(times, mean, low, high)


def _panel(axes: Axes, case: Scene, family: str, x0: Array, plain: Truth, seed: int) -> str:
    """Draw one half; what is seen at its end."""
    ends = {}
    statement = THEOREMS[family]
    weight = case.weight(family)
    axes.loglog(
        plain.times, plain.mean, label="SGD, " + ("exact" if case.closed else "simulated"), **SGD
    )
    times = log_times(case.steps, 200)
    for other in ladder(statement):
        curve = case.bound(other.name, weight, x0)
        axes.loglog(times, curve[times], label=f"{other.form} bound", **BOUNDS[other.form])
        ends[other.form] = float(curve[times[-1]])
    seen = truth(case, DistilledSGD(weight, unbiased=statement.unbiased), x0, seed)
    label = "KD, " + ("exact" if case.closed else "simulated, 95 %")
    axes.loglog(seen.times, seen.mean, label=label, **TRUTH)
    if seen.low is not None and seen.high is not None:
        axes.fill_between(
            seen.times, np.maximum(seen.low, seen.mean / 100), seen.high, color="0.8", lw=0
        )
    if case.closed and not statement.is_pl and not statement.unbiased:
        law = case.bound("exact-quadratic", weight, x0)
        marks = log_times(case.steps, 14)
        look = {"zorder": 5, "mfc": "white", "mec": "black", "ms": 4.5}
        axes.loglog(marks, law[marks], "o", **look, label="KD, exact law")
    kind = "unbiased" if statement.unbiased else "biased"
    axes.set_title(rf"{kind}, $\lambda=\lambda^{{\ast}}={tex(weight)}$")
    axes.set_xlabel("step $t$")
    axes.set_xlim(1, case.steps)
    bounds = ", ".join(f"{label} {value:.3g}" for label, value in ends.items())
    return (
        f"{kind}, weight {weight:.3g}: distilled SGD ends at {seen.mean[-1]:.3g} and plain SGD at"
        f" {plain.mean[-1]:.3g}; the bounds end at {bounds}"
    )


def draw_curves(
    source: str,
    folder: Path,
    seed: int = 0,
    name: str | None = None,
    formats: Sequence[str] = FORMATS,
) -> Picture:
    """The picture of one source, biased beside unbiased, written to ``folder`` as
    ``name``-curves.
    """
    case = setting_of(source, seed)
    x0 = default_start(case.problem, seed)
    with matplotlib.rc_context(RC):
        figure = Figure(figsize=(7.2, 3.5), layout="constrained")
        left, right = figure.subplots(1, 2, sharey=True)
        plain = truth(case, DistilledSGD(0.0), x0, seed)
        seen = [
            _panel(left, case, case.paper, x0, plain, seed),
            _panel(right, case, case.unbiased, x0, plain, seed),
        ]
        left.set_ylabel(case.state)
        left.legend(loc="lower left", handlelength=3.2)
        figure.suptitle(case.title, fontsize=10.5)
        paths = save(figure, folder, f"{name or case.name}-curves", formats)
    caption = (
        "Error against the number of steps, on log axes: the iterates (black) under the bounds"
        " that were claimed for them (coloured), until all have settled at their floors."
    )
    return Picture(paths, f"{case.name}. {caption}", "; ".join(seen) + ".")
