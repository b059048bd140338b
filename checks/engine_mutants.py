"""Wrong rules, engines, weights and bounds in numbers: functions that differ from the right one in
one thing.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.bounds import best_weights
from kdtheory.bounds import values as bounds
from kdtheory.checks import engine_oracles as engines
from kdtheory.checks.engine_oracles import GAMMA, START, STEPS, THETA, TINY
from kdtheory.checks.mutant import Mutant
from kdtheory.engines import exact as moments
from kdtheory.engines.exact.law import law_of
from kdtheory.engines.exact.methods import Ways
from kdtheory.engines.simulate import simulation
from kdtheory.problems.base import Array
from kdtheory.problems.teacher import teacher_statistics
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.experiment import experiment
from kdtheory.rules.protocol import batch_factor
from kdtheory.statements.theorems import THEOREMS

_lam, _h = sym.lam, sym.bias_sq


def _run(rule: DistilledSGD) -> tuple[Array, Array]:
    return engines.exact_engine(rule)


def _wrong_rule(**methods: Callable[..., Any]) -> Callable[[DistilledSGD], tuple[Array, Array]]:
    """The exact engine, run on a rule some of whose methods are wrong."""
    wrong = type("WrongRule", (DistilledSGD,), methods)

    def engine(rule: DistilledSGD) -> tuple[Array, Array]:
        return _run(
            wrong(
                rule.weight,
                unbiased=rule.unbiased,
                batch_size=rule.batch_size,
                replacement=rule.replacement,
            )
        )

    return engine


def _with_factor(
    formula: Callable[[DistilledSGD, int], float],
) -> Callable[[DistilledSGD], tuple[Array, Array]]:
    """The exact engine with ``formula`` for what a batch divides variances by."""

    def engine(rule: DistilledSGD) -> tuple[Array, Array]:
        law = law_of(experiment(TINY, THETA, rule, step_size=GAMMA, x0=START))
        wrong = dataclasses.replace(law, factor=formula(rule, TINY.n_terms))
        found = Ways(wrong).run("recursion", np.arange(STEPS + 1), [0, 1])
        assert found is not None
        return found[:, 0, 0], found[:, 1, 0]

    return engine


def _opposite(rule: DistilledSGD, n: int) -> float:
    return batch_factor(rule.batch_size, n, replacement=not rule.replacement)


def _moments_engine(step: Callable[..., Any]) -> Callable[[DistilledSGD], tuple[Array, Array]]:
    """The moment recursion with a wrong step, through a subclass: the engine itself stays
    untouched.
    """
    wrong = type("WrongMoments", (moments.Recursion,), {"step": step})

    def engine(rule: DistilledSGD) -> tuple[Array, Array]:
        machine = wrong(law_of(experiment(TINY, THETA, rule, step_size=GAMMA)))
        state = machine.start(START, TINY.minimiser)
        read = [machine.read(*state)]
        for _ in range(STEPS):
            state = machine.step(*state)
            read.append(machine.read(*state))
        return np.array([square[0] for square, _ in read]), np.array([gap[0] for _, gap in read])

    return engine


def _right_step(self: Any, m: Array, M: Array) -> Any:
    return moments.Recursion.step(self, m, M)


def _batch_on_bias(self: Any, m: Array, M: Array) -> Any:
    """The squared drift |lam h|^2 divided by the batch, as if it were noise."""
    mean, moved = moments.Recursion.step(self, m, M)
    return mean, moved - self.gamma**2 * (1 - self.factor) * np.outer(self.drift[0], self.drift[0])


def _frozen_mean(self: Any, m: Array, M: Array) -> Any:
    return m, moments.Recursion.step(self, m, M)[1]


def _late(rule: DistilledSGD) -> tuple[Array, Array]:
    curve = moments.expected(TINY, THETA, rule, step_size=GAMMA, x0=START, steps=STEPS + 1)
    return curve.sq_distance[1:], curve.gap[1:]


def _gap_doubled(rule: DistilledSGD) -> tuple[Array, Array]:
    square, gap = _run(rule)
    return square, 2 * gap


def _at_student(rule: DistilledSGD) -> tuple[Array, Array]:
    """Teacher gradients taken at the start in place of theta."""
    curve = moments.expected(TINY, START, rule, step_size=GAMMA, x0=START, steps=STEPS)
    return curve.sq_distance, curve.gap


def _simulated(change: Callable[[DistilledSGD], DistilledSGD]) -> Callable[[DistilledSGD], Any]:
    def engine(rule: DistilledSGD) -> Any:
        run = simulation.simulate(
            TINY,
            THETA,
            change(rule),
            step_size=GAMMA,
            x0=START,
            steps=STEPS,
            replicates=40_000,
            seed=5,
        )
        return (run.sq_distance, run.sq_distance_error), (run.gap, run.gap_error)

    return engine


def _with_replacement(rule: DistilledSGD) -> DistilledSGD:
    return dataclasses.replace(rule, replacement=True)


def _one_index(rule: DistilledSGD) -> DistilledSGD:
    return dataclasses.replace(rule, batch_size=1)


def _centred(self: DistilledSGD, taught: Array) -> Array:
    return self.weight * (taught - taught.mean(axis=0))


def wrong_engines() -> list[Mutant]:
    """Rules, exact engines and Monte Carlo."""

    def rule(name: str, what: str, **methods: Callable[..., Any]) -> Mutant:
        return Mutant(
            f"rule: {name}",
            what,
            lambda: _wrong_rule(**methods),
            engines.matches_enumeration,
            lambda: _run,
        )

    def factor(name: str, what: str, formula: Callable[[DistilledSGD, int], float]) -> Mutant:
        return Mutant(
            f"rule: {name}",
            what,
            lambda: _with_factor(formula),
            engines.matches_enumeration,
            lambda: _with_factor(lambda self, n: self.noise_factor(n)),
        )

    def engine(
        name: str, what: str, wrong: Callable[..., Any], right: Callable[..., Any] = _run
    ) -> Mutant:
        return Mutant(
            f"engine: {name}", what, lambda: wrong, engines.matches_enumeration, lambda: right
        )

    def monte_carlo(name: str, what: str, change: Callable[[DistilledSGD], DistilledSGD]) -> Mutant:
        return Mutant(
            f"simulate: {name}",
            what,
            lambda: _simulated(change),
            engines.near_enumeration,
            lambda: _simulated(lambda same: same),
        )

    right = _moments_engine(_right_step)
    return [
        rule(
            "sign of lambda",
            "G + lam H",
            corrections=lambda self, taught: -DistilledSGD.corrections(self, taught),
        ),
        rule("h missing", "the biased rule centred", corrections=_centred),
        rule(
            "unbiased without + lam h",
            "the unbiased rule not centred",
            corrections=lambda self, taught: self.weight * taught,
        ),
        rule(
            "h added twice",
            "H - 2h",
            corrections=lambda self, taught: (
                self.weight * (taught - (2 if self.unbiased else 0) * taught.mean(axis=0))
            ),
        ),
        rule(
            "lambda squared",
            "G - lam^2 H",
            corrections=lambda self, taught: self.weight * DistilledSGD.corrections(self, taught),
        ),
        factor("batch not averaged", "variance not divided by B", lambda self, n: 1.0),
        factor("replacement confused", "with and without swapped", _opposite),
        factor(
            "N for N - 1",
            "(N-B)/(B N)",
            lambda self, n: (
                1 / self.batch_size
                if self.replacement
                else (n - self.batch_size) / (self.batch_size * n)
            ),
        ),
        factor("B squared", "1/B^2", lambda self, n: self.noise_factor(n) / self.batch_size),
        engine(
            "batch factor on the bias",
            "|lam h|^2 divided like noise",
            _moments_engine(_batch_on_bias),
            right,
        ),
        engine("mean not updated", "E e^t stays E e^0", _moments_engine(_frozen_mean), right),
        engine("one step late", "off by one in t", _late),
        engine("gap without the half", "<H e, e> for f - f*", _gap_doubled),
        engine("teacher at the student", "H at x^0 in place of theta", _at_student),
        monte_carlo("replacement ignored", "always with replacement", _with_replacement),
        monte_carlo("batch ignored", "one index a step", _one_index),
    ]


def _wrong_weight(formula: Callable[[Any, float, float], float]) -> Callable[..., float]:
    """The right weight except for biased paper statements, where ``formula(teacher, kappa, B)`` is
    used.
    """

    def weight(
        problem: Any, theta: Array, *, step_size: float, criterion: str, batch_size: int
    ) -> float:
        if THEOREMS[criterion].form != "paper" or THEOREMS[criterion].unbiased:
            return best_weights.optimal_weight(
                problem, theta, step_size=step_size, criterion=criterion, batch_size=batch_size
            )
        return formula(
            teacher_statistics(problem, theta),
            1 / (step_size * float(problem.constants.mu)),
            float(batch_size),
        )

    return weight


def _clipped(*args: Any, **settings: Any) -> float:
    return min(1.0, max(0.0, best_weights.optimal_weight(*args, **settings)))


def _no_batch(*args: Any, **settings: Any) -> float:
    return best_weights.optimal_weight(*args, **{**settings, "batch_size": 1})


def _paper_everywhere(*args: Any, **settings: Any) -> float:
    """lam* of theorem-1 in place of the envelope's."""
    swap = {"theorem-1-envelope": "theorem-1"}
    return best_weights.optimal_weight(
        *args, **{**settings, "criterion": swap.get(settings["criterion"], settings["criterion"])}
    )


def _biased_everywhere(*args: Any, **settings: Any) -> float:
    swap = {"unbiased": "theorem-1"}
    return best_weights.optimal_weight(
        *args, **{**settings, "criterion": swap.get(settings["criterion"], settings["criterion"])}
    )


def wrong_weights_and_bounds() -> list[Mutant]:
    """Optimal weights and bounds in numbers."""

    def weight(name: str, what: str, wrong: Callable[..., float]) -> Mutant:
        return Mutant(
            f"weight: {name}",
            what,
            lambda: wrong,
            engines.minimises,
            lambda: best_weights.optimal_weight,
        )

    def number(name: str, what: str, wrong: Callable[..., Array]) -> Mutant:
        return Mutant(
            f"bound: {name}",
            what,
            lambda: wrong,
            engines.attained_with_batches,
            lambda: bounds.bound,
        )

    def late(*args: Any, **settings: Any) -> Array:
        return bounds.bound(*args, **{**settings, "steps": settings["steps"] + 1})[1:]

    def alone(*args: Any, **settings: Any) -> Array:
        return bounds.bound(*args, **{**settings, "batch_size": 1})

    def shared(problem: Any, theta: Array, **settings: Any) -> Array:
        """|h|^2 divided by B with the noise."""
        statement = THEOREMS[settings["theorem"]]
        divided = dict(statement.definitions) | {
            sym.k: sp.Abs(_lam) * sp.sqrt(_h / settings["batch_size"])
        }
        return bounds.bound(
            problem,
            theta,
            **{**settings, "theorem": dataclasses.replace(statement, definitions=divided)},
        )

    return [
        weight(
            "kappa missing",
            "C/(V + B|h|^2)",
            _wrong_weight(lambda T, kappa, B: T.covariance / (T.variance + B * T.bias_sq)),
        ),
        weight(
            "kappa alone",
            "C/(V + kappa/4 |h|^2)",
            _wrong_weight(
                lambda T, kappa, B: T.covariance / (T.variance + B * kappa / 4 * T.bias_sq)
            ),
        ),
        weight("no batch on the bias", "C/(V + (1+kappa)|h|^2)", _no_batch),
        weight(
            "bias forgotten", "C/V", _wrong_weight(lambda T, kappa, B: T.covariance / T.variance)
        ),
        weight(
            "sign",
            "-C/(..)",
            _wrong_weight(
                lambda T, kappa, B: -T.covariance / (T.variance + B * (1 + kappa) * T.bias_sq)
            ),
        ),
        weight(
            "twice",
            "2C/(..)",
            _wrong_weight(
                lambda T, kappa, B: 2 * T.covariance / (T.variance + B * (1 + kappa) * T.bias_sq)
            ),
        ),
        weight("clipped", "into [0, 1]", _clipped),
        weight("paper's for the envelope", "lam* of theorem-1 for the envelope", _paper_everywhere),
        weight("biased for unbiased", "kappa in the unbiased weight", _biased_everywhere),
        number("one step late", "off by one in t", late),
        number("batch forgotten", "noise of one index", alone),
        number("batch factor on the bias", "|h|^2/B", shared),
    ]
