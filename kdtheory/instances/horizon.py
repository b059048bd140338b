"""Without bias the envelope is exact for every horizon: a finite sum in R^d whose error follows psi
as d grows.

Instance (our own, :class:`~kdtheory.instances.fresh.FreshDirections`): f_n(x) = mu|x|^2/2 + (c|x| +
a)<u_n, x>, u_n = +-e_j, N = 2d terms, continuously differentiable.

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

import numpy as np

from kdtheory.errors import InvalidInput
from kdtheory.instances.fresh import FreshDirections
from kdtheory.problems.base import Array

SPREAD = 13.0  # Var(s+|x) <= 13 psi(s)^2/d, step 2 of the proof


def guaranteed_path(
    problem: FreshDirections, *, step_size: float, start: float, steps: int
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
        pushed = step_size * (problem.c * math.sqrt(low) + problem.noise)
        low = kept * ((1 - step_size * problem.mu) ** 2 * low + pushed**2)
        spread = (spread + SPREAD * (1 + spread) / problem.dim) / kept**2 if kept > 0 else 2.0
        path.append(low)
    return np.array(path)
