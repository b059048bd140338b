"""Which weights the best schedule takes at which signal.

The weight that maximises SNR = (u - k)/(q u + a) is lam(z) of the :class:`Front` with

    z = 1/(1 + kappa) = k SNR/a,   that is   u = (a^2 + z K^2)/(K - q a) with K = k/z,

so the curve gives u for every z, and z for u by inversion.  Where bias dominates the weight of
kappa = 0, z = 1, minimises k^2 + a^2 and is kept for every larger u; for PL it is (z - 1) a = q u
instead, which is where gamma stays at 1/L.  Our own derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from kdtheory.bounds.front import Front
from kdtheory.problems.base import Array

NODES = 4097
ROUNDS = 2  # of Newton's method: from the table's 1e-5 it squares the error each time
# The ends of the table, against the z at which biases begin to matter.
SMALL, LARGE = 1e-9, 1e9


class Trade(Protocol):
    """Bias, noise and weights at every signal u (n,)."""

    def at(self, u: Array, *, exact: bool) -> tuple[Array, Array]:
        """k and a, (n,) each; without ``exact`` the weights may be off by 1e-6 of themselves, and
        what they minimise by the square of that.
        """

    def weights(self, u: Array) -> Array:
        """lam, (n, m)."""


@dataclass(frozen=True, eq=False)
class FixedWeight:
    """One weight (m,) whatever the signal."""

    weight: Array
    bias: float
    noise: float

    def at(self, u: Array, *, exact: bool) -> tuple[Array, Array]:
        """The same everywhere."""
        return np.full(len(u), self.bias), np.full(len(u), self.noise)

    def weights(self, u: Array) -> Array:
        """The same everywhere."""
        return np.broadcast_to(self.weight, (len(u), len(self.weight)))


@dataclass(frozen=True, eq=False)
class Best:
    """The best weights of a front at each signal."""

    front: Front
    q: float
    pl: bool

    @cached_property
    def stop(self) -> float:
        """The signal below which every weight is 0; inf where it is 0 throughout, 0 where biases
        cancel.
        """
        zero = np.zeros(1)
        a, ratio = float(self.front.noise(zero)[0]), float(self.front.bias_over_z(zero)[0])
        if (self.front.c[self.front.p == 0.0] != 0.0).any():
            return 0.0
        if a == 0.0 or ratio == 0.0:  # nothing to remove, or nothing that removes it
            return np.inf
        room = ratio - self.q * a
        return a**2 / room if room > 0.0 else np.inf

    @cached_property
    def _table(self) -> tuple[Array, Array]:
        """u at increasing z, both increasing."""
        charged = self.front.p[self.front.p > 0.0]
        top = max(LARGE * float(charged.max()), 1.0) if self.pl else 1.0
        z = np.geomspace(SMALL * min(float(charged.min()), 1.0), top, NODES)
        ratio, a = self.front.bias_over_z(z), self.front.noise(z)
        signal = np.maximum(self._smooth(z, ratio, a), self._kink(z, a))
        reached = np.isfinite(signal)
        # Where a vanishes along the curve one signal calls for all z at once, up to rounding.
        rising = np.maximum.accumulate(signal[reached])
        return np.r_[self.stop, rising], np.r_[0.0, z[reached]]

    def _smooth(self, z: Array, ratio: Array, a: Array) -> Array:
        """The signal at which z maximises SNR; inf where none does."""
        room = ratio - self.q * a
        return np.divide(a**2 + z * ratio**2, room, out=np.full(len(z), np.inf), where=room > 0.0)

    def _kink(self, z: Array, a: Array) -> Array:
        """The signal at which z is best for gamma = 1/L (PL only)."""
        if not self.pl:
            return np.zeros(len(z))
        beyond = np.maximum(z - 1.0, 0.0) * a
        return np.divide(
            beyond, self.q, out=np.where(beyond > 0.0, np.inf, 0.0), where=self.q > 0.0
        )

    def _z(self, u: Array, *, exact: bool) -> Array:
        """z at each signal: from the table, then by Newton's method."""
        if not (u > self.stop).any():
            return np.zeros(len(u))
        signals, values = self._table
        z = np.interp(u, signals, values)
        rounds = ROUNDS if exact else 0
        inside = u > signals[0]
        for _ in range(rounds):
            ratio, a = self.front.bias_over_z(z), self.front.noise(z)
            slope = self.front.bias_over_z_slope(z)
            with np.errstate(divide="ignore", invalid="ignore"):
                off = ratio * (u - z * ratio) - a * (self.q * u + a)
                rise = slope * u * (1.0 + z * ratio * self.q / a) + ratio**2 * (
                    1.0 + self.q * u / a
                )
                if self.pl:
                    kink = self._kink(z, a) > self._smooth(z, ratio, a)
                    off = np.where(kink, (z - 1.0) * a - self.q * u, off)
                    falls = -ratio * (ratio + z * slope) / a
                    rise = np.where(kink, a + (z - 1.0) * falls, rise)
                new = z - off / rise
            good = inside & np.isfinite(new)
            z = np.where(good, np.clip(new, 0.9 * z, 1.1 * z), z)
        return z if self.pl else np.minimum(z, 1.0)

    def at(self, u: Array, *, exact: bool) -> tuple[Array, Array]:
        """k and a of the best weights."""
        z = self._z(u, exact=exact)
        if not z.any():  # most of a long schedule: the teacher has been dropped
            return z, np.broadcast_to(self._plain, len(u))
        return self.front.bias(z), self.front.noise(z)

    @cached_property
    def _plain(self) -> float:
        return float(self.front.noise(np.zeros(1))[0])

    def weights(self, u: Array) -> Array:
        """lam, (n, m)."""
        z = self._z(u, exact=True)
        if z.any():
            return self.front.weights(z)
        dropped = self.front.weights(np.zeros(1))
        return np.broadcast_to(dropped, (len(u), dropped.shape[1]))
