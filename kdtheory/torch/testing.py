"""A PyTorch student, loss and optimiser as an update that ``kdtheory.testing`` can check."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares, LogisticRegression, SoftmaxRegression
from kdtheory.problems.base import Array
from kdtheory.testing.setting import Setting

Loss = Callable[[Tensor, Tensor, Tensor], Tensor]


def as_step(
    make_student: Callable[[Setting], nn.Module],
    loss: Loss,
    optimiser: Callable[..., torch.optim.Optimizer],
    setting: Setting,
) -> Callable[[Array, Any], np.ndarray]:
    """``step(x, n)`` for :func:`kdtheory.testing.check_update`, made of real PyTorch parts.

    Every call loads x into a fresh student, computes the loss on sample n (or on the batch n), goes
    back, and lets the optimiser step once.  The teacher is the same module with the setting's
    teacher as parameters.  The problem's ridge is a squared loss on the parameters and is distilled
    like every other: lam of it pulls to the teacher's.

    Args:
        make_student: a setting -> a module whose parameters, in order and row-major, are x; it maps
            rows of features (B, d) to outputs (B, K).
        loss: ``loss(student_outputs, teacher_outputs, labels)`` -> a number, a mean over the batch;
            labels (B,) class numbers where all are hard (softmax), else targets (B, K).
        optimiser: called as ``optimiser(parameters, lr=setting.step_size)``.
        setting: least squares, logistic or softmax regression.

    Raises:
        InvalidInput: another class of problems; a student with another number of parameters.
    """
    problem = setting.problem
    if not isinstance(problem, LeastSquares | LogisticRegression | SoftmaxRegression):
        raise InvalidInput(
            f"as_step needs a linear model's data, got {type(problem).__name__}. Write step(x, n)"
            " yourself."
        )
    student = make_student(setting)
    count = sum(parameter.numel() for parameter in student.parameters())
    if count != problem.dim:
        raise InvalidInput(
            f"make_student gives {count} parameters, but the problem has dimension {problem.dim}."
            " A linear layer without bias has the right ones."
        )
    like = next(student.parameters())
    teacher = copy.deepcopy(student)
    _load(teacher, setting.teacher)
    pull = torch.tensor(setting.teacher, dtype=like.dtype)
    features = torch.tensor(problem.features, dtype=like.dtype)
    labels = _labels(problem, like.dtype)

    def step(x: Array, n: Any) -> np.ndarray:
        model = copy.deepcopy(student)
        _load(model, x)
        chosen = torch.tensor(np.atleast_1d(np.asarray(n)))
        rows = features[chosen]
        with torch.no_grad():
            taught = teacher(rows)
        own = loss(model(rows), taught, labels[chosen])
        at = nn.utils.parameters_to_vector(model.parameters())
        lam, ridge = setting.weight, problem.ridge / 2
        penalty = ridge * ((1 - lam) * at.square().sum() + lam * (at - pull).square().sum())
        engine = optimiser(model.parameters(), lr=setting.step_size)
        (own + penalty).backward()
        engine.step()
        return nn.utils.parameters_to_vector(model.parameters()).detach().numpy()

    return step


def _load(module: nn.Module, values: Array) -> None:
    vector = torch.tensor(values, dtype=next(module.parameters()).dtype)
    nn.utils.vector_to_parameters(vector, module.parameters())


def _labels(problem: Any, dtype: torch.dtype) -> Tensor:
    """What the loss is given, a row a sample."""
    if isinstance(problem, LeastSquares):
        return torch.tensor(problem.targets[:, None], dtype=dtype)
    given = problem.given_labels()
    if given.dtype.kind in "iu":
        return torch.tensor(given)
    return torch.tensor(problem.labels, dtype=dtype)
