"""Potentials with several states (momentum, variance reduction, memories), by an outsider."""

from __future__ import annotations

from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks.rule import (
    BY_HAND,
    CONVEX,
    INTERPOLATION,
    MOVE,
    PL,
    ZERO,
    E,
    KnownRule,
    L,
    beta,
    gamma,
    mu,
    omega,
    rho,
    sigma,
    square,
    step_of,
    sum_of,
)
from kdtheory.discovery.step import OneStep

alpha, q, u = (sym.own(x) for x in ("alpha", "q", "u"))


def _error_feedback() -> OneStep:
    """v = x - m is where exact steps would lead, m the memory; V = |v|^2 + |m|^2."""
    x, kept = {"v": 1, "m": 1}, {"m": 1, "g": gamma}
    return step_of(
        "v g m",
        "gamma mu L alpha",
        scalars="F M",
        after=sum_of(square({"v": 1, "g": -gamma}), {"M": 1}),
        before=sum_of(square({"v": 1}), square({"m": 1})),
        slacks={
            "convex": sum_of({("v", "g"): 1, ("m", "g"): 1, "F": -1}, square(x, -mu / 2)),
            "smooth": {"F": 2 * L, ("g", "g"): -1},
            "compressor": sum_of({"M": -1}, square(kept, 1 - alpha)),
        },
        conditions=(L - mu, 1 - alpha, alpha - 100 * gamma * L),
    )


def _saga() -> OneStep:
    """V = |e|^2 + (4 gamma^2/rho) w, w what the table of gradients is off; rho = 1/N."""
    weight = 4 * gamma**2 / rho
    return step_of(
        "e g",
        "gamma mu L rho",
        centred="G W",
        scalars="F w",
        after=sum_of(
            MOVE,
            square({"G": gamma, "W": -gamma}),
            {"w": weight * (1 - rho), "F": weight * rho * 2 * L},
        ),
        before=sum_of(E, {"w": weight}),
        slacks={
            "A1": CONVEX,
            "F": {"F": 1},
            "smooth": {"F": 2 * L, ("g", "g"): -1, ("G", "G"): -1},
            "table": {"w": 1, ("W", "W"): -1},
        },
        conditions=(1 - rho, L - mu, 1 - 10 * gamma * L, rho - 4 * gamma * mu),
    )


def _diana() -> OneStep:
    """Compressed differences to a shift h, V = |e|^2 + (4 gamma^2 omega/alpha) |h|^2."""
    weight = 4 * gamma**2 * omega / alpha
    return step_of(
        "e g h",
        "gamma mu L omega alpha",
        centred="C",
        scalars="F",
        after=sum_of(
            MOVE,
            {("C", "C"): gamma**2 + weight * alpha**2},
            square({"h": 1 - alpha, "g": alpha}, weight),
        ),
        before=sum_of(E, {("h", "h"): weight}),
        slacks={
            **INTERPOLATION,
            "compressor": sum_of(square({"g": 1, "h": -1}, omega), {("C", "C"): -1}),
        },
        conditions=(
            L - mu,
            1 - alpha * (1 + omega),
            1 - gamma * L * (1 + 8 * omega),
            alpha - 2 * gamma * mu,
        ),
    )


def _nesterov() -> OneStep:
    """f+ - f* + (mu/2)|z+|^2 with mu = q^2 L, the rate q."""
    own = q**2 * L
    y, back = {"x": 1 / (1 + q), "z": q / (1 + q)}, {"x": q / (1 + q), "z": -q / (1 + q)}
    z = {"z": 1 - q + q**2 / (1 + q), "x": q / (1 + q), "g": -q / own}
    return step_of(
        "x z g",
        "L q",
        scalars="F Fy Fp",
        after=sum_of({"Fp": 1}, square(z, own / 2)),
        before=sum_of({"F": 1}, square({"z": 1}, own / 2)),
        slacks={
            "descent": {"Fy": 1, "Fp": -1, ("g", "g"): -1 / (2 * L)},
            "between": {"F": 1, "Fy": -1} | {("g", v): -x for v, x in back.items()},
            "minimiser": sum_of(
                {"Fy": -1} | {("g", v): x for v, x in y.items()}, square(y, -own / 2)
            ),
        },
        conditions=(1 - q,),
    )


def _fista() -> OneStep:
    """t^2 F+ + (L/2)|z+|^2 does not grow, with u the new t and u^2 - u the old t^2."""
    y, back = {"x": (u - 1) / u, "z": 1 / u}, {"x": 1 / u, "z": -1 / u}
    return step_of(
        "x z g",
        "L u",
        scalars="F Fy Fp",
        after=sum_of({"Fp": u**2}, square({"z": 1, "g": -u / L}, L / 2)),
        before=sum_of({"F": u**2 - u}, square({"z": 1}, L / 2)),
        slacks={
            "descent": {"Fy": 1, "Fp": -1, ("g", "g"): -1 / (2 * L)},
            "between": {"F": 1, "Fy": -1} | {("g", v): -x for v, x in back.items()},
            "minimiser": {"Fy": -1} | {("g", v): x for v, x in y.items()},
        },
        conditions=(u - 1,),
    )


def _heavy_ball_descent() -> OneStep:
    """F + (beta^2/(2 gamma))|d|^2 does not grow: Zavriev and Kostyuk's potential, d the last
    move.
    """
    weight = beta**2 / (2 * gamma)
    return _heavy_ball(weight, (1 - L * gamma - beta**2,), {"F": {"F": 1}})


def _heavy_ball_pl() -> OneStep:
    """F + |d|^2/(4 gamma) at the rate gamma mu/2."""
    conditions = (L - mu, sp.Rational(1, 8) - L * gamma, sp.Rational(1, 4) - beta)
    return _heavy_ball(1 / (4 * gamma), conditions, {"PL": PL})


def _heavy_ball(weight: sp.Expr, conditions: Any, slacks: Any) -> OneStep:
    """x+ = x - gamma g + beta d on an L-smooth f."""
    moved = {"d": beta, "g": -gamma}
    return step_of(
        "g d",
        "gamma mu L beta",
        scalars="F",
        after=sum_of({"F": 1, ("g", "g"): -gamma, ("g", "d"): beta}, square(moved, L / 2 + weight)),
        before={"F": 1, ("d", "d"): weight},
        slacks=slacks,
        conditions=conditions,
    )


def _momentum() -> OneStep:
    """SGD with momentum: z = x - gamma beta m/(1 - beta) makes plain steps, V = |z|^2 + c |m|^2."""
    step, weight = gamma / (1 - beta), gamma**2 * beta / (1 - beta) ** 2
    x = {"z": 1, "m": gamma * beta / (1 - beta)}
    return step_of(
        "z m g",
        "gamma mu L beta sigma",
        centred="N",
        scalars="F",
        after=sum_of(
            square({"z": 1, "g": -step}),
            square({"m": beta, "g": 1}, weight),
            {("N", "N"): step**2 + weight},
        ),
        before=sum_of(square({"z": 1}), square({"m": 1}, weight)),
        slacks={
            "convex": sum_of({(v, "g"): c for v, c in x.items()}, {"F": -1}, square(x, -mu / 2)),
            "smooth": {"F": 2 * L, ("g", "g"): -1},
        },
        data={"noise": ({("N", "N"): 1}, sigma**2)},
        conditions=(L - mu, 1 - beta, (1 - beta) ** 2 - 20 * gamma * L),
    )


POTENTIALS = (
    KnownRule(
        "error feedback", _error_feedback, gamma * mu / 4, ZERO, "Stich and Karimireddy 2020"
    ),
    KnownRule("SAGA, fixed potential", _saga, gamma * mu, ZERO, "Defazio et al. 2014"),
    KnownRule("DIANA, fixed potential", _diana, gamma * mu, ZERO, "Mishchenko et al. 2019"),
    KnownRule("Nesterov, strongly convex", _nesterov, q, ZERO, "Nesterov"),
    KnownRule("FISTA's potential", _fista, ZERO, ZERO, "Beck and Teboulle 2009"),
    KnownRule("heavy ball, descent", _heavy_ball_descent, ZERO, ZERO, "Zavriev and Kostyuk 1993"),
    KnownRule("heavy ball, PL", _heavy_ball_pl, gamma * mu / 2, ZERO, BY_HAND),
    KnownRule(
        "SGD with momentum",
        _momentum,
        gamma * mu / 2,
        gamma**2 * (1 + beta) / (1 - beta) ** 2 * sigma**2,
        BY_HAND,
    ),
)
