"""Finite sums on which no method beats the SNR law (theory, Section 8): d coordinates, 2d terms

    f_n(x) = mu |x|^2/2 + (c_d |x| + a) <u_n,x>,      u_n = +-e_j,      c_d^2 = c^2/(1 + 3/d).

f = mu |x|^2/2, and E|G - S|^2 = mu^2 |x|^2 + c_d^2 (1 + 3/d) |x|^2 = 2 Lcal f: mu and Lcal are
exact.  Where <u_n,x> = 0 the step of any size gamma leaves

    |x+|^2 = (1 - gamma mu)^2 |x|^2 + gamma^2 (c_d |x| + a)^2,

which tells nothing of n, so that no rule for gamma, even one that sees the term first, leads below
the least of it.  From x^0 along one axis all T directions are fresh in a share of at least 1 -
T(T+1)/(2d) of the paths; so E|x^T|^2 >= (1 - T(T+1)/(2d)) s_T(c_d) for every method, and the upper
bound s_T(c) is its limit as d grows.  Our own derivation.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, positive_float, positive_int
from kdtheory.problems.constants import Constant, Constants

# The step size of each replicate from the iterates (R, dim) and the gradients drawn there.
StepSizes = Callable[[int, Array, Array], Array]


@dataclass(frozen=True)
class FreshDirections:
    """The problem, with expected smoothness ``Lcal`` >= ``mu`` and E|S|^2 = ``noise``^2.

    Raises:
        InvalidInput: a number that is not > 0, or Lcal < mu.
    """

    dim: int
    mu: float
    Lcal: float
    noise: float
    minimum = 0.0

    def __post_init__(self) -> None:
        """Refuse what breaks the rules above."""
        positive_int(self.dim, "dim")
        for name in ("mu", "Lcal", "noise"):
            object.__setattr__(self, name, positive_float(getattr(self, name), name))
        if self.Lcal < self.mu:
            raise InvalidInput(
                f"Lcal must be >= mu, got Lcal = {self.Lcal:.6g} and mu = {self.mu:.6g}. Use Lcal ="
                " mu for noise that does not grow."
            )

    @classmethod
    def growing(cls, dim: int, mu: float, c: float, noise: float) -> FreshDirections:
        """The problem whose c_d is ``c``, whatever its dimension is."""
        return cls(dim, mu, mu + c**2 * (1.0 + 3.0 / positive_int(dim, "dim")) / mu, noise)

    @property
    def c(self) -> float:
        """c_d."""
        return float(np.sqrt(self.mu * (self.Lcal - self.mu) / (1.0 + 3.0 / self.dim)))

    @property
    def n_terms(self) -> int:
        """Both signs of every direction."""
        return 2 * self.dim

    @property
    def minimiser(self) -> Array:
        """x* = 0."""
        return np.zeros(self.dim)

    @property
    def constants(self) -> Constants:
        """All exact: E|G - S|^2 = 2 Lcal f at every x."""
        why = "the instance is built from it"
        mu, Lcal, noise = (
            Constant(value, exact=True, why=why) for value in (self.mu, self.Lcal, self.noise**2)
        )
        return Constants(mu=mu, mu_pl=mu, L=mu, Lcal=Lcal, sigma_star_sq=noise)

    def value(self, x: Array) -> float:
        """f(x)."""
        return 0.5 * self.mu * float(x @ x)

    def gradient(self, x: Array) -> Array:
        """mu x."""
        return self.mu * np.asarray(x)

    def gradients(self, x: Array) -> Array:
        """(2 dim, dim)."""
        every = np.arange(self.n_terms)[:, None]
        return self.sampled_gradients(np.broadcast_to(x, (self.n_terms, self.dim)), every)

    def sampled_gradients(self, points: Array, indices: NDArray[Any]) -> Array:
        """Mean gradient over each row's ``indices`` (R, B) at its point (R, dim), (R, dim)."""
        size = np.linalg.norm(points, axis=1)
        total, rows = self.mu * points, np.arange(len(points))
        for column in np.asarray(indices, dtype=np.int64).T:
            place, sign = column % self.dim, np.where(column < self.dim, 1.0, -1.0)
            along = np.divide(
                self.c * sign * points[rows, place], size, out=np.zeros(len(rows)), where=size > 0
            )
            part = along[:, None] * points
            part[rows, place] += sign * (self.c * size + self.noise)
            total = total + part / indices.shape[1]
        return total

    def walk(
        self, rule: StepSizes, *, start: float, steps: int, replicates: int, seed: int
    ) -> tuple[Array, NDArray[np.bool_]]:
        """|x^t|^2 for t = 0..steps from x^0 = ``start`` e_1, (steps + 1, R), and whether all
        directions of a path were fresh, (R,).  ``rule`` sees t, the iterates and the gradients.
        """
        drawn = np.random.default_rng(seed).integers(self.n_terms, size=(steps, replicates))
        points = np.zeros((replicates, self.dim))
        points[:, 0] = start
        squares = [np.einsum("ri,ri->r", points, points)]
        for t, indices in enumerate(drawn):
            gradients = self.sampled_gradients(points, indices[:, None])
            points = points - rule(t, points, gradients)[:, None] * gradients
            squares.append(np.einsum("ri,ri->r", points, points))
        used = np.sort(np.vstack([np.zeros(replicates, dtype=int), drawn % self.dim]), axis=0)
        return np.array(squares), np.min(np.diff(used, axis=0), axis=0) > 0


def line_search(_: int, points: Array, gradients: Array) -> Array:
    """The step size that brings this very step nearest to the minimiser 0: no rule can know it, and
    none does better.
    """
    across = np.einsum("ri,ri->r", points, gradients)
    return np.asarray(across / np.einsum("ri,ri->r", gradients, gradients))
