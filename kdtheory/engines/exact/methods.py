"""The two ways to a curve: recursion, and powers of the map's projection on a Krylov space."""

from __future__ import annotations

import math

import numpy as np

from kdtheory.engines.exact.law import Law
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.engines.exact.reduced import Basis, complete_basis, curve, krylov_basis
from kdtheory.problems.base import Array
from kdtheory.rules.protocol import Compressor

METHODS = ("auto", "recursion", "lanczos")
# Second moments (d = 62) up to which the whole map is made at once where a space of vectors found
# one by one would hold this share of them.
COMPLETE, FILLED = 2000, 0.5


class Ways:
    """The readings of one law over time."""

    def __init__(self, law: Law) -> None:
        self.law, self.powers = law, 1 + 2 * law.in_weight
        self.size = law.dim * (law.dim + 1) // 2

    def run(self, method: str, times: np.ndarray, which: list[int]) -> Array | None:
        """The readings ``which`` at ``times`` (T,), (T, readings, 2q+1); None where the method
        cannot serve.
        """
        found = (
            self._recursed(times)[:, which]
            if method == "recursion"
            else self._powered(times, which)
        )
        if found is not None and self.law.outside and 0 in which:
            found[:, which.index(0), 0] += self.law.outside
        return found

    def order(self, times: np.ndarray, which: list[int]) -> list[str]:
        """The methods to try, that with fewer applications of the map first."""
        last = int(times.max(initial=0))
        if not multiplies(self.law.compressor, self.law.dim):
            return ["recursion"]
        names = ["recursion", "lanczos"]
        return names if last * self.powers <= self._needed(last, which) else names[::-1]

    def _needed(self, last: int, which: list[int]) -> float:
        """About how many applications a projection takes."""
        return min(float(self.size), len(which) * self._degree(last))

    def _degree(self, last: int) -> float:
        """Of polynomials that are x^t to 1e-11 for every t <= ``last`` on the spectrum of the map:
        about sqrt(kappa) ln(1/eps) / 2 for long horizons and sqrt(2 (1 - least eigenvalue) t
        ln(1/eps)) for short ones, as for conjugate gradients and Chebyshev series of an
        exponential."""
        constants = self.law.problem.constants
        far = 13.0 * math.sqrt(constants.L / constants.mu) if constants.mu > 0.0 else math.inf
        near = float(np.sqrt(50.0 * min(2.0, 2.0 * self.law.gamma * constants.L) * last))
        return 4.0 + min(far, near, float(last))

    def _started(self, moments: Recursion) -> tuple[Array, Array]:
        assert self.law.start is not None
        return moments.start(self.law.start, self.law.problem.minimiser)

    def _recursed(self, times: np.ndarray) -> Array:
        moments = Recursion(self.law)
        m, M = self._started(moments)
        found, now = {}, 0
        for time in np.unique(times):
            while now < time:
                m, M = moments.step(m, M)
                now += 1
            found[int(time)] = moments.read(m, M)
            if not np.isfinite(found[int(time)]).all():
                break
        lost = np.full((2, self.powers), np.nan)
        return np.array([found.get(int(time), lost) for time in times]).reshape(
            len(times), *lost.shape
        )

    def _powered(self, times: np.ndarray, which: list[int]) -> Array | None:
        """By powers of the map's projection."""
        if not multiplies(self.law.compressor, self.law.dim):
            return None
        last, origins, soon = int(times.max(initial=0)), [Recursion(self.law, moving=True)], 0.0
        # About the limit of the mean, |z - x*|^2 cancels while x is still near x*; about x*, small
        # eigenvalues of H lose digits in the end.  So each has its time, where it matters.
        assert self.law.start is not None
        away, e0 = origins[0].shift[-1], self.law.start - self.law.problem.minimiser
        if origins[0].scale is None and away @ away > 16.0 * (e0 @ e0):
            origins.append(Recursion(self.law))
            pull = self.law.gamma * float(np.linalg.norm(away @ origins[0].hessian))
            soon = float(np.linalg.norm(away)) / pull if pull else np.inf
        if self.size <= COMPLETE and self._needed(last, which) >= FILLED * self.size:
            space: Basis | None = complete_basis(origins, which)
        else:
            space = krylov_basis(origins, last, which)
        if space is None:
            return None
        found = self._about(origins, 0, space, times)
        if soon:
            found[times < soon] = self._about(origins, 1, space, times[times < soon])
        return found

    def _about(
        self, origins: list[Recursion], origin: int, space: Basis, times: np.ndarray
    ) -> Array:
        moments = origins[origin]
        m, M = self._started(moments)
        # After one step M vanishes where the compressor's factor does.
        late = int(moments.scale is not None)
        state = moments.step(m, M) if late else (m, M)
        found = curve(moments, space, *state, np.maximum(times - late, 0), origin=origin)
        found[times == 0] = moments.read(m, M)[space.which]
        return found


def multiplies(compressor: Compressor | None, dim: int) -> bool:
    """Whether the compressor's second moment is an entrywise product (rand-k and Bernoulli are),
    tried on one matrix."""
    if compressor is None:
        return True
    probe = np.arange(1.0, dim + 1)
    M = np.outer(probe, probe)
    scale, image = compressor.second_moment(np.ones_like(M)), compressor.second_moment(M)
    # Products of two floats on either side, good to eps; another map is off by its omega.
    return bool(np.allclose(image, scale * M, rtol=1e-12, atol=0.0)) and float(scale.min()) >= 0.0
