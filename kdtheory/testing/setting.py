"""A statement's whole setting, as one object that prints as code."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.problems import FiniteSum
from kdtheory.problems.base import Array, point, positive_int, real_float
from kdtheory.problems.written import Written
from kdtheory.rules.distilled import Compressor, DistilledSGD
from kdtheory.statements.theorems import theorem_named


@dataclass(frozen=True, eq=False, repr=False, init=False)
class Setting(Written):
    """Everything that a bound speaks of: problem, teacher, step size, weight, a point, the batch.

    Args:
        theorem: a key of ``THEOREMS``.
        problem: a finite sum.
        teacher: theta, (dim,).
        x: a point to step from, (dim,).
        step_size: gamma, in units of x^2/f.
        weight: the distillation weight lam.
        batch_size: indices a step.
        replacement: how a batch is drawn.
        compressor: for the compressed statements, else None.

    Raises:
        InvalidInput: an unknown theorem, points of another dimension, numbers that are none.

    >>> from kdtheory import LeastSquares
    >>> s = Setting("theorem-1", LeastSquares([[1.0]], [0.0], ridge=1.0), [0.5], [1.0], 0.0625, 0.5)
    >>> s.rule.weight, s.step(s.x, 0)
    (0.5, array([0.90625]))
    >>> eval(repr(s)) == s
    True
    """

    theorem: str
    problem: FiniteSum
    teacher: Array
    x: Array
    step_size: float
    weight: float
    batch_size: int = 1
    replacement: bool = True
    compressor: Compressor | None = None

    def __init__(
        self,
        theorem: str,
        problem: FiniteSum,
        teacher: ArrayLike,
        x: ArrayLike,
        step_size: float,
        weight: float,
        batch_size: int = 1,
        replacement: bool = True,
        compressor: Compressor | None = None,
    ) -> None:
        """See the class."""
        for name, value in (
            ("theorem", theorem_named(theorem).name),
            ("problem", problem),
            ("teacher", point(problem, teacher, "teacher")),
            ("x", point(problem, x, "x")),
            ("step_size", real_float(step_size, "step_size")),
            ("weight", real_float(weight, "weight")),
            ("batch_size", positive_int(batch_size, "batch_size")),
            ("replacement", bool(replacement)),
            ("compressor", compressor),
        ):
            object.__setattr__(self, name, value)

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call that makes it; what is as by default is left out."""
        own = (self.theorem, self.problem, self.teacher, self.x, self.step_size, self.weight)
        more = {"batch_size": 1, "replacement": True, "compressor": None}
        return own, {
            name: getattr(self, name) for name in more if getattr(self, name) != more[name]
        }

    @property
    def rule(self) -> DistilledSGD:
        """The statement's update rule with this weight and batch."""
        return DistilledSGD(
            self.weight,
            unbiased=theorem_named(self.theorem).unbiased,
            batch_size=self.batch_size,
            replacement=self.replacement,
            compressor=self.compressor,
        )

    def step(self, x: ArrayLike, n: int | ArrayLike) -> Array:
        """The rule's own step from x (dim,) with index n, or with the batch of indices n (B,),
        before any compression.
        """
        at = point(self.problem, x, "x")
        table = self.rule.control_variates(self.problem, self.teacher)
        direction = (self.problem.gradients(at) - table)[np.atleast_1d(np.asarray(n))]
        result: Array = at - self.step_size * direction.mean(axis=0)
        return result
