"""Importance sampling: a rule made of another, whose terms are drawn with probabilities of their
own (theory, Section 9).
"""

from __future__ import annotations

import copy
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput, unknown_name
from kdtheory.problems import LeastSquares, LogisticRegression, SinusoidalSum, SoftmaxRegression
from kdtheory.problems.base import Array, FiniteSum, frozen_array
from kdtheory.problems.written import Written
from kdtheory.rules.combination import Combination
from kdtheory.rules.distilled import DistilledSGD
from kdtheory.rules.protocol import Compressor, Rule, check_probabilities

NAMES = ("lipschitz", "optimal")


class ImportanceSampling(Written):
    """``rule`` with term n drawn with probability p_n and its direction divided by N p_n, so that
    the mean stays.

    Args:
        rule: whose control variates, batch and compressor are kept; drawn with replacement.
        probabilities: (N,), summing to 1 and positive wherever a gradient does not vanish;
            "lipschitz", p_n proportional to the smoothness L_n of f_n, which makes expected
            smoothness the mean of them; or "optimal", proportional to |S_n - c_n|, the least noise
            at the minimiser under the rule's own weight, which a schedule does not change.

    Raises:
        InvalidInput: probabilities that are no distribution, a name that is not known, a batch
            without replacement.

    >>> import kdtheory as kd
    >>> problem = kd.LeastSquares([[1.0], [2.0]], [0.0, 1.0], ridge=0.5)
    >>> rule = kd.ImportanceSampling(kd.DistilledSGD(0.5), [0.25, 0.75])
    >>> rule.batch_size
    1
    """

    def __init__(self, rule: Rule, probabilities: ArrayLike | str) -> None:
        """See the class."""
        if not rule.replacement and rule.batch_size > 1:
            raise InvalidInput(
                "Importance sampling draws with replacement, got a rule with replacement=False and"
                f" batch_size = {rule.batch_size}. Use replacement=True."
            )
        self.rule = rule
        self._given: Array | str
        if isinstance(probabilities, str):
            if probabilities not in NAMES:
                raise unknown_name("probabilities", probabilities, NAMES)
            self._given = probabilities
        else:
            given = frozen_array(probabilities, "probabilities", ndim=1)
            self._given = check_probabilities(given, len(given))

    def arguments(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The call that makes it."""
        return (self.rule, self._given), {}

    @property
    def probabilities(self) -> Array:
        """(N,).

        Raises:
            InvalidInput: a name, which has numbers only for a problem and a teacher: see
                :meth:`resolved`.
        """
        if isinstance(self._given, str):
            raise InvalidInput(
                f"probabilities={self._given!r} depend on the problem: engines resolve them, and"
                " resolved(problem, theta) shows them."
            )
        return self._given

    def resolved(self, problem: FiniteSum, theta: ArrayLike) -> Self:
        """The same rule with numbers for probabilities.

        Raises:
            InvalidInput: "lipschitz" without known L_n, "optimal" where there is no noise.
        """
        if not isinstance(self._given, str):
            return self
        if self._given == "lipschitz":
            sizes = term_smoothness(problem)
        else:
            noise = problem.gradients(problem.minimiser)
            sizes = np.linalg.norm(
                noise - noise.mean(axis=0) - self.rule.control_variates(problem, np.array(theta)),
                axis=1,
            )
        if not sizes.sum() > 0.0:
            raise InvalidInput(
                f"probabilities={self._given!r} need sizes that do not all vanish, got a sum of"
                f" {sizes.sum():.6g}. Use uniform sampling."
            )
        return type(self)(self.rule, sizes / sizes.sum())

    @property
    def batch_size(self) -> int:
        """That of the rule."""
        return self.rule.batch_size

    @property
    def replacement(self) -> bool:
        """True: terms are drawn independently."""
        return True

    @property
    def compressor(self) -> Compressor | None:
        """That of the rule."""
        return self.rule.compressor

    def control_variates(self, problem: FiniteSum, theta: Array) -> Array:
        """Those of the rule, (N, d)."""
        return self.rule.control_variates(problem, theta)

    def combination(self, problem: FiniteSum, theta: ArrayLike) -> Combination | None:
        """That of the rule, if it says; None where a subclass makes them something else."""
        if type(self).control_variates is not ImportanceSampling.control_variates:
            return None
        return known_combination(self.rule, problem, theta)

    @property
    def weight(self) -> float | tuple[float, ...]:
        """That of the rule; AttributeError where it has none."""
        found: float | tuple[float, ...] = self.rule.weight  # type: ignore[attr-defined]
        return found

    def with_weight(self, weight: ArrayLike) -> Self:
        """The same sampling of the rule with another weight."""
        other = copy.copy(self)
        weighted = self.rule.with_weight(weight)  # type: ignore[attr-defined]
        object.__setattr__(other, "rule", weighted)
        return other


def known_combination(rule: object, problem: FiniteSum, theta: ArrayLike) -> Combination | None:
    """What the control variates of one of our own rules are made of: nobody else is taken at his
    word.
    """
    if isinstance(rule, (DistilledSGD, ImportanceSampling)):
        return rule.combination(problem, theta)
    return None


def term_smoothness(problem: FiniteSum) -> Array:
    """L_n, a Lipschitz constant of every term's gradient, (N,).

    Raises:
        InvalidInput: a problem that does not say.
    """
    if isinstance(problem, SinusoidalSum):
        return np.abs(problem.weights) * float(problem.constants.L)
    if isinstance(problem, (LeastSquares, LogisticRegression, SoftmaxRegression)):
        squares = np.einsum("nd,nd->n", problem.features, problem.features)
        # Curvature of the loss in the model's outputs: 1; sigmoid' <= 1/4; diag(p) - p p^T <= 1/2.
        curvature = 1.0
        if not isinstance(problem, LeastSquares):
            curvature = 0.25 if isinstance(problem, LogisticRegression) else 0.5
        return np.asarray(curvature * squares + problem.ridge)
    known = getattr(problem, "term_smoothness", None)
    if known is None:
        raise InvalidInput(
            f"{type(problem).__name__} does not say how smooth its terms are: give it"
            " term_smoothness, (N,), or pass probabilities."
        )
    return frozen_array(known, "problem.term_smoothness", ndim=1)


def check_sampling(
    problem: FiniteSum, rule: Rule, probabilities: Array, table: Array, teachers: Array
) -> None:
    """``InvalidInput`` for a batch without replacement, or a term that is never drawn and whose
    direction, with control variates ``table`` (N, d), does not vanish.
    """
    if not rule.replacement and rule.batch_size > 1:
        raise InvalidInput(
            "Probabilities of one's own need a batch with replacement, got replacement = False and"
            f" batch_size = {rule.batch_size}. Use replacement=True."
        )
    never, best = probabilities == 0.0, problem.minimiser
    if not never.any():
        return
    for x in (best, best + 1.0, *teachers):
        left = np.abs(problem.gradients(x) - table)[never].max(axis=1)
        if left.any():
            n = int(np.flatnonzero(never)[np.argmax(left > 0.0)])
            raise InvalidInput(
                f"probabilities[{n}] = 0 and the direction of term {n} does not vanish: it would be"
                " left out. Give every such term a positive probability, say by mixing in 1/N."
            )
