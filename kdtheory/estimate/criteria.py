"""What a weight is optimal for: each criterion is a function of the weight, convex by pieces, given
the four moments.

All are functions of the bias k = |lambda||h| and the noise a, a^2 = E|S - lambda H'|^2 / B, so the
optimum lies between 0 and E<S,H>/V, and so does the search for it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from kdtheory.errors import InvalidInput, StepSizeTooLarge, unknown_name
from kdtheory.estimate.data import Array
from kdtheory.problems.base import moderate_float

UNBIASED = (
    "unbiased",
    "unbiased-pl",
    "unbiased-sharp",
    "unbiased-pl-sharp",
    "unbiased-envelope",
    "unbiased-pl-envelope",
)
BIASED = (
    "second-moment",
    "theorem-1",
    "theorem-2",
    "theorem-1-refined",
    "theorem-2-refined",
    "compressed",
)
SHARP = ("theorem-1-sharp", "theorem-2-sharp")
ENVELOPE = ("theorem-1-envelope", "theorem-2-envelope")
CRITERIA = (*UNBIASED, *BIASED, *SHARP, *ENVELOPE, "exact")


class Criterion(Protocol):
    """A convex function of the weight; ``moments`` is (sigma_sq, covariance, variance, bias_sq)."""

    @property
    def name(self) -> str:
        """Key among CRITERIA."""

    def value(self, weight: float, moments: Array) -> float:
        """The bound's noise term, up to a factor that does not depend on the weight."""

    def slope(self, weight: float, moments: Array) -> float:
        """Its derivative in the weight; at 0 the one towards the sign of the covariance."""

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """Intervals from 0 to ``end``, on each of which the slope changes sign at most once."""


@dataclass(frozen=True)
class Quadratic:
    """N(lambda; kappa) = E|S - lambda H'|^2 + lambda^2 m |h|^2 with m = B(1 + kappa), 0 for
    unbiased distillation.
    """

    name: str
    bias_factor: float

    def value(self, weight: float, moments: Array) -> float:
        """B N(lambda; kappa), with N as in the theory's section 4."""
        sigma_sq, covariance, variance, bias_sq = moments
        return float(
            sigma_sq - 2 * weight * covariance + weight**2 * (variance + self.bias_factor * bias_sq)
        )

    def slope(self, weight: float, moments: Array) -> float:
        """Half the derivative: lambda (V + m|h|^2) - E<S,H>."""
        _, covariance, variance, bias_sq = moments
        return float(weight * (variance + self.bias_factor * bias_sq) - covariance)

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """Convex: one piece."""
        return [(0.0, end)]


@dataclass(frozen=True)
class Sharp:
    """T = U + W/(A - gamma mu) of the theory's section 5: U = k^2 + a^2, W/(A - gamma mu) = (p k +
    r a)^2 / D.

    Noise-dominated steps only, as written; a strongly convex bias-dominated step (a p < k r) has T
    = (1 + bend) U instead, which joins smoothly because (p k + r a)^2 <= (p^2 + r^2)(k^2 + a^2)
    with equality exactly at the border.
    """

    name: str
    p: float  # what a pure bias keeps
    r: float  # what pure noise feeds back
    D: float
    batch_size: int
    bends: bool

    def value(self, weight: float, moments: Array) -> float:
        """T up to the factor gamma^2 (strongly convex) or L gamma^2 / 2 (PL)."""
        k, a, _, _ = norms(weight, moments, self.batch_size)
        if self.bends and a * self.p < k * self.r:
            return (1 + (self.p**2 + self.r**2) / self.D) * (k * k + a * a)
        return k * k + a * a + (self.p * k + self.r * a) ** 2 / self.D

    def slope(self, weight: float, moments: Array) -> float:
        """Half the derivative of ``value``."""
        k, a, k_slope, a_slope = norms(weight, moments, self.batch_size)
        plain = k * k_slope + a * a_slope
        if self.bends and a * self.p < k * self.r:
            return (1 + (self.p**2 + self.r**2) / self.D) * plain
        return plain + (self.p * k + self.r * a) * (self.p * k_slope + self.r * a_slope) / self.D

    def pieces(self, moments: Array, end: float) -> list[tuple[float, float]]:
        """Convex: one piece."""
        return [(0.0, end)]


def norms(weight: float, moments: Array, batch_size: int) -> tuple[float, float, float, float]:
    """k = |lambda||h|, a = sqrt(E|S - lambda H'|^2/B), and their derivatives in the weight.

    At 0 the derivative of k is that towards the sign of the covariance.
    """
    sigma_sq, covariance, variance, bias_sq = moments
    a = math.sqrt(max(sigma_sq - 2 * weight * covariance + weight**2 * variance, 0.0) / batch_size)
    # a is a norm: where it vanishes (teacher and student noise collinear) its smallest subgradient
    # is 0.
    a_slope = (weight * variance - covariance) / (batch_size * a) if a > 0 else 0.0
    size = math.sqrt(bias_sq)
    return abs(weight) * size, a, math.copysign(size, weight if weight else covariance), a_slope


def make_criterion(
    name: str,
    *,
    step_size: float | None,
    mu: float | None,
    L: float | None,
    Lcal: float | None,
    batch_size: int,
) -> Criterion:
    """The criterion called ``name`` with its constants checked.

    Raises InvalidInput (unknown name, missing or non-positive constant) and StepSizeTooLarge.
    """
    if name not in CRITERIA:
        raise unknown_name("criterion", name, CRITERIA)
    if name == "exact":
        raise InvalidInput(
            "criterion 'exact' is lambda = S0/(S0 + |theta - x*|^2): S0, the stationary error of"
            " plain SGD, and the distance to the minimiser are not functions of gradients. Pass"
            " sgd_floor=S0 and teacher_distance_sq=|theta - x*|^2, use optimal_weight(problem,"
            " theta, criterion='exact') for a least-squares problem, or another criterion."
        )
    if not (isinstance(batch_size, (int, np.integer)) and batch_size >= 1):
        raise InvalidInput(f"batch_size must be an integer >= 1, got batch_size = {batch_size!r}.")
    given = {"step_size": step_size, "mu": mu, "L": L, "Lcal": Lcal}
    for key, constant in given.items():
        if constant is not None:
            moderate_float(constant, key)
    if name in UNBIASED:
        return Quadratic(name, 0.0)
    if name == "second-moment":
        return Quadratic(name, float(batch_size))
    constants = _Constants(name, given)
    if name in SHARP:
        return constants.sharp(int(batch_size))
    if name in ENVELOPE:
        from kdtheory.estimate.floor import EnvelopeFloor

        return EnvelopeFloor.of(name, *constants.envelope(), int(batch_size))
    return Quadratic(name, batch_size * (1.0 + constants.kappa()))


@dataclass(frozen=True)
class _Constants:
    """gamma, mu, L, Lcal as far as the user gave them, and the formulas that need them."""

    name: str
    given: dict[str, float | None]

    def need(self, key: str) -> float:
        value = self.given[key]
        if value is None:
            raise InvalidInput(
                f"criterion {self.name!r} needs {key}, got {key} = None. Pass {key}=..., or use"
                " criterion='unbiased' (the unbiased update, no constants) or 'second-moment' (the"
                " most favourable case of the biased update)."
            )
        return float(value)

    def step(self, limit: float, formula: str) -> float:
        gamma = self.need("step_size")
        # A limit computed in floats and passed back must be accepted.
        if not gamma < limit * (1 + 1e-12):
            raise StepSizeTooLarge(
                f"criterion {self.name!r} needs step_size <= {formula} = {limit:.4g}, got step_size"
                f" = {gamma:.4g}. Use a smaller step, or criterion='unbiased', whose weight depends"
                " on no constant."
            )
        return gamma

    def kappa(self) -> float:
        """The weight of the squared bias, theory section 4."""
        if self.name == "theorem-2":
            L = self.need("L")
            mu, Lcal = self.given["mu"], self.given["Lcal"]
            # Without mu and Lcal only what the unrolling needs can be checked.
            limit = (
                (1 / L, "1/L")
                if mu is None or Lcal is None
                else (mu / (4 * L * Lcal), "mu/(4 L Lcal)")
            )
            gamma = self.step(*limit)
            return 1 / (L * gamma)
        if self.name == "theorem-2-refined":
            mu, L, Lcal = (self.need(key) for key in ("mu", "L", "Lcal"))
            gamma = self._open(mu / (2 * L * Lcal), "mu/(2 L Lcal)")
            return 1 / (2 * L * gamma * (1 - 2 * L * gamma * Lcal / mu))
        mu = self.need("mu")
        if self.name == "theorem-1-refined":
            Lcal = self.need("Lcal")
            gamma = self._open(1 / (2 * Lcal), "1/(2 Lcal)")
            return 1 / (2 * gamma * mu * (1 - 2 * gamma * Lcal))
        Lcal_given = self.given["Lcal"]
        if Lcal_given is None:
            return 1 / (self.step(1 / mu, "1/mu") * mu)
        return 1 / (self.step(1 / (4 * Lcal_given), "1/(4 Lcal)") * mu)

    def sharp(self, batch_size: int) -> Sharp:
        """The rate is gamma mu, as everywhere in statements called sharp."""
        mu, Lcal = self._moduli()
        if self.name == "theorem-1-sharp":
            gamma = self._open(1 / Lcal, "1/Lcal")
            p, r = 1 - gamma * mu, gamma * math.sqrt(mu * (Lcal - mu))
            return Sharp(self.name, p, r, gamma * mu * (1 - gamma * Lcal), batch_size, bends=True)
        L = self.need("L")
        gamma = self._open(mu / (L * Lcal), "mu/(L Lcal)")
        scale = math.sqrt(mu / L)  # W = (mu gamma^2/2)(...)^2, while U carries L gamma^2/2
        p, r = abs(1 - L * gamma) * scale, L * gamma * math.sqrt((Lcal - mu) / mu) * scale
        return Sharp(self.name, p, r, gamma * (mu - L * gamma * Lcal), batch_size, bends=False)

    def envelope(self) -> tuple[float, float, float, float | None]:
        """(gamma, mu, Lcal, L), L being None in the strongly convex case."""
        mu, Lcal = self._moduli()
        if self.name == "theorem-1-envelope":
            return self._open(1 / Lcal, "1/Lcal"), mu, Lcal, None
        L = self.need("L")
        return self._open(2 * mu / (L * Lcal), "2 mu/(L Lcal)"), mu, Lcal, L

    def _moduli(self) -> tuple[float, float]:
        mu, Lcal = self.need("mu"), self.need("Lcal")
        if Lcal < mu:
            raise InvalidInput(
                f"Expected smoothness satisfies Lcal >= mu; got Lcal = {Lcal:.4g} < mu = {mu:.4g}."
            )
        return mu, Lcal

    def _open(self, limit: float, formula: str) -> float:
        gamma = self.need("step_size")
        if not gamma < limit:
            raise StepSizeTooLarge(
                f"criterion {self.name!r} needs step_size < {formula} = {limit:.4g}, got step_size"
                f" = {gamma:.4g}. Use a smaller step, or criterion='unbiased', whose weight depends"
                " on no constant."
            )
        return gamma


def minimise(criterion: Criterion, moments: Array) -> float:
    """The weight with the smallest value, by the sign of the slope between 0 and E<S,H>/V.

    Raises InvalidInput where every weight is equally good (a teacher with neither noise nor bias).
    """
    _, covariance, variance, bias_sq = (float(x) for x in moments)
    if isinstance(criterion, Quadratic):
        denominator = variance + criterion.bias_factor * bias_sq
        if denominator > 0:
            return covariance / denominator
        raise _no_teacher(criterion.name)
    if variance <= 0:
        if bias_sq > 0:
            return 0.0
        raise _no_teacher(criterion.name)
    end = covariance / variance
    found = [_bisect(criterion, moments, *piece) for piece in criterion.pieces(moments, end)]
    return min(found, key=lambda weight: criterion.value(weight, moments))


def _bisect(criterion: Criterion, moments: Array, start: float, end: float) -> float:
    sign = math.copysign(1.0, end)
    # k = |lambda||h| has a kink at 0, which makes 0 itself optimal for a teacher with more bias
    # than use.
    if end == start or sign * criterion.slope(start, moments) >= 0:
        return start
    low, high = start, end
    # The interval halves: at most 53 halvings past the first until neighbours meet.
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        if sign * criterion.slope(middle, moments) < 0:
            low = middle
        else:
            high = middle
    return high


def _no_teacher(name: str) -> InvalidInput:
    return InvalidInput(
        f"criterion {name!r}: the teacher's gradient is the same on every sample (V = 0), so no"
        " weight is better than another: distilling subtracts nothing. The teacher interpolates"
        " the data (add ridge or weight decay to keep its residuals), or the file holds copies of"
        " one row. Check teacher_gradients[0] against teacher_gradients[1]."
    )
