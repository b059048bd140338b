"""Second moments of least squares when step sizes and weights change from step to step."""

from __future__ import annotations

import numpy as np

from kdtheory.engines.exact.law import Law, least_squares
from kdtheory.engines.exact.recursion import Recursion
from kdtheory.problems.base import Array
from kdtheory.rules.combination import rank_one
from kdtheory.rules.experiment import Experiment


class Varying:
    """m = E u and M = E u u^T, u = x - x* (u = x under compression), in the axes of the Hessian,
    under steps of any size and weight.

    Where all control variates are s_n a_n + const and sampling is uniform, one pass over the terms
    gives the whole fluctuation: E (a_n.u + rho_n)^2 times a_n a_n^T.
    """

    def __init__(self, made: Experiment, *, weighted: bool) -> None:
        """``weighted``: the weights come with the steps; else the rule's own stay."""
        problem = least_squares(made.problem, "Exact moments", "Use one_step() or simulate().")
        tables = made.parts if weighted else made.control_variates[None]
        calm = np.zeros_like(tables[0])
        law = Law(
            problem,
            calm,
            None,
            made.x0,
            1.0,
            made.factor,
            made.ratios,
            made.compressor,
            in_weight=False,
        )
        # The recursion with step size 1 and without a teacher: what the pieces below are made of.
        self.plain = plain = Recursion(law)
        self.law, self.scaled = law, plain.scale is not None
        self.parts = tables @ plain.basis
        self.means = self.parts.mean(axis=1)
        self.curvature = plain.hessian if self.scaled else np.diag(plain.hessian)
        # w_n without a teacher: the noise at x*, or the gradient at 0.
        origin = problem.gradients(problem.minimiser if not self.scaled else np.zeros(plain.dim))
        if not self.scaled:
            origin = origin - origin.mean(axis=0)
        self.origin = origin @ plain.basis
        self.rho, self.shares = self._shares(problem.targets, tables)

    def _shares(self, targets: Array, tables: Array) -> tuple[Array, Array | None]:
        problem = self.law.problem
        best = np.zeros(self.law.dim) if self.scaled else problem.minimiser
        rho = problem.features @ best - targets
        if self.law.ratios is not None:
            return rho, None
        found = [rank_one(problem.features, table[:, None, :]) for table in tables]
        known = [pair[0][:, 0] for pair in found if pair is not None]
        return rho, np.array(known) if len(known) == len(tables) else None

    def started(self, x0: Array) -> tuple[Array, Array]:
        """m and M of the fixed point x0."""
        origin = 0.0 if self.scaled else self.law.problem.minimiser
        m = (x0 - origin) @ self.plain.basis
        return m, np.outer(m, m)

    def fluctuation(self, m: Array, M: Array, rho: Array) -> Array:
        """Cov of a_n (a_n.u + rho_n), term and u random, less that of its mean over terms, (d,
        d).
        """
        F, G = self.plain.features, self.plain.gram
        seen = self.plain.heights(M) + rho * (2.0 * (F @ m) + rho)
        centre = rho @ F / len(F)
        if self.scaled:
            mean, own = G @ m, G @ M @ G
        else:
            g = np.diag(G)
            mean, own = g * m, g[:, None] * M * g
        pair = np.outer(mean + centre / 2, centre)
        return self.plain.gathered(seen) - own - pair - pair.T

    def step(self, m: Array, M: Array, gamma: float, weights: Array) -> tuple[Array, Array]:
        """One step of size ``gamma`` with ``weights`` (number of parts,)."""
        drift = self.origin.mean(axis=0) - weights @ self.means
        if self.scaled:
            shrink = np.eye(len(m)) - gamma * self.curvature
            moved, kept = shrink @ M @ shrink, shrink @ m
        else:
            rates = 1.0 - gamma * self.curvature
            moved, kept = rates[:, None] * M * rates, rates * m
        cross = np.outer(gamma * drift / 2 - kept, gamma * drift)
        moved = moved + cross + cross.T
        moved += gamma**2 * self.law.factor * self._noise(m, M, drift, weights)
        if self.law.compressor is not None:
            moved = self.law.compressor.second_moment(moved)
        return kept - gamma * drift, (moved + moved.T) / 2

    def _noise(self, m: Array, M: Array, drift: Array, weights: Array) -> Array:
        if self.shares is not None:
            return self.fluctuation(m, M, self.rho - weights @ self.shares)
        plain, ratios, n = self.plain, self.law.ratios, len(self.origin)
        w = self.origin - np.tensordot(weights, self.parts, axes=1)
        moved = (plain.features @ m)[:, None] * plain.features
        if ratios is None:
            noise = drawn = w - drift
        else:
            noise = ratios[:, None] * w - drift
            drawn = noise * np.divide(1.0, ratios, out=np.zeros(n), where=ratios > 0.0)[:, None]
            moved = moved + plain.ridge * m
        cross = moved.T @ noise / n
        return plain.fluctuation(M) + cross + cross.T + drawn.T @ noise / n

    def noises(self) -> tuple[list[Array], list[Array]]:
        """r_n w_n less its mean, for the noise and for each part (its sign changed), and the same
        times N p_n.
        """
        ratios = self.law.ratios
        noises, drawn = [], []
        for w in [self.origin, *(-self.parts)]:
            noise = (w if ratios is None else ratios[:, None] * w) - w.mean(axis=0)
            noises.append(noise)
            if ratios is not None:
                chances = np.divide(1.0, ratios, out=np.zeros(len(w)), where=ratios > 0.0)
                noise = chances[:, None] * noise
            drawn.append(noise)
        return noises, drawn

    def meets(self, P: Array, noise: Array) -> Array:
        """E A~ P w~, (d,), for one of :meth:`noises`."""
        F, PN = self.plain.features, noise @ P
        found = np.einsum("nd,nd->n", F, PN) @ F
        if self.law.ratios is not None:
            found = found + self.plain.ridge * PN.sum(axis=0)
        return np.asarray(found / len(F))

    def read(self, m: Array, M: Array) -> Array:
        """E|x - x*|^2 and E f - f*, (2,)."""
        if self.scaled:
            best, H = self.law.problem.minimiser, self.curvature
            M = M - np.outer(m, best) - np.outer(best, m) + np.outer(best, best)
            return np.array([np.trace(M), np.einsum("ij,ij->", H, M) / 2])
        diagonal = np.diag(M)
        return np.array([diagonal.sum(), self.curvature @ diagonal / 2])
