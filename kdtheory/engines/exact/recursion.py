"""The second-moment recursion of least squares (theory, Section 6), for one weight lam or for all
of them at once.

With u = x - z one step is u+ = R u - gamma w - gamma (A~_B u + w~_B): R = I - gamma H, and A~, w~
the centred parts of A_n and of w_n = grad f_n(z) - lam c_n, c_n being H_n or H_n - h.  Hence m = E
u and M = E u u^T obey

    m+ = R m - gamma w M+ = R M R - gamma (R m w^T + w m^T R) + gamma^2 w w^T + gamma^2 f E[A~ M A~
    + A~ m w~^T + w~ m^T A~ + w~ w~^T]

with f what a batch divides variances by; a compressor multiplies M+ (of x itself, z = 0) entry by
entry.  w and z are affine in lam, so m is affine and M quadratic: everything here carries a leading
axis of coefficients of powers of lam, of length 1 for one fixed weight.
"""

from __future__ import annotations

import itertools
from typing import cast

import numpy as np
from numpy.typing import ArrayLike

from kdtheory.errors import InvalidInput
from kdtheory.problems import LeastSquares
from kdtheory.problems.base import Array, FiniteSum, point, positive_float
from kdtheory.rules.distilled import DistilledSGD

SMALL = 2**18  # N d^2 up to which whole products are faster than their halves


def product(left: Array, right: Array, join: str) -> Array:
    """Coefficients of the product of two polynomials whose coefficients lie on the first axis;
    ``join`` is the einsum of a pair."""
    pairs = [
        [x.T @ y if join == "ni,nj->ij" else np.einsum(join, x, y) for y in right] for x in left
    ]
    total = np.zeros((len(left) + len(right) - 1, *pairs[0][0].shape))
    for i, row in enumerate(pairs):
        for j, value in enumerate(row):
            total[i + j] += value
    return total


class Moments:
    """The recursion in coordinates in which H is diagonal (in the given ones under compression).

    Args:
        problem: least squares.
        theta: teacher, (d,).
        rule: the update; its weight is not used with ``in_weight``.
        step_size: gamma.
        moving: take z = lim E x^t, where the drift w vanishes, in place of z = x*.
        in_weight: coefficients in lam instead of one weight.

    Raises:
        InvalidInput: not least squares, or a compressor without a second moment.
    """

    def __init__(
        self,
        problem: FiniteSum,
        theta: ArrayLike,
        rule: DistilledSGD,
        step_size: float,
        *,
        moving: bool = False,
        in_weight: bool = False,
    ) -> None:
        if not isinstance(problem, LeastSquares):
            raise InvalidInput(
                f"Exact moments need least squares, got {type(problem).__name__}. Use one_step() or"
                " simulate()."
            )
        self.gamma = positive_float(step_size, "step_size")
        self.rule, self.dim = rule, problem.dim
        self.factor = rule.noise_factor(problem.n_terms)
        self.scale = (
            None
            if rule.compressor is None
            else rule.compressor.second_moment(np.ones((self.dim, self.dim)))
        )
        spectrum, basis = (
            np.linalg.eigh(problem.hessian) if self.scale is None else (None, np.eye(self.dim))
        )
        self.basis, self.spectrum, self.features = basis, spectrum, problem.features @ basis
        self.ridge = problem.ridge
        self.hessian = problem.hessian if spectrum is None else np.diag(spectrum)
        self.gram = self.hessian - problem.ridge * np.eye(self.dim)
        self.shrink = np.eye(self.dim) - self.gamma * self.hessian
        self._place(problem, point(problem, theta, "theta"), moving=moving, in_weight=in_weight)
        if spectrum is not None:
            r, g = 1.0 - self.gamma * spectrum, spectrum - problem.ridge
            self.kept = np.outer(r, r) - self.gamma**2 * self.factor * np.outer(g, g)

    def _place(self, problem: LeastSquares, theta: Array, *, moving: bool, in_weight: bool) -> None:
        """The origin z, as ``shift`` = z - x* (q+1, d), and what depends on it; q + 1 = 2 with
        ``in_weight``, else 1."""
        best, noise, taught = (
            problem.minimiser,
            problem.gradients(problem.minimiser),
            problem.gradients(theta),
        )
        # E S = 0: what is left at a computed minimiser is rounding.
        noise = noise - noise.mean(axis=0)
        towards = theta - best if moving and not self.rule.unbiased else np.zeros(self.dim)
        rule = DistilledSGD(1.0, unbiased=self.rule.unbiased) if in_weight else self.rule
        # Every term's gradient is a multiple of its row a_n and one common vector: w_n = rho_n a_n
        # + const.
        # Lam, of what has mean zero.
        share = float(rule.corrections(np.array([[1.0], [-1.0]]))[0, 0])
        rho, taken = (
            problem.features @ best - problem.targets,
            share * (problem.features @ theta - problem.targets),
        )
        if in_weight:
            w, rho = np.stack([noise, -rule.corrections(taught)]), np.stack([rho, -taken])
            shift = np.stack([np.zeros(self.dim), towards])
        else:
            w, rho = (noise - rule.corrections(taught))[None], (rho - taken)[None]
            shift = self.rule.weight * towards[None]
        if self.scale is not None:
            shift = np.zeros_like(shift)
            shift[0] = -best
        size = np.abs(w).max(axis=(1, 2))
        for power, s in enumerate(shift):
            if s.any():
                heights = problem.features @ s
                w[power] += heights[:, None] * problem.features + problem.ridge * s
                rho[power] += heights
        self.shift = shift @ self.basis
        self.drift = w.mean(axis=1) @ self.basis
        if moving and self.scale is None:
            # Zero by the choice of z; what rounding leaves would move a far limit.
            self.drift[np.abs(self.drift).max(axis=1) <= 1e-12 * size] = 0.0
        self.noise = (w - w.mean(axis=1, keepdims=True)) @ self.basis
        # Noise_n = rho_n a_n - centre.
        self.rho, self.centre = (
            rho,
            rho @ self.features / len(self.features),
        )
        self.spread = product(self.noise, self.noise, "ni,nj->ij") / len(self.features)
        self.constant = self.gamma**2 * (
            product(self.drift, self.drift, "i,j->ij") + self.factor * self.spread
        )

    def heights(self, M: Array) -> Array:
        """a_n M a_n for symmetric M (..., d, d), (..., N); of large ones the upper triangle only is
        read, in blocks.
        """
        F, d = self.features, self.dim
        if F.size * d <= SMALL:
            return np.asarray(np.einsum("...nd,nd->...n", F @ M, F))
        edges = [0, d // 3, 2 * d // 3, d]
        found = np.zeros((*M.shape[:-2], len(F)))
        for index in np.ndindex(M.shape[:-2]):
            for low, high in itertools.pairwise(edges):
                rows = M[index][low:high, low:].copy()
                rows[:, high - low :] *= 2.0
                found[index] += np.einsum("nd,nd->n", F[:, low:high] @ rows, F[:, low:])
        return found

    def gathered(self, heights: Array) -> Array:
        """The mean of heights_n a_n a_n^T, (..., d, d), for heights (..., N); large ones as a
        difference of squares, X^T X - Y^T Y, which cost half of a product."""
        F = self.features
        if F.size * self.dim <= SMALL:
            return np.asarray((F.T * (heights / len(F))[..., None, :]) @ F)
        found = np.zeros((*heights.shape[:-1], self.dim, self.dim))
        for index in np.ndindex(heights.shape[:-1]):
            lengths = np.sqrt(np.abs(heights[index]) / len(F))
            for sign in (1.0, -1.0):
                chosen = sign * heights[index] > 0.0
                rows = F[chosen]
                rows *= lengths[chosen, None]
                found[index] += sign * (rows.T @ rows)
        return found

    def apply(self, M: Array, heights: Array | None = None) -> Array:
        """The self-adjoint part M -> R M R + gamma^2 f E A~ M A~ on symmetric (..., d, d), before
        any compressor; ``heights`` where known."""
        own = self.gathered(self.heights(M) if heights is None else heights)
        own *= self.gamma**2 * self.factor
        if self.spectrum is not None:
            own += self.kept * M
            return own
        # R = a I - gamma G, so that R M R - gamma^2 f G M G needs M G, and G M G only for f < 1.
        a, MG = 1.0 - self.gamma * self.ridge, M @ self.gram
        own += a * a * M - a * self.gamma * (MG + np.swapaxes(MG, -1, -2))
        if self.factor != 1.0:
            own += self.gamma**2 * (1.0 - self.factor) * (self.gram @ MG)
        return own

    def tied(self, m: Array) -> Array:
        """What a mean m (q+1, d) adds to M+, (2q+1, d, d)."""
        F, n = self.features, len(self.features)
        cross = (
            self.gamma**2
            * self.factor
            / n
            * product((m @ F.T)[:, :, None] * F, self.noise, "ni,nj->ij")
        )
        if self.drift.any():
            cross -= self.gamma * product(m @ self.shrink, self.drift, "i,j->ij")
        return cast(Array, cross + cross.transpose(0, 2, 1))

    def tied_adjoint(self, P: Array, heights: Array) -> Array:
        """Vectors c(P) (..., q+1, d) with <P, tied(m)> the product of c(P) and m, for symmetric P
        (..., d, d) of known ``heights``."""
        F = self.features
        meets = heights[..., None, :] * self.rho - np.swapaxes(P @ self.centre.T, -1, -2) @ F.T
        found = 2 * self.gamma**2 * self.factor / len(F) * (meets @ F)
        if self.drift.any():
            found -= 2 * self.gamma * np.swapaxes(P @ self.drift.T, -1, -2) @ self.shrink
        return cast(Array, found)

    def step(self, m: Array, M: Array) -> tuple[Array, Array]:
        """One step of the recursion on m (q+1, d) and M (2q+1, d, d)."""
        moved = self.apply(M) + self.tied(m) + self.constant
        if self.rule.compressor is not None:
            moved = np.stack(
                [self.rule.compressor.second_moment(coefficient) for coefficient in moved]
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
