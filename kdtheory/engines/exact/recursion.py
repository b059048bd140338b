"""The second-moment recursion of least squares (theory, Section 6), for one weight lam or for all
of them at once.

With u = x - z one step is u+ = R u - gamma w - gamma (A~_B u + w~_B): R = I - gamma H, and A~, w~
the centred parts of r_n A_n and of r_n w_n, w_n = grad f_n(z) - c_n, with c_n the control variates
and r_n = 1/(N p_n), 1 for uniform sampling.  Hence m = E u and M = E u u^T obey

    m+ = R m - gamma w M+ = R M R - gamma (R m w^T + w m^T R) + gamma^2 w w^T + gamma^2 f E[A~ M A~
    + A~ m w~^T + w~ m^T A~ + w~ w~^T]

with f what a batch divides variances by; a compressor multiplies M+ (of x itself, z = 0) entry by
entry.  w and z are affine in lam, so m is affine and M quadratic: everything here carries a leading
axis of coefficients of powers of lam, of length 1 for one fixed weight.

The oracle of this file is kdtheory/campaigns/batched.py, a translation of its own.
"""

from __future__ import annotations

from functools import cached_property
from typing import cast

import numpy as np

from kdtheory.engines.exact.law import ROUNDING, Law
from kdtheory.engines.exact.passes import gathered_over, heights_of, product
from kdtheory.problems.base import Array


class Recursion:
    """The recursion in coordinates in which H is diagonal (in the given ones under compression).

    Args:
        law: the problem and the control variates.
        moving: take z = lim E x^t, where the drift w vanishes, in place of z = x*.

    Raises:
        InvalidInput: a compressor without a second moment.
    """

    def __init__(self, law: Law, *, moving: bool = False) -> None:
        problem = law.problem
        self.law, self.gamma, self.dim, self.factor = law, law.gamma, law.dim, law.factor
        self.scale = (
            None
            if law.compressor is None
            else law.compressor.second_moment(np.ones((self.dim, self.dim)))
        )
        spectrum, basis = (
            np.linalg.eigh(problem.hessian) if self.scale is None else (None, np.eye(self.dim))
        )
        self.basis, self.spectrum, self.features = basis, spectrum, problem.features @ basis
        self.ridge, self.ratios = problem.ridge, law.ratios
        self.hessian = problem.hessian if spectrum is None else np.diag(spectrum)
        self.gram = self.hessian - problem.ridge * np.eye(self.dim)
        self.shrink = np.eye(self.dim) - self.gamma * self.hessian
        # What is left of E A~ M A~ besides the sum over terms: -G M G, or with ratios -H M H +
        # ridge^2 (mean of them) M + ridge (K M + M K), K = E r a a^T.
        self.weighted: Array | None = None
        if self.ratios is not None and self.ridge > 0.0:
            F = self.features
            self.weighted = (F.T * (self.ratios / len(F))) @ F
        self._place(law, moving=moving)
        if spectrum is not None:
            r = 1.0 - self.gamma * spectrum
            self.kept = np.outer(r, r) + self.gamma**2 * self.factor * self.own

    @property
    def own(self) -> Array:
        """What E A~ M A~ multiplies M by, entry by entry, besides its sum over terms (d, d)."""
        assert self.spectrum is not None
        if self.ratios is None:
            g = self.spectrum - self.ridge
            return -np.outer(g, g)
        return float(self.ratios.mean()) * self.ridge**2 - np.outer(self.spectrum, self.spectrum)

    def _place(self, law: Law, *, moving: bool) -> None:
        """The origin z, as ``shift`` = z - x* (q+1, d), and what depends on it; q + 1 = 2 for all
        weights at once, else 1."""
        problem, best, ratios = law.problem, law.problem.minimiser, law.ratios
        noise = problem.gradients(best)
        # E S = 0: what is left at a computed minimiser is rounding.
        noise = noise - noise.mean(axis=0)
        towards = law.pull if moving and law.pull is not None else np.zeros(self.dim)
        if law.in_weight:
            w = np.stack([noise, -law.table])
            shift = np.stack([np.zeros(self.dim), towards])
        else:
            w, shift = (noise - law.table)[None], towards[None].copy()
        if self.scale is not None:
            shift = np.zeros_like(shift)
            shift[0] = -best
        size = np.abs(w).max(axis=(1, 2))
        for power, s in enumerate(shift):
            if s.any():
                w[power] += (problem.features @ s)[:, None] * problem.features + problem.ridge * s
        self.origin, self.shift = shift, shift @ self.basis
        self.drift = w.mean(axis=1) @ self.basis
        if moving and self.scale is None:
            # Zero by the choice of z; what rounding leaves would move a far limit.
            self.drift[np.abs(self.drift).max(axis=1) <= ROUNDING * size] = 0.0
        # noise_n = r_n w_n less its mean, and with the root of N p_n.
        if ratios is None:
            self.noise = drawn = (w - w.mean(axis=1, keepdims=True)) @ self.basis
        else:
            chances = np.divide(1.0, ratios, out=np.zeros_like(ratios), where=ratios > 0.0)
            self.noise = (ratios[:, None] * w - w.mean(axis=1, keepdims=True)) @ self.basis
            drawn = np.sqrt(chances)[:, None] * self.noise
        self.spread = product(drawn, drawn, "ni,nj->ij") / len(self.features)
        self.constant = self.gamma**2 * (
            product(self.drift, self.drift, "i,j->ij") + self.factor * self.spread
        )

    @cached_property
    def along(self) -> tuple[Array, Array] | None:
        """rho (q+1, N) and centre (q+1, d) with noise_n = rho_n a_n - centre, or None where it is
        something else.
        """
        law, problem = self.law, self.law.problem
        if law.shares is None or self.ratios is not None:
            return None
        rho = problem.features @ problem.minimiser - problem.targets
        rho = np.stack([rho, -law.shares]) if law.in_weight else (rho - law.shares)[None]
        rho = rho + self.origin @ problem.features.T
        return rho, rho @ self.features / len(self.features)

    def heights(self, M: Array) -> Array:
        """a_n M a_n for symmetric M (..., d, d), (..., N)."""
        return heights_of(self.features, M)

    def gathered(self, heights: Array) -> Array:
        """The mean of heights_n a_n a_n^T, (..., d, d), for heights (..., N)."""
        return gathered_over(self.features, heights)

    def terms(self, M: Array, heights: Array | None = None) -> Array:
        """The part of E A~ M A~ that is not diagonal in H's axes, for symmetric (..., d, d);
        ``heights`` where known.
        """
        known = self.heights(M) if heights is None else heights
        own = self.gathered(known if self.ratios is None else self.ratios * known)
        if self.weighted is not None:
            MK = M @ self.weighted
            own += self.ridge * (MK + np.swapaxes(MK, -1, -2))
        return own

    def fluctuation(self, M: Array, heights: Array | None = None) -> Array:
        """E A~ M A~."""
        found = self.terms(M, heights)
        if self.spectrum is not None:
            found += self.own * M
        elif self.ratios is None:
            found -= self.gram @ M @ self.gram
        else:
            found += float(self.ratios.mean()) * self.ridge**2 * M - self.hessian @ M @ self.hessian
        return found

    def apply(self, M: Array, heights: Array | None = None) -> Array:
        """The self-adjoint part M -> R M R + gamma^2 f E A~ M A~ on symmetric (..., d, d), before
        any compressor; ``heights`` where known."""
        share = self.gamma**2 * self.factor
        if self.spectrum is not None:
            own = self.terms(M, heights)
            own *= share
            own += self.kept * M
            return own
        if self.ratios is not None:
            return self.shrink @ M @ self.shrink + share * self.fluctuation(M, heights)
        own = self.terms(M, heights)
        own *= share
        # R = a I - gamma G, so that R M R - gamma^2 f G M G needs M G, and G M G only for f < 1.
        a, MG = 1.0 - self.gamma * self.ridge, M @ self.gram
        own += a * a * M - a * self.gamma * (MG + np.swapaxes(MG, -1, -2))
        if self.factor != 1.0:
            own += self.gamma**2 * (1.0 - self.factor) * (self.gram @ MG)
        return own

    def tied(self, m: Array) -> Array:
        """What a mean m (q+1, d) adds to M+, (2q+1, d, d)."""
        F, n = self.features, len(self.features)
        moved = (m @ F.T)[:, :, None] * F
        if self.ratios is not None:
            moved = moved + self.ridge * m[:, None, :]
        cross = self.gamma**2 * self.factor / n * product(moved, self.noise, "ni,nj->ij")
        if self.drift.any():
            cross -= self.gamma * product(m @ self.shrink, self.drift, "i,j->ij")
        return cast(Array, cross + cross.transpose(0, 2, 1))

    def tied_adjoint(self, P: Array, heights: Array) -> Array:
        """Vectors c(P) (..., q+1, d) with <P, tied(m)> the product of c(P) and m, for symmetric P
        (..., d, d) of known ``heights``."""
        F = self.features
        if self.along is not None:
            rho, centre = self.along
            meets = heights[..., None, :] * rho - np.swapaxes(P @ centre.T, -1, -2) @ F.T
        else:
            meets = np.einsum("...nd,qnd->...qn", F @ P, self.noise)
        found = meets @ F
        if self.ratios is not None and self.ridge > 0.0:
            found += self.ridge * np.swapaxes(P @ self.noise.sum(axis=1).T, -1, -2)
        found = 2 * self.gamma**2 * self.factor / len(F) * found
        if self.drift.any():
            found -= 2 * self.gamma * np.swapaxes(P @ self.drift.T, -1, -2) @ self.shrink
        return cast(Array, found)

    def step(self, m: Array, M: Array) -> tuple[Array, Array]:
        """One step of the recursion on m (q+1, d) and M (2q+1, d, d)."""
        moved = self.apply(M) + self.tied(m) + self.constant
        if self.law.compressor is not None:
            moved = np.stack(
                [self.law.compressor.second_moment(coefficient) for coefficient in moved]
            )
        return m @ self.shrink - self.gamma * self.drift, (moved + moved.transpose(0, 2, 1)) / 2

    def start(self, x0: Array, best: Array) -> tuple[Array, Array]:
        """m and M of the fixed point x0 (d,)."""
        m = -self.shift.copy()
        m[0] += (x0 - best) @ self.basis
        return m, product(m, m, "i,j->ij")

    def read(self, m: Array, M: Array) -> Array:
        """Coefficients in lam of E|x - x*|^2 and of E f - f*, (2, 2q+1)."""
        s, Hs = self.shift, self.shift @ self.hessian
        square = np.einsum("kii->k", M) + 2 * product(s, m, "i,i->") + product(s, s, "i,i->")
        gap = (
            np.einsum("ij,kij->k", self.hessian, M)
            + 2 * product(Hs, m, "i,i->")
            + product(Hs, s, "i,i->")
        )
        return np.stack([square, gap / 2])
