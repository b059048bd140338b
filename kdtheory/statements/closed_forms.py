"""The optimal weight and its floor, derived: differentiate N(lam; kappa), solve, substitute back
(theory, Section 4).
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.errors import unknown_name
from kdtheory.statements.noise import NOISE_SQ

NAMES = (
    "lambda-star",
    "lambda-star-rho-beta",
    "noise-floor",
    "noise-floor-rho-beta",
    "variance-reduction",
    "lambda-exact",
    "floor-exact",
)


def batched_noise() -> sp.Expr:
    """B N(lam; kappa) for batches with replacement: centred second moments shrink by B, the bias
    does not.
    """
    return NOISE_SQ + sym.batch * (1 + sym.kappa) * sym.lam**2 * sym.bias_sq


def in_rho_beta(expression: sp.Expr) -> sp.Expr:
    """The expression with E<S,H> = rho sigma_* sqrt(V) and |h|^2 = beta V."""
    root = sym.rho * sp.sqrt(sym.sigma_star_sq) * sp.sqrt(sym.teacher_variance)
    return sp.factor(
        expression.subs({sym.covariance: root, sym.bias_sq: sym.beta * sym.teacher_variance})
    )


@lru_cache(maxsize=1)
def _derived() -> dict[str, sp.Expr]:
    n = batched_noise()
    (weight,) = sp.solve(sp.diff(n, sym.lam), sym.lam)
    floor = sp.factor(n.subs(sym.lam, weight)) / sym.batch
    law = (1 - sym.lam) ** 2 * sym.sgd_floor + sym.lam**2 * sym.distance_theta
    (exact,) = sp.solve(sp.diff(law, sym.lam), sym.lam)
    short = in_rho_beta(floor)
    return {
        "lambda-star": weight,
        "lambda-star-rho-beta": in_rho_beta(weight),
        "noise-floor": floor,
        "noise-floor-rho-beta": short,
        "variance-reduction": sp.simplify(short * sym.batch / sym.sigma_star_sq),
        "lambda-exact": exact,
        "floor-exact": sp.factor(law.subs(sym.lam, exact)),
    }


def closed_form(name: str) -> sp.Expr:
    """A closed form in the symbols of ``kdtheory.algebra.symbols``, derived on first use.

    "lambda-star" = E<S,H>/(V + B(1+kappa)|h|^2); "noise-floor" = N(lam*; kappa)/B;
    "variance-reduction" = N(lam*)/N(0) in rho, beta; "lambda-exact", "floor-exact": the true
    optimum for quadratics (theory, Section 6).

    Raises:
        InvalidInput: an unknown name.

    >>> import kdtheory as kd
    >>> kd.closed_form('noise-floor').free_symbols != set()
    True
    """
    if name not in NAMES:
        raise unknown_name("closed form", name, NAMES)
    return _derived()[name]
