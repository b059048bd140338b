"""Rules of the theory and of textbooks, as on paper (``kdtheory.checks.known_rules``)."""

from __future__ import annotations

import sympy as sp

from kdtheory.checks.rule import (
    BIAS,
    CONVEX,
    GROWTH,
    INTERPOLATION,
    MOVE,
    NOISE,
    SMOOTH,
    KnownRule,
    L,
    Lcal,
    a,
    beta,
    gamma,
    k,
    mu,
    omega,
    rho,
    sigma,
    varrho,
)
from kdtheory.discovery.step import OneStep


def _distilled(*, biased: bool = True) -> OneStep:
    data = {"noise": ({("N", "N"): 1}, a**2)}
    data |= {"bias": ({("b", "b"): 1}, k**2)} if biased else {}
    letters = (gamma, mu, Lcal, a, varrho, *((k,) if biased else ()))
    return OneStep(
        mean=("e", "g", *(("b",) if biased else ())),
        centred=("D", "N"),
        scalars=("F",),
        after={**MOVE, **NOISE, **(BIAS if biased else {})},
        before={("e", "e"): 1},
        slacks={"A1": CONVEX, "A1'": GROWTH, "A3": SMOOTH},
        data=data,
        letters=letters,
        conditions=(
            1 - gamma * Lcal,
            gamma * mu * (2 - gamma * Lcal) - varrho,
            varrho - gamma * mu,
            Lcal - mu,
        ),
    )


def _envelope(*, biased: bool = True) -> sp.Expr:
    A, c_ = gamma * mu * (2 - gamma * Lcal), sp.sqrt(mu * (Lcal - mu))
    if not biased:
        return gamma**2 * a**2 + (gamma**2 * a * c_) ** 2 / (A - varrho)
    U = gamma**2 * (k**2 + a**2)
    calm = (gamma * (k * (1 - gamma * mu) + gamma * a * c_)) ** 2
    W = sp.Piecewise((calm, a * (1 - gamma * mu) >= gamma * k * c_), ((1 - A) * U, True))
    return U + W / (A - varrho)


def _pl(*, biased: bool) -> OneStep:
    half = L * gamma**2 / 2
    after = {"F": 1, ("g", "g"): half - gamma}
    after |= {("D", "D"): half, ("D", "N"): 2 * half, ("N", "N"): half}
    data = {"noise": ({("N", "N"): 1}, a**2)}
    if biased:
        after |= {("g", "b"): gamma - 2 * half, ("b", "b"): half}
        data |= {"bias": ({("b", "b"): 1}, k**2)}
    return OneStep(
        mean=("g", "b") if biased else ("g",),
        centred=("D", "N"),
        scalars=("F",),
        after=after,
        before={"F": 1},
        slacks={"PL": {("g", "g"): 1, "F": -2 * mu}, "A3": SMOOTH},
        data=data,
        letters=(gamma, mu, L, Lcal, a, varrho, *((k,) if biased else ())),
        conditions=(Lcal - mu, L - mu, gamma * (2 * mu - L * gamma * Lcal) - varrho),
    )


def _pl_known(*, biased: bool) -> sp.Expr:
    A, q = gamma * mu * (2 - L * gamma * Lcal / mu), sp.sqrt((Lcal - mu) / mu)
    root = L * gamma * a * q + (k * sp.Abs(1 - L * gamma) if biased else 0)
    U = L * gamma**2 / 2 * (a**2 + (k**2 if biased else 0))
    return U + mu * gamma**2 / 2 * root**2 / (A - varrho)


def _theorem_1_form() -> OneStep:
    """E|S - lam H|^2 keeps the factor 2 gamma^2 of the paper; what |lam h|^2 costs is free."""
    after = {**MOVE, **NOISE, **BIAS, ("N", "N"): -(gamma**2)}
    return OneStep(
        mean=("e", "g", "b"),
        centred=("D", "N"),
        scalars=("F",),
        after=after,
        before={("e", "e"): 1},
        slacks={"A1": CONVEX, "A1'": GROWTH, "A3": SMOOTH},
        data={"bias": ({("b", "b"): 1}, k**2)},
        letters=(gamma, mu, Lcal, k),
        conditions=(1 - 4 * gamma * Lcal, Lcal - mu),
    )


def _theorem_2_form() -> OneStep:
    """The same for PL: the noise keeps L gamma^2, what the bias costs is free."""
    half = L * gamma**2 / 2
    return OneStep(
        mean=("g", "b"),
        centred=("D", "N"),
        scalars=("F",),
        after={"F": 1, ("g", "g"): half - gamma, ("D", "D"): half, ("D", "N"): 2 * half}
        | {("N", "N"): -half, ("g", "b"): gamma - 2 * half, ("b", "b"): half},
        before={"F": 1},
        slacks={"PL": {("g", "g"): 1, "F": -2 * mu}, "A3": SMOOTH},
        data={"bias": ({("b", "b"): 1}, k**2)},
        letters=(gamma, mu, L, Lcal, k),
        conditions=(mu - 4 * L * gamma * Lcal, Lcal - mu, L - mu),
    )


def _gradient_descent() -> OneStep:
    return OneStep(
        mean=("e", "g"),
        centred=(),
        scalars=("F",),
        after=MOVE,
        before={("e", "e"): 1},
        slacks=INTERPOLATION,
        data={},
        letters=(gamma, mu, L),
        conditions=(L - mu,),
    )


def _compressed_gradient() -> OneStep:
    """x+ = x - gamma C(g), E C(g) = g, E|C(g) - g|^2 <= omega |g|^2."""
    return OneStep(
        mean=("e", "g"),
        centred=("C",),
        scalars=("F",),
        after={**MOVE, ("C", "C"): gamma**2},
        before={("e", "e"): 1},
        slacks=INTERPOLATION | {"compressor": {("g", "g"): omega, ("C", "C"): -1}},
        data={},
        letters=(gamma, mu, L, omega),
        conditions=(L - mu,),
    )


def _additive() -> OneStep:
    return OneStep(
        mean=("e", "g"),
        centred=("N",),
        scalars=("F",),
        after={**MOVE, ("N", "N"): gamma**2},
        before={("e", "e"): 1},
        slacks=INTERPOLATION,
        data={"noise": ({("N", "N"): 1}, sigma**2)},
        letters=(gamma, mu, L, sigma),
        conditions=(L - mu, 2 - gamma * (L + mu)),
    )


def _strong_growth() -> OneStep:
    """E|G|^2 <= rho |g|^2, rho >= 1."""
    return OneStep(
        mean=("e", "g"),
        centred=("D",),
        scalars=("F",),
        after={**MOVE, ("D", "D"): gamma**2},
        before={("e", "e"): 1},
        slacks=INTERPOLATION | {"growth": {("g", "g"): rho - 1, ("D", "D"): -1}},
        data={},
        letters=(gamma, mu, L, rho),
        conditions=(L - mu, rho - 1),
    )


def _proximal() -> OneStep:
    """e = e+ + gamma g+, g+ the gradient at x+."""
    return OneStep(
        mean=("p", "g"),
        centred=(),
        after={("p", "p"): 1},
        before={("p", "p"): 1, ("p", "g"): 2 * gamma, ("g", "g"): gamma**2},
        slacks={"monotone": {("p", "g"): 1, ("p", "p"): -mu}},
        data={},
        letters=(gamma, mu),
    )


def _svrg() -> OneStep:
    """L-SVRG, V = |e|^2 + (4 gamma^2/rho) E|grad f_n(w) - S|^2; G and W are fluctuations at x and
    w, snapshots are renewed with probability rho.
    """
    weight = 4 * gamma**2 / rho
    return OneStep(
        mean=("e", "g"),
        centred=("G", "W"),
        scalars=("F", "w"),
        after={**MOVE, ("G", "G"): gamma**2, ("G", "W"): -2 * gamma**2, ("W", "W"): gamma**2}
        | {"w": weight * (1 - rho), "F": weight * rho * 2 * L},
        before={("e", "e"): 1, "w": weight},
        slacks={
            "A1": CONVEX,
            "F": {"F": 1},
            "A3": {"F": 2 * L, ("g", "g"): -1, ("G", "G"): -1},
            "snapshot": {"w": 1, ("W", "W"): -1},
        },
        data={},
        letters=(gamma, mu, L, rho),
        conditions=(1 - rho, L - mu, 1 - 6 * gamma * L, rho - 2 * gamma * mu),
    )


def _heavy_ball() -> OneStep:
    """x+ = x - gamma g + beta d with |d| <= sigma, d the last move."""
    return OneStep(
        mean=("g", "d"),
        centred=(),
        scalars=("F",),
        after={"F": 1, ("g", "g"): L * gamma**2 / 2 - gamma, ("g", "d"): beta - L * gamma * beta}
        | {("d", "d"): L * beta**2 / 2},
        before={"F": 1},
        slacks={"PL": {("g", "g"): 1, "F": -2 * mu}},
        data={"momentum": ({("d", "d"): 1}, sigma**2)},
        letters=(gamma, mu, L, beta, sigma, varrho),
        conditions=(1 - L * gamma, gamma * mu * (2 - L * gamma) - varrho, L - mu),
    )


def _two_steps() -> OneStep:
    """Two steps of SGD with noise M, then N, of variance sigma^2: the second gradient h + H is
    random, N is independent of all else.
    """
    both = L + mu
    return OneStep(
        mean=("e", "g", "h"),
        centred=("M", "H"),
        after={("e", "e"): 1, ("g", "g"): gamma**2, ("h", "h"): gamma**2}
        | {("e", "g"): -2 * gamma, ("e", "h"): -2 * gamma, ("g", "h"): 2 * gamma**2}
        | {("M", "M"): gamma**2, ("M", "H"): 2 * gamma**2, ("H", "H"): gamma**2}
        | {1: gamma**2 * sigma**2},
        before={("e", "e"): 1},
        slacks={
            "first": {("e", "g"): both, ("g", "g"): -1, ("e", "e"): -mu * L},
            "second": {
                ("e", "h"): both,
                ("g", "h"): -gamma * both,
                ("h", "h"): -1,
                ("e", "e"): -mu * L,
                ("e", "g"): 2 * gamma * mu * L,
                ("g", "g"): -(gamma**2) * mu * L,
                ("M", "H"): -gamma * both,
                ("H", "H"): -1,
                ("M", "M"): -(gamma**2) * mu * L,
            },
        },
        data={"noise": ({("M", "M"): 1}, sigma**2)},
        letters=(gamma, mu, L, sigma),
        conditions=(L - mu, 2 - gamma * both),
    )


_SLOW = 1 - (1 - gamma * mu) ** 2
LISTED = (
    KnownRule("distillation, every rate", _distilled, varrho, _envelope(), "our statements"),
    KnownRule(
        "unbiased distillation",
        lambda: _distilled(biased=False),
        varrho,
        _envelope(biased=False),
        "our statements",
    ),
    KnownRule(
        "distillation, PL",
        lambda: _pl(biased=True),
        varrho,
        _pl_known(biased=True),
        "our statements",
    ),
    KnownRule(
        "unbiased, PL", lambda: _pl(biased=False), varrho, _pl_known(biased=False), "our statements"
    ),
    KnownRule("Theorem 1, its form", _theorem_1_form, gamma * mu, None, "our statements"),
    KnownRule("Theorem 2, its form", _theorem_2_form, gamma * mu, None, "our statements"),
    KnownRule(
        "gradient descent",
        _gradient_descent,
        None,
        sp.Max((1 - gamma * mu) ** 2, (1 - gamma * L) ** 2),
        "classical",
    ),
    KnownRule("compressed gradient", _compressed_gradient, None, None, ""),
    KnownRule("SGD, additive noise", _additive, _SLOW, gamma**2 * sigma**2, "classical"),
    KnownRule("SGD, strong growth", _strong_growth, None, None, ""),
    KnownRule("proximal step", _proximal, None, 1 / (1 + gamma * mu) ** 2, "classical"),
    KnownRule("L-SVRG, fixed potential", _svrg, gamma * mu, sp.Integer(0), "Kovalev et al. 2020"),
    KnownRule("momentum as a disturbance, PL", _heavy_ball, varrho, None, ""),
    KnownRule(
        "two steps of SGD",
        _two_steps,
        1 - (1 - gamma * mu) ** 4,
        gamma**2 * sigma**2 * (1 + (1 - gamma * mu) ** 2),
        "one step, twice",
    ),
)
