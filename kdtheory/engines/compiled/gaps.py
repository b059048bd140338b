"""f - f* of linear models at every replicate."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.compiled.arguments import Loss
from kdtheory.engines.compiled.arrays import eigenvectors, padded
from kdtheory.engines.compiled.pieces import IDENTITY, SOFTMAX
from kdtheory.engines.compiled.plan import Advance
from kdtheory.engines.compiled.setting import LinearModel
from kdtheory.engines.compiled.values import gaps_from, single_sums, softmax_sums
from kdtheory.problems.base import Array


def evaluation(setting: LinearModel, replicates: int) -> Advance:
    """For least squares |F (x - x*)|^2 / 2 with F^T F = H, else the mean of the losses over all
    rows.
    """
    problem, rows, origin, offsets = (
        setting.problem,
        setting.rows,
        setting.origin,
        setting.offsets,
    )
    columns, width, response = setting.columns, setting.width, setting.response
    linear, constant, ridge, scale = (
        setting.spread_out(np.zeros(problem.dim)),
        problem.minimum,
        problem.ridge,
        1.0 / problem.n_terms,
    )
    moved, outputs = setting.spread_out(origin), offsets.shape[1]
    if response == IDENTITY:
        values, axes = eigenvectors(problem)
        factor = np.sqrt(np.maximum(values, 0.0))[:, None] * axes.T
        line, constant, ridge, scale = factor @ (origin - problem.minimiser), 0.0, 0.0, 0.5
        rows = padded(factor, eights=True)
    else:
        linear = setting.spread_out((problem.labels.T @ problem.features / problem.n_terms).ravel())
        constant += float((problem.labels * offsets).sum()) / problem.n_terms
        line = np.ascontiguousarray(offsets[:, 0])
    flat = rows.reshape(-1)
    sums = np.empty(-(-replicates // 8) * 8)
    loss = Loss(float(scale), linear, float(ridge), moved, float(constant))
    size = width * outputs

    def evaluate(state: Array, first: int, last: int, found: Array, record: int) -> None:
        y, blocks = state.reshape(-1), (first, last)
        if response == SOFTMAX:
            softmax_sums(flat, offsets, columns, width, y, blocks, sums)
        else:
            single_sums(flat, line, columns, width, y, response, blocks, sums)
        gaps_from(sums, loss, y, size, blocks, replicates, found, record)

    return evaluate
