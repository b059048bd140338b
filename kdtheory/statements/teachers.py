"""Several teachers, blocks, a renewed teacher and importance sampling (theory, Section 9).

Certificates are of two teachers, two blocks and two terms; proofs/coq has any number of each.
"""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.statements.law import law, speaks_of
from kdtheory.statements.theorem import Claim, Theorem

_x, _y, _X, _Y = sym.weight_1, sym.weight_2, sym.best_1, sym.best_2
_M11, _M12, _M22 = sym.gram_11, sym.gram_12, sym.gram_22


def _quadratic(x: sp.Expr, y: sp.Expr) -> sp.Expr:
    return _M11 * x**2 + 2 * _M12 * x * y + _M22 * y**2


def several_claims(statement: Theorem) -> tuple[Claim, ...]:
    """With M = V + (1 + kappa) P and M lam* = C: lam^T M lam - 2 lam^T C is least at lam*."""
    C1, C2 = _M11 * _X + _M12 * _Y, _M12 * _X + _M22 * _Y
    value = _quadratic(_x, _y) - 2 * (_x * C1 + _y * C2)
    return (
        speaks_of(statement, sym.mixed_noise),
        Claim(
            "least",
            value + sym.sigma_star_sq - statement.rhs,
            (_M22 - _M12**2 / _M11,),
            at={_x: _X, _y: _Y},
        ),
    )


SEVERAL = law(
    "several-teachers",
    "Several teachers: the least quadratic criterion",
    sym.mixed_noise,
    sym.sigma_star_sq - _quadratic(_X, _Y),
    claims=several_claims,
)


# |D_1 - D_2|^2 > 0 and the other two entries say what |D_2|^2 is.
_APART = sym.spread_of_two
_FAR = _APART - _M11 + 2 * _M12


def hull_claims(statement: Theorem) -> tuple[Claim, ...]:
    """lam^T M lam >= Lambda^2 delta^2, delta the distance of the hull; the law of one teacher."""
    nearest = statement.definitions[sym.distance_theta]
    S0, D, total = sym.sgd_floor_pos, sym.distance_theta, _x + _y
    square = _quadratic(_x, _y).xreplace({_M22: _FAR})
    return (
        speaks_of(statement, sym.least_law),
        Claim("hull", square - total**2 * nearest, at={_x: _FAR - _M12, _y: _M11 - _M12}),
        Claim(
            "one teacher",
            (1 - total) ** 2 * S0 + total**2 * D - statement.rhs,
            at={_x: S0 / (S0 + D) - _y},
        ),
    )


HULL = law(
    "affine-hull",
    "Several teachers are one: the nearest point of their affine hull",
    sym.least_law,
    sym.sgd_floor_pos * sym.distance_theta / (sym.sgd_floor_pos + sym.distance_theta),
    definitions={sym.distance_theta: (_M11 * _FAR - _M12**2) / _APART},
    claims=hull_claims,
)


def block_claims(statement: Theorem) -> tuple[Claim, ...]:
    """Criteria of blocks add, M_12 = 0, and each is a square away from its least."""
    value = _M11 * _x**2 + _M22 * _y**2 - 2 * (_M11 * _X * _x + _M22 * _Y * _y)
    return (
        speaks_of(statement, sym.mixed_noise),
        Claim("least", value + sym.sigma_star_sq - statement.rhs, at={_x: _X, _y: _Y}),
    )


BLOCKS = law(
    "blocks",
    "A weight for each block",
    sym.mixed_noise,
    sym.sigma_star_sq - _M11 * _X**2 - _M22 * _Y**2,
    claims=block_claims,
)

_al, _h, _lam = sym.renewal, sym.decay, sym.lam


_SAME = (
    _al
    * sym.a**2
    * (1 - _lam)
    / (_h * (_al + _h - _al * _h) * (4 - 2 * _al - 2 * _h + _al * _h + _al * _lam * _h))
)
_MIXED = _SAME * (2 - _al - _lam * _h + _al * _lam * _h)  # E<e, eta>, eta = theta - x*
_FOLLOWED = _SAME * (2 - _al - _h + _al * _h)  # E|eta|^2


def renewed_claims(statement: Theorem) -> tuple[Claim, ...]:
    """The three second moments of (e, theta - x*) are reproduced by one step: E e^2 is rhs."""
    one = statement.rhs
    moved = (1 - _h) * _MIXED + _h * _lam * _FOLLOWED  # E e+ eta, whose noise vanishes
    after = (
        (1 - _h) ** 2 * one
        + 2 * (1 - _h) * _h * _lam * _MIXED
        + _h**2 * _lam**2 * _FOLLOWED
        + (1 - _lam) ** 2 * sym.a**2
    )
    teacher = (1 - _al) ** 2 * _FOLLOWED + 2 * _al * (1 - _al) * moved + _al**2 * one
    return (
        speaks_of(statement, sym.law_value),
        Claim("student", after - one, identity=True),
        Claim("both", (1 - _al) * moved + _al * one - _MIXED, identity=True),
        Claim("teacher", teacher - _FOLLOWED, identity=True),
    )


RENEWED = law(
    "renewed-teacher",
    "A renewed teacher, one curvature and additive noise",
    sym.law_value,
    sym.a**2
    * (1 - _lam)
    * (2 * (_al + _h * (1 - _lam)) - _al**2 - 3 * _al * _h + 2 * _al * _lam * _h + _al**2 * _h)
    / (_h * (_al + _h - _al * _h) * (4 - 2 * _al - 2 * _h + _al * _h + _al * _lam * _h)),
    claims=renewed_claims,
)


def importance_claims(statement: Theorem) -> tuple[Claim, ...]:
    """N^-2 (r_1^2/p_1 + r_2^2/p_2) >= N^-2 (r_1 + r_2)^2 for p_1 + p_2 = 1 and N = 2, with equality
    where p_n is proportional to r_n.
    """
    p, other, r, w = sym.chance, sym.chance_other, sym.size_1, sym.size_2
    value = r**2 / p + w**2 / other
    return (
        speaks_of(statement, sym.sampled_noise),
        Claim("least", value * (p + other) / 4 - statement.rhs, at={p: r, other: w}),
    )


IMPORTANCE = law(
    "importance-sampling",
    "The best probabilities are proportional to the noise that is left",
    sym.sampled_noise,
    (sym.size_1 + sym.size_2) ** 2 / 4,
    claims=importance_claims,
)
STATEMENTS = (SEVERAL, HULL, BLOCKS, RENEWED, IMPORTANCE)
