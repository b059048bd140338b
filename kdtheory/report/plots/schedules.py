"""A schedule as a picture and as a file."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import IO

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

from kdtheory.errors import InvalidInput
from kdtheory.report.plots.style import BOUNDS, RC, TRUTH
from kdtheory.rules.schedule import Schedule
from kdtheory.system.disk import replace_file

STYLES = list(BOUNDS.values())


def check_target(name: str | None, kinds: tuple[str, ...]) -> None:
    """Refuse a file of another kind before any work.

    Raises:
        InvalidInput: a name that ends otherwise.
    """
    if name is not None and Path(name).suffix.lower() not in kinds:
        raise InvalidInput(f"{name!r} must end with {' or '.join(kinds)}. Name the file so.")


def write_schedule(plan: Schedule, name: str) -> None:
    """t, gamma_t, lam_t, SNR_t and the bound at t for every step, as .csv or .json."""
    assert plan.weights is not None and plan.bound is not None and plan.signal_to_noise is not None
    lams = plan.weights.reshape(len(plan), -1)
    heads = ["weight"] if lams.shape[1] == 1 else [f"weight_{j}" for j in range(lams.shape[1])]
    columns = ["t", "step_size", *heads, "signal_to_noise", "bound"]
    table = np.column_stack(
        [np.arange(len(plan)), plan.step_sizes, lams, plan.signal_to_noise, plan.bound[:-1]]
    )

    def csv(file: IO[bytes]) -> None:
        formats = ["%d", *["%.17g"] * (len(columns) - 1)]
        np.savetxt(file, table, delimiter=",", header=",".join(columns), comments="", fmt=formats)

    def as_json(file: IO[bytes]) -> None:
        whole = {
            "step_sizes": plan.step_sizes.tolist(),
            "weights": None if plan.weights is None else plan.weights.tolist(),
            "signal_to_noise": None
            if plan.signal_to_noise is None
            else plan.signal_to_noise.tolist(),
            "bound": None if plan.bound is None else plan.bound.tolist(),
        }
        file.write(json.dumps(whole).encode())

    replace_file(Path(name), as_json if Path(name).suffix.lower() == ".json" else csv)


def draw_schedule(plan: Schedule, *, stop: float) -> Figure:
    """Error, step size and weight against t + 1, on logarithmic axes but for the weight."""
    assert plan.weights is not None and plan.bound is not None
    times = np.arange(1, len(plan) + 1)
    with mpl.rc_context(RC):
        figure = Figure(figsize=(9.6, 3.2), layout="constrained")
        error, gammas, lams = figure.subplots(1, 3)
        error.plot(times, plan.bound[1:], **TRUTH)
        if plan.bound[-1] < stop < 3.0 * plan.bound[0]:  # else it is off the picture
            error.axhline(stop, color="0.5", lw=0.9, ls="--")
            error.annotate("distil above", (1, stop), va="bottom", color="0.35", fontsize=8.5)
        error.set(xscale="log", yscale="log", xlabel="steps made", title="bound on the error")
        positive = np.where(plan.step_sizes > 0.0, plan.step_sizes, np.nan)
        gammas.plot(times, positive, **STYLES[0])
        gammas.set(xscale="log", yscale="log", xlabel="step", title=r"step size $\gamma_t$")
        for j, weight in enumerate(plan.weights.reshape(len(plan), -1).T):
            lams.plot(times, weight, **STYLES[j % len(STYLES)], label=rf"$\lambda_{{{j + 1}}}$")
        lams.set(xscale="log", xlabel="step", title=r"weight $\lambda_t$")
        if plan.weights.ndim == 2:
            lams.legend()
    return figure


def plot_schedule(plan: Schedule, name: str, *, stop: float) -> None:
    """:func:`draw_schedule` as a file; the name's end says which kind.

    Raises:
        InvalidInput: the folder cannot be written to.
    """
    with mpl.rc_context(RC):
        figure = draw_schedule(plan, stop=stop)
        kind = Path(name).suffix.lower().removeprefix(".")
        replace_file(Path(name), partial(figure.savefig, format=kind))
