"""What the theorems assume, each as an object: a name, a slack that must be >= 0, and a sentence.

The slack is written in Gram letters of one step (``kdtheory.algebra.vectors``);
``kdtheory.evidence.meaning`` gives every letter its number at a concrete (problem, x, theta), so
the same object is used in proofs and is checked on data.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from kdtheory.algebra import symbols as sym
from kdtheory.algebra import vectors as vec


@dataclass(frozen=True)
class Assumption:
    """``slack >= 0`` (``== 0`` when ``equality``, ``> 0`` when ``strict``) at every point where the
    theorem is applied.

    >>> import kdtheory as kd
    >>> str(kd.ASSUMPTIONS['strong-convexity'])
    '(A1) strong-convexity'
    """

    name: str
    label: str
    slack: sp.Expr
    meaning: str
    equality: bool = False
    strict: bool = False

    def __str__(self) -> str:
        """Label and name."""
        return f"{self.label} {self.name}"


convexity = Assumption(
    "convexity",
    "(A0)",
    vec.inner(vec.e, vec.g) - sym.F,
    "f is convex, used between x and x*: <e,g> >= F",
)
strong_convexity = Assumption(
    "strong-convexity",
    "(A1)",
    vec.inner(vec.e, vec.g) - sym.F - sym.mu / 2 * vec.norm_sq(vec.e),
    "f is mu-strongly convex, used between x and x*: <e,g> >= F + (mu/2)|e|^2",
)
quadratic_growth = Assumption(
    "quadratic-growth",
    "(A1')",
    sym.F - sym.mu / 2 * vec.norm_sq(vec.e),
    "f is mu-strongly convex, used between x* and x: F >= (mu/2)|e|^2",
)
polyak_lojasiewicz = Assumption(
    "polyak-lojasiewicz",
    "(PL)",
    vec.norm_sq(vec.g) - 2 * sym.mu * sym.F,
    "Polyak-Lojasiewicz: |g|^2 >= 2 mu F",
)
expected_smoothness = Assumption(
    "expected-smoothness",
    "(A3)",
    2 * sym.Lcal * sym.F - vec.norm_sq(vec.combine((1, vec.G), (-1, vec.S))),
    "expected smoothness at x: E|G-S|^2 <= 2 Lcal F",
)
nonnegative_gap = Assumption(
    "nonnegative-gap", "(F)", sym.F, "x* is a minimiser: F = f(x) - f* >= 0"
)


def step(*, unbiased: bool) -> dict[str, sp.Expr]:
    """The direction d of one step, x+ = x - gamma d: G - lam H, or G - lam (H - h) when
    unbiased.
    """
    return vec.combine((1, vec.G), (-sym.lam, vec.H_centred if unbiased else vec.H))


def _descent(*, unbiased: bool) -> Assumption:
    d = step(unbiased=unbiased)
    upper = sym.F - sym.gamma * vec.inner(vec.g, d) + sym.L * sym.gamma**2 / 2 * vec.norm_sq(d)
    suffix = "-unbiased" if unbiased else ""
    return Assumption(
        f"descent-lemma{suffix}",
        "(D)",
        upper - sym.F_plus,
        "f is L-smooth, used between x and x+: E f(x+) <= f(x) - gamma E<g,d> + (L gamma^2/2)"
        " E|d|^2",
    )


descent_lemma = _descent(unbiased=False)
descent_lemma_unbiased = _descent(unbiased=True)


def updated(*, unbiased: bool) -> dict[str, sp.Expr]:
    """u = x+ - x* as a vector."""
    return vec.combine((1, vec.e), (-sym.gamma, step(unbiased=unbiased)))


gradient_smoothness = Assumption(
    "gradient-smoothness",
    "(D')",
    2 * sym.L * sym.F - vec.norm_sq(vec.g),
    "f is L-smooth, used between x and x - g/L: |g|^2 <= 2 L F",
)


def _compressor(*, unbiased: bool) -> Assumption:
    u = updated(unbiased=unbiased)
    y = vec.combine((1, u), (1, vec.xstar))
    upper = vec.norm_sq(u) + sym.omega * vec.norm_sq(y) + sym.rounding_sq
    suffix = "-unbiased" if unbiased else ""
    return Assumption(
        f"compressor{suffix}",
        "(C)",
        upper - sym.out_sq,
        "E C(y) = y and E|C(y)-y|^2 <= omega |y|^2 + d delta^2/4, so E|C(y)-x*|^2 <= E|y-x*|^2 +"
        " that",
    )


compressor = _compressor(unbiased=False)
compressor_unbiased = _compressor(unbiased=True)
contraction = Assumption(
    "contraction",
    "(R)",
    1 - (1 + sym.omega) * (1 - sym.gamma * sym.mu),
    "compression undoes less than a step gains: (1+omega)(1 - gamma mu) < 1",
    strict=True,
)

teacher_smoothness = Assumption(
    "teacher-smoothness",
    "(T1)",
    2 * sym.L * sym.F_theta - sym.bias_sq,
    "f is L-smooth, used at the teacher: |h|^2 <= 2 L F_theta",
)
teacher_expected_smoothness = Assumption(
    "teacher-expected-smoothness",
    "(T2)",
    2 * sym.Lcal * sym.F_theta - vec.norm_sq(vec.combine((1, vec.H), (-1, vec.S))),
    "expected smoothness at the teacher: E|H-S|^2 <= 2 Lcal F_theta",
)
bias_norm = Assumption(
    "bias-norm",
    "(k)",
    sym.k**2 - sym.lam**2 * sym.bias_sq,
    "k = |lam| |h|",
    equality=True,
)
noise_norm = Assumption(
    "noise-norm",
    "(a)",
    sym.a**2 - vec.norm_sq(vec.combine((1, vec.S), (-sym.lam, vec.H_centred))),
    "a^2 = E|S - lam H'|^2",
    equality=True,
)

ASSUMPTIONS: dict[str, Assumption] = {
    item.name: item
    for item in (
        convexity,
        strong_convexity,
        quadratic_growth,
        polyak_lojasiewicz,
        expected_smoothness,
        nonnegative_gap,
        descent_lemma,
        descent_lemma_unbiased,
        gradient_smoothness,
        compressor,
        compressor_unbiased,
        contraction,
        teacher_smoothness,
        teacher_expected_smoothness,
        bias_norm,
        noise_norm,
    )
}
