"""What a rule of the table is, and the forms that many of them share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.discovery.step import OneStep

gamma, mu, L, Lcal, k, a = (sym.own(x) for x in ("gamma", "mu", "L", "Lcal", "k", "a"))
c, varrho, sigma, omega, kappa = (sym.own(x) for x in ("c", "varrho", "sigma", "omega", "kappa"))
rho, beta = sym.own("rho"), sym.own("beta")

Form = dict[Any, Any]
INTERPOLATION: dict[str, Form] = {
    "back": {
        "F": -1,
        ("e", "g"): L / (L - mu),
        ("g", "g"): -1 / (2 * (L - mu)),
        ("e", "e"): -mu * L / (2 * (L - mu)),
    },
    "forth": {
        "F": 1,
        ("e", "g"): mu / (L - mu),
        ("g", "g"): -1 / (2 * (L - mu)),
        ("e", "e"): -mu * L / (2 * (L - mu)),
    },
}
CONVEX: Form = {("e", "g"): 1, "F": -1, ("e", "e"): -mu / 2}
GROWTH: Form = {"F": 1, ("e", "e"): -mu / 2}
MOVE: Form = {("e", "e"): 1, ("e", "g"): -2 * gamma, ("g", "g"): gamma**2}
NOISE: Form = {("D", "D"): gamma**2, ("D", "N"): 2 * gamma**2, ("N", "N"): gamma**2}
BIAS: Form = {("b", "b"): gamma**2, ("e", "b"): 2 * gamma, ("g", "b"): -2 * gamma**2}
E: Form = {("e", "e"): 1}
RSI: Form = {("e", "g"): 1, ("e", "e"): -mu}
LIPSCHITZ: Form = {("e", "e"): L**2, ("g", "g"): -1}
COCOERCIVE: Form = {("e", "g"): L, ("g", "g"): -1}
PL: Form = {("g", "g"): 1, "F": -2 * mu}
GAP: Form = {"F": 1, ("g", "g"): L * gamma**2 / 2 - gamma}
SLOPES: Form = {("e", "g"): 1, "F": -1}
ZERO, BY_HAND = sp.Integer(0), "by hand"
SMOOTH: Form = {"F": 2 * Lcal, ("g", "g"): -1, ("D", "D"): -1}


def square(vector: Mapping[str, Any], times: Any = 1) -> Form:
    """times |v|^2, for v a sum of vectors."""
    found: Form = {}
    names = list(vector)
    for i, x in enumerate(names):
        for y in names[i:]:
            found[x, y] = times * vector[x] * vector[y] * (1 if x == y else 2)
    return found


def sum_of(*forms: Form) -> Form:
    """Forms added entry by entry."""
    found: Form = {}
    for form in forms:
        for key, value in form.items():
            found[key] = found.get(key, sp.Integer(0)) + value
    return found


@dataclass(frozen=True)
class KnownRule:
    """``known`` is the constant of the literature or of a statement of ours, None where none was
    compared.
    """

    name: str
    step: Callable[[], OneStep]
    rate: sp.Expr | None
    known: sp.Expr | None
    source: str


def step_of(mean: str, letters: str, **parts: Any) -> OneStep:
    """The constructor with what most of the rules share: a gradient step, |e|^2, no data."""
    given = {"centred": (), "data": {}, "slacks": {}, "before": E, "after": MOVE}
    return OneStep(mean=mean, letters=letters, **(given | parts))
