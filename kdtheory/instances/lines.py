"""Suspects in one dimension: least squares where the sharp bounds are attained, at x*, and far
away, so that whatever promises less than those bounds is caught.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import product

from kdtheory.algebra import symbols as sym
from kdtheory.instances.exact import HALF, Instance
from kdtheory.instances.samples import Group, aimed, line
from kdtheory.instances.suspects import Built, Suspect, short, step_sizes, weights
from kdtheory.statements.theorems import Theorem

LATEST = 12  # steps that are looked at
COUNTS = ((1, 1), (1, 4), (1, 9), (1, 16), (1, 36), (1, 100))
SLOPES = ((1, 1), (2, 1), (3, 1), (10, 1))


@dataclass(frozen=True)
class Aimed:
    """Least squares with one steep and many flat samples (``kdtheory.instances.samples.aimed``) at
    distances r from x*; letters in closed form.
    """

    counts: tuple[int, int]
    slopes: tuple[Fraction, Fraction]
    mu: Fraction
    fourth: Fraction
    gamma: Fraction
    weight: Fraction
    bias: Fraction
    noise: Fraction
    unbiased: bool
    distances: tuple[Fraction, ...]

    def letters(self) -> dict[str, float]:
        """S_n = s (a_n^2 - mu), H'_n = (s + D)(a_n^2 - mu)."""
        mu, lam, c_sq = float(self.mu), float(self.weight), float(self.fourth - self.mu**2)
        D = float(self.bias) / (lam * mu) if lam else 0.0
        s = (float(self.noise) + lam * D) / (1 - lam)
        return {
            "gamma": float(self.gamma),
            "mu": mu,
            "L": mu,
            "Lcal": float(self.fourth) / mu,
            "lam": lam,
            "sigma_star_sq": c_sq * s * s,
            "V": c_sq * (s + D) ** 2,
            "C": c_sq * s * (s + D),
            "bias_sq": (mu * D) ** 2,
            "F_theta": mu * D * D / 2,
            "D_sq": D * D,
            "xstar_sq": 0.0,
            "omega": 0.0,
            "delta_sq": 0.0,
        }

    def states(self, quantity: str) -> list[dict[float, float]]:
        """r^2, then E r+^2 = ((1 - gamma mu) r + gamma bias)^2 + gamma^2 c^2 (r + noise)^2, linear
        in E r and E r^2.
        """
        gamma, mu, bias, noise = (
            float(value) for value in (self.gamma, self.mu, self.bias, self.noise)
        )
        spread, unit = (
            gamma**2 * float(self.fourth - self.mu**2),
            mu / 2 if quantity == "gap" else 1.0,
        )
        kept, push = 1 - gamma * mu, gamma * bias
        square, both = kept**2 + spread, kept * push + spread * noise
        alone = push**2 + spread * noise**2
        found = []
        for r in map(float, self.distances):
            m, M, curve = r, r * r, {0.0: unit * r * r}
            for t in range(1, LATEST + 1):
                m, M = kept * m + push, square * M + 2 * both * m + alone
                curve[t] = unit * M
            if square < 1:
                curve[math.inf] = unit * (2 * both * bias / mu + alone) / (1 - square)
            found.append(curve)
        return found

    def build(self, index: int) -> Instance:
        """The instance with x* = 0."""
        groups, theta = aimed(
            self.counts, self.slopes, bias=self.bias, noise=self.noise, weight=self.weight
        )
        return line(
            groups,
            theta=theta,
            weight=self.weight,
            gamma=self.gamma,
            x=self.distances[index],
            unbiased=self.unbiased,
            steps=LATEST,
        )


def lines(
    theorem: Theorem,
    *,
    scales: Iterable[Fraction] = (Fraction(1),),
    counts: Iterable[tuple[int, int]] = COUNTS,
    slopes: Iterable[tuple[int, int]] = SLOPES,
    digits: int = 2,
) -> Iterator[Suspect]:
    """Aimed where the sharp bounds are attained, at the worst points of some rates, at x* and far
    away.
    """
    assert theorem.psi is not None
    compressed = theorem.psi.has(sym.omega, sym.rounding_sq)
    for scale, many, pair in product(scales, counts, slopes):
        if pair[0] == pair[1] and many != (1, 1):
            continue
        steep, total = (scale * pair[0], scale * pair[1]), sum(many)
        mu, fourth = (
            sum(
                (Fraction(n, total) * a**power for n, a in zip(many, steep, strict=True)),
                Fraction(0),
            )
            for power in (2, 4)
        )
        for gamma in step_sizes(theorem, mu=mu, L=mu, Lcal=fourth / mu):
            for bias, noise in _strengths(gamma * mu, fourth - mu**2, digits):
                if theorem.unbiased and bias:
                    continue
                distances = _distances(gamma, mu, fourth, (bias, noise), digits)
                for weight in weights(theorem):
                    if (weight == 0 and bias) or weight == 1:
                        continue
                    yield Aimed(
                        many,
                        steep,
                        mu,
                        fourth,
                        gamma,
                        weight,
                        bias,
                        noise,
                        theorem.unbiased,
                        distances,
                    )
            if compressed and pair[0] == pair[1]:
                yield from _compressed_lines(steep[0], gamma)


def _strengths(rate: Fraction, c_sq: Fraction, digits: int) -> list[tuple[Fraction, Fraction]]:
    """(bias, noise in units of x) pairs: one of them alone, and together in proportions that matter
    for small gamma mu."""
    if c_sq == 0:
        return [(Fraction(1), Fraction(0))]
    unit = float(c_sq) ** 0.5 * float(rate) ** 0.5
    return [
        (Fraction(0), Fraction(1)),
        (Fraction(1), Fraction(0)),
        *((short(Fraction(unit * m), digits), Fraction(1)) for m in (0.5, 1, 2, 8)),
    ]


def _distances(
    gamma: Fraction, mu: Fraction, fourth: Fraction, pushes: tuple[Fraction, Fraction], digits: int
) -> tuple[Fraction, ...]:
    bias, noise = pushes
    push = gamma * bias * (1 - gamma * mu) + gamma**2 * (fourth - mu**2) * noise
    limit, rate = 2 * gamma * mu - gamma**2 * fourth, gamma * mu
    worst = [push / (limit - own) for own in (rate, rate / 2, Fraction(0)) if limit > own]
    return (
        Fraction(0),
        *(short(r, digits) for r in worst if r > 0),
        1000 * (noise + short(bias / mu) + 1),
    )


def _compressed_lines(slope: Fraction, gamma: Fraction) -> Iterator[Suspect]:
    """Equal samples: x* = 1 with x+ kept with probability 99/100, and rounding to a grid on which
    x+ is half way.
    """
    groups = (Group(1, slope, slope),)
    for r in (Fraction(0), Fraction(1), Fraction(30)):
        yield Built(
            line(
                groups, theta=Fraction(1), weight=HALF, gamma=gamma, x=1 + r, keep=Fraction(99, 100)
            )
        )
    groups = (Group(1, slope, Fraction(0)),)
    yield Built(
        line(
            groups,
            theta=Fraction(0),
            weight=HALF,
            gamma=gamma,
            x=Fraction(1),
            spacing=2 * (1 - gamma * slope**2),
        )
    )
