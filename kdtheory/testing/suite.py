"""A suite of checks for an optimiser as pytest tests: what ``parametrize_with_checks`` runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from kdtheory.bounds.curves import curve
from kdtheory.bounds.letters import letters_for, state_of
from kdtheory.errors import unknown_name
from kdtheory.evidence.steps import Step, image
from kdtheory.problems.base import Array
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.statements.theorems import theorem_named
from kdtheory.testing.drawing import drawn
from kdtheory.testing.setting import Setting
from kdtheory.testing.updates import allowed, check_update

Factory = Callable[[Setting], Step]
# Settings that a check looks at; ``pytest --kdtheory-instances N`` changes it.
INSTANCES = 12
# Steps along one path; momentum shows at the second, a schedule by a counter at the third.
PATH = 3
# A tight bound is attained by right steps, which then exceed it by rounding: that of a sum of
# squares, each known to a few units in the last place.
UNITS = 64


@dataclass(frozen=True)
class Check:
    """One check of one statement: call it, and it raises AssertionError or returns None.

    ``factory(setting)`` makes a new step for a setting; it is given x in ``dtype`` and what it
    returns is read in it.

    >>> Check("pairing", "unbiased", lambda s: s.step, instances=2)()
    """

    name: str
    theorem: str
    factory: Factory
    dtype: str = "float64"
    instances: int | None = None
    seed: int = 0

    def __call__(self) -> None:
        """Run it on every instance."""
        count = INSTANCES if self.instances is None else self.instances
        sizes = (2, 3) if self.name == "batches" else (1,)
        for setting in drawn(self.theorem, count, batch_sizes=sizes, seed=self.seed):
            CHECKS[self.name](self, setting)

    def __str__(self) -> str:
        """The test's id."""
        return f"{self.theorem}-{self.name}"

    def step(self, setting: Setting) -> Step:
        """A fresh step in the check's precision."""
        kind, made = np.dtype(self.dtype), self.factory(setting)
        return lambda x, n: np.asarray(made(x.astype(kind), n)).astype(kind, copy=False)


def same_rule(check: Check, setting: Setting) -> None:
    """Every x+ is the rule's own, at three points and all indices, and again when asked again.

    As ``batches`` it is given arrays of indices, which are averaged.
    """
    check_update(check.step(setting), setting)


def path(check: Check, setting: Setting) -> None:
    """Steps in a row are the rule's own: nothing is carried over from one to the next."""
    step, x = check.step(setting), setting.x
    for t in range(PATH):
        n = t % setting.problem.n_terms
        made, own = image(step, setting.problem, x, n), setting.step(x, n)
        off = float(np.abs(made - own).max())
        if off > allowed(setting, x, made):
            raise AssertionError(
                f"step {t + 1} in a row differs from the rule by {off:.3g} though each step alone"
                f" may be right: momentum, a counter? Setting: {setting!r}"
            )
        x = np.asarray(made, dtype=float)


def pairing(check: Check, setting: Setting) -> None:
    """Student and teacher gradients belong to the same index."""
    problem, lam = setting.problem, setting.weight
    table = setting.rule.control_variates(problem, setting.teacher)
    if lam == 0.0 or not np.ptp(table, axis=0).any():
        return
    step, x = check.step(setting), setting.x
    student = problem.gradients(x)
    for n in range(problem.n_terms):
        made = image(step, problem, x, n)
        off = np.abs(made - (x - setting.step_size * (student[n] - table))).max(axis=1)
        paired = int(off.argmin())
        close = allowed(setting, x, made)
        if off[n] > close and off[paired] <= close:
            raise AssertionError(
                f"index {n} of the student is paired with index {paired} of the teacher: both"
                f" gradients must be of the same sample. Setting: {setting!r}"
            )


def plain_sgd(check: Check, setting: Setting) -> None:
    """With lam = 0 it is SGD, whatever the teacher."""
    check_update(check.step(bare := replace(setting, weight=0.0)), bare)


def any_weight(check: Check, setting: Setting) -> None:
    """Weights below 0, between 0 and 1, and above 1: nothing clips, squares or mixes them."""
    for weight in (-0.75, 0.5, 1.75):
        check_update(check.step(other := replace(setting, weight=weight)), other)


def teacher_at_x(check: Check, setting: Setting) -> None:
    """A teacher at x with lam = 1 cancels the step: only the batch's own mean is left to see."""
    check_update(check.step(held := replace(setting, teacher=setting.x, weight=1.0)), held)


def _bounded(check: Check, setting: Setting, x: Array) -> None:
    problem, statement = setting.problem, theorem_named(setting.theorem)
    pl, step = statement.quantity == "gap", check.step(setting)
    images = [image(step, problem, x, n).astype(float) for n in range(problem.n_terms)]
    before = state_of(statement, problem, x)
    after = float(np.mean([state_of(statement, problem, y) for y in images]))
    rule = DistilledSGD(setting.weight)
    made = experiment(problem, setting.teacher, rule, step_size=setting.step_size)
    claimed = float(curve(statement, letters_for(made, statement), before, 1)[1])
    # In the unit of the quantity: an error of u |x| in x+ moves |x+ - x*|^2 by 2 u |x| |x+ - x*|.
    reach = float(np.linalg.norm(x)) + float(np.linalg.norm(problem.minimiser))
    unit = float(problem.constants.L) if pl else 1.0
    rounding = UNITS * float(np.finfo(check.dtype).eps) * unit * (1.0 + reach) * (1.0 + reach)
    # 1e-9: of the claim's own formula, whose letters cancel here and there.
    if after > claimed * (1.0 + 1e-9) + rounding:
        raise AssertionError(
            f"one step from x = {x.tolist()} gives {after:.6g}, more than the {claimed:.6g} of"
            f" {setting.theorem}. Setting: {setting!r}"
        )


def bound_at_optimum(check: Check, setting: Setting) -> None:
    """From x*, where only noise is left, the mean over all indices stays within the bound."""
    _bounded(check, setting, setting.problem.minimiser)


def bound_far(check: Check, setting: Setting) -> None:
    """From far away, where only contraction counts, the mean over all indices stays within it."""
    best = setting.problem.minimiser
    _bounded(check, setting, best + 64.0 * (1.0 + np.abs(best)))


CHECKS: Mapping[str, Callable[[Check, Setting], None]] = {
    "same_rule": same_rule,
    "pairing": pairing,
    "path": path,
    "plain_sgd": plain_sgd,
    "any_weight": any_weight,
    "teacher_at_x": teacher_at_x,
    "batches": same_rule,
    "bound_at_optimum": bound_at_optimum,
    "bound_far": bound_far,
}


def checks_for(
    factory: Factory,
    theorems: Sequence[str] = ("theorem-1", "theorem-1-envelope"),
    *,
    dtype: str = "float64",
    instances: int | None = None,
    seed: int = 0,
) -> list[Check]:
    """Every check of every statement, to run without pytest.

    Args:
        factory: a :class:`Setting` -> a step, ``step(x, n)`` -> x+ (dim,), n an index or, for the
            check ``batches``, an array of indices (B,).
        theorems: keys of ``THEOREMS`` that bound a step.
        dtype: the precision in which the step works.
        instances: settings a check; None for 12, or what ``--kdtheory-instances`` says.
        seed: another one draws other settings.

    Raises:
        InvalidInput: an unknown theorem.

    >>> len(checks_for(lambda s: s.step, ["unbiased"]))
    9
    """
    return [
        Check(name, theorem_named(theorem).name, factory, dtype, instances, seed)
        for theorem in theorems
        for name in CHECKS
    ]


def parametrize_with_checks(
    factory: Factory,
    theorems: Sequence[str] = ("theorem-1", "theorem-1-envelope"),
    *,
    dtype: str = "float64",
    expected_failed_checks: Mapping[str, str] | None = None,
    instances: int | None = None,
    seed: int = 0,
) -> Any:
    """A decorator: the test below it runs once for every check, under the check's name.

    Args:
        factory, theorems, dtype, instances, seed: as for :func:`checks_for`.
        expected_failed_checks: {name of a check: reason}; these must fail, and are then expected
            failures: once they pass, pytest says so.

    Raises:
        InvalidInput: an unknown theorem, or a name that is no check.

    >>> @parametrize_with_checks(lambda s: s.step, theorems=["unbiased"], instances=2)
    ... def test_mine(check):
    ...     check()
    >>> [str(check) for check in checks_for(lambda s: s.step, ["unbiased"])][:2]
    ['unbiased-same_rule', 'unbiased-pairing']
    """
    import pytest

    excused = dict(expected_failed_checks or {})
    for name in excused:
        if name not in CHECKS:
            raise unknown_name("check", name, CHECKS)
    parameters = [
        pytest.param(
            check,
            id=str(check),
            marks=pytest.mark.xfail(reason=excused[check.name], strict=True)
            if check.name in excused
            else (),
        )
        for check in checks_for(factory, theorems, dtype=dtype, instances=instances, seed=seed)
    ]
    return pytest.mark.parametrize("check", parameters)
