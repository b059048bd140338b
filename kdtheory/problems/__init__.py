"""Finite sums f = mean of f_n with the constants of the paper's assumptions."""

from kdtheory.problems.base import FiniteSum
from kdtheory.problems.classification import LogisticRegression, SoftmaxRegression
from kdtheory.problems.constants import Constant, Constants
from kdtheory.problems.least_squares import LeastSquares
from kdtheory.problems.sinusoidal import SinusoidalSum
from kdtheory.problems.user import check_finite_sum
from kdtheory.system.announcing import announce

__all__ = [
    "Constant",
    "Constants",
    "FiniteSum",
    "LeastSquares",
    "LogisticRegression",
    "SinusoidalSum",
    "SoftmaxRegression",
    "check_finite_sum",
]

announce()
