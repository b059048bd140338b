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

import numpy as np
import sympy as sp

from kdtheory.algebra import assumptions as asm
from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec
from kdtheory.bounds.values import Letters, complete, evaluate
from kdtheory.instances import matching
from kdtheory.statements.theorems import Theorem
from kdtheory.worst_cases.value import WorstCase, worst_case_interval

# The certified interval is 1e-6 wide relative to its value at worst, the statement is evaluated in
# floats (1e-12).
WIDTH = 1e-5
ROUNDING = 1e-9
_LAM = -0.7  # a weight whose square, absolute value and sign all differ
# Mu, L, Lcal; the second is what one dimension attains.
CURVATURES = (
    (0.5, 2.0, 5.0),
    (1.0, 1.0, 6.0),
)
STRENGTHS = ((0.0, 1.0), (0.2, 1.0), (1.0, 0.0), (1.0, 1.0), (5.0, 0.25))  # bias k, noise a
SHARES = (0.01, 0.5, 0.99)  # of the statement's own largest step size


@dataclass(frozen=True)
class Setting:
    """One point of a statement's range, with every letter its definitions need."""

    letters: Letters
    bias: float
    noise: float

    @property
    def rate(self) -> float:
        """gamma mu."""
        return self.letters["gamma"] * self.letters["mu"]


def settings(theorem: Theorem) -> Iterator[Setting]:
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
                    letters = _letters(mu, L, Lcal, share * limit, k, a, aligned=aligned)
                    yield Setting(letters, 0.0 if theorem.unbiased else k, a)


def _letters(
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
        "omega": 0.0,
        "delta_sq": 0.0,
        "xstar_sq": 0.0,
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
    sharp = theorem.name.endswith(("-sharp", "-envelope"))
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
            tangent = varrho == rate or (varrho > rate and theorem.name.endswith("-envelope"))
            if sharp and tangent and not got <= most * (1 + WIDTH):
                return (
                    f"psi = {got:.6g} > {most:.6g}, certified to suffice ({where}, rate ="
                    f" {varrho:.4g})"
                )
    return ""


def _quadratic_refutes(theorem: Theorem, at: Setting) -> str:
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


def certificate_closes(theorem: Theorem) -> str:
    """psi - E s(x+) is the paper's combination of assumptions and squares, exactly (theorems 1 and
    2 only).
    """
    assert theorem.psi is not None
    pl, g, mu, L, LC, lam = theorem.modulus == "mu_pl", sym.gamma, sym.mu, sym.L, sym.Lcal, sym.lam
    state = sym.F if pl else vec.norm_sq(vec.e)
    claim = theorem.psi.subs(theorem.definitions).subs(sym.s, state)
    mixed = vec.combine((1, vec.G), (-2, vec.S), (lam, vec.H))
    if pl:
        left = claim - sym.F_plus
        right = (
            asm.descent_lemma.slack
            + 3 * g / 4 * asm.polyak_lojasiewicz.slack
            + L * g**2 * asm.expected_smoothness.slack
            + g * (mu - 4 * g * L * LC) / 2 * sym.F
            + L * g**2 / 2 * vec.norm_sq(mixed)
            + g / 4 * vec.norm_sq(vec.combine((1, vec.g), (-2 * lam, vec.h)))
        )
    else:
        left = claim - vec.norm_sq(asm.updated(unbiased=False))
        right = (
            2 * g * asm.strong_convexity.slack
            + (2 * g - 4 * g**2 * LC) * asm.quadratic_growth.slack
            + 2 * g**2 * asm.expected_smoothness.slack
            + g**2 * vec.norm_sq(mixed)
            + g * mu / 2 * vec.norm_sq(vec.combine((1, vec.e), (-2 * lam / mu, vec.h)))
            + g * mu * (sp.Rational(1, 2) - 2 * g * LC) * vec.norm_sq(vec.e)
        )
    rest = sp.expand(left - right)
    return "" if rest == 0 else f"rhs - lhs - (assumptions and squares) = {rest}, not 0"


def unrolls(theorem: Theorem) -> str:
    """rhs is psi applied t times from s0, and floor is psi's fixed point (exactly for affine
    statements).
    """
    assert theorem.psi is not None and theorem.floor is not None
    if theorem.rhs.has(sym.t) and not theorem.rhs.has(sym.iterate):
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
            "omega": 0,
            "delta_sq": 0,
            "xstar_sq": 0,
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
            attained = theorem.name in ("theorem-1-envelope", "unbiased-envelope") and curved
            if not got >= float(after) * (1 - ROUNDING) or (
                attained and not got <= float(after) * (1 + ROUNDING)
            ):
                where = f"mu = {mu}, c = {c}, x = {x}, gamma = {float(gamma):.4g}"
                return f"psi = {got:.9g}, E s(x+) = {float(after):.9g} at {where}"
    return ""


def survives_compression(theorem: Theorem) -> str:
    """Compressed statements on f = mu (x - 1)^2 / 2, one term, from x = 1 + e with e > 0, then a
    compressor of variance omega |y|^2 + delta_sq: never below the exact E|C(y) - 1|^2, and equal to
    it for the envelope."""
    for omega, rounding in ((0.0, 0.01), (0.05, 0.0), (0.05, 0.01)):
        letters = _letters(1.0, 1.0, 1.0, 0.12, 0.0, 0.0) | {
            "omega": omega,
            "delta_sq": rounding,
            "xstar_sq": 1.0,
        }
        for e in (0.0, 0.1, 1.0, 3.0, 30.0):
            moved = 0.88 * e
            truth = moved**2 + omega * (1.0 + moved) ** 2 + rounding
            got = value(theorem, letters, e**2)
            attained = theorem.name == "compressed-envelope"
            if not got >= truth * (1 - ROUNDING) or (
                attained and not got <= truth * (1 + ROUNDING)
            ):
                return (
                    f"psi = {got:.9g}, E|C(y)-x*|^2 = {truth:.9g} at omega = {omega}, delta_sq ="
                    f" {rounding}, e = {e}"
                )
    return ""


def gradient_identity(theorem: Theorem) -> str:
    """lhs = rhs for drawn Jacobians, residuals and labels; of polynomials, one generic point
    decides up to chance.
    """
    letters = (sym.J_x, sym.J_theta, sym.r_x, sym.r_theta, sym.label, sym.lam)
    rng = np.random.default_rng(0)
    numbers = (
        [rng.standard_normal((2, 3)) for _ in range(2)]
        + [rng.standard_normal((2, 1)) for _ in range(3)]
        + [0.7]
    )
    left, right = (
        sp.lambdify(letters, side, modules="numpy")(*numbers) for side in (theorem.lhs, theorem.rhs)
    )
    off = float(np.abs(left - right).max())
    return "" if off < ROUNDING else f"the two gradients differ by {off:.4g} at a drawn point"
