"""Two models small enough to differentiate by hand, in exact rationals: where the distillation
gradient is not the identity.

``TwoLayers`` is a deep linear network with one weight a layer, ``Softened`` two classes and one
feature, whose weights are logarithms of squares, so that softmax is rational at T = 1 and at T = 2.
Source: our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import isqrt

from kdtheory.errors import InvalidInput
from kdtheory.problems.temperature import residual_gap

Pair = tuple[Fraction, Fraction]


@dataclass(frozen=True)
class TwoLayers:
    """z = w_2 w_1 a, loss (z - b)^2/2, one sample: student (w_1, w_2), teacher (v_1, v_2)."""

    student: Pair
    teacher: Pair
    weight: Fraction
    a: Fraction
    b: Fraction

    def objective_gradient(self) -> Pair:
        """Of (1-lam)(z - b)^2/2 + lam (z - z_theta)^2/2 in (w_1, w_2), by the product rule."""
        first, second = self.student
        z, taught = first * second * self.a, self.teacher[0] * self.teacher[1] * self.a
        mixed = (1 - self.weight) * (z - self.b) + self.weight * (z - taught)
        return second * self.a * mixed, first * self.a * mixed

    def plain_gradient(self, point: Pair) -> Pair:
        """Of (z - b)^2/2 at ``point``."""
        first, second = point
        residual = first * second * self.a - self.b
        return second * self.a * residual, first * self.a * residual

    def identity(self) -> Pair:
        """grad f(x) - lam grad f(theta), layer by layer."""
        here, there = self.plain_gradient(self.student), self.plain_gradient(self.teacher)
        return here[0] - self.weight * there[0], here[1] - self.weight * there[1]

    def end_to_end(self) -> Pair:
        """The two sides for the product P = w_2 w_1 as the parameter: always equal."""
        z, taught = (
            self.student[0] * self.student[1] * self.a,
            self.teacher[0] * self.teacher[1] * self.a,
        )
        mixed = (1 - self.weight) * (z - self.b) + self.weight * (z - taught)
        return self.a * mixed, self.a * (z - self.b) - self.weight * self.a * (taught - self.b)

    def __str__(self) -> str:
        """Everything that a check by hand needs."""
        (w1, w2), (v1, v2) = self.student, self.teacher
        return (
            f"z = w_2 w_1 a, loss (z-b)^2/2, N = 1, a = {self.a}, b = {self.b}\nstudent x = (w_1,"
            f" w_2) = ({w1}, {w2}), teacher theta = ({v1}, {v2}), lambda = {self.weight}\nz(x) ="
            f" {w1 * w2 * self.a}, z(theta) = {v1 * v2 * self.a}; derivative in w_1, whose slope is"
            " w_2 a"
        )


@dataclass(frozen=True)
class Softened:
    """Two classes, feature 1, temperature 2: logits (ln m^2, 0) for the student, (ln n^2, 0) for
    the teacher; m, n > 0 rational."""

    student_odds: Fraction
    teacher_odds: Fraction
    weight: Fraction
    label: Fraction
    temperature = 2

    def __post_init__(self) -> None:
        """Odds have to be squares of rationals."""
        if not all(odds > 0 and _root(odds) for odds in (self.student_odds, self.teacher_odds)):
            raise InvalidInput(
                f"Softened needs odds that are squares of rationals, got {self.student_odds} and "
                f"{self.teacher_odds}. Use 4, 9, 1/4, ..."
            )

    def responses(self) -> dict[str, Fraction]:
        """softmax of the first class: e^z/(1 + e^z) = m^2/(1 + m^2), and m/(1 + m) at T = 2."""
        m, n = _root(self.student_odds), _root(self.teacher_odds)
        return {
            "p": m**2 / (1 + m**2),
            "q": n**2 / (1 + n**2),
            "p_soft": m / (1 + m),
            "q_soft": n / (1 + n),
        }

    def objective_gradient(self) -> Fraction:
        """Of (1-lam) CE(softmax(z), b) + 4 lam CE(softmax(z/2), softmax(v/2)) in the first weight:
        4 lam times 1/2 of the softened residual."""
        r = self.responses()
        return (1 - self.weight) * (r["p"] - self.label) + 4 * self.weight * Fraction(1, 2) * (
            r["p_soft"] - r["q_soft"]
        )

    def identity(self) -> Fraction:
        """grad f(x) - lam grad f(theta)."""
        r = self.responses()
        return (r["p"] - self.label) - self.weight * (r["q"] - self.label)

    def gap(self) -> Fraction:
        """What the temperature adds."""
        return Fraction(
            residual_gap(**self.responses(), weight=self.weight, temperature=self.temperature)
        )

    def __str__(self) -> str:
        """Everything that a check by hand needs."""
        r = self.responses()
        return (
            f"two classes, N = 1, a = 1, b = ({self.label}, {1 - self.label}), T = 2, lambda ="
            f" {self.weight}\nlogits: student (ln {self.student_odds}, 0), teacher (ln"
            f" {self.teacher_odds}, 0)\nsoftmax, first class: p = {r['p']}, q = {r['q']}; at T = 2:"
            f" p_T = {r['p_soft']}, q_T = {r['q_soft']}; derivative in the first weight"
        )


def _root(x: Fraction) -> Fraction:
    """The square root of a rational square, else 0."""
    root = Fraction(isqrt(x.numerator), isqrt(x.denominator)) if x > 0 else Fraction(0)
    return root if root**2 == x else Fraction(0)
