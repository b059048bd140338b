"""The picture of a diagnosis: what each weight does to the noise floor."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator

from kdtheory.estimate.criteria import Criterion
from kdtheory.estimate.moments import Moments
from kdtheory.estimate.result import Line
from kdtheory.statements.theorems import THEOREMS

# Forms by line style, settings by marker and colour (grey value): readable without colour.
STYLES = {  # form, whether PL
    ("paper", False): ("--", "^", "#0b5394"),
    ("refined", False): ("--", "v", "#3d85c6"),
    ("paper", True): ("--", "<", "#990000"),
    ("refined", True): ("--", ">", "#e06666"),
    ("sharp", False): ("-.", "D", "#0b5394"),
    ("sharp", True): ("-.", "d", "#990000"),
    ("envelope", False): (":", "P", "#0b5394"),
    ("envelope", True): (":", "X", "#990000"),
}
UNBIASED, HORIZON, ONE_STEP = ("-", "o", "black"), ("-", "*", "#1b8a6b"), ("-", "s", "0.55")
OTHER = (":", "h", "0.4")  # a statement of tomorrow
LOWEST = 1e-6  # what a logarithmic axis shows of a floor of exactly 0
LINEAR_UP_TO = 6.0  # beyond this ratio of heights only a logarithmic axis shows the small ones


def noise_curves(
    lines: Mapping[str, Line], moments: Moments, *, weight: float, beta: float
) -> Figure:
    """N(lambda)/N(0) against lambda.

    Markers are the best weights, horizontal bars their intervals, the vertical line is the weight
    in use.
    """
    # No pyplot: no global state, works without a display.
    figure = Figure(figsize=(7.6, 4.4), layout="constrained")
    axes = figure.add_subplot()
    best = [line.best.weight for line in lines.values()]
    left, right = min(0.0, weight, *best), max(1.0, weight, *best)
    margin = 0.08 * (right - left)
    grid = np.linspace(left - margin, right + margin, 400)
    heights = [1.0]
    # The legend in the order of the curves.
    for name in sorted(lines, key=lambda key: -lines[key].now):
        heights += _curve(axes, name, lines[name], moments, grid)
    axes.axhline(1.0, color="0.6", lw=0.8, zorder=0)
    axes.axvline(weight, color="black", lw=0.9, label=f"in use: $\\lambda$ = {weight:g}")
    axes.set_xlim(grid[0], grid[-1])
    if max(heights) > LINEAR_UP_TO * min(heights):
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda y, _: f"{y:g}"))
        axes.yaxis.set_minor_locator(LogLocator(subs=()))
    else:
        axes.set_ylim(bottom=0.0)
    axes.set_xlabel(r"distillation weight $\lambda$")
    axes.set_ylabel(r"noise floor $N(\lambda)/N(0)$ (plain SGD = 1)")
    numbers = [rf"$\rho$ = {moments.rho:.3g}"] + (
        [rf"$\beta$ = {beta:.3g}"] if np.isfinite(beta) else []
    )
    axes.set_title(", ".join([*numbers, f"n = {moments.n:.0f}"]), fontsize=10)
    figure.legend(loc="outside right upper", fontsize=8, frameon=False, handlelength=3.2)
    return figure


def _curve(axes: Axes, name: str, line: Line, moments: Moments, grid: np.ndarray) -> list[float]:
    """Draw one criterion; the heights it reaches."""
    point = moments.vector(cautious=line.criterion.cautious)
    at_zero = line.criterion.value(0.0, point)
    if at_zero <= 0:
        return []
    curve = np.maximum([line.criterion.value(float(x), point) / at_zero for x in grid], LOWEST)
    style, marker, colour = _style(line.criterion)
    low, high = np.clip([line.best.low, line.best.high], grid[0], grid[-1])
    height = max(line.best.variance_reduction, LOWEST)
    axes.plot(grid, curve, style, color=colour, lw=1.8 if line.criterion.unbiased else 1.3)
    axes.plot(
        [low, high], [height, height], color=colour, lw=4.0, alpha=0.35, solid_capstyle="butt"
    )
    axes.plot(
        [line.best.weight], [height], marker, color=colour, ms=6, mec="white", mew=0.6, zorder=5
    )
    axes.plot(
        [],
        [],
        style,
        marker=marker,
        color=colour,
        ms=5,
        label=f"{name}: $\\lambda^*$ = {line.best.weight:.3g}",
    )
    return [float(curve.min()), float(curve.max())]


def _style(criterion: Criterion) -> tuple[str, str, str]:
    """Line, marker and colour."""
    if criterion.unbiased or criterion.cautious:
        return UNBIASED if criterion.unbiased else HORIZON
    if criterion.name not in THEOREMS:
        return ONE_STEP
    statement = THEOREMS[criterion.name]
    return STYLES.get((statement.form, statement.is_pl), OTHER)
