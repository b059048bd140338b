"""Least squares in one dimension with two kinds of samples, in exact rationals: convex terms, and
A1, A1', PL, the descent lemma and A3 hold with equality at every x, since f is quadratic.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kdtheory.instances.exact import ZERO, Instance, Vector


@dataclass(frozen=True)
class Group:
    """``count`` equal samples (a, b): terms (a x - b)^2/2."""

    count: int
    a: Fraction
    b: Fraction


def line(
    groups: tuple[Group, ...],
    *,
    theta: Fraction,
    weight: Fraction,
    gamma: Fraction,
    x: Fraction,
    unbiased: bool = False,
    keep: Fraction = Fraction(1),
    spacing: Fraction = ZERO,
    steps: int = 2,
) -> Instance:
    """Least squares in one dimension, from its data.

    ``keep`` q: x+ is multiplied by 1/q with probability q and set to 0 otherwise, omega = 1/q - 1;
    ``spacing``: x+ is rounded stochastically to that grid (one step only).
    """
    total = sum(group.count for group in groups)
    chances = tuple(Fraction(group.count, total) for group in groups)

    def mean(values: list[Fraction]) -> Fraction:
        return sum((p * value for p, value in zip(chances, values, strict=True)), ZERO)

    def value(at: Fraction) -> Fraction:
        return mean([(row.a * at - row.b) ** 2 / 2 for row in groups])

    def gradients(at: Fraction) -> list[Fraction]:
        return [row.a * (row.a * at - row.b) for row in groups]

    def rows(at: Fraction) -> tuple[Vector, ...]:
        return tuple((own,) for own in gradients(at))

    mu = mean([row.a**2 for row in groups])
    Lcal = mean([row.a**4 for row in groups]) / mu
    best = mean([row.a * row.b for row in groups]) / mu
    taught = gradients(theta)
    shift = mean(taught) if unbiased else ZERO
    corrections = [weight * (own - shift) for own in taught]
    omega = 1 / keep - 1

    def moved(at: Fraction) -> list[Fraction]:
        return [
            at - gamma * (own - more) for own, more in zip(gradients(at), corrections, strict=True)
        ]

    first = moved(x)
    spread = mean([_rounding_variance(y, spacing) for y in first]) if spacing else ZERO
    # In e = x - x* the step is affine, e+ = (1 - gamma a^2) e + push, so two moments are enough.
    pushes = [y - best for y in moved(best)]
    shrinks = [1 - gamma * row.a**2 for row in groups]
    both = mean([own * push for own, push in zip(shrinks, pushes, strict=True)])
    limit, square = None, mean([own**2 for own in shrinks])
    if square < 1 and not omega and not spacing:
        end = (2 * both * mean(pushes) / (gamma * mu) + mean([p**2 for p in pushes])) / (1 - square)
        limit = (end, mu / 2 * end)
    m, M = x - best, (x - best) ** 2
    curve: list[tuple[Fraction, Fraction | None]] = [(M, mu / 2 * M)]
    for t in range(1 if spacing else steps):
        M = square * M + 2 * both * m + mean([p**2 for p in pushes])
        m = mean(shrinks) * m + mean(pushes)
        M += omega * (M + 2 * best * m + best**2) + (spread if t == 0 else ZERO)
        curve.append((M, mu / 2 * M))
    data = [f"N = {total}, d = 1, f_n(x) = (a_n x - b_n)^2/2"]
    data += [
        f"  {row.count} term{'s' if row.count > 1 else ''} with a_n = {row.a}, b_n = {row.b}"
        for row in groups
    ]
    data += [f"  x* = {best}, theta = {theta}, x = {x}"]
    if omega:
        data.append(f"  C(y) = y/q with probability q = {keep}, else 0: omega = {omega}")
    if spacing:
        data.append(f"  C rounds stochastically to multiples of delta = {spacing}")
    return Instance(
        tuple(data),
        "f is quadratic: A1, A1', PL, the descent lemma and A3 hold with equality at every x",
        chances,
        rows(x),
        rows(best),
        rows(theta),
        (x,),
        (best,),
        (theta,),
        mu,
        mu,
        Lcal,
        gamma,
        weight,
        value(x) - value(best),
        value(theta) - value(best),
        tuple(curve),
        omega,
        spacing**2 / 4,
        limit,
    )


def _rounding_variance(y: Fraction, spacing: Fraction) -> Fraction:
    low = (y // spacing) * spacing
    return (y - low) * (low + spacing - y)


def aimed(
    counts: tuple[int, int],
    slopes: tuple[Fraction, Fraction],
    *,
    bias: Fraction,
    noise: Fraction,
    weight: Fraction,
    minimiser: Fraction = ZERO,
) -> tuple[tuple[Group, ...], Fraction]:
    """Groups and theta with lam h = -bias and lam H' - S = -noise (a_n^2 - mu): both push the same
    way as the student's own error.

    In SGD's step E|x+ - x*|^2 = ((1 - gamma mu) e + gamma bias)^2 + gamma^2 c^2 (e + noise)^2 with
    c^2 = Var a_n^2, the worst case of the sharp bounds at e = sqrt(W)/(A - varrho).  The noise at
    x* is S_n = s (a_n^2 - mu). ``weight`` is neither 0 (unless bias is 0) nor 1.
    """
    total = sum(counts)
    mu = sum((Fraction(n, total) * a**2 for n, a in zip(counts, slopes, strict=True)), ZERO)
    away = bias / (weight * mu) if bias else ZERO
    s = (noise + weight * away) / (1 - weight)
    groups = tuple(
        Group(n, a, a * minimiser - s * (a**2 - mu) / a)
        for n, a in zip(counts, slopes, strict=True)
    )
    groups = groups if slopes[0] != slopes[1] else (Group(1, slopes[0], slopes[0] * minimiser),)
    return groups, minimiser + away
