"""Plans for linear models: least squares, logistic and softmax regression.

Where all control variates are c_n = s_n a_n + v, distillation costs nothing: grad f_n(x) - c_n =
(r(a_n.x) - (b_n + s_n)) a_n + ridge x - v.  That structure is looked for, whatever the rule, and
the kernels for it are taken; rows of any other kind, schedules and probabilities have a kernel of
their own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from kdtheory.engines.compiled.arguments import KernelLine, Run, Sampling
from kdtheory.engines.compiled.arrays import outputs_at
from kdtheory.engines.compiled.compress import NONE
from kdtheory.engines.compiled.free import free_advance
from kdtheory.engines.compiled.gaps import evaluation
from kdtheory.engines.compiled.general import general
from kdtheory.engines.compiled.narrow import EIGHT, FOUR, narrow
from kdtheory.engines.compiled.pieces import IDENTITY
from kdtheory.engines.compiled.plan import Advance, KernelPlan, compressor_code, key_of
from kdtheory.engines.compiled.setting import LinearModel, setting_of
from kdtheory.engines.compiled.wide import TWO, wide
from kdtheory.engines.simulate.job import Job
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array
from kdtheory.rules.combination import rank_one
from kdtheory.rules.experiment import Experiment

Along = tuple[Array, Array]  # s (N, K) and v (d,), for c_n = s_n a_n + v


def along_features(made: Experiment, outputs: int) -> Along | None:
    """The structure of the control variates, or None where they are rows of another kind."""
    problem: Any = made.problem
    known = made.combination
    if known is None:
        table = made.control_variates.reshape(problem.n_terms, outputs, -1)
        found = rank_one(problem.features, table)
        return None if found is None else (found[0], found[1].reshape(-1))
    square = isinstance(problem, LeastSquares)
    labels = problem.targets[:, None] if square else problem.labels
    shares, common = np.zeros((problem.n_terms, outputs)), np.zeros(problem.dim)
    for weight, point in zip(known.weights, known.points, strict=True):
        taught = outputs_at(problem, point, outputs)
        shares += weight * ((taught if square else problem.response(taught)) - labels)
        centre = problem.gradient(point) if known.centred else 0.0
        common += weight * (problem.ridge * point - centre)
    return shares, common


def linear_plan(job: Job) -> KernelPlan:
    """The plan: the kernels for c_n = s_n a_n + v, or the free one."""
    made = job.made
    code, parameter = compressor_code(made.compressor, made.problem.dim)
    setting = setting_of(job, code)
    plain = made.schedule is None and made.ratios is None
    along = along_features(made, setting.outputs) if plain else None
    if along is None:
        advance = free_advance(job, setting, code, parameter)
    else:
        advance = _advance(job, setting, along, code, parameter)
    start = setting.spread_out(made.start - setting.origin)
    if not job.gap or setting.axes is not None:
        return KernelPlan(setting.frame, start, advance, None)
    return KernelPlan(setting.frame, start, advance, evaluation(setting, job.replicates))


def _advance(job: Job, setting: LinearModel, along: Along, code: int, parameter: float) -> Advance:
    made, problem = job.made, setting.problem
    gamma, (shares, common) = made.gamma, along
    targets = np.ascontiguousarray(setting.labels + shares)
    offsets = setting.offsets
    if setting.response == IDENTITY:
        offsets, targets = offsets - targets, np.zeros_like(targets)
    shift = setting.spread_out(gamma * (common - problem.ridge * setting.origin))
    middle = setting.spread_out(problem.minimiser - setting.origin)
    flat, key, decay = setting.rows.reshape(-1), key_of(job.seed), 1.0 - gamma * problem.ridge
    columns, width, replicates = setting.columns, setting.width, job.replicates
    sampling = Sampling(made.batch_size, made.replacement, code, parameter)
    whole = KernelLine(
        flat, offsets, targets, gamma, decay, shift, setting.response, setting.eigenvalues
    )
    alone = whole._replace(
        offsets=np.ascontiguousarray(offsets[:, 0]), targets=np.ascontiguousarray(targets[:, 0])
    )
    single = setting.outputs == 1 and made.batch_size == 1 and code == NONE
    vectors = width // 8
    like = (0,) * vectors
    group = (0,) * (8 if vectors <= EIGHT else 4 if vectors <= FOUR else 2 if vectors <= TWO else 1)

    def advance(
        state: Array, wanted: np.ndarray, t0: int, first: int, last: int, found: Array
    ) -> None:
        y, run = state.reshape(-1), Run(key, wanted, t0, first, last, replicates)
        if single and vectors <= FOUR:
            narrow(alone, y, like, group, run, found)
        elif single:
            wide(alone, y, width, group, run, found)
        else:
            general(whole, y, columns, width, middle, sampling, run, found)

    return advance
