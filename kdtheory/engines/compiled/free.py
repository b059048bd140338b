"""Linear models under any rule: control variates of any kind, step sizes and weights that change,
terms drawn with probabilities of their own.  One replicate at a time, as ``general``.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from kdtheory.engines.compiled.arguments import Run, Sampling, Steps
from kdtheory.engines.compiled.cache import kernel
from kdtheory.engines.compiled.compress import compress, squeezed
from kdtheory.engines.compiled.draws import draw_batch, draw_terms
from kdtheory.engines.compiled.general import add_rows, move, outputs, respond
from kdtheory.engines.compiled.pieces import affine, distance, summarise
from kdtheory.engines.compiled.plan import Advance, chances_of, key_of, steps_of
from kdtheory.engines.compiled.setting import LinearModel
from kdtheory.engines.simulate.job import Job
from kdtheory.problems.base import Array
from kdtheory.rules.combination import rank_one
from kdtheory.rules.experiment import Experiment


class Model(NamedTuple):
    """Flat rows, what they give at the origin and labels (N, K), coordinates and numbers a row,
    response and ridge, the origin, the minimiser and the eigenvalues/2 as states.
    """

    rows: Array
    offsets: Array
    labels: Array
    columns: int
    width: int
    response: int
    ridge: float
    origin: Array
    centre: Array
    weights: Array


def free_advance(job: Job, setting: LinearModel, code: int, parameter: float) -> Advance:
    """``advance`` of a plan, for any rule."""
    made, problem = job.made, setting.problem
    model = Model(
        setting.rows.reshape(-1),
        setting.offsets,
        np.ascontiguousarray(setting.labels, dtype=np.float64),
        setting.columns,
        setting.width,
        setting.response,
        float(problem.ridge),
        setting.spread_out(setting.origin),
        setting.spread_out(problem.minimiser - setting.origin),
        setting.eigenvalues,
    )
    steps = _steps(made, setting)
    chances = chances_of(made)
    sampling = Sampling(made.batch_size, made.replacement, code, parameter)
    key, replicates = key_of(job.seed), job.replicates

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        run = Run(key, wanted, t0, first, last, replicates)
        free(model, steps, sampling, chances, state.reshape(-1), run, found)

    return advance


def _steps(made: Experiment, setting: LinearModel) -> Steps:
    gammas, weights, parts = steps_of(made)
    m, n, k = len(parts), len(setting.labels), setting.outputs
    size = k * setting.width
    found = [rank_one(setting.problem.features, part.reshape(n, k, -1)) for part in parts]
    known = [pair for pair in found if pair is not None]
    if len(known) == m:
        shares = np.array([pair[0] for pair in known])
        commons = np.array([setting.spread_out(pair[1].reshape(-1)) for pair in known])
        return Steps(gammas, weights, shares, commons, np.empty(0))
    tables = np.zeros((m, n, k, setting.width))
    tables[..., : setting.columns] = setting.turned(parts).reshape(m, n, k, -1)
    return Steps(gammas, weights, np.zeros((m, n, k)), np.zeros((m, size)), tables.reshape(-1))


@kernel
def free(
    model: Any, steps: Any, sampling: Any, chances: Any, state: Any, run: Any, found: Any
) -> None:
    """y <- C(y - gamma_t mean r_n (grad f_n - sum_j lam_tj c^j_n)) for blocks of eight
    replicates.
    """
    key, wanted, t0 = run.key, run.wanted, run.t0
    n, count = model.offsets.shape
    batch, parts = sampling.batch, steps.weights.shape[1]
    width, columns = model.width, model.columns
    padded, size = (count + 7) // 8 * 8, count * width
    later, weighted = int(len(steps.gammas) > 1), int(len(steps.weights) > 1)
    uneven = len(chances.ratios) > 0
    chosen, stamps = np.empty(batch, dtype=np.intp), np.zeros(n + 1, dtype=np.int64)
    z, shift = np.zeros(batch * padded), np.zeros(size)
    commons = steps.commons.reshape(-1)
    squeeze = squeezed(sampling.code, sampling.parameter, count * columns)
    distances, gaps = np.zeros(8 * len(wanted)), np.zeros(8 * len(wanted))
    for block in range(run.first, run.last):
        for k in range(8):
            replicate = block * 8 + k
            base, t = replicate * size, t0
            for record in range(len(wanted)):
                while t < wanted[record]:
                    gamma, at = steps.gammas[t * later], t * weighted
                    mean = 1.0
                    if uneven:
                        draw_terms(chosen, t, replicate, key, chances.thresholds, chances.partners)
                        mean = 0.0
                        for b in range(batch):
                            mean += chances.ratios[chosen[b]] / batch
                    else:
                        draw_batch(chosen, stamps, t, replicate, key, n, sampling.replacement)
                    for b in range(batch):
                        i, place = chosen[b], b * padded
                        scale = -gamma / batch
                        if uneven:
                            scale *= chances.ratios[i]
                        outputs(model.rows, i * width, state, base, width, count, z, place)
                        for c in range(count):
                            z[place + c] += model.offsets[i, c]
                        respond(z, place, count, padded, model.response)
                        for c in range(count):
                            goal = model.labels[i, c]
                            for part in range(parts):
                                goal += steps.weights[at, part] * steps.shares[part, i, c]
                            z[place + c] = (z[place + c] - goal) * scale
                    for j in range(size):
                        shift[j] = -gamma * mean * model.ridge * model.origin[j]
                    for part in range(parts):
                        scale = gamma * mean * steps.weights[at, part]
                        add_rows(shift, 0, size, scale, commons, part * size)
                    affine(state, base, size, 1.0 - gamma * mean * model.ridge, shift)
                    for b in range(batch):
                        i = chosen[b]
                        move(model.rows, i * width, state, base, width, count, z, b * padded)
                        if len(steps.tables) > 0:
                            share = gamma / batch
                            if uneven:
                                share *= chances.ratios[i]
                            for part in range(parts):
                                add_rows(
                                    state,
                                    base,
                                    size,
                                    share * steps.weights[at, part],
                                    steps.tables,
                                    (part * n + i) * size,
                                )
                    compress(squeeze, state, base, (count, columns, width), t, replicate, key)
                    t += 1
                distances[8 * record + k], gaps[8 * record + k] = distance(
                    state, base, size, model.centre, model.weights
                )
        there = min(8, run.replicates - block * 8)
        summarise(found, 0, block, distances, there)
        if len(model.weights):
            summarise(found, 2, block, gaps, there)
