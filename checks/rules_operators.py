"""Operators and proximal steps, as an outsider would write them."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks.rule import (
    BY_HAND,
    COCOERCIVE,
    INTERPOLATION,
    MOVE,
    RSI,
    ZERO,
    E,
    KnownRule,
    L,
    gamma,
    mu,
    rho,
    sigma,
    square,
    step_of,
    sum_of,
)
from kdtheory.discovery.step import OneStep

alpha, q = (sym.own(x) for x in ("alpha", "q"))
_SQUARES = sp.Max((1 - gamma * mu) ** 2, (1 - gamma * L) ** 2)
_PROX = 1 / (1 + gamma * mu) ** 2


def _cocoercive() -> OneStep:
    slacks = {"rsi": RSI, "cocoercive": COCOERCIVE}
    return step_of("e g", "gamma mu L", slacks=slacks, conditions=(L - mu,))


def _extragradient() -> OneStep:
    """h is the operator at e - gamma g; strongly monotone, and Lipschitz between both points."""
    middle = {"e": 1, "g": -gamma}
    return step_of(
        "e g h",
        "gamma mu L",
        after=square({"e": 1, "h": -gamma}),
        slacks={
            "monotone": sum_of({("e", "h"): 1, ("g", "h"): -gamma}, square(middle, -mu)),
            "lipschitz": sum_of({("g", "g"): gamma**2 * L**2}, square({"g": 1, "h": -1}, -1)),
        },
        conditions=(1 - gamma * L, L - mu),
    )


def _optimistic() -> OneStep:
    """y = z - gamma p with the operator p of the last y, z+ = z - gamma h; d: y's last move."""
    quarter = sp.Rational(1, 4)
    middle = {"e": 1, "p": -gamma}
    return step_of(
        "e p h d",
        "gamma mu L",
        after=sum_of(square({"e": 1, "h": -gamma}), square({"p": gamma, "h": -2 * gamma}, quarter)),
        before=sum_of(E, {("d", "d"): quarter}),
        slacks={
            "monotone": sum_of({("e", "h"): 1, ("p", "h"): -gamma}, square(middle, -mu)),
            "lipschitz": sum_of({("d", "d"): L**2}, square({"h": 1, "p": -1}, -1)),
        },
        conditions=(1 - 4 * gamma * L, L - mu),
    )


def _relaxed() -> OneStep:
    """Krasnoselskii-Mann with a contraction."""
    slacks = {"contraction": {("e", "e"): q**2, ("t", "t"): -1}}
    after = square({"e": 1 - alpha, "t": alpha})
    return step_of("e t", "alpha q", after=after, slacks=slacks, conditions=(1 - alpha, 1 - q))


def _douglas_rachford() -> OneStep:
    """z+ = z + y - x, x = J_A z, y = J_B(2x - z); A strongly monotone and cocoercive."""
    return step_of(
        "z x y",
        "gamma mu L",
        before={("z", "z"): 1},
        after=square({"z": 1, "y": 1, "x": -1}),
        slacks={
            "strong": {("x", "z"): 1, ("x", "x"): -1 - gamma * mu},
            "cocoercive": {("x", "z"): gamma * L + 2, ("x", "x"): -1 - gamma * L, ("z", "z"): -1},
            "monotone": {("x", "y"): 2, ("z", "y"): -1, ("y", "y"): -1},
        },
        conditions=(L - mu,),
    )


def _douglas_rachford_known() -> sp.Expr:
    own, both = gamma * mu, gamma**2 * mu * L
    return (1 + sp.sqrt((1 - 2 * own + both) / (1 + 2 * own + both))) ** 2 / 4


def _inexact_proximal() -> OneStep:
    """e = p + gamma g + r with |r| <= sigma, g in the operator at the new point p."""
    return step_of(
        "p g r",
        "gamma mu sigma rho",
        after={("p", "p"): 1},
        before=square({"p": 1, "g": gamma, "r": 1}),
        slacks={"monotone": {("p", "g"): 1, ("p", "p"): -mu}},
        data={"error": ({("r", "r"): 1}, sigma**2)},
        conditions=(1 - rho - 1 / (1 + gamma * mu) ** 2,),
    )


def _forward_backward() -> OneStep:
    """Gradient step, then a proximal step: s in the subdifferential at the new point."""
    own = {("e", "s"): 1, ("g", "s"): -gamma, ("s", "s"): -gamma}
    return step_of(
        "e g s",
        "gamma mu L",
        scalars="F",
        after=square({"e": 1, "g": -gamma, "s": -gamma}),
        slacks={**INTERPOLATION, "proximal": own},
        conditions=(L - mu,),
    )


def _gossip() -> OneStep:
    """Mean of the nodes beside what they differ by, which averaging shrinks by q."""
    return step_of(
        "e g",
        "gamma mu L q",
        centred="D",
        after=sum_of(MOVE, {("D", "D"): q**2}),
        before=sum_of(E, {("D", "D"): 1}),
        slacks={"rsi": RSI, "cocoercive": COCOERCIVE},
        conditions=(1 - q, 1 - gamma * L, L - mu),
    )


def _gradient_norm() -> OneStep:
    """|grad f(x+)|^2 against |grad f(x)|^2, by the one inequality between x and x+."""
    turn = {"h": 1, "g": -1}
    own = sum_of(
        {("g", "h"): -gamma * (L + mu), ("g", "g"): gamma * (L + mu)},
        square(turn, -1),
        {("g", "g"): -(gamma**2) * mu * L},
    )
    return step_of(
        "g h",
        "gamma mu L",
        before={("g", "g"): 1},
        after={("h", "h"): 1},
        slacks={"cocoercive": own},
        conditions=(L - mu,),
    )


OPERATORS = (
    KnownRule(
        "cocoercive operator",
        _cocoercive,
        None,
        sp.Max(1 - gamma * mu * (2 - gamma * L), (1 - gamma * L) ** 2),
        BY_HAND,
    ),
    KnownRule("extragradient", _extragradient, None, None, ""),
    KnownRule("optimistic gradient, a potential", _optimistic, gamma * mu / 2, ZERO, ""),
    KnownRule("relaxed contraction", _relaxed, None, (1 - alpha + alpha * q) ** 2, "classical"),
    KnownRule("Douglas-Rachford", _douglas_rachford, None, _douglas_rachford_known(), BY_HAND),
    KnownRule(
        "proximal point with errors",
        _inexact_proximal,
        rho,
        _PROX * (1 - rho) / (1 - rho - _PROX) * sigma**2,
        BY_HAND,
    ),
    KnownRule("proximal gradient", _forward_backward, None, _SQUARES, "Taylor et al. 2018"),
    KnownRule(
        "decentralised, mean and disagreement",
        _gossip,
        None,
        sp.Max(q**2, 1 - gamma * mu * (2 - gamma * L)),
        BY_HAND,
    ),
    KnownRule("gradient norm", _gradient_norm, None, _SQUARES, "Taylor et al. 2018"),
)
