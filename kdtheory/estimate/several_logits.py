"""Several teachers of one linear layer, from their logits: the centred products that
``estimate.several`` solves with, no gradient formed.

<r_n a_n^T, s_n a_n^T> = <r_n, s_n>|a_n|^2 and <r_n a_n^T, h> = <r_n h, a_n>, for every pair.
"""

from __future__ import annotations

from collections.abc import Sequence
from os import PathLike
from typing import Any

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.estimate.criteria import Criterion
from kdtheory.estimate.layer_inputs import GradientSum, Inputs, inputs_of
from kdtheory.estimate.residuals import Residuals, open_residuals
from kdtheory.estimate.several import WeightsEstimate, estimate_of_several
from kdtheory.estimate.several_products import Products
from kdtheory.estimate.topk import TopK


def weights_from_logits(
    student: Any,
    teachers: Sequence[Any],
    labels: Any,
    features: Any,
    *,
    loss: str,
    ignore_index: int,
    rule: Criterion,
    confidence: float,
) -> WeightsEstimate:
    """A weight for each of the teachers' logits, as ``lambda_star`` finds from the gradients r_n
    a_n^T.

    Raises InvalidInput.
    """
    if features is None or any(isinstance(one, TopK) for one in teachers):
        raise InvalidInput(
            "Several teachers need features (n, d) and all logits: their mean gradients mix."
        )
    pairs = [
        open_residuals(student, one, labels, loss, ignore_index=ignore_index) for one in teachers
    ]
    products = _products(pairs, inputs_of(features, pairs[0]))
    return estimate_of_several(products, rule, confidence, "teacher")


def _products(pairs: Sequence[Residuals], inputs: Inputs) -> Products:
    m, n = len(pairs), pairs[0].n
    shape = pairs[0].outputs, inputs.width
    sums = [GradientSum(shape) for _ in range(m + 1)]
    for blocks in zip(*(pair.blocks() for pair in pairs), strict=True):
        _, rows, r, _ = blocks[0]
        a = inputs.take(rows)
        for total, values in zip(sums, (r, *(s for *_, s in blocks)), strict=True):
            total.add(values, a)
    inputs.rows.check_unchanged()
    g, *rest = (one.total() / n for one in sums)
    h = np.stack(rest)
    means = np.einsum("jkd,lkd->jl", h, h)
    found = Products(np.empty(n), np.empty((m, n)), np.empty((m, m, n)), np.empty((m, m, n)), means)
    mixed = np.einsum("kd,jkd->j", g, h)
    for blocks in zip(*(pair.blocks() for pair in pairs), strict=True):
        place, rows, r, _ = blocks[0]
        a, s = inputs.take(rows), np.stack([block[3] for block in blocks])
        size = np.einsum("id,id->i", a, a)
        rg = np.einsum("id,id->i", r @ g, a)
        rh = np.stack([np.einsum("id,id->i", r @ mean, a) for mean in h])
        sg = np.stack([np.einsum("id,id->i", one @ g, a) for one in s])
        # [j, k]: the mean of teacher j along the gradients of teacher k
        sh = np.stack([[np.einsum("id,id->i", one @ mean, a) for one in s] for mean in h])
        found.student[place] = (
            np.einsum("ik,ik->i", r, r) * size - 2.0 * rg + float(np.vdot(g, g))
        ).clip(0.0)
        found.cross[:, place] = np.einsum("ik,jik->ji", r, s) * size - rh - sg + mixed[:, None]
        found.teachers[:, :, place] = (
            np.einsum("jik,lik->jli", s, s) * size - sh - sh.transpose(1, 0, 2) + means[:, :, None]
        )
        found.along[:, :, place] = sh - means[:, :, None]
    return found


def several_logits(student: Any, teacher: Any) -> list[Any] | None:
    """The teachers of a list of paths or arrays, or of an array with one dimension more than the
    student's; None for one teacher.
    """
    listed = isinstance(teacher, (list, tuple)) and len(teacher) > 0
    if listed and isinstance(teacher[0], (str, PathLike)):
        return list(teacher)
    depth = 1 + np.ndim(teacher[0]) if listed else getattr(teacher, "ndim", 0)
    own = 2 if isinstance(student, (str, PathLike)) else np.ndim(student)
    return list(teacher) if depth == own + 1 else None
