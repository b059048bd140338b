"""Two rational certificates of a one-step worst case: a dual point that no proof can beat, a primal
point that attains as much.

``certify`` asks a small semidefinite program (``kdtheory.worst_cases.sdp``) for multipliers and a
worst point, rounds both to rationals and repairs them exactly.  Its float answer is never trusted:
the dual point's Gram matrices are positive semidefinite by an exact LDL^T (Schur complements over
Q), and ``primal_value`` checks every constraint of the primal point over Q.  Source: our own
derivation.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from kdtheory.worst_cases.primal import ExactStep, Primal, largest_rate, worst, worst_pl

# a bias or noise this much smaller than the other is 0 to the float solver, never to the
# certificates
NEGLIGIBLE = 1e-14


@dataclass(frozen=True)
class Dual:
    """A dual point in the letters of ``kdtheory.worst_cases.sdp``; the bound is y_k k^2 + y_a a^2
    in units where gamma = 1.

    ``alpha`` is f in PL statements.
    """

    alpha: Fraction
    nu: Fraction
    y_k: Fraction
    y_a: Fraction


def certify(step: ExactStep, *, pl: bool) -> tuple[Dual, Primal]:
    """A dual and a primal point whose values lie close together; either is valid on its own."""
    from kdtheory.worst_cases import sdp as one_step_sdp

    tau = largest_rate(step, pl=pl) - step.rate
    # Lcal = mu has no best nu; a nearby program's nu is good enough.
    spread = step.Lcal - step.mu or step.mu / 10**20
    bias = step.bias if step.bias > NEGLIGIBLE * step.noise else Fraction(0)
    noise = step.noise if step.noise > NEGLIGIBLE * step.bias else Fraction(0)
    numbers = (step.mu, step.L, spread, 1 - step.Lcal, tau, bias, noise)
    guess = one_step_sdp.solve(one_step_sdp.FloatStep(*(float(x) for x in numbers)), pl=pl)
    duals = [
        dual
        for alpha, nu in _nearby(step, guess.alpha, guess.nu, tau, pl=pl)
        if (dual := _dual(step, alpha, nu, tau, pl=pl)) is not None
    ]
    dual = min(duals, key=lambda item: item.y_k * step.bias**2 + item.y_a * step.noise**2)
    primal = worst_pl(step, guess.r) if pl else worst(step, guess.r, guess.excess, guess.across)
    return dual, primal


def _nearby(
    step: ExactStep, alpha: float, nu: float, tau: Fraction, *, pl: bool
) -> list[tuple[Fraction, Fraction]]:
    """The rounded guess, moved towards a strictly feasible point by 0, 1e-12, ..., 1 of the way
    (the last always works).

    Strongly convex: each nu also with its best alpha, where y_k = 1 + (X + nu - 2 alpha)/(X nu -
    alpha^2) is least: alpha = min(X, nu).
    """
    spread = step.Lcal - step.mu
    if pl:
        inner = (tau / 4, tau / (2 * step.L * spread) if spread else Fraction(1))
    else:
        inner = (
            Fraction(0),
            min(tau / step.mu, 1 - step.Lcal) / (2 * spread) if spread else Fraction(1),
        )
    moves = [Fraction(0)] + [Fraction(1, 10**digits) for digits in range(12, -1, -1)]
    start = (Fraction(alpha), Fraction(nu))
    points = [
        ((1 - move) * start[0] + move * inner[0], (1 - move) * start[1] + move * inner[1])
        for move in moves
    ]
    return (
        points
        if pl
        else points + [(min(_deterministic(step, nu, tau), nu), nu) for _, nu in points]
    )


def _deterministic(step: ExactStep, nu: Fraction, tau: Fraction) -> Fraction:
    """X of the deterministic block: what nu leaves for the bias."""
    return (tau - step.mu * (step.Lcal - step.mu) * nu) / (1 - step.mu) ** 2


def _dual(
    step: ExactStep, alpha: Fraction, nu: Fraction, tau: Fraction, *, pl: bool
) -> Dual | None:
    """The least y_k, y_a for which both Gram blocks are positive semidefinite (Schur complements,
    exact), or None.
    """
    spread = step.Lcal - step.mu
    if nu <= 0:
        return None
    if pl:
        pivot = (tau - alpha - step.L * spread * nu) / (2 * step.mu)
        if alpha < 0 or pivot <= 0:
            return None
        return Dual(
            alpha, nu, step.L / 2 + ((step.L - 1) / 2) ** 2 / pivot, step.L / 2 * (1 + 1 / nu)
        )
    x = _deterministic(step, nu, tau)
    determinant = x * nu - alpha**2  # of [x, x - alpha; x - alpha, x + nu - 2 alpha]
    if x <= 0 or determinant <= 0 or (1 - step.mu) * alpha + 1 - step.Lcal < spread * nu:
        return None
    return Dual(alpha, nu, 1 + (x + nu - 2 * alpha) / determinant, 1 + 1 / nu)
