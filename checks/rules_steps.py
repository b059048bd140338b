"""Gradient steps with noise, errors or compression, as an outsider would write them."""

from __future__ import annotations

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.checks.rule import (
    BY_HAND,
    GAP,
    GROWTH,
    INTERPOLATION,
    LIPSCHITZ,
    MOVE,
    PL,
    RSI,
    SLOPES,
    E,
    Form,
    KnownRule,
    L,
    beta,
    gamma,
    mu,
    omega,
    sigma,
    square,
    step_of,
    sum_of,
)
from kdtheory.discovery.step import OneStep

alpha, delta, epsilon, young, m = (sym.own(x) for x in ("alpha", "delta", "epsilon", "young", "m"))
A, B, C, D = (sym.own(x) for x in "ABCD")


def _one_point() -> OneStep:
    slacks = {"rsi": RSI, "lipschitz": LIPSCHITZ}
    return step_of("e g", "gamma mu L", slacks=slacks, conditions=(L - mu,))


def _relative_noise() -> OneStep:
    """E|N|^2 <= delta |g|^2."""
    slacks = {"rsi": RSI, "lipschitz": LIPSCHITZ}
    slacks["relative"] = {("g", "g"): delta, ("N", "N"): -1}
    after = sum_of(MOVE, {("N", "N"): gamma**2})
    return step_of(
        "e g", "gamma mu L delta", centred="N", after=after, slacks=slacks, conditions=(L - mu,)
    )


def _inexact(slacks: Form, *conditions: sp.Expr) -> OneStep:
    """x+ = x - gamma (g + r), |r| <= epsilon |g|."""
    return step_of(
        "e g r",
        "gamma mu L epsilon",
        scalars="F",
        after=square({"e": 1, "g": -gamma, "r": -gamma}),
        slacks={**slacks, "error": {("g", "g"): epsilon**2, ("r", "r"): -1}},
        conditions=(L - mu, 1 - epsilon, *conditions),
    )


def _biased_compressor() -> OneStep:
    """x+ = x - gamma c with |c - g|^2 <= (1 - alpha) |g|^2, PL."""
    return step_of(
        "g c",
        "gamma mu L alpha",
        scalars="F",
        after={"F": 1, ("g", "c"): -gamma, ("c", "c"): L * gamma**2 / 2},
        before={"F": 1},
        slacks={"PL": PL, "compressor": {("g", "g"): -alpha, ("g", "c"): 2, ("c", "c"): -1}},
        conditions=(1 - alpha, 1 - L * gamma, L - mu),
    )


def _biased_compressor_known() -> sp.Expr:
    """Gradient descent with the step gamma (1 - sqrt(1 - alpha)): c = (1 - sqrt(1 - alpha)) g."""
    own = gamma * (1 - sp.sqrt(1 - alpha))
    return 1 - own * mu * (2 - L * own)


def _coordinate() -> OneStep:
    """d times one of d coordinates of the gradient: E|G|^2 = d |g|^2."""
    after = sum_of(E, {("e", "g"): -2 * gamma, ("g", "g"): delta * gamma**2})
    room = (L - mu, delta - 1, 2 - gamma * delta * (L + mu))
    return step_of(
        "e g", "gamma mu L delta", scalars="F", after=after, slacks=INTERPOLATION, conditions=room
    )


def _polyak_step() -> OneStep:
    """p = (F/|g|^2) g: <e, p> >= |p|^2 + (mu/2)(F/|g|^2)|e|^2 and F/|g|^2 >= 1/(2L)."""
    share = -mu / (4 * L)
    return step_of(
        "e p",
        "mu L",
        after=square({"e": 1, "p": -1}),
        slacks={
            "convex": {("e", "p"): 1, ("p", "p"): -1, ("e", "e"): share},
            "long": {("p", "p"): 1, ("e", "e"): share},
        },
        conditions=(L - mu,),
    )


def _weakly_convex() -> OneStep:
    """omega-weakly convex with quadratic growth, subgradients of length at most sigma."""
    return step_of(
        "e g",
        "gamma mu omega sigma",
        scalars="F",
        slacks={"weak": sum_of(SLOPES, {("e", "e"): omega / 2}), "growth": GROWTH},
        data={"bounded": ({("g", "g"): 1}, sigma**2)},
        conditions=(mu - omega, 1 - gamma * mu),
    )


def _abc() -> OneStep:
    """PL and E|G|^2 <= 2 A F + B |g|^2 + C, the constant inside an assumption."""
    return step_of(
        "g",
        "gamma mu L A B C",
        centred="D",
        scalars="F",
        after=sum_of(GAP, {("D", "D"): L * gamma**2 / 2}),
        before={"F": 1},
        slacks={"PL": PL, "ABC": {"F": 2 * A, ("g", "g"): B - 1, ("D", "D"): -1, 1: C}},
        conditions=(1 - L * gamma * B - L * A * gamma / mu, B - 1),
    )


def _frank_wolfe() -> OneStep:
    """F+ <= F - alpha h + L alpha^2 D^2/2 with the gap h >= F: no vectors at all."""
    after = {"F": 1, "h": -alpha, 1: L * alpha**2 * D**2 / 2}
    slacks = {"gap": {"h": 1, "F": -1}, "F": {"F": 1}}
    return step_of(
        "",
        "alpha L D",
        scalars="F h",
        after=after,
        before={"F": 1},
        slacks=slacks,
        conditions=(1 - alpha,),
    )


def _young() -> OneStep:
    """A biased step, the bias split off at Young's price: (1 + young) and (1 + 1/young)."""
    return step_of(
        "e b",
        "m beta young",
        after=square({"e": 1 - m, "b": -1}),
        data={"bias": ({("b", "b"): 1}, beta**2)},
        conditions=(1 - m, 1 - (1 + young) * (1 - m) ** 2),
    )


def _young_rate() -> sp.Expr:
    return 1 - (1 + young) * (1 - m) ** 2


STEPS = (
    KnownRule(
        "one-point strong convexity, Lipschitz",
        _one_point,
        None,
        1 - 2 * gamma * mu + gamma**2 * L**2,
        "classical",
    ),
    KnownRule(
        "noise relative to the gradient",
        _relative_noise,
        None,
        1 - 2 * gamma * mu + gamma**2 * L**2 * (1 + delta),
        BY_HAND,
    ),
    KnownRule(
        "relative error, interpolation",
        lambda: _inexact(INTERPOLATION, 2 - gamma * (mu * (1 - epsilon) + L * (1 + epsilon))),
        None,
        None,
        "",
    ),
    KnownRule(
        "relative error, one-point",
        lambda: _inexact({"rsi": RSI, "lipschitz": LIPSCHITZ}),
        None,
        (sp.sqrt(1 - 2 * gamma * mu + gamma**2 * L**2) + epsilon * gamma * L) ** 2,
        BY_HAND,
    ),
    KnownRule(
        "biased compressor, PL", _biased_compressor, None, _biased_compressor_known(), BY_HAND
    ),
    KnownRule(
        "coordinate descent",
        _coordinate,
        None,
        1 - 2 * gamma * mu + delta * gamma**2 * mu**2,
        BY_HAND,
    ),
    KnownRule("Polyak's step", _polyak_step, None, 1 - 3 * mu / (4 * L), BY_HAND),
    KnownRule(
        "weakly convex, bounded subgradients",
        _weakly_convex,
        gamma * (mu - omega),
        gamma**2 * sigma**2,
        "classical",
    ),
    KnownRule(
        "SGD under ABC, PL", _abc, gamma * mu, L * gamma**2 * C / 2, "Khaled and Richtarik 2020"
    ),
    KnownRule("Frank-Wolfe", _frank_wolfe, alpha, L * alpha**2 * D**2 / 2, "classical"),
    KnownRule("bias at Young's price", _young, _young_rate(), (1 + 1 / young) * beta**2, "Young"),
)
