"""Without bias the envelope is exact for every horizon: a finite sum in R^d whose error follows psi as d grows.

Instance (our own): f_n(x) = mu|x|^2/2 + (c|x| + a)<u_n, x>, u_n = +-e_j, N = 2d terms, continuously differentiable.

* f = mu|x|^2/2, so A1, A1' hold with equality, and grad f_n = mu x + (c|x| + a)u_n + c<u_n,x>x/|x|, S = a u_n.
* With z = <u_n,x>/|x|: E|G - S|^2 = mu^2|x|^2 + c^2|x|^2 E(1 + 3z^2) = (mu^2 + c^2(1 + 3/d))|x|^2 = 2 Lcal_d F,
Lcal_d = mu + c^2(1 + 3/d)/mu.

Theorem.  Let psi(s) = (1 - gamma mu)^2 s + gamma^2(c sqrt(s) + a)^2, gamma mu < 1, S_t = psi^t(|x^0|^2), B = (1 -
gamma mu)^2 + gamma^2 c^2 = 1 - A.  Then

    sqrt(E|x^t|^2) >= sqrt(S_t) - (2/sqrt(d)) sum_{j=1..t} B^((t-j)/2) sqrt(S_j).

So for d -> infinity, c^2(1 + 3/d) = mu(Lcal - mu) fixed, no bound under A1, A1', A3 beats psi at any horizon while
S_t stays above s_0.
Proof.  Put sigma = |x|, h(sigma) = sqrt(psi(sigma^2)), the norm of ((1 - gamma mu) sigma, gamma(c sigma + a)):
increasing, with Lipschitz constant sqrt(B).
For one term, |x+|^2 = (1-gamma mu)^2 sigma^2 - 2 gamma(1-gamma mu) sigma (2c sigma + a) z + gamma^2[(c sigma + a)^2 +
(2(c sigma + a)c sigma + c^2 sigma^2) z^2]
>= psi - 4 gamma(1-gamma mu) sigma (c sigma + a)|z| >= psi (1 - 2|z|), by 2xy <= x^2 + y^2; so sigma+ >= h(sigma)(1 -
2|z|).
Let D_t = max(sqrt(S_t) - sigma_t, 0).  If sigma_t < sqrt(S_t): D_{t+1} <= sqrt(S_{t+1}) - h(sigma_t) + 2|z|h(sigma_t)
<= sqrt(B) D_t + 2|z| sqrt(S_{t+1});
otherwise h(sigma_t) >= sqrt(S_{t+1}) and D_{t+1} <= 2|z| sqrt(S_{t+1}).  Given x^t, E|z| <= sqrt(E z^2) = 1/sqrt(d).
Sum, and
sqrt(E sigma_t^2) >= E sigma_t >= sqrt(S_t) - E D_t.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.problems.base import Array, Constant, Constants


@dataclass(frozen=True)
class ManyDirections:
    """The instance above; mu > 0, c >= 0, a >= 0, dim >= 1."""

    mu: float
    c: float
    a: float
    dim: int

    def __post_init__(self) -> None:
        """Refuse what is not an instance."""
        if not (self.mu > 0 and self.c >= 0 and self.a >= 0 and self.dim >= 1):
            raise InvalidInput(
                f"ManyDirections needs mu > 0, c >= 0, a >= 0, dim >= 1, "
                f"got mu = {self.mu}, c = {self.c}, a = {self.a}, dim = {self.dim}. Give numbers in that range."
            )

    minimum = 0.0

    @property
    def n_terms(self) -> int:
        """2d, in the order +e_1, -e_1, +e_2, ..."""
        return 2 * self.dim

    @property
    def minimiser(self) -> Array:
        """x* = 0, (d,)."""
        return np.zeros(self.dim)

    @property
    def constants(self) -> Constants:
        """Exact, by the computation in the module's first lines."""
        why = "f = mu|x|^2/2 and E|G-S|^2 = (mu^2 + c^2(1+3/d))|x|^2"
        mu = Constant(self.mu, exact=True, why=why)
        Lcal = Constant(self.mu + self.c**2 * (1 + 3 / self.dim) / self.mu, exact=True, why=why)
        return Constants(mu=mu, mu_pl=mu, L=mu, Lcal=Lcal, sigma_star_sq=Constant(self.a**2, exact=True, why=why))

    def value(self, x: Array) -> float:
        """f(x), x (d,)."""
        return 0.5 * self.mu * float(x @ x)

    def gradient(self, x: Array) -> Array:
        """(d,)."""
        return np.asarray(self.mu * x)

    def gradients(self, x: Array) -> Array:
        """(2d, d)."""
        length = float(np.linalg.norm(x))
        lean = np.outer(x, x / length) if length > 0 else np.zeros((self.dim, self.dim))
        noise = (self.c * length + self.a) * np.eye(self.dim) + self.c * lean
        return np.asarray(self.mu * x + np.stack([noise, -noise], axis=1).reshape(self.n_terms, self.dim))


def envelope_path(*, mu: float, c: float, a: float, step_size: float, start: float, steps: int) -> Array:
    """S_0..S_steps, (steps+1,)."""
    path = [start]
    for _ in range(steps):
        path.append((1 - step_size * mu) ** 2 * path[-1] + step_size**2 * (c * math.sqrt(path[-1]) + a) ** 2)
    return np.array(path)


def guaranteed_path(problem: ManyDirections, *, step_size: float, start: float, steps: int) -> Array:
    """The theorem's lower bound on E|x^t|^2, (steps+1,)."""
    if step_size * problem.mu >= 1:
        raise InvalidInput(
            f"guaranteed_path needs step_size*mu < 1, got {step_size * problem.mu}. Use a smaller step size."
        )
    path = np.sqrt(
        envelope_path(mu=problem.mu, c=problem.c, a=problem.a, step_size=step_size, start=start, steps=steps)
    )
    root = math.hypot(1 - step_size * problem.mu, step_size * problem.c)
    loss = np.zeros(steps + 1)
    for t in range(1, steps + 1):
        loss[t] = root * loss[t - 1] + 2 / math.sqrt(problem.dim) * path[t]
    return np.asarray(np.maximum(path - loss, 0.0) ** 2)


def simulated_path(
    problem: ManyDirections, *, step_size: float, start: float, steps: int, replicates: int, seed: int
) -> Array:
    """Mean of |x^t|^2 over replicates from |x^0|^2 = ``start`` in a random direction, (steps+1,)."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((replicates, problem.dim))
    x *= math.sqrt(start) / np.linalg.norm(x, axis=1, keepdims=True)
    rows = np.arange(replicates)
    path = [start]
    for _ in range(steps):
        length = np.linalg.norm(x, axis=1)
        axis = rng.integers(problem.dim, size=replicates)
        sign = rng.choice([-1.0, 1.0], size=replicates)
        lean = problem.c * sign * x[rows, axis] / np.where(length > 0, length, 1.0)
        x *= (1 - step_size * (problem.mu + lean))[:, None]
        x[rows, axis] -= step_size * sign * (problem.c * length + problem.a)
        path.append(float(np.mean(np.einsum("ij,ij->i", x, x))))
    return np.array(path)
