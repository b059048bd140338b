"""The SNR law: one step of the envelope with the best step size, as arithmetic on arrays (theory,
Section 8).

u is the signal: mu sqrt(s) for s = E|x - x*|^2, sqrt(2 mu s) for s = E f - f*.  With delta = u - k,
n = q u + a and q^2 = (Lcal - mu)/mu:

* strongly convex, k delta <= a n:  s+/s = n^2/(delta^2 + n^2) = 1/(1 + SNR^2), SNR = delta/n;
* strongly convex, k delta > a n (bias dominates):  sqrt(s+/s) = cos(B - b) with tan B = 1/q and
  sin b = sqrt(k^2 + a^2)/(u sqrt(1 + q^2));
* PL, k delta <= n^2:  s+/s = 1 - (mu/L) SNR^2/(1 + SNR^2);
* PL, k delta > n^2:  gamma = 1/L, s+/s = 1 - (mu/L)(u^2 - k^2 - n^2)/u^2.

The second and the fourth are our own closed forms; delta <= 0 makes no step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from kdtheory.problems.base import Array


@dataclass(frozen=True)
class BestStep:
    """At every signal: the best step size, log(s+/s) <= 0, and d log s+ / d log s at that step
    size, which is also that of the law (its step size is stationary, or at a kink).
    """

    step_size: Array
    log_gain: Array
    slope: Array


@dataclass(frozen=True)
class StepLaw:
    """The constants that the law has of a problem."""

    mu: float
    L: float
    q: float
    pl: bool

    @property
    def eta(self) -> float:
        """The exponent's factor: 1, or mu/L for PL."""
        return self.mu / self.L if self.pl else 1.0

    def signal(self, s: Array) -> Array:
        """u at each s."""
        return np.sqrt(2.0 * self.mu * s) if self.pl else self.mu * np.sqrt(s)

    def error(self, u: Array) -> Array:
        """s at each u."""
        return u**2 / (2.0 * self.mu) if self.pl else (u / self.mu) ** 2

    def snr(self, u: Array, k: Array, a: Array) -> Array:
        """(u - k)_+ / (q u + a); 0 where there is nothing left to gain."""
        delta, n = np.maximum(u - k, 0.0), self.q * u + a
        return np.divide(delta, n, out=np.where(delta > 0.0, np.inf, 0.0), where=n > 0.0)

    def step(self, u: Array, k: Array, a: Array) -> BestStep:
        """One step at the signals ``u`` > 0 with the biases ``k`` and noises ``a``."""
        found = self._pl(u, k, a) if self.pl else self._strongly_convex(u, k, a)
        still = u <= k
        if still.any():
            for part, rest in zip(
                (found.step_size, found.log_gain, found.slope), (0.0, 0.0, 1.0), strict=True
            ):
                part[still] = rest
        return found

    def _strongly_convex(self, u: Array, k: Array, a: Array) -> BestStep:
        delta, n = u - k, self.q * u + a
        square = delta**2 + n**2
        progress = u * delta / square  # gamma mu
        left = 1.0 - progress
        with np.errstate(divide="ignore", invalid="ignore"):
            log_gain = -np.log1p((delta / n) ** 2)
            slope = left * (left + progress * k / u) + progress**2 * self.q * n / u
            slope *= square / n**2
        biased = k * delta > a * n
        if biased.any():
            some = _bias_dominated(u[biased], np.hypot(k, a)[biased], self.q)
            for part, value in zip((progress, log_gain, slope), some, strict=True):
                part[biased] = value
        return BestStep(progress / self.mu, log_gain, slope)

    def _pl(self, u: Array, k: Array, a: Array) -> BestStep:
        delta, n = u - k, self.q * u + a
        square = delta**2 + n**2
        length, lost = u * delta / square, delta**2 / square  # L gamma; what eta takes its share of
        kink = k * delta > n**2
        if kink.any():
            length[kink] = 1.0
            lost[kink] = ((u**2 - k**2 - n**2) / u**2)[kink]
        gain = 1.0 - self.eta * lost
        turn = length**2 * (delta + self.q * n) - length * (2.0 * u - k)
        with np.errstate(divide="ignore"):
            return BestStep(
                length / self.L, np.log1p(-self.eta * lost), (1.0 + self.eta * turn / u) / gain
            )


def _bias_dominated(u: Array, m: Array, q: float) -> tuple[Array, Array, Array]:
    """gamma mu, log(s+/s) and its slope where bias dominates, with m^2 = k^2 + a^2."""
    sine, cosine = 1.0 / np.hypot(1.0, q), q / np.hypot(1.0, q)  # of the angle B
    other = sine * m / u
    along = np.sqrt(1.0 - other**2)  # cos b
    root = cosine * along + sine * other
    progress = sine * (sine * along - cosine * other) / along
    # 1 - root^2 = sin^2(B - b), without cancellation where the angles are close.
    log_gain = np.log1p(-((sine * along - cosine * other) ** 2))
    return progress, log_gain, cosine / (along * root)
