"""A statement asked about one problem, teacher, rule and step size, answered in floats from any
start.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from kdtheory.bounds.constants import Letters
from kdtheory.bounds.curves import claimed, curve
from kdtheory.bounds.exact_law import exact_law
from kdtheory.bounds.letters import complete, letters_for, state_of
from kdtheory.engines.exact.curves import moments
from kdtheory.evidence.bounded import UNIT
from kdtheory.evidence.fixed import Fixed, fixed
from kdtheory.evidence.judgement import Sides
from kdtheory.evidence.monte_carlo import Claimed
from kdtheory.evidence.process import Process
from kdtheory.evidence.right_side import curve_error, with_errors
from kdtheory.evidence.tolerances import Knowledge, about, knowledge_of, left_error
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.experiment import Experiment
from kdtheory.statements.theorems import Theorem

# Letters that are 0 where there is no noise: what is left of a bound without them is not noise.
NOISE = ("sigma_star_sq", "V", "C", "noise_sq")


@dataclass(frozen=True)
class Question:
    """What is asked of an experiment, but for the start; ``times`` (T,) are increasing."""

    made: Experiment
    statement: Theorem
    times: np.ndarray

    @property
    def problem(self) -> FiniteSum:
        """The experiment's problem."""
        return self.made.problem

    @property
    def rule(self) -> Any:
        """Any rule."""
        return self.made.rule

    @property
    def gamma(self) -> float:
        """The step size."""
        return self.made.gamma

    @cached_property
    def letters(self) -> Letters | None:
        """Every letter of a recursion's right-hand side; None for a law."""
        return None if self.statement.psi is None else letters_for(self.made, self.statement)

    @cached_property
    def table(self) -> Fixed:
        """The rule as its control variates."""
        return fixed(self.made, self.statement)

    @property
    def weight(self) -> float:
        """The rule's one weight; NaN where it has several or none."""
        own = getattr(self.rule, "weight", None)
        return float(own) if isinstance(own, (int, float)) else float("nan")

    @property
    def taught(self) -> float:
        """The error of the control variates: those of another rule are the floats that they are."""
        return abs(self.rule.weight) * self.known.taught if self.made.plain else 0.0

    @cached_property
    def known(self) -> Knowledge:
        """How well floats know the problem."""
        return knowledge_of(self.problem, self.made.teachers[0])

    @cached_property
    def noiseless(self) -> Letters:
        """The letters without their noise."""
        assert self.letters is not None
        plain = {name: 0.0 if name in NOISE else n for name, n in self.letters.items()}
        return complete(self.statement, plain)

    @cached_property
    def steps(self) -> int:
        """The last time."""
        return int(self.times[-1])

    def state(self, x0: Array) -> float:
        """What psi starts from."""
        return state_of(self.statement, self.problem, x0)

    @cached_property
    def bounded(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """The letters with their errors, both ways round."""
        assert self.letters is not None
        return with_errors(self.statement, self.letters, self.known, self.taught)

    def start_error(self, x0: Array, state: float) -> float:
        """What :meth:`state` is good to."""
        gap = self.statement.quantity == "gap"
        error = float(about(state, self.known.height**0.5 if gap else self.known.place))
        error += self.known.unit * state
        if gap and not hasattr(self.problem, "gap"):  # f - f* as a difference of values
            sizes = abs(self.problem.value(x0)) + abs(float(self.problem.minimum))
            error += self.known.unit * sizes
        return error

    @cached_property
    def _regimes(self) -> list[tuple[Letters, tuple[dict[str, Any], dict[str, Any]]]]:
        """The letters of every regime that floats allow, one but at a border, and their errors."""
        assert self.letters is not None
        found, turned = self.bounded
        names = [letter.name for letter in self.statement.definitions]
        if all(np.array_equal(found[name].value, turned[name].value) for name in names):
            return [(self.letters, self.bounded)]
        other = {**self.letters, **{name: float(turned[name].value) for name in names}}
        return [(self.letters, (found, found)), (other, (turned, turned))]

    def claimed(self, x0: Array) -> tuple[Array, Array, Array]:
        """The right-hand side, its error and its doubt at ``times``, (T,) each.

        Where floats do not tell the regime, as at a weight on its border, each regime is a claim of
        its own: the smaller one is the right-hand side, and what the other adds is the doubt.
        """
        if self.letters is None:
            return *self._law(x0), np.zeros(len(self.times))
        curves = [self._curve(x0, *regime) for regime in self._regimes]
        values, errors = (np.array(part)[:, self.times] for part in zip(*curves, strict=True))
        least = values.argmin(axis=0), np.arange(len(self.times))
        value, error = values[least], errors[least]
        known = value + error
        doubt = np.zeros(len(known))  # of what is known to nothing there is none
        np.subtract((values + errors).max(axis=0), known, out=doubt, where=np.isfinite(known))
        return value, error, doubt

    def _curve(
        self, x0: Array, letters: Letters, both: tuple[dict[str, Any], dict[str, Any]]
    ) -> tuple[Array, Array]:
        """The right-hand side and its error at t = 0..steps."""
        values = curve(self.statement, letters, self.state(x0), self.steps)
        start_error = self.start_error(x0, float(values[0]))
        errors = curve_error(self.statement, both, values, start_error)
        if not self.statement.unrolls:  # then psi and rhs are two claims
            stated = claimed(self.statement, letters, values[0], self.steps)
            values = np.minimum(values, stated)
            # sigma^2 - 2 lam C + lam^2 V may cancel in rhs: rounding is of its parts' size.
            parts = {"lam": -abs(letters["lam"]), "C": abs(letters["C"])}
            apart = claimed(self.statement, letters | parts, values[0], self.steps)
            errors = errors + self.known.unit * np.abs(apart)
        return values, errors

    def _law(self, x0: Array) -> tuple[Array, Array]:
        """The exact law's own right-hand side: plain SGD around the shifted centre, and a drift."""
        values = exact_law(replace(self.made, x0=x0), self.statement, self.steps)[self.times]
        lam = float(np.abs(self.rule.weight).sum())
        away = np.linalg.norm(self.made.teachers - self.problem.minimiser, axis=1).max()
        parts = (1 + lam) * float(away) + float(np.linalg.norm(self.problem.minimiser))
        reach = float(np.linalg.norm(x0 - self.problem.minimiser)) + parts
        apart = self.known.unit * 4 * reach**2 + about(reach**2, (1 + lam) * self.known.place)
        return values, apart + self._left(values, x0)

    @cached_property
    def shift(self) -> float:
        """A bound on |lim E x^t - x*|."""
        mean = np.linalg.norm(self.table.table.mean(axis=0))
        shift = float(mean) / float(self.problem.constants.mu_pl)
        if self.made.plain:  # sharper where mu is small
            D = self.made.theta - self.problem.minimiser
            shift = min(shift, abs(self.rule.weight) * float(np.linalg.norm(D)))
        return shift

    def _left(self, seen: Array, x0: Array) -> Array:
        """The error of exact moments ``seen`` at ``times``."""
        e = x0 - self.problem.minimiser
        reach = float(e @ e) + self.shift**2
        if self.rule.compressor is not None:  # the engine keeps x itself, not its error
            reach += float(self.problem.minimiser @ self.problem.minimiser)
        constants = self.problem.constants
        letters = self.letters or {
            "gamma": self.gamma,
            "mu": float(constants.mu_pl),
            "L": float(constants.L),
            "Lcal": float(constants.Lcal),
        }
        return left_error(
            self.known,
            seen,
            self.times,
            quantity=self.statement.quantity,
            letters=letters,
            taught=self.taught,
            reach=reach,
        )

    def sides(self, x0: Array) -> Sides:
        """Exact moments against the right-hand side, least squares."""
        claimed, claimed_error, doubt = self.claimed(x0)
        gap = self.statement.quantity == "gap"
        made, quantities = replace(self.made, x0=x0), (self.statement.quantity,)
        found = moments(made, self.times, quantities=quantities)
        seen = found.gap if gap else found.sq_distance
        return Sides(seen, claimed, self._left(seen, x0), claimed_error, self.times, doubt)

    def sampled(self, x0: Array) -> tuple[Process, Claimed]:
        """The same as a question about runs."""
        values, errors, doubt = self.claimed(x0)
        identity = self.statement.kind == "identity"
        return (
            Process(replace(self.made, rule=self.table, x0=x0), self.statement.quantity),
            Claimed(self.times, values, errors, self.known, identity, doubt=doubt),
        )

    def noise_shares(self, x0: Array) -> Array:
        """The part of the right-hand side that is noise at t = 0..steps, in [0, 1]; empty for a
        law.
        """
        if self.letters is None:
            return np.full(1, np.nan)
        state = self.state(x0)
        whole = curve(self.statement, self.letters, state, self.steps)
        return shares(whole, curve(self.statement, self.noiseless, state, self.steps))


def shares(whole: Array, rest: Array) -> Array:
    """The part of ``whole`` that ``rest`` is without, in [0, 1]."""
    share = 1.0 - np.divide(rest, whole, out=np.ones_like(whole), where=whole > UNIT * rest)
    return np.clip(share, 0.0, 1.0)
