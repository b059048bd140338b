"""One experiment: problem, teacher, rule, step sizes and start, checked once; every engine takes
it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, FiniteSum, point, positive_float
from kdtheory.problems.teacher import teachers
from kdtheory.rules.combination import Combination
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.importance import check_sampling, known_combination
from kdtheory.rules.protocol import (
    Compressor,
    Rule,
    batch_factor,
    check_probabilities,
    check_rule,
    ratios_of,
)
from kdtheory.rules.renewed import RenewedTeacher
from kdtheory.rules.schedule import Schedule, as_schedule

Planned = Schedule | tuple[ArrayLike, ArrayLike | None]
# Control variates of a weighted rule are sums of m products: rounding of a few units in the last
# place of their terms.
LINEAR = 1e-12


@dataclass(frozen=True, eq=False)
class Experiment:
    """What an engine runs; made by :func:`experiment`, which has checked it.

    ``theta`` is (d,) or (m, d) as given; one of ``step_size`` and ``schedule`` is None;
    ``probabilities`` None is uniform; ``renewal`` is what the teacher moves towards the student
    after each step, None where it stays.
    """

    problem: FiniteSum
    theta: Array
    rule: Rule
    step_size: float | None
    schedule: Schedule | None
    x0: Array | None
    probabilities: Array | None
    renewal: float | None = None

    @property
    def gamma(self) -> float:
        """The step size of a run without a schedule."""
        assert self.step_size is not None
        return self.step_size

    @property
    def start(self) -> Array:
        """The start, of a run that has one."""
        assert self.x0 is not None
        return self.x0

    @property
    def teachers(self) -> Array:
        """One row a teacher, (m, d)."""
        return np.atleast_2d(self.theta)

    @property
    def weight(self) -> Any:
        """The rule's weight, of a rule that has one."""
        rule: Any = self.rule
        return rule.weight

    @property
    def plain(self) -> bool:
        """Whether the rule is distilled SGD with one weight and one teacher, and nothing else."""
        return (
            type(self.rule) is DistilledSGD
            and self.rule.blocks is None
            and isinstance(self.weight, float)
            and self.theta.ndim == 1
        )

    @property
    def compressor(self) -> Compressor | None:
        """What is done to the iterate after a step."""
        return self.rule.compressor

    @property
    def batch_size(self) -> int:
        """Indices a step."""
        return self.rule.batch_size

    @property
    def replacement(self) -> bool:
        """Whether they are drawn with replacement."""
        return bool(self.rule.replacement)

    @cached_property
    def factor(self) -> float:
        """What a batch divides centred second moments by."""
        return batch_factor(self.batch_size, self.problem.n_terms, replacement=self.replacement)

    @cached_property
    def ratios(self) -> Array | None:
        """1/(N p_n), by which term n's direction is multiplied (N,), 0 where p_n is; None for
        uniform sampling.
        """
        return ratios_of(self.probabilities)

    @cached_property
    def control_variates(self) -> Array:
        """What the rule subtracts from each term's gradient, (N, d)."""
        return self._table(self.rule)

    @cached_property
    def parts(self) -> Array:
        """The control variates of each unit weight, (m, N, d), so that those of the weight w are
        sum_j w_j parts_j.

        Raises:
            InvalidInput: a rule without a weight, or whose control variates are not linear in it.
        """
        parted = getattr(self.rule, "with_weight", None)
        if parted is None or not hasattr(self.rule, "weight"):
            raise InvalidInput(
                f"A schedule of weights needs a rule with a weight, and {type(self.rule).__name__}"
                " has no weight and with_weight(weight). Use weights = None for step sizes alone."
            )
        own = self.weight
        count = len(own) if np.ndim(own) else 1
        units = np.eye(count) if np.ndim(own) else np.ones(1)
        found = np.array([self._table(parted(unit)) for unit in units])
        probe = np.cos(1.0 + np.arange(count))  # a weight with nothing special about it
        whole = self._table(parted(probe if np.ndim(own) else probe[0]))
        size = np.abs(found).max(axis=(1, 2)) @ np.abs(probe)
        if np.abs(whole - np.tensordot(probe, found, axes=1)).max() > LINEAR * size:
            raise InvalidInput(
                f"The control variates of {type(self.rule).__name__} are not linear in its weight:"
                " a schedule of weights has no meaning for it. Use weights = None."
            )
        return found

    @cached_property
    def combination(self) -> Combination | None:
        """Of gradients at known points, where the rule's control variates are one."""
        return known_combination(self.rule, self.problem, self.theta)

    def with_rule(self, rule: Rule) -> Experiment:
        """The same experiment under another rule of the same sampling."""
        return replace(self, rule=rule)

    def _table(self, rule: Rule) -> Array:
        n, d = self.problem.n_terms, self.problem.dim
        table = np.asarray(rule.control_variates(self.problem, self.theta), dtype=np.float64)
        if table.shape != (n, d):
            raise InvalidInput(
                f"control_variates of {type(rule).__name__} must have shape (N, d) = {(n, d)}, got"
                f" {table.shape}."
            )
        finite = np.isfinite(table)
        if not finite.all():
            place = tuple(int(i) for i in np.argwhere(~finite)[0])
            raise InvalidInput(
                f"control_variates of {type(rule).__name__} must be finite, got {table[place]} at"
                f" {place}."
            )
        table = table.view()
        table.flags.writeable = False
        return table


def experiment(
    problem: FiniteSum,
    theta: ArrayLike,
    rule: Any,
    *,
    step_size: float | None = None,
    schedule: Planned | None = None,
    x0: ArrayLike | None = None,
    renewable: bool = False,
) -> Experiment:
    """Check everything, once.

    Args:
        problem: a finite sum.
        theta: the teacher, (d,), or (m, d).
        rule: any object with the members of :class:`~kdtheory.rules.protocol.Rule`.
        step_size: gamma, in units of x^2/f; or else
        schedule: step sizes and weights for each step, in place of it and of the rule's weight.
        x0: the start, (d,).
        renewable: whether the caller knows what to do with a :class:`RenewedTeacher`.

    Raises:
        InvalidInput: what breaks a rule, in one line.
    """
    many = teachers(problem, theta)
    at, renewal = many if np.ndim(theta) == 2 else many[0], None
    if isinstance(rule, RenewedTeacher) and renewable:
        if len(many) > 1:
            raise InvalidInput(
                f"A renewed teacher is one, got theta of shape {many.shape}. Use one row of it."
            )
        at, renewal = many[0], rule.renewal
        rule = DistilledSGD(rule.weight, batch_size=rule.batch_size)
    resolve = getattr(rule, "resolved", None)
    used = check_rule(rule if resolve is None else resolve(problem, at), problem.n_terms)
    if (step_size is None) == (schedule is None):
        raise InvalidInput(
            "One of step_size and schedule is needed, and not both: a schedule has a step size for"
            " each step."
        )
    gamma = None if step_size is None else positive_float(step_size, "step_size")
    start = None if x0 is None else point(problem, x0, "x0")
    given = getattr(used, "probabilities", None)
    chances = None if given is None else check_probabilities(given, problem.n_terms)
    if chances is not None and np.abs(problem.n_terms * chances - 1.0).max() <= LINEAR:
        chances = None
    plan = None if schedule is None else as_schedule(schedule)
    found = Experiment(problem, at, used, gamma, plan, start, chances, renewal)
    if chances is not None:
        check_sampling(problem, used, chances, found.control_variates, found.teachers)
    return found if plan is None else _scheduled(found, plan)


def _scheduled(made: Experiment, plan: Schedule) -> Experiment:
    """Weights that fit the rule; without a schedule where every step is the same."""
    rule: Any = made.rule
    if plan.weights is not None:
        count, width = len(made.parts), 1 if plan.weights.ndim == 1 else plan.weights.shape[1]
        if count != width:
            raise InvalidInput(
                f"The schedule has {width} weights a step and the rule {count}. Give weights of"
                f" shape ({len(plan)}, {count})."
            )
    if not plan.constant or plan.step_sizes[0] == 0.0:
        return made
    if plan.weights is not None:
        weight = plan.weights[0]
        rule = rule.with_weight(weight if np.ndim(rule.weight) else weight.item())
    return replace(made, rule=rule, step_size=float(plan.step_sizes[0]), schedule=None)
