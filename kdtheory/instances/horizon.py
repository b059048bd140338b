"""Without bias the envelope is exact for every horizon: a finite sum in R^d whose error follows psi
as d grows.

Instance (our own): f_n(x) = mu|x|^2/2 + (c|x| + a)<u_n, x>, u_n = +-e_j, N = 2d terms, continuously
differentiable.

* f = mu|x|^2/2, so A1, A1' hold with equality, and grad f_n = mu x + (c|x| + a)u_n + c<u_n,x>x/|x|,
S = a u_n.
* With z = <u_n,x>/|x|: E|G - S|^2 = mu^2|x|^2 + c^2|x|^2 E(1 + 3z^2) = (mu^2 + c^2(1 + 3/d))|x|^2 =
2 Lcal F,
  Lcal = mu + c^2(1 + 3/d)/mu.

Theorem.  Let psi(s) = (1 - gamma mu)^2 s + gamma^2(c sqrt(s) + a)^2, gamma mu < 1, SGD from any x^0
with |x^0|^2 = s_0.  Then for all t with t^2 <= d/400

    E|x^t|^2 >= (1 - 4 t^2/d) psi^t(s_0),   and   Var|x^t|^2 <= (16 t/d) (E|x^t|^2)^2.

With Lcal held fixed, c^2 = mu(Lcal - mu)/(1 + 3/d), the left side is >= (1 - 7 t^2/d) times the
envelope of Lcal; so for d -> infinity no bound under A1, A1', A3 beats psi at any horizon while the
iterates stay above s_0 (below it the envelope is a tangent and larger).

Proof.  Write s = |x|^2, sigma = |x|, q = 1 - gamma mu.  One term gives (``horizon-one-step``)

    |x+|^2 = psi(s) - 2 gamma q sigma (2c sigma + a) z + r(s) z^2,      r(s) = gamma^2 (3 c^2 s + 2
    a c sigma),

where z takes opposite values equally often and E z^2 = 1/d, z^2 <= 1.

1. Mean: E[s+|x] = M(s) := psi(s) + r(s)/d >= psi(s).  M(s) = B s + 2 b sqrt(s) + U with B, b, U >=
0: increasing and concave, M(0) >= 0.
2. Spread: odd moments vanish, so Var(s+|x) <= (4 gamma^2 q^2 s (2c sigma + a)^2 + r(s)^2)/d <= 13
psi(s)^2/d, by ``horizon-spread`` (the
   first part is <= 4 psi^2) and ``horizon-lean`` (r <= 3 psi).
3. Let m = E s_t and v = Var(s_t)/m^2.  For y >= 0, sqrt(y) >= 1 + (y-1)/2 - (y-1)^2/2
(``horizon-root``), so
   E sqrt(s_t) >= sqrt(m)(1 - v/2), and E M(s_t) >= M(m) - b sqrt(m) v >= M(m)(1 - v/2): m_{t+1} >=
   M(m)(1 - v/2) >= psi(m)(1 - v/2).
4. |M(s) - M(m)| <= (M(m)/m)|s - m|: above m by the tangent there, M'(m) <= M(m)/m
(``horizon-slope``), below m by the chord from
   (0, M(0)).  So Var M(s_t) <= M(m)^2 v, and E psi(s_t)^2 <= E(M(m) + M'(m)(s_t - m))^2 <= M(m)^2
   (1 + v).
5. Total variance: Var(s_{t+1}) <= M(m)^2 (v + 13(1+v)/d), so v_{t+1} <= (v + 13(1+v)/d)/(1 -
v/2)^2.  With v <= 16t/d, t^2 <= d/400 this
   is <= 16(t+1)/d (``horizon-induction``: v^2 <= 0.64/d and v <= 1/25).
6. psi is concave with psi(0) >= 0, so psi((1-x)s) >= (1-x)psi(s): m_t >= prod_{j<t}(1 - 8j/d)
psi^t(s_0) >= (1 - 4t^2/d) psi^t(s_0).
7. Fixed Lcal: with c_d^2 = c^2/(1+3/d), (c_d sigma + a)^2 >= (c sigma + a)^2/(1 + 3/d), so psi_d >=
(1 - 3/d) psi, and after t steps
   >= (1 - 3t/d) psi^t (as in 6).  (1 - 4t^2/d)(1 - 3t/d) >= 1 - 7t^2/d.

The named steps are obligations in ``proofs.parts.every_horizon``.
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
                f"ManyDirections needs mu > 0, c >= 0, a >= 0, dim >= 1, got mu = {self.mu}, c ="
                f" {self.c}, a = {self.a}, dim = {self.dim}. Give numbers in that range."
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
        return Constants(
            mu=mu, mu_pl=mu, L=mu, Lcal=Lcal, sigma_star_sq=Constant(self.a**2, exact=True, why=why)
        )

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
        return np.asarray(
            self.mu * x + np.stack([noise, -noise], axis=1).reshape(self.n_terms, self.dim)
        )


SPREAD = 13.0  # Var(s+|x) <= 13 psi(s)^2/d, step 2 of the proof


def _psi(s: float, *, mu: float, c: float, a: float, step_size: float) -> float:
    return (1 - step_size * mu) ** 2 * s + step_size**2 * (c * math.sqrt(s) + a) ** 2


def envelope_path(
    *, mu: float, c: float, a: float, step_size: float, start: float, steps: int
) -> Array:
    """S_0..S_steps, (steps+1,)."""
    path = [start]
    for _ in range(steps):
        path.append(_psi(path[-1], mu=mu, c=c, a=a, step_size=step_size))
    return np.array(path)


def guaranteed_path(
    problem: ManyDirections, *, step_size: float, start: float, steps: int
) -> Array:
    """A lower bound on E|x^t|^2, (steps+1,): steps 3 and 5 of the proof, run as a recursion, for
    any horizon (0 once v reaches 2).
    """
    if step_size * problem.mu >= 1:
        raise InvalidInput(
            f"guaranteed_path needs step_size*mu < 1, got {step_size * problem.mu}. Use a smaller"
            " step size."
        )
    low, spread, path = start, 0.0, [start]
    for _ in range(steps):
        kept = max(1 - spread / 2, 0.0)
        low = kept * _psi(low, mu=problem.mu, c=problem.c, a=problem.a, step_size=step_size)
        spread = (spread + SPREAD * (1 + spread) / problem.dim) / kept**2 if kept > 0 else 2.0
        path.append(low)
    return np.array(path)


def simulated_path(
    problem: ManyDirections,
    *,
    step_size: float,
    start: float,
    steps: int,
    replicates: int,
    seed: int,
) -> Array:
    """Mean of |x^t|^2 over replicates from |x^0|^2 = ``start`` in a random direction,
    (steps+1,).
    """
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
