"""The picture of a diagnosis: what each weight does to the noise floor."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.figure import Figure

if TYPE_CHECKING:
    from kdtheory.estimate.diagnose import Diagnosis


def noise_curves(found: Diagnosis) -> Figure:
    """N(weight)/N(0) on a logarithmic axis; dots are the best weights, bars their intervals, the dashed line the "
    "one in use."""
    figure = Figure(figsize=(7.5, 4.8), layout="constrained")  # no pyplot: no global state, works without a display
    axes = figure.add_subplot()
    best = [line.best.weight for line in found.lines.values()]
    left, right = min(0.0, found.weight, *best), max(1.0, found.weight, *best)
    margin = 0.08 * (right - left)
    grid = np.linspace(left - margin, right + margin, 400)
    point = found.moments.vector()
    for name, line in found.lines.items():
        at_zero = line.criterion.value(0.0, point)
        if at_zero <= 0:
            continue
        curve = np.array([line.criterion.value(float(x), point) for x in grid]) / at_zero
        drawn = axes.plot(grid, np.maximum(curve, 1e-6), label=name, lw=2.2 if name == "unbiased" else 1.3)[0]
        low, high = np.clip([line.best.low, line.best.high], grid[0], grid[-1])
        height = max(line.best.variance_reduction, 1e-6)
        axes.plot([low, high], [height, height], color=drawn.get_color(), lw=3.5, alpha=0.45, solid_capstyle="butt")
        axes.plot([line.best.weight], [height], "o", color=drawn.get_color(), ms=5)
    axes.axhline(1.0, color="0.4", lw=0.8)
    axes.axvline(found.weight, color="black", ls="--", lw=1.0, label=f"in use: λ = {found.weight:g}")
    axes.set_yscale("log")
    axes.set_xlabel("distillation weight λ")
    axes.set_ylabel("noise floor, N(λ)/N(0) (plain SGD = 1)")
    axes.set_title(f"ρ = {found.rho:.3g}, β = {found.beta:.3g}, n = {found.n_samples:.0f}")
    axes.legend(fontsize=8)
    return figure
