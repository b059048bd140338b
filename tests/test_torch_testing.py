"""PyTorch parts as an update: the right ones pass in both precisions, wrong ones are named."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

import kdtheory as kd
from kdtheory.testing import Setting, check_update
from kdtheory.testing.drawing import drawn
from kdtheory.torch.testing import as_step


def student(dtype):
    def make(s):
        outputs = getattr(s.problem, "n_outputs", 1)
        return nn.Linear(s.problem.dim // outputs, outputs, bias=False).to(dtype)

    return make


def loss_of(s, scale=1.0):
    """The KD loss of a setting's model, with the teacher's part ``scale`` times the right one."""
    lam = s.weight

    def squared(z, u, y):
        return ((1 - lam) * (z - y).square() + scale * lam * (z - u).square()).sum(1).mean() / 2

    def logistic(z, u, y):
        bce = nn.functional.binary_cross_entropy_with_logits
        return (1 - lam) * bce(z, y) + scale * lam * bce(z, torch.sigmoid(u))

    def softmax(z, u, y):
        ce = nn.functional.cross_entropy
        return (1 - lam) * ce(z, y) + scale * lam * ce(z, torch.softmax(u, 1))

    kinds = {kd.LeastSquares: squared, kd.LogisticRegression: logistic}
    return kinds.get(type(s.problem), softmax)


def settings():
    """Single indices, and pairs."""
    return [*drawn("theorem-1", 25), *drawn("theorem-1", 10, batch_sizes=[2])]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_right_parts_pass(dtype):
    for s in settings():
        check_update(as_step(student(dtype), loss_of(s), torch.optim.SGD, s), s)


def test_wrong_parts_are_named():
    rng = np.random.default_rng(0)
    problem = kd.LeastSquares(rng.standard_normal((6, 3)), rng.standard_normal(6), ridge=0.5)
    s = Setting("theorem-1", problem, [1.0, -1.0, 0.5], [0.5, 2.0, 1.0], 0.0625, 0.5)
    make = student(torch.float64)
    with pytest.raises(AssertionError, match="expected"):
        check_update(as_step(make, loss_of(s, scale=1.1), torch.optim.SGD, s), s)
    with pytest.raises(AssertionError, match="x, expected"):
        decayed = partial(torch.optim.SGD, weight_decay=0.01)
        check_update(as_step(make, loss_of(s), decayed, s), s)
    with pytest.raises(AssertionError, match="differs from the rule"):
        check_update(as_step(make, loss_of(s), torch.optim.Adam, s), s)


def test_what_does_not_fit_is_refused():
    waves = kd.SinusoidalSum([[1.0]], [1.0, 1.0], [[0.5], [-0.5]])
    s = Setting("theorem-2", waves, [0.5], [1.0], 0.01, 0.5)
    with pytest.raises(kd.InvalidInput, match="linear model"):
        as_step(student(torch.float64), loss_of(s), torch.optim.SGD, s)
    s = settings()[0]
    with pytest.raises(kd.InvalidInput, match="parameters"):
        as_step(lambda s: nn.Linear(s.problem.dim + 1, 1), loss_of(s), torch.optim.SGD, s)
