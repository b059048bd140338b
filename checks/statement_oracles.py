"""What a statement is held against: one-step worst cases, a certificate, instances that attain it,
its own unrolling.

Every oracle takes a ``Theorem`` and returns the empty string, or what is wrong with it.  None of
them looks at how the statement was built, only at ``psi``, ``rhs``, ``floor``, ``definitions``,
``quantity`` and ``step_size_max``.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.bounds.letters import Letters, complete, evaluate
from kdtheory.instances import matching
from kdtheory.statements.theorems import Theorem
from kdtheory.worst_cases.value import WorstCase, worst_case_interval

# The certified interval is 1e-6 wide relative to its value at worst, the statement is evaluated in
# floats (1e-12).
WIDTH = 1e-5
ROUNDING = 1e-9
_LAM = -0.7  # a weight whose square, absolute value and sign all differ
# Mu, L, Lcal; the second is what one dimension attains.
CURVATURES = ((0.5, 2.0, 5.0), (1.0, 1.0, 6.0))
STRENGTHS = ((0.0, 1.0), (0.2, 1.0), (1.0, 0.0), (1.0, 1.0), (5.0, 0.25))  # bias k, noise a
UNCOMPRESSED = dict.fromkeys(("omega", "delta_sq", "xstar_sq"), 0.0)
SHARES = (0.01, 0.5, 0.99)  # of the statement's own largest step size


@dataclass(frozen=True)
class RangePoint:
    """One point of a statement's range, with every letter its definitions need."""

    letters: Letters
    bias: float
    noise: float

    @property
    def rate(self) -> float:
        """gamma mu."""
        return self.letters["gamma"] * self.letters["mu"]


def settings(theorem: Theorem) -> Iterator[RangePoint]:
    """Curvatures, step sizes as shares of the stated range, biases and noises; E<S,H> and V take
    generic values.
    """
    assert theorem.step_size_max is not None
    for mu, L, Lcal in CURVATURES:
        limit = evaluate(theorem.step_size_max, {"mu": mu, "L": L, "Lcal": Lcal})
        for share in SHARES:
            for k, a in STRENGTHS:
                if theorem.unbiased and k > 0.0 and a == 0.0:
                    continue
                for aligned in (False, True):
                    letters = letters_of(mu, L, Lcal, share * limit, k, a, aligned=aligned)
                    yield RangePoint(letters, 0.0 if theorem.unbiased else k, a)


def letters_of(
    mu: float, L: float, Lcal: float, gamma: float, k: float, a: float, *, aligned: bool = False
) -> Letters:
    """S = N + lam H' with E|N|^2 = a^2, so that E|S - lam H'|^2 = a^2 whatever V = E|H'|^2 and
    E<N,H'> are.

    ``aligned``: H' is N times 1/(2|lam|), which makes lam E<S,H> = -a^2/4, the least it can be (lam
    < 0).
    """
    V = (a / (2 * _LAM)) ** 2 if aligned else 0.36
    tie = a * V**0.5 if aligned else a / 4
    return {
        "mu": mu,
        "L": L,
        "Lcal": Lcal,
        "gamma": gamma,
        "lam": _LAM,
        "bias_sq": (k / _LAM) ** 2,
        "V": V,
        "C": tie + _LAM * V,
        "sigma_star_sq": a**2 + 2 * _LAM * tie + _LAM**2 * V,
        **UNCOMPRESSED,
    }


def value(theorem: Theorem, letters: Letters, s: float) -> float:
    """psi(s); nan where the statement is undefined."""
    assert theorem.psi is not None
    try:
        return evaluate(theorem.psi, complete(theorem, letters) | {"s": s})
    except (ValueError, ZeroDivisionError):  # the root of a negative number, or a rate equal to A
        return float("nan")


@lru_cache(maxsize=4096)
def _certified(
    name: str, gamma: float, mu: float, L: float, Lcal: float, k: float, a: float, rate: float
) -> WorstCase:
    return worst_case_interval(
        name, step_size=gamma, mu=mu, L=L, Lcal=Lcal, bias=k, noise=a, rate=rate
    )


def one_step_tight(theorem: Theorem) -> str:
    """psi is at least E s(x+) at certified worst points; a sharp psi is also at most the certified
    tangents.

    At a worst point of rate varrho E s(x+) = (1-varrho) s + lower, so that one vector configuration
    refutes a smaller psi(s).  Envelopes lie under every tangent with varrho >= gamma mu, sharp
    statements are the tangent at gamma mu. Beyond the range of the worst case, one-dimensional
    quadratics refute.
    """
    sharp = sym.A in theorem.definitions
    for at in settings(theorem):
        n, rate = at.letters, at.rate
        pl = theorem.modulus == "mu_pl"
        top = (
            2 * rate - n["gamma"] ** 2 * n["L"] * n["Lcal"]
            if pl
            else rate * (2 - n["gamma"] * n["Lcal"])
        )
        legal = 2 * n["mu"] / (n["L"] * n["Lcal"]) if pl else 1 / n["Lcal"]
        if n["gamma"] >= legal:
            if n["L"] == n["mu"] and (wrong := _quadratic_refutes(theorem, at)):
                return wrong
            continue
        for varrho in (0.0, rate, (max(rate, 0.0) + 3 * top) / 4):
            if varrho >= top:
                continue
            case = _certified(
                theorem.name, n["gamma"], n["mu"], n["L"], n["Lcal"], at.bias, at.noise, varrho
            )
            s = (
                float(case.primal.gap) / n["gamma"]
                if pl
                else float(sum(x * x for x in case.primal.e))
            )
            least, most = (
                float((1 - Fraction(varrho)) * Fraction(s) + end)
                for end in (case.lower, case.upper)
            )
            got = value(theorem, n, s)
            where = ", ".join(f"{name} = {n[name]:.4g}" for name in ("gamma", "mu", "L", "Lcal"))
            where += f", k = {at.bias}, a = {at.noise}, s = {s:.4g}"
            if math.isnan(got):
                return f"psi is undefined inside the stated range ({where})"
            if got < least * (1 - ROUNDING):
                return f"psi = {got:.6g} < E s(x+) = {least:.6g} at a certified point ({where})"
            tangent = varrho == rate or (varrho > rate and theorem.is_curve)
            if sharp and tangent and not got <= most * (1 + WIDTH):
                return (
                    f"psi = {got:.6g} > {most:.6g}, certified to suffice ({where}, rate ="
                    f" {varrho:.4g})"
                )
    return ""


def _quadratic_refutes(theorem: Theorem, at: RangePoint) -> str:
    """One dimension, near and far: E s(x+) = ((1-gamma mu) sqrt(s) + gamma k)^2 + gamma^2 (c
    sqrt(s) + a)^2.
    """
    n = at.letters
    c = (n["mu"] * (n["Lcal"] - n["mu"])) ** 0.5
    for r in (1.0, 1e3):
        after = (abs(1 - at.rate) * r + n["gamma"] * at.bias) ** 2 + n["gamma"] ** 2 * (
            c * r + at.noise
        ) ** 2
        unit = n["mu"] / 2 if theorem.modulus == "mu_pl" else 1.0
        got = value(theorem, n, unit * r**2)
        if not got >= unit * after * (1 - ROUNDING):
            return (
                f"psi = {got:.6g} < E s(x+) = {unit * after:.6g} for a one-dimensional sum at gamma"
                f" = {n['gamma']:.4g}"
            )
    return ""


def unrolls(theorem: Theorem) -> str:
    """rhs is psi applied t times from s0, and floor is psi's fixed point (exactly for affine
    statements).
    """
    assert theorem.psi is not None and theorem.floor is not None
    if theorem.rhs.has(sym.t) and not theorem.is_curve:
        for time in range(3):
            before, after = (theorem.rhs.subs(sym.t, time + more) for more in (0, 1))
            if time == 0 and sp.expand(before - sym.s0) != 0:
                return f"rhs at t = 0 is {sp.simplify(before)}, not s0"
            if sp.simplify(after - theorem.psi.subs(sym.s, before)) != 0:
                return f"rhs at t = {time + 1} is not psi of rhs at t = {time}"
    for at in settings(theorem):
        known = complete(theorem, at.letters)
        floor = evaluate(theorem.floor, known)
        again = value(theorem, at.letters, floor)
        if not abs(again - floor) <= ROUNDING * abs(floor):
            where = f"gamma = {known['gamma']:.4g}, k = {at.bias}, a = {at.noise}"
            return f"psi(floor) = {again:.9g}, floor = {floor:.9g} at {where}"
    return ""


def matches_instance(theorem: Theorem) -> str:
    """psi against a one-dimensional sum, in ``Fraction``: never below, and equal for the strongly
    convex envelopes.
    """
    for mu, c in ((Fraction(1, 2), Fraction(3, 4)), (Fraction(200), Fraction(100))):
        problem = matching.SignedQuadratics(mu=mu, c=c, s=Fraction(7, 3))
        theta, weight, gamma = Fraction(1, 100), Fraction(1, 3), Fraction(1, 8) / problem.Lcal
        taught, tie = problem.exact_noise(theta), problem.s * problem.exact_noise(theta)
        h = problem.exact_gradient(theta)
        numbers = {
            "mu": mu,
            "L": mu,
            "Lcal": problem.Lcal,
            "gamma": gamma,
            "lam": weight,
            "bias_sq": h**2,
            "V": taught**2,
            "C": tie,
            "sigma_star_sq": problem.s**2,
            **UNCOMPRESSED,
        }
        letters = {name: float(number) for name, number in numbers.items()}
        for x in (Fraction(0), Fraction(1, 4), Fraction(2), Fraction(40)):
            square, gap = problem.exact_step(x, theta, weight, gamma, unbiased=theorem.unbiased)
            start, after = (
                (problem.exact_value(x), gap) if theorem.quantity == "gap" else (x * x, square)
            )
            got = value(theorem, letters, float(start))
            known = complete(theorem, letters)
            curved = (
                "A" in known
                and float(start) * (known["A"] - known["varrho_min"]) ** 2 >= known["W"]
            )
            attained = theorem.kind == "tight" and theorem.is_curve and curved
            if not got >= float(after) * (1 - ROUNDING) or (
                attained and not got <= float(after) * (1 + ROUNDING)
            ):
                where = f"mu = {mu}, c = {c}, x = {x}, gamma = {float(gamma):.4g}"
                return f"psi = {got:.9g}, E s(x+) = {float(after):.9g} at {where}"
    return ""
