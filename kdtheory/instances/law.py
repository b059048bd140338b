"""The exact law of distillation on one small least-squares problem, in rationals: both sides of it,
by separate ways.

Source: our own.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kdtheory.algebra import symbols as sym
from kdtheory.instances.exact import Instance, Numbers
from kdtheory.instances.samples import Group, aimed, line


@dataclass(frozen=True)
class SmallLaw:
    """One least-squares problem with everything that the exact law of distillation speaks of."""

    groups: tuple[Group, ...]
    theta: Fraction
    weight: Fraction
    gamma: Fraction
    x: Fraction

    def at(self, t: int) -> Instance:
        """The problem with its errors up to time t."""
        return line(
            self.groups,
            theta=self.theta,
            weight=self.weight,
            gamma=self.gamma,
            x=self.x,
            steps=max(t, 1),
        )

    @property
    def _noises(self) -> list[tuple[Fraction, Group, Fraction]]:
        """(chance, group, S_n)."""
        best = self.at(0).minimiser[0]
        total = sum(row.count for row in self.groups)
        return [
            (Fraction(row.count, total), row, row.a * (row.a * best - row.b)) for row in self.groups
        ]

    def letters(self, t: int) -> Numbers:
        """E|y^t|^2 by SGD around the shifted centre, the drift, |D|^2, lam, and S_0 as the fixed
        point of plain SGD.
        """
        here = self.at(t)
        D, e = self.theta - here.minimiser[0], self.x - here.minimiser[0]
        origin = e - self.weight * D
        # Terms whose minimiser is 0 and whose noise there is (1 - lam) S_n.
        calmer = tuple(
            Group(row.count, row.a, -(1 - self.weight) * own / row.a)
            for _, row, own in self._noises
        )
        shifted = line(
            calmer,
            theta=Fraction(0),
            weight=Fraction(0),
            gamma=self.gamma,
            x=origin,
            steps=max(t, 1),
        )
        kept, noise = (
            sum((p * value for p, value in parts), Fraction(0))
            for parts in zip(
                *(
                    ((p, (1 - self.gamma * row.a**2) ** 2), (p, (self.gamma * own) ** 2))
                    for p, row, own in self._noises
                ),
                strict=True,
            )
        )
        return {
            sym.shifted_t: shifted.curve[t][0],
            sym.drift_t: D * (1 - self.gamma * here.mu) ** t * origin,
            sym.distance_theta: D**2,
            sym.lam: self.weight,
            sym.sgd_floor: noise / (1 - kept),
        }

    def stationary(self) -> Fraction:
        """E|x - x*|^2 that one step leaves as it is, from the two moments m and M of x - x*."""
        best, lam, gamma = self.at(0).minimiser[0], self.weight, self.gamma
        rows = [
            (p, 1 - gamma * row.a**2, -gamma * (own - lam * (row.a**2 * (self.theta - best) + own)))
            for p, row, own in self._noises
        ]
        m = sum((p * push for p, _, push in rows), Fraction(0)) / (
            1 - sum((p * keep for p, keep, _ in rows), Fraction(0))
        )
        rest = sum((p * (2 * keep * push * m + push**2) for p, keep, push in rows), Fraction(0))
        return rest / (1 - sum((p * keep**2 for p, keep, _ in rows), Fraction(0)))


def small_law() -> SmallLaw:
    """Slopes 2 and 1, gamma = 1/5, lam = 1/2."""
    groups, theta = aimed(
        (1, 1),
        (Fraction(2), Fraction(1)),
        bias=Fraction(1),
        noise=Fraction(1),
        weight=Fraction(1, 2),
    )
    return SmallLaw(groups, theta, Fraction(1, 2), Fraction(1, 5), Fraction(3))
