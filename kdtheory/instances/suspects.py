"""Where a false statement is looked for: families of explicit instances
(``kdtheory.instances.exact``), simplest first.

They sit where the sharp bounds are attained, or far away, so that whatever promises less than those
bounds is caught.
Source: our own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import partial
from itertools import product
from typing import Protocol

import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.instances import matching
from kdtheory.instances.exact import Group, Instance, aimed, exact, line
from kdtheory.instances.gram import GramPoint, bias_dominated
from kdtheory.instances.shapes import gram, knee, softening
from kdtheory.statements.theorems import Theorem

HALF = Fraction(1, 2)
LATEST = 12  # steps that are looked at

COUNTS = ((1, 1), (1, 4), (1, 9), (1, 16), (1, 36), (1, 100))
SLOPES = ((1, 1), (2, 1), (3, 1), (10, 1))
SHARES = (Fraction(1), Fraction(9, 10), HALF, Fraction(1, 10))
WEIGHTS = (HALF, Fraction(-7, 10), Fraction(2))


def weights(theorem: Theorem) -> tuple[Fraction, ...]:
    """The weights to try: the one that the statement fixes, if it does."""
    fixed = theorem.definitions.get(sym.lam)
    if fixed is None:
        return WEIGHTS
    value = exact(sp.sympify(fixed), {})
    return () if value is None else (value,)


class Suspect(Protocol):
    """Instances that differ in x only, before they are built: floats to look at, cheaply, then the
    exact instance.
    """

    def letters(self) -> dict[str, float]:
        """The statement's letters."""

    def states(self, quantity: str) -> list[dict[float, float]]:
        """t to E s(x^t), for every x."""

    def build(self, index: int) -> Instance:
        """The instance with that x, in exact rationals."""


@dataclass(frozen=True)
class Built:
    """One instance, built at once."""

    instance: Instance

    def letters(self) -> dict[str, float]:
        """All that the instance knows."""
        return {str(letter): float(value) for letter, value in self.instance.numbers.items()}

    def states(self, quantity: str) -> list[dict[float, float]]:
        """None where the gap is unknown."""
        known = {t: self.instance.state(quantity, t) for t in (0, 1)}
        return [{t: float(x) for t, x in known.items() if x is not None}] if known[1] else []

    def build(self, index: int) -> Instance:
        """The instance itself."""
        return self.instance


@dataclass(frozen=True)
class Aimed:
    """Least squares with one steep and many flat samples (``exact_instances.aimed``) at distances r
    from x*; letters in closed form."""

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


def step_sizes(theorem: Theorem, *, mu: Fraction, L: Fraction, Lcal: Fraction) -> list[Fraction]:
    """Short fractions inside the statement's range, from its end to a tenth of it."""
    limit = (
        None
        if theorem.step_size_max is None
        else exact(theorem.step_size_max, {sym.mu: mu, sym.L: L, sym.Lcal: Lcal})
    )
    if limit is None or limit <= 0:
        return []
    fixed = theorem.definitions.get(sym.gamma)
    if fixed is not None:  # gamma_0, where the statement says what it is
        first = sp.sympify(fixed).xreplace({sym.t: sp.Integer(0)})
        value = exact(first, {sym.mu: mu, sym.L: L, sym.Lcal: Lcal})
        return [value] if value is not None and 0 < value <= limit else []
    return [
        _short(share * limit * (1 - Fraction(theorem.strict, 200)), below=True) for share in SHARES
    ]


def _short(value: Fraction, digits: int = 2, *, below: bool = False) -> Fraction:
    """``value`` >= 0 in so many decimal digits, or cut off after one more (``below``)."""
    if value == 0:
        return value
    unit = Fraction(10) ** (math.floor(math.log10(value)) + 1 - digits - below)
    return (value // unit if below else round(value / unit)) * unit


def _lines(
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
        *((_short(Fraction(unit * m), digits), Fraction(1)) for m in (0.5, 1, 2, 8)),
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
        *(_short(r, digits) for r in worst if r > 0),
        1000 * (noise + _short(bias / mu) + 1),
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


def _knees(theorem: Theorem) -> Iterator[Suspect]:
    """Sums with L > mu (biased rule), the student at the knee, before it or beyond it."""
    if theorem.unbiased:
        return
    mu, places = Fraction(1), (HALF, Fraction(1), Fraction(3))
    for L, q, s in product(
        (Fraction(2), Fraction(6)), (HALF, Fraction(3)), (Fraction(0), Fraction(1))
    ):
        if mu * (1 + q**2) >= L:
            problem = matching.KneeSum(mu, L, q, s, Fraction(1))
            for gamma, weight, theta, x in product(
                step_sizes(theorem, mu=mu, L=L, Lcal=problem.Lcal), weights(theorem), places, places
            ):
                yield Built(knee(problem, theta=theta, weight=weight, gamma=gamma, x=x))


def _grams(theorem: Theorem) -> Iterator[Suspect]:
    """Bias-dominated worst points: vectors only."""
    if theorem.modulus == "mu" and theorem.quantity == "sq_distance" and not theorem.unbiased:
        for point in _turned():
            if point.gamma < max(
                step_sizes(theorem, mu=point.mu, L=point.Lcal, Lcal=point.Lcal), default=Fraction(0)
            ):
                yield Built(gram(point))


def _turned() -> Iterator[GramPoint]:
    """Fluctuations are 3/4 and 4/3 of the part of g across e, which makes c rational; the last
    scale gives the rate gamma mu."""
    tenth = Fraction(1, 10)
    for mu, gamma, turn, share in product(
        (HALF, Fraction(1)),
        (2 * tenth, tenth / 2),
        (tenth / 5, tenth),
        (Fraction(3, 4), Fraction(4, 3)),
    ):
        across = (1 - gamma * mu) * 2 * turn / (1 - turn**2) / gamma
        Lcal = mu + (1 + share**2) * across**2 / mu
        A = gamma * mu * (2 - gamma * Lcal)
        if gamma * Lcal < 1:
            for scale in (tenth, Fraction(1), (A - gamma * mu) / ((1 - A) * gamma)):
                yield bias_dominated(
                    mu=mu, gamma=gamma, turn=turn, fluctuation=share * across, scale=scale
                )


def _softening(theorem: Theorem) -> Iterator[Suspect]:
    """mu = 1/2, Lcal = 13/8 (c = 3/4), noise 1, without bias: points with F > (mu/2) x^2."""
    mu, Lcal = HALF, Fraction(13, 8)
    sizes = (
        (Fraction(1, 5), Fraction(2, 5)),
        (Fraction(3, 2), Fraction(1)),
        (HALF, Fraction(1, 10)),
        (Fraction(3), Fraction(6)),
    )
    for gamma, L, x, part in product(*sizes):
        if gamma < max(step_sizes(theorem, mu=mu, L=L, Lcal=Lcal), default=Fraction(0)):
            yield Built(
                softening(mu=mu, L=L, Lcal=Lcal, knee=x / part, x=x, noise=Fraction(1), gamma=gamma)
            )


def _violating(theorem: Theorem) -> Iterator[Suspect]:
    """Where expected smoothness is not assumed: a sum with a larger Lcal than is said, or with
    mu larger than it is where no convexity is.
    """
    groups = (Group(1, Fraction(10), Fraction(10)), Group(36, Fraction(1), Fraction(0)))
    true = line(groups, theta=Fraction(1), weight=HALF, gamma=HALF, x=Fraction(1))
    said: list[dict[str, Fraction]] = []
    if asm.expected_smoothness not in theorem.needs:
        said.append({"Lcal": true.mu})
    if not {asm.strong_convexity, asm.quadratic_growth, asm.polyak_lojasiewicz} & {*theorem.needs}:
        said.append({"mu": true.Lcal, "L": true.Lcal})
    for letters, x in product(said, (Fraction(0), Fraction(1), Fraction(1000))):
        own = {"mu": true.mu, "L": true.L, "Lcal": true.Lcal} | letters
        for gamma, weight in product(step_sizes(theorem, **own), weights(theorem)):
            found = line(
                groups,
                theta=Fraction(1),
                weight=weight,
                gamma=gamma,
                x=x,
                unbiased=theorem.unbiased,
            )
            note = ", ".join(f"{name} = {value}" for name, value in letters.items())
            told = f"{note} is what the statement lets us say: no assumption speaks against it"
            yield Built(replace(found, mu=own["mu"], L=own["L"], Lcal=own["Lcal"], globally=told))


# "other units" is for claims whose units do not match, "steep" for what fails as gamma mu -> 0.
KINDS: Mapping[str, Callable[[Theorem], Iterator[Suspect]]] = {
    "least squares": _lines,
    "other units": partial(_lines, scales=(Fraction(1, 10), Fraction(12))),
    "L > mu": _knees,
    "F > mu/2 x^2": _softening,
    "vectors": _grams,
    "steep": partial(
        _lines, counts=((1, 10**4), (1, 10**8)), slopes=((100, 1), (10**4, 1)), digits=3
    ),
    "not assumed": _violating,
}
"""The families, simplest first; each yields only what fits the statement."""
