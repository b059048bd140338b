"""The ways to a curve, and what each costs: recursion, squaring, eigendecomposition, Lanczos."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.exact.limits import on_range
from kdtheory.engines.exact.recursion import Moments
from kdtheory.engines.exact.reduced import Basis, complete_basis, curve, krylov_basis
from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum
from kdtheory.rules.distilled import DistilledSGD

METHODS = ("auto", "recursion", "squaring", "eigendecomposition", "lanczos")
COMPLETE_LIMIT = 2000  # rows of the whole map (d = 62): its matrix and two powers fit in 100 MB
CALL = 2e-5  # seconds of interpreter and dispatch in a few small array operations
RATE = 4e10  # flops a second of large matrix products; only ratios matter


class Case:
    """One problem, start and rule, on the range of the Hessian: what lies outside never moves."""

    def __init__(
        self,
        problem: FiniteSum,
        theta: Array,
        rule: DistilledSGD,
        gamma: float,
        start: Array,
        *,
        in_weight: bool,
    ) -> None:
        if not isinstance(problem, LeastSquares):
            raise InvalidInput(
                f"Exact moments need least squares, got {type(problem).__name__}. Use one_step() or"
                " simulate()."
            )
        self.rule, self.gamma, self.in_weight, self.outside = rule, gamma, in_weight, 0.0
        small, basis = (
            on_range(problem) if rule.compressor is None else (problem, np.eye(problem.dim))
        )
        if small is not problem:
            error = start - problem.minimiser
            self.outside = float(((error - basis @ (basis.T @ error)) ** 2).sum())
            theta, start = basis.T @ theta, basis.T @ start
        self.problem, self.theta, self.start = small, theta, start
        self.size = small.dim * (small.dim + 1) // 2

    def moments(self, *, moving: bool) -> Moments:
        """The recursion about x*, or about the limit of the mean."""
        return Moments(
            self.problem, self.theta, self.rule, self.gamma, moving=moving, in_weight=self.in_weight
        )

    def run(self, method: str, times: np.ndarray, which: list[int]) -> Array | None:
        """The readings ``which`` at ``times`` (T, readings, 2q+1); None where the method cannot
        serve.
        """
        if method == "recursion":
            found = self._recursed(times)[:, which]
        else:
            powered = self._powered(times, method, which)
            if powered is None:
                return None
            found = powered
        if self.outside and 0 in which:
            found[:, which.index(0), 0] += self.outside
        return found

    def order(self, times: np.ndarray, which: list[int]) -> list[str]:
        """The methods to try, cheapest first."""
        costs = self.costs(times, which)
        return sorted(costs, key=lambda name: costs[name])

    def costs(self, times: np.ndarray, which: list[int]) -> dict[str, float]:
        """About how many seconds each would take on one core."""
        (n, d), last, q = self.problem.features.shape, int(times.max(initial=0)), 1 + self.in_weight
        product = n * d * d / RATE
        step = 3.5 * product + 2 * CALL
        if self.rule.compressor is not None:
            step += 2 * d**3 / RATE
        reads = min(len(times), last + 1) * q * 1.5 * CALL
        found = {
            "recursion": last * ((2 * q - 1) * (step - CALL) + 2 * q * q * product + CALL) + reads
        }
        if self.rule.compressor is None or self._multiplies():
            bits, states = max(1, last).bit_length(), q * d
            common = 25 * CALL + len(times) * 3e-9 * len(which) * (2 * q - 1)
            if self.size <= COMPLETE_LIMIT:
                whole = 5 * self.size * n * d * d / RATE + common
                found["squaring"] = whole + 2 * bits * (self.size + states) ** 3 / RATE
                found["eigendecomposition"] = (
                    whole + 10 * self.size**3 / RATE + bits * self.size * states * 1e-9
                )
            steps = min(float(self.size), len(which) * self._degree(last))
            found["lanczos"] = (
                steps * (step + 3e-10 * self.size * (10 + steps))
                + 25 * steps**3 / RATE
                + 30 * CALL
                + common
            )
        return found

    def _degree(self, last: int) -> float:
        """Of polynomials that are x^t to 1e-11 for every t <= ``last`` on the spectrum of the map:
        about sqrt(kappa) ln(1/eps) / 2 for long horizons and sqrt(2 (1 - least eigenvalue) t
        ln(1/eps)) for short ones, as for conjugate gradients and Chebyshev series of an
        exponential."""
        top, low = self.problem.constants.L, max(self.problem.constants.mu, 1e-300)
        far = 13.0 * float(np.sqrt(top / low))
        near = float(np.sqrt(50.0 * min(2.0, 2.0 * self.gamma * top) * last))
        return 4.0 + min(far, near, float(last))

    def _multiplies(self) -> bool:
        """Whether the compressor's second moment is an entrywise product (rand-k and Bernoulli
        are), tried on one matrix."""
        assert self.rule.compressor is not None
        ones = np.ones((self.problem.dim, self.problem.dim))
        probe = np.arange(1.0, self.problem.dim + 1)
        M, scale = np.outer(probe, probe), self.rule.compressor.second_moment(ones)
        image = self.rule.compressor.second_moment(M)
        return (
            bool(np.allclose(image, scale * M, rtol=1e-12, atol=0.0)) and float(scale.min()) >= 0.0
        )

    def _recursed(self, times: np.ndarray) -> Array:
        moments = self.moments(moving=False)
        m, M = moments.start(self.start, self.problem.minimiser)
        found, now = {}, 0
        for time in np.unique(times):
            while now < time:
                m, M = moments.step(m, M)
                now += 1
            found[int(time)] = moments.read(m, M)
            if not np.isfinite(found[int(time)]).all():
                break
        lost = np.full((2, 1 + 2 * self.in_weight), np.nan)
        return np.array([found.get(int(time), lost) for time in times]).reshape(
            len(times), *lost.shape
        )

    def _powered(self, times: np.ndarray, name: str, which: list[int]) -> Array | None:
        """By powers of the whole map or of its projection."""
        if self.rule.compressor is not None and not self._multiplies():
            return None
        if name != "lanczos" and self.size > COMPLETE_LIMIT:
            return None
        last, origins, soon = int(times.max(initial=0)), [self.moments(moving=True)], 0.0
        # About the limit of the mean, |z - x*|^2 cancels while x is still near x*; about x*, small
        # eigenvalues of H lose digits in the end.  So each has its time, where it matters.
        away, e0 = origins[0].shift[-1], self.start - self.problem.minimiser
        if origins[0].scale is None and away @ away > 16.0 * (e0 @ e0):
            origins.append(self.moments(moving=False))
            pull = self.gamma * float(np.linalg.norm(away @ origins[0].hessian))
            soon = float(np.linalg.norm(away)) / pull if pull else np.inf
        space = (
            krylov_basis(origins, last, which)
            if name == "lanczos"
            else complete_basis(origins, which)
        )
        if space is None:
            return None
        found = self._about(origins, 0, space, times, name)
        if soon:
            found[times < soon] = self._about(origins, 1, space, times[times < soon], name)
        return found

    def _about(
        self, origins: list[Moments], origin: int, space: Basis, times: np.ndarray, name: str
    ) -> Array:
        moments = origins[origin]
        m, M = moments.start(self.start, self.problem.minimiser)
        # After one step M vanishes where the compressor's factor does.
        late = int(moments.scale is not None)
        state = moments.step(m, M) if late else (m, M)
        found = curve(
            moments,
            space,
            *state,
            np.maximum(times - late, 0),
            origin=origin,
            dense=name == "squaring",
        )
        found[times == 0] = moments.read(m, M)[space.which]
        return found
