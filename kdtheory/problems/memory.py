"""Numbers that several statements ask of the same problem, found once."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from kdtheory.problems.base import FiniteSum
from kdtheory.problems.classification import LogisticRegression, SoftmaxRegression
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.problems.sinusoidal import SinusoidalSum

Found = TypeVar("Found")
OURS = (LeastSquares, LogisticRegression, SoftmaxRegression, SinusoidalSum)
# answers kept a problem; a sweep over weights asks each question once and would only fill the
# memory
MOST = 64
_ANSWERS: WeakKeyDictionary[FiniteSum, dict[Hashable, Any]] = WeakKeyDictionary()


def remembered(problem: FiniteSum, question: Hashable, answer: Callable[[], Found]) -> Found:
    """``answer()``, or what it was when the same question was asked of the same problem;
    ``question`` names the asker and all arguments.

    Only our own problems, whose data are read-only: somebody else's object may have changed in
    between.  Answers go with the problem.
    """
    if type(problem) not in OURS:
        return answer()
    answers = _ANSWERS.setdefault(problem, {})
    if question not in answers:
        found = answer()
        while len(answers) >= MOST:
            del answers[next(iter(answers))]
        answers[question] = found
    result: Found = answers[question]
    return result
