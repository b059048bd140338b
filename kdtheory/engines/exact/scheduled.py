"""Exact moments along a schedule."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.exact.methods import multiplies
from kdtheory.engines.exact.packed import Packed, fits
from kdtheory.engines.exact.varying import Varying
from kdtheory.problems.base import Array
from kdtheory.rules.experiment import Experiment


def varied(made: Experiment, times: np.ndarray) -> Array:
    """Both readings at ``times`` under the experiment's schedule, (T, 2, 1); not finite once a
    moment is not.
    """
    assert made.schedule is not None
    plan = made.schedule
    machine = Varying(made, weighted=plan.weights is not None)
    weights = np.ones((len(plan), 1)) if plan.weights is None else plan.weights
    weights = weights.reshape(len(plan), -1)
    if fits(machine) and multiplies(made.compressor, made.problem.dim):
        found = Packed(machine).run(made.start, plan.step_sizes, weights, times)
        return found[:, :, None]
    m, M = machine.started(made.start)
    read, now = {}, 0
    for time in np.unique(times):
        while now < time:
            m, M = machine.step(m, M, float(plan.step_sizes[now]), weights[now])
            now += 1
        read[int(time)] = machine.read(m, M)
        if not np.isfinite(read[int(time)]).all():
            break
    lost = np.full(2, np.nan)
    return np.array([read.get(int(time), lost) for time in times]).reshape(len(times), 2, 1)
